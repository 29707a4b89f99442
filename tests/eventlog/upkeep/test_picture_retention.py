"""Pictures go before their events, each kind after its own days; and what would go is told."""

from pathlib import Path

import pytest

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep import picture_retention
from platewire.eventlog.upkeep.forecast import Part, days_until_full, pending_deletions, size
from platewire.eventlog.upkeep.verify import verify
from platewire.model import Images
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog

DAY = 86_400
ROLES = ("plate", "vehicle", "frame")


async def ten_days(log: SqliteLog, clock: FakeClock) -> None:
    """Ten passages, a day apart, each with three pictures; it is the tenth day."""
    for number in range(10):
        pictures = [picture(role, mark=number * 3 + at) for at, role in enumerate(ROLES)]
        images = Images(**{role: each.image for role, each in zip(ROLES, pictures, strict=True)})
        await log.append("gate", passage_events(number, images=images), pictures)
        if number < 9:
            clock.suspend(DAY)


async def kept(log: SqliteLog) -> dict[str, list[int]]:
    """Of which passages there are still pictures, by kind."""
    found: dict[str, list[int]] = {}
    for at, role in enumerate(ROLES):
        marks = range(at, 30, 3)
        there = [await log.picture(picture(role, mark=mark).image.sha256) for mark in marks]
        found[role] = [number for number, jpeg in enumerate(there) if jpeg is not None]
    return found


SETTINGS = {"vehicle_picture_days": 4.5, "frame_picture_days": 1.5, "memory_bytes": 0}


async def test_each_kind_after_its_days(
    open_log: OpenLog, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_retention, "STEP_EVENTS", 4)
    log = await open_log(**SETTINGS)
    await ten_days(log, clock)
    settings = LogSettings(folder=log.path.parent, **SETTINGS)  # type: ignore[arg-type]
    told = {each.kind: each for each in pending_deletions(settings, clock, ())[0]}
    done = await log.retain()
    assert (done.events, len(done.pictures)) == (0, 5 + 8)
    assert (told["events"].count, told["vehicle"].count, told["frame"].count) == (0, 5, 8)
    assert told["frame"].last_seq == 24
    assert await kept(log) == {
        "plate": list(range(10)),
        "vehicle": list(range(5, 10)),
        "frame": [8, 9],
    }
    files = list((log.path.parent / "images").rglob("*.jpg"))
    assert len(files) == 7
    assert verify(log.path.parent).faults == ()
    assert (await log.retain()).pictures == ()
    clock.suspend(DAY)
    assert len((await log.retain()).pictures) == 2
    assert all(each.count == 0 for each in pending_deletions(settings, clock, ())[0])


async def test_a_picture_stays_while_a_younger_event_shows_it(
    open_log: OpenLog, clock: FakeClock
) -> None:
    log = await open_log(frame_picture_days=1, memory_bytes=0)
    frame = picture("frame")
    (new, updated, lost) = passage_events(1, images=Images(frame=frame.image))
    await log.append("gate", [new], [frame])
    clock.suspend(2 * DAY)
    await log.append("gate", [updated])
    assert (await log.retain()).pictures == ()
    clock.suspend(2 * DAY)
    await log.append("gate", [lost])
    assert (await log.retain()).pictures == ()
    clock.suspend(2 * DAY)
    assert (await log.retain()).pictures == (frame.image.sha256,)


async def test_outputs_are_waited_for(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=3, **SETTINGS)
    await ten_days(log, clock)
    await log.deliveries.set_cursor("slow", 6)
    settings = LogSettings(folder=log.path.parent, retention_days=3, **SETTINGS)  # type: ignore[arg-type]
    told = {each.kind: each for each in pending_deletions(settings, clock, ["slow"])[0]}
    done = await log.retain(["slow"])
    assert done.first_seq == 7
    assert told["events"].count == done.events == 6
    assert told["pictures"].count == len(done.pictures) == 6
    assert told["frame"].count == 0


async def test_what_would_go_is_what_goes(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=6.5, **SETTINGS)
    await ten_days(log, clock)
    settings = LogSettings(folder=log.path.parent, retention_days=6.5, **SETTINGS)  # type: ignore[arg-type]
    told, _ = pending_deletions(settings, clock, ())
    done = await log.retain()
    assert [each.count for each in told] == [9, 9, 0, 2, 5]
    assert sum(each.count for each in told[1:]) == len(done.pictures)


async def test_size_by_kind(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log()
    await ten_days(log, clock)
    settings = LogSettings(folder=log.path.parent, retention_days=30)
    found = size(settings, clock.now(), disk_bytes=1000)
    by_kind = {part.kind: part for part in found.parts}
    assert [by_kind[kind].count for kind in ("events", *ROLES)] == [30, 10, 10, 10]
    files = sum(path.stat().st_size for path in (log.path.parent / "images").rglob("*.jpg"))
    assert by_kind["vehicle"].bytes + by_kind["frame"].bytes == files
    # Eight of the ten are of the last seven days, the first of them seven days old.
    assert by_kind["frame"].bytes_a_day == pytest.approx(by_kind["frame"].bytes * 8 / 10 / 7)
    assert found.measured_days == 7
    assert found.days_until_full == 1
    assert size(settings, clock.now(), disk_bytes=10**12).days_until_full is None


def test_retention_ends_growth() -> None:
    grows = Part("events", 10, 1000, 100.0, None)
    assert days_until_full([grows], 999) == 10
    assert days_until_full([Part("events", 10, 1000, 100.0, 20)], 999) == 10
    assert days_until_full([Part("events", 10, 1000, 100.0, 19)], 999) is None
    assert days_until_full([], 1) is None


def test_an_empty_log(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(Exception, match="does not exist"):
        size(LogSettings(folder=tmp_path), clock.now())
