"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real pictures and clips; skips, saying why, where it is missing."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PLATEWIRE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real pictures: {folder} is missing (set PLATEWIRE_DATA)")
    return folder
