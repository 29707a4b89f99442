"""The one grammar of times, what it prints, and that the two agree when clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from platewire.runtime.site_time import (
    day_begins,
    is_ambiguous,
    moment_at,
    parse_day,
    parse_time,
    print_time,
)

BERLIN = ZoneInfo("Europe/Berlin")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NOW = datetime(2026, 11, 30, 22, 59, 30, 250_000, tzinfo=UTC)
"""A minute before midnight in Berlin, and the next day in Kathmandu."""
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu",
    "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Moscow", "Pacific/Apia",
)  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2026-11-30T22:59:30.250"),
        ("90min", "2026-11-30T21:29:30.250"),
        ("24h", "2026-11-29T22:59:30.250"),
        ("7d", "2026-11-23T22:59:30.250"),
        ("today", "2026-11-29T23:00"),
        ("yesterday", "2026-11-28T23:00"),
        ("2026-01-31", "2026-01-30T23:00"),
        ("2026-07-31", "2026-07-30T22:00"),
        ("2026-01-31T08:00", "2026-01-31T07:00"),
        ("2026-01-31 08:00", "2026-01-31T07:00"),
        ("2026-01-31T08:00:05", "2026-01-31T07:00:05"),
        ("2026-01-31 08:00:05.125", "2026-01-31T07:00:05.125"),
        ("2026-01-31T08:00Z", "2026-01-31T08:00"),
        ("2026-01-31t08:00:05.5z", "2026-01-31T08:00:05.500"),
        ("2026-01-31T08:00:00+05:45", "2026-01-31T02:15"),
        ("2026-01-31T08:00:00 05:45", "2026-01-31T02:15"),  # an unquoted plus sign in an address
        ("2026-01-31 08:00-03:30", "2026-01-31T11:30"),
    ],
)
def test_the_grammar(text: str, moment: str) -> None:
    assert parse_time(text, BERLIN, NOW) == utc(moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("today", "2026-11-30T23:00"),
        ("yesterday", "2026-11-29T23:00"),
        ("2026-01-31", "2026-01-31T23:00"),
        ("2026-03-29", "2026-03-29T22:00"),
        ("2026-01-31T00:00", "2026-01-30T23:00"),
        ("24h", "2026-11-29T22:59:30.250"),
    ],
)
def test_a_day_that_ends_a_period_means_its_end(text: str, moment: str) -> None:
    assert parse_time(text, BERLIN, NOW, end=True) == utc(moment)


@pytest.mark.parametrize(
    ("zone", "text", "moment"),
    [
        # On 2026-10-25 Berlin goes from 03:00 back to 02:00, at 01:00 UTC: the earlier one.
        (BERLIN, "2026-10-25T02:30", "2026-10-25T00:30"),
        (BERLIN, "2026-10-25T02:30+01:00", "2026-10-25T01:30"),
        (BERLIN, "2026-10-25T03:00", "2026-10-25T02:00"),
        # On 2026-03-29 it goes from 02:00 on to 03:00, at 01:00 UTC: the moment after the gap.
        (BERLIN, "2026-03-29T02:00", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29T02:59:59", "2026-03-29T01:00"),
        # São Paulo changed at midnight, so one day began at 01:00 and another hour 23 came twice.
        (SAO_PAULO, "2018-11-04", "2018-11-04T03:00"),
        (SAO_PAULO, "2018-11-04T00:30", "2018-11-04T03:00"),
        (SAO_PAULO, "2018-02-17T23:30", "2018-02-18T01:30"),
        # Lord Howe changes by half an hour.
        (LORD_HOWE, "2026-04-05T01:45", "2026-04-04T14:45"),
        (LORD_HOWE, "2026-04-05T01:45+10:30", "2026-04-04T15:15"),
        (LORD_HOWE, "2026-10-04T02:10", "2026-10-03T15:30"),
    ],
)
def test_where_clocks_change(zone: ZoneInfo, text: str, moment: str) -> None:
    assert parse_time(text, zone, NOW) == utc(moment)


@pytest.mark.parametrize(
    "text",
    [
        "", "whenever", "31.11.2026", "2026-02-30", "2026-1-31", "20260131", "2026-W05", "24",
        "30m", "-24h", "24 h", "1.5h", "1w", "9999999d", "2026-01-31T8:00", "2026-01-31T08",
        "2026-01-31T24:00", "2026-01-31T08:60", "2026-01-31T08:00:60", "2026-01-31T08:00+0100",
        "2026-01-31T08:00+25:00", "2026-01-31T08:00 Europe/Berlin", "2026-01-31Z", "Today",
        "today 08:00", "0001-01-01", "9999-12-31T23:59:59-23:59", "now\n",
        "\uff12026-01-31", "\uff124h", "2026-01-31T08:00+\uff101:00",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError) as told:  # noqa: PT011
        parse_time(text, BERLIN, NOW)
    use = "use 2026-11-30, 2026-11-30T08:00, 24h, today or yesterday"
    assert str(told.value) == f"invalid time {text!r}: {use}"


def test_days() -> None:
    assert parse_day("today", BERLIN, NOW) == date(2026, 11, 30)
    assert parse_day("today", ZoneInfo("Asia/Kathmandu"), NOW) == date(2026, 12, 1)
    assert parse_day("2026-01-31", BERLIN, NOW) == date(2026, 1, 31)
    for text in ("31.11.2026", "2026-02-30", "24h", "2026-01-31T08:00", "9999-12-31"):
        with pytest.raises(ValueError, match="use 2026-11-30, today or yesterday"):
            parse_day(text, BERLIN, NOW)


@pytest.mark.parametrize(
    ("zone", "moment", "text"),
    [
        (BERLIN, "2026-01-31T07:00:05", "2026-01-31 08:00:05"),
        (BERLIN, "2026-07-31T20:00", "2026-07-31 22:00:00"),
        (BERLIN, "2026-10-25T00:30", "2026-10-25 02:30:00+02:00"),
        (BERLIN, "2026-10-25T01:30", "2026-10-25 02:30:00+01:00"),
        (BERLIN, "2026-10-25T02:00", "2026-10-25 03:00:00"),
        (BERLIN, "2026-03-29T01:00", "2026-03-29 03:00:00"),
        (SAO_PAULO, "2018-02-18T02:30", "2018-02-17 23:30:00-03:00"),
        (LORD_HOWE, "2026-04-04T15:15", "2026-04-05 01:45:00+10:30"),
        (LORD_HOWE, "2026-04-04T14:15", "2026-04-05 01:15:00"),
    ],
)
def test_printed_times(zone: ZoneInfo, moment: str, text: str) -> None:
    assert print_time(utc(moment), zone) == text


FIRST, LAST = (datetime.fromisoformat(day) for day in ("1970-01-01", "2037-12-31"))
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
CHANGES = {
    "Europe/Berlin": ("2026-10-25T01:00", "2026-03-29T01:00"),
    "America/Sao_Paulo": ("2018-02-18T02:00", "2018-11-04T03:00", "2008-10-19T03:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00", "2026-10-03T15:30"),
    "Asia/Kathmandu": ("1985-12-31T18:30",),
    "Pacific/Apia": ("2011-12-30T10:00",),  # a day is left out
}
changes = st.sampled_from([(zone, at) for zone, times in CHANGES.items() for at in times])
close = st.timedeltas(timedelta(hours=-4), timedelta(hours=4))
anywhere = st.tuples(st.sampled_from(ZONES).map(ZoneInfo), moments)
near_a_change = st.builds(
    lambda change, delta: (ZoneInfo(change[0]), utc(change[1]) + delta), changes, close
)


@given(anywhere | near_a_change)
@example((BERLIN, utc("2026-10-25T01:59:59.999999")))
def test_what_is_printed_is_read_as_the_same_moment(case: tuple[ZoneInfo, datetime]) -> None:
    zone, moment = case
    text = print_time(moment, zone, timespec="microseconds")
    assert parse_time(text, zone, NOW) == moment
    assert parse_time(moment.isoformat(), zone, NOW) == moment
    assert parse_time(moment.astimezone(zone).isoformat(), BERLIN, NOW) == moment


@given(anywhere | near_a_change)
def test_the_offset_is_printed_only_where_it_is_needed(case: tuple[ZoneInfo, datetime]) -> None:
    zone, moment = case
    local = moment.astimezone(zone).replace(tzinfo=None)
    others = [moment + timedelta(minutes=m) for m in range(-240, 241, 15) if m]
    twice = any(other.astimezone(zone).replace(tzinfo=None) == local for other in others)
    assert is_ambiguous(moment, zone) == twice
    assert (len(print_time(moment, zone)) > len("2026-01-31 08:00:05")) == twice


@given(zone=st.sampled_from(ZONES).map(ZoneInfo), day=st.dates(date(1970, 1, 2), date(2037, 1, 1)))
def test_days_follow_each_other_without_a_gap(zone: ZoneInfo, day: date) -> None:
    text = day.isoformat()
    begin, end = parse_time(text, zone, NOW), parse_time(text, zone, NOW, end=True)
    assert end == day_begins(day + timedelta(days=1), zone)
    assert begin <= end
    assert (begin - timedelta(microseconds=1)).astimezone(zone).date() < day


@given(anywhere | near_a_change)
def test_a_local_time_is_the_first_moment_at_which_the_clock_shows_it_or_more(
    case: tuple[ZoneInfo, datetime],
) -> None:
    zone, moment = case
    local = moment.astimezone(zone).replace(tzinfo=None)
    first, last = moment_at(local, zone), moment_at(local, zone, last=True)
    assert first <= moment <= last
    assert parse_time(local.isoformat(), zone, NOW) == first


anyhow = st.datetimes(FIRST, LAST)
skipped_or_twice = st.builds(
    lambda day, delta: datetime.fromisoformat(day) + delta,
    st.sampled_from(("2025-03-30T02:00", "2025-10-26T02:00", "2025-04-06T01:30")),
    st.timedeltas(timedelta(hours=-2), timedelta(hours=2)),
)


@given(zone=st.sampled_from(ZONES).map(ZoneInfo), local=anyhow | skipped_or_twice)
def test_from_a_moment_on_the_clock_shows_the_time_or_later(
    zone: ZoneInfo, local: datetime
) -> None:
    first, last = moment_at(local, zone), moment_at(local, zone, last=True)
    assert shown(first, zone) >= local
    assert shown(first - timedelta(microseconds=1), zone) < local
    assert last >= first
    assert all(shown(last + timedelta(minutes=m), zone) >= local for m in range(0, 180, 5))


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
