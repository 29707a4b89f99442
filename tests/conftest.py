"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.certificates import authority, expired, stranger

__all__ = ["authority", "expired", "stranger"]

# No deadline: how long an example takes says more of the machine than of the code. Where CI runs,
# the same examples come each time, so that a failure there is one of the change under test.
settings.register_profile("platewire", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("platewire")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real pictures and clips; skips, saying why, where it is missing."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PLATEWIRE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real pictures: {folder} is missing (set PLATEWIRE_DATA)")
    return folder
