"""Local times of the site: in summer and winter, in the hour that comes twice, and in hindsight."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.database.connection import open_reader, rows
from platewire.database.local_time import FIRST_MS, FROM, Period, periods, renewed
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.clock import milliseconds
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
    "Africa/Casablanca", "Asia/Kathmandu", "America/Sao_Paulo", "Europe/Moscow", "Europe/Kyiv",
)  # fmt: skip
NOW = datetime(2026, 6, 1, tzinfo=UTC)
KNOWN = {zone: periods(zone, NOW) for zone in ZONES}


@given(
    zone=st.sampled_from(ZONES),
    days=st.floats(0, 9645),
)
def test_is_what_the_zone_says(zone: str, days: float) -> None:
    moment = FROM + timedelta(days=days)
    at = milliseconds(moment)
    current = [period for period in KNOWN[zone] if period.from_ms <= at][-1]
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert timedelta(minutes=current.minutes) == offset


def test_the_past_is_left_as_it_was_told() -> None:
    berlin = renewed([], "Europe/Berlin", NOW, first_time=True)
    assert renewed(berlin, "Europe/Berlin", NOW, first_time=False) == berlin
    moved = renewed(berlin, "Asia/Kolkata", NOW, first_time=False)
    now_ms = milliseconds(NOW)
    assert [each for each in moved if each.from_ms < now_ms] == [
        each for each in berlin if each.from_ms < now_ms
    ]
    assert moved[-1] == Period(now_ms, 330)
    assert berlin[0].from_ms == FIRST_MS


SPRING = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


async def fill(folder: Path) -> None:
    """In Berlin: across the hour that is left out, and in both of the hour that comes twice."""
    clock = FakeClock(NOW)
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    await log.describe(structs.replace(SITE, time_zone="Europe/Berlin"))
    starts = (SPRING, AUTUMN, AUTUMN + timedelta(hours=1), AUTUMN + timedelta(hours=1))
    for number, start in enumerate(starts):
        events = passage_events(number, start=start - timedelta(seconds=number))
        slow = [
            structs.replace(each, last_seen_at=start + timedelta(seconds=2 * each.revision))
            for each in events
        ]
        await log.append("gate", slow)
    await log.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("local")
    asyncio.run(fill(folder))
    return folder


def test_local_times_of_passages(folder: Path) -> None:
    connection = open_reader(folder / "platewire.db")
    found = rows(
        connection,
        "SELECT first_seen_local, last_seen_local, utc_offset_minutes, date_key, dwell_seconds "
        "FROM anpr_passage ORDER BY first_seq",
    )
    connection.close()
    assert found == [
        ("2026-03-29T01:59:59.000", "2026-03-29T03:00:03.000", 60, 20260329, 4.0),
        ("2026-10-25T02:30:00.000", "2026-10-25T02:30:04.000", 120, 20261025, 4.0),
        ("2026-10-25T02:30:00.000", "2026-10-25T02:30:04.000", 60, 20261025, 4.0),
        ("2026-10-25T02:30:00.000", "2026-10-25T02:30:04.000", 60, 20261025, 4.0),
    ]


def test_the_hour_that_comes_twice_has_two_rows(folder: Path) -> None:
    connection = open_reader(folder / "platewire.db")
    found = rows(
        connection,
        "SELECT hour_at, hour_local, hour, passages, passages_in, plates FROM anpr_hourly "
        "WHERE camera_id = 'check/gate' ORDER BY hour_ms",
    )
    connection.close()
    assert found == [
        ("2026-03-29T00:00:00.000Z", "2026-03-29T01:00:00.000", 1, 1, 1, 1),
        ("2026-10-25T00:00:00.000Z", "2026-10-25T02:00:00.000", 2, 1, 1, 1),
        ("2026-10-25T01:00:00.000Z", "2026-10-25T02:00:00.000", 2, 2, 2, 1),
    ]


def test_the_calendar(folder: Path) -> None:
    """Every day against Python's own calendar."""
    connection = open_reader(folder / "platewire.db")
    found = rows(connection, "SELECT * FROM anpr_calendar ORDER BY date_key")
    connection.close()
    day = datetime(2020, 1, 1, tzinfo=UTC)
    for row in found:
        iso = day.isocalendar()
        assert row == (
            int(day.strftime("%Y%m%d")), day.date().isoformat(), day.year, (day.month + 2) // 3,
            day.month, day.strftime("%B"), day.strftime("%Y-%m"), iso.year, iso.week, day.day,
            day.timetuple().tm_yday, iso.weekday, day.strftime("%A"), int(iso.weekday > 5),
        )  # fmt: skip
        day += timedelta(days=1)
    assert day == datetime(2050, 1, 1, tzinfo=UTC)
