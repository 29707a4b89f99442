"""When an entry holds: what people write, midnight, and the days on which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.lists import schedule
from platewire.lists.entry import ListEntry, refusal

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = st.sets(st.sampled_from(schedule.DAYS), min_size=1)
MINUTES = st.integers(0, 24 * 60 - 1)


def holds(entry: ListEntry, *utc: int) -> bool:
    return not refusal(entry, "gate", datetime(*utc, tzinfo=UTC), BERLIN)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("mon-fri", "mon,tue,wed,thu,fri"),
        ("Fri - Mon", "mon,fri,sat,sun"),
        ("6;7", "sat,sun"),
        ("Saturday, SUN", "sat,sun"),
        ("1-7", ""),
        ("tue", "tue"),
    ],
)
def test_weekdays_as_people_write_them(written: str, read: str) -> None:
    assert schedule.weekdays(written) == read


@pytest.mark.parametrize("written", ["", "mo", "8", "0", "mon-", "workdays", "mon-fri-sat", "²"])
def test_what_is_no_weekday(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        schedule.weekdays(written)


@pytest.mark.parametrize(
    ("written", "read"),
    [("8:00-18:00", "08:00-18:00"), ("22.00 – 06.00", "22:00-06:00"), ("00:00-24:00",) * 2],
)
def test_hours_as_people_write_them(written: str, read: str) -> None:
    assert schedule.hours(written) == read


@pytest.mark.parametrize("written", ["8-18", "08:00", "08:00-08:00", "24:00-06:00", "08:60-09:00"])
def test_what_is_no_span_of_hours(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        schedule.hours(written)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-31", "2026-01-31"),
        ("31.01.2026", "2026-01-31"),
        ("1.2.2026 08:30", "2026-02-01T08:30"),
        ("2026-01-31T08:00:00", "2026-01-31T08:00"),
    ],
)
def test_bounds_as_people_write_them(written: str, read: str) -> None:
    assert schedule.bound(written) == read


@pytest.mark.parametrize(
    "written", ["tomorrow", "2026-02-30", "2026-01-31T08:00Z", "9999-12-31", "2026-01-31T08:00:30"]
)
def test_what_is_no_bound(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        schedule.bound(written)


YEAR = [datetime.fromisoformat(day) for day in ("2026-01-01", "2027-01-01")]


@given(DAYS, MINUTES, MINUTES, st.datetimes(*YEAR))
def test_hours_hold_as_a_walk_back_from_now_says(
    days: set[str], start: int, end: int, local: datetime
) -> None:
    """The last time that the hours began is found minute by minute; they hold if not ended."""
    if start == end:
        return
    span = schedule.hours(f"{start // 60}:{start % 60:02}-{end // 60}:{end % 60:02}")
    began = local.replace(second=0, microsecond=0)
    while began.hour * 60 + began.minute != start:
        began -= timedelta(minutes=1)
    length = timedelta(minutes=(end - start) % (24 * 60))
    expected = local - began < length and schedule.DAYS[began.weekday()] in days
    chosen = ",".join(day for day in schedule.DAYS if day in days)
    assert schedule.in_hours(local, chosen, span) == expected


def test_a_last_day_holds_until_its_midnight_at_the_site() -> None:
    entry = ListEntry(plate="B AB 1", valid_from="2026-01-31", valid_to="2026-01-31")
    assert not holds(entry, 2026, 1, 30, 22, 59, 59)
    assert holds(entry, 2026, 1, 30, 23, 0)
    assert holds(entry, 2026, 1, 31, 22, 59, 59)
    assert not holds(entry, 2026, 1, 31, 23, 0)


def test_an_entry_without_end_holds_for_ever() -> None:
    entry = ListEntry(plate="B AB 1", valid_from="2026-01-31")
    assert holds(entry, 9000, 1, 1)
    assert not holds(entry, 2026, 1, 1)


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    entry = ListEntry(plate="B AB 1", weekdays="fri", hours="22:00-06:00")
    assert holds(entry, 2026, 1, 2, 21, 0)  # Friday, 22:00
    assert holds(entry, 2026, 1, 3, 4, 59)  # Saturday, 05:59
    assert not holds(entry, 2026, 1, 3, 5, 0)
    assert not holds(entry, 2026, 1, 2, 4, 0)  # Friday, 05:00, which is Thursday's night


def test_the_hour_that_comes_twice_in_autumn_holds_twice() -> None:
    """On 2026-10-25 Berlin goes from 03:00 back to 02:00, at 01:00 UTC."""
    hours = ListEntry(plate="B AB 1", hours="02:00-03:00")
    assert holds(hours, 2026, 10, 25, 0, 30)
    assert holds(hours, 2026, 10, 25, 1, 30)
    assert not holds(hours, 2026, 10, 25, 2, 0)
    ending = ListEntry(plate="B AB 1", valid_to="2026-10-25T02:30")
    assert holds(ending, 2026, 10, 25, 1, 29)
    assert not holds(ending, 2026, 10, 25, 1, 30)
    beginning = ListEntry(plate="B AB 1", valid_from="2026-10-25T02:30")
    assert holds(beginning, 2026, 10, 25, 0, 30)


def test_the_hour_that_is_left_out_in_spring_holds_nothing() -> None:
    """On 2026-03-29 Berlin goes from 02:00 to 03:00, at 01:00 UTC."""
    entry = ListEntry(plate="B AB 1", hours="02:00-03:00")
    assert not any(
        holds(entry, 2026, 3, 29, minute // 60, minute % 60) for minute in range(24 * 60)
    )
    ending = ListEntry(plate="B AB 1", valid_to="2026-03-29T02:30")
    assert holds(ending, 2026, 3, 29, 0, 59)
    assert not holds(ending, 2026, 3, 29, 1, 0)
    beginning = ListEntry(plate="B AB 1", valid_from="2026-03-29T02:30")
    assert not holds(beginning, 2026, 3, 29, 0, 59)
    assert holds(beginning, 2026, 3, 29, 1, 0)


def test_an_entry_from_an_hour_that_is_left_out_to_one_that_is_not_holds_between() -> None:
    entry = ListEntry(plate="B AB 1", valid_from="2026-03-29T02:30", valid_to="2026-03-29T03:30")
    assert holds(entry, 2026, 3, 29, 1, 15)
    assert not holds(entry, 2026, 3, 29, 1, 30)


def test_a_day_ends_with_its_last_minute_where_midnight_is_left_out() -> None:
    """On 2026-09-06 Santiago goes from 00:00 to 01:00, at 04:00 UTC."""
    entry = ListEntry(plate="B AB 1", valid_to="2026-09-05")
    santiago = ZoneInfo("America/Santiago")
    assert not refusal(entry, "gate", datetime(2026, 9, 6, 3, 59, tzinfo=UTC), santiago)
    assert refusal(entry, "gate", datetime(2026, 9, 6, 4, 0, tzinfo=UTC), santiago)
