"""Time stamps of files, also those that are no date."""

from datetime import UTC, datetime

import pytest

from platewire.runtime.file_date import date_of


def test_seconds_since_1970_are_utc() -> None:
    assert date_of(1_767_323_045.5) == datetime(2026, 1, 2, 3, 4, 5, 500_000, UTC)


@pytest.mark.parametrize("stamp", [1e18, -1e18, float("nan"), float("inf")])
def test_a_stamp_that_is_no_date(stamp: float) -> None:
    assert date_of(stamp) is None
