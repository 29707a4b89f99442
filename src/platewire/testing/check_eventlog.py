"""Checks that an event log keeps the contract of `EventLog`; free of pytest, the same every run.

`check_event_log(make)` calls `make` for a fresh, empty log as often as it likes and closes each.
It raises AssertionError that says what was broken. Durability needs a crash, and is not checked.
"""

# ruff: noqa: S101

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from platewire.eventlog.log import EventLog, Undelivered
from platewire.model import Entry, Event, Images
from platewire.testing.sample_events import START, passage_events, picture
from platewire.wire import native

Make = Callable[[], Awaitable[EventLog]]


def several(first: int, count: int, camera: str = "gate") -> list[Event]:
    """All events of so many passages, one passage after the other."""
    numbers = range(first, first + count)
    return [event for number in numbers for event in passage_events(number, camera=camera)]


async def check_event_log(make: Make) -> None:
    """Runs every check below, each on a log of its own."""
    for check in CHECKS:
        log = await make()
        try:
            await check(log)
        finally:
            await log.close()


async def check_empty(log: EventLog) -> None:
    assert (log.first_seq, log.last_seq, log.last_passage_number) == (1, 0, 0), "an empty log"
    assert list(await log.read(0, 10)) == [], "an empty log gives no entries"
    assert await log.picture("0" * 64) is None, "a picture that was never kept is None"
    assert await log.cursor("erp") is None, "a transfer that never ran has no cursor"
    assert await log.paused("erp") is None, "a transfer is not paused from the start"
    assert await log.open_passages("gate") is None, "no open passages from the start"
    assert list(await log.cameras_with_open_passages()) == []
    assert list(await log.append("gate", [])) == [], "appending nothing gives nothing"


async def check_numbers(log: EventLog) -> None:
    events = several(1, 4)
    entries = [*await log.append("gate", events[:5]), *await log.append("gate", events[5:])]
    assert [entry.event.seq for entry in entries] == list(range(1, 13)), "seq is gapless from 1"
    assert [entry.event.id for entry in entries] == [event.id for event in events], "order is kept"
    assert all(entry.event.recorded_at is not None for entry in entries), "recorded_at is set"
    for entry in entries:
        assert native.decode(entry.body) == entry.event, "the body is the event in native JSON"
    assert log.last_passage_number == max(event.passage_number for event in events)
    await _check_reads(log, entries)


async def _check_reads(log: EventLog, entries: Sequence[Entry]) -> None:
    last = len(entries)
    for after in range(last + 2):
        for limit in (1, 3, last + 5):
            expected = list(entries[after : after + limit])
            assert list(await log.read(after, limit)) == expected, f"read({after}, {limit})"


async def check_producers(log: EventLog) -> None:
    """Several cameras at the same time: gapless together, in order each."""
    cameras = [f"camera-{number}" for number in range(8)]

    async def produce(number: int) -> None:
        for event in several(100 * number, 5, cameras[number]):
            await log.append(cameras[number], [event])

    await asyncio.gather(*(produce(number) for number in range(8)))
    entries = await log.read(0, 1000)
    assert [entry.event.seq for entry in entries] == list(range(1, 8 * 15 + 1)), "gapless"
    for camera in cameras:
        own = [entry.event for entry in entries if entry.event.camera == camera]
        assert [event.revision for event in own] == [0, 1, 2] * 5, "in order for each camera"


async def check_same_event_twice(log: EventLog) -> None:
    events = passage_events(2)
    first = list(await log.append("gate", events[:2]))
    again = list(await log.append("gate", events))
    assert again[:2] == first, "an event that is there already gives its stored entry"
    assert [entry.event.seq for entry in again] == [1, 2, 3], "and takes no number"
    assert list(await log.append("gate", [events[2], events[2]])) == [again[2], again[2]]
    assert log.last_seq == 3


async def check_waiting(log: EventLog) -> None:
    events = passage_events(3)
    waiting = [asyncio.ensure_future(log.wait(after)) for after in (0, 0, 1)]
    given_up = asyncio.ensure_future(log.wait(0))
    await asyncio.sleep(0)
    given_up.cancel()
    await log.append("gate", events[:1])
    assert await asyncio.gather(*waiting[:2]) == [1, 1], "who waits after 0 hears of 1"
    assert not waiting[2].done(), "who waits after 1 does not"
    await log.append("gate", events[1:])
    assert await waiting[2] == 3, "one wake-up names the last of the append"
    assert await log.wait(2) == 3, "who is behind does not wait"


async def check_pictures(log: EventLog) -> None:
    roles = ("plate", "vehicle", "frame")
    pictures = [picture(role, mark=mark) for mark, role in enumerate(roles)]
    images = Images(**{each.role: each.image for each in pictures})
    await log.append("gate", passage_events(4, images=images)[:1], pictures)
    await log.append("gate", passage_events(5, images=images)[:1], pictures)
    for each in pictures:
        kept = await log.picture(each.image.sha256)
        assert kept == each.jpeg, f"the {each.role} picture is kept"


async def check_open_passages(log: EventLog) -> None:
    await log.append("gate", [], (), b"first")
    assert await log.open_passages("gate") == b"first", "kept without an event"
    await log.append("gate", passage_events(6)[:1], (), b"second")
    assert await log.open_passages("gate") == b"second", "kept with an event"
    await log.append("gate", passage_events(6)[1:2])
    assert await log.open_passages("gate") == b"second", "None leaves them as they are"
    await log.append("yard", [], (), b"other")
    assert list(await log.cameras_with_open_passages()) == ["gate", "yard"], "per camera, by name"


async def check_cursors(log: EventLog) -> None:
    await log.append("gate", passage_events(7))
    await log.set_cursor("erp", 0)
    assert await log.cursor("erp") == 0, "0 is a cursor, not none"
    await log.set_cursor("erp", 3)
    await log.set_cursor("barrier", 1)
    assert (await log.cursor("erp"), await log.cursor("barrier")) == (3, 1), "one per transfer"
    await log.set_cursor("erp", 1)
    assert await log.cursor("erp") == 1, "a cursor may go back, for a replay"


async def check_undelivered(log: EventLog) -> None:
    await log.append("gate", passage_events(8))
    rows = [
        Undelivered(
            transfer=transfer,
            seq=seq,
            outcome="rejected",
            reason="no such gate",
            status=404,
            answer="<html>",
            at=START,
        )
        for transfer, seq in (("erp", 1), ("erp", 3), ("barrier", 2))
    ]
    for row in rows:
        await log.keep_undelivered(row)
    assert list(await log.undelivered("erp", 10)) == [rows[1], rows[0]], "newest first"
    assert list(await log.undelivered("erp", 1)) == [rows[1]], "up to the limit"
    assert list(await log.undelivered("nobody", 10)) == []


async def check_pauses(log: EventLog) -> None:
    await log.pause("erp", "HTTP 410 Gone")
    assert await log.paused("erp") == "HTTP 410 Gone"
    assert await log.paused("barrier") is None, "each transfer is paused alone"
    await log.pause("erp", None)
    assert await log.paused("erp") is None, "None lets it go on"


CHECKS = (
    check_empty,
    check_numbers,
    check_producers,
    check_same_event_twice,
    check_waiting,
    check_pictures,
    check_open_passages,
    check_cursors,
    check_undelivered,
    check_pauses,
)
