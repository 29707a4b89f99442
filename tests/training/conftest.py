"""Fixtures for tests of what training is made from."""

import pytest

from tests.support.counterparts import TYPEFACES, need


@pytest.fixture(scope="session")
def typefaces() -> None:
    """For tests that render plates."""
    need(TYPEFACES)
