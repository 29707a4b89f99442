"""Checks that an event log keeps the contract of `EventLog`; free of pytest, the same every run.

`check_event_log(make)` calls `make` for a fresh, empty log as often as it likes and closes each.
It raises AssertionError that says what was broken. Durability needs a crash, and is not checked.
Of the delivery book that belongs to the log see `check_delivery_book`.
"""

# ruff: noqa: S101

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from platewire.eventlog.log import EventLog
from platewire.model import BootTime, Entry, Event, Images
from platewire.runtime.test_plate import TEST_PICTURE
from platewire.testing.sample_events import passage_events, picture
from platewire.wire import native

Make = Callable[[], Awaitable[EventLog]]


def several(first: int, count: int, camera: str = "gate") -> list[Event]:
    """All events of so many passages, one passage after the other."""
    numbers = range(first, first + count)
    return [event for number in numbers for event in passage_events(number, camera=camera)]


async def check_event_log(make: Make) -> None:
    """Runs every check below, each on a log of its own."""
    await run_checks(make, CHECKS)


async def run_checks(make: Make, checks: Sequence[Callable[[EventLog], Awaitable[None]]]) -> None:
    """Runs each on a log of its own."""
    for check in checks:
        log = await make()
        try:
            await check(log)
        finally:
            await log.close()


async def check_empty(log: EventLog) -> None:
    assert (log.first_seq, log.last_seq, log.last_passage_number) == (1, 0, 0), "an empty log"
    assert list(await log.read(0, 10)) == [], "an empty log gives no entries"
    assert await log.picture("0" * 64) is None, "a picture that was never kept is None"
    drawn = await log.picture(TEST_PICTURE.image.sha256)
    assert drawn == TEST_PICTURE.jpeg, "the picture of test events is there without being stored"
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


async def check_arrival(log: EventLog) -> None:
    """When an event came to be known is kept with it, and never taken to be now if nobody knows."""
    known, unknown, unsaid = several(1, 1)
    moment = BootTime("another boot", 123.25)
    arrived = {known.id: moment, unknown.id: None}
    entries = await log.append("gate", [known, unknown, unsaid], arrived=arrived)
    assert [entry.arrived for entry in entries[:2]] == [moment, None], "as it was said"
    assert entries[2].arrived is not None, "now, where nothing was said"
    assert list(await log.read(0, 3)) == list(entries), "it is kept"


async def _check_reads(log: EventLog, entries: Sequence[Entry]) -> None:
    last = len(entries)
    for after in range(last + 2):
        for limit in (1, 3, last + 5):
            expected = list(entries[after : after + limit])
            assert list(await log.read(after, limit)) == expected, f"read({after}, {limit})"


async def check_passages(log: EventLog) -> None:
    entries = await log.append("gate", several(1, 3))
    numbers = [entry.event.passage_number for entry in entries[::3]]
    assert list(await log.of_passages(numbers[:2], 5)) == list(entries[:5]), "up to a seq, rising"
    assert list(await log.of_passages(numbers[2:], 9)) == list(entries[6:]), "no others"
    assert list(await log.of_passages([7], 9)) == [], "none where there is none"


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


CHECKS = (
    check_empty,
    check_numbers,
    check_arrival,
    check_passages,
    check_producers,
    check_same_event_twice,
    check_waiting,
    check_pictures,
    check_open_passages,
)


async def check_log_that_was_cut_back(log: EventLog, kept: int, lost: int) -> None:
    """A log of which `kept` events were left of `kept + lost`, opened again. Not one of `CHECKS`,
    as whoever makes logs has to cut it back."""
    last = kept + lost
    (gap,) = log.numbering.gaps
    assert (gap.first_seq, gap.last_seq) == (kept + 1, last), "the range is recorded"
    assert (log.numbering.epoch, log.last_seq) == (2, last), "a new epoch, above what was given"
    assert await log.wait(kept) == last, "who has read what was kept need not wait for the gap"
    assert list(await log.read(kept, 10)) == [], "nothing is in the gap"
    entries = await log.append("gate", several(90, 1))
    assert [entry.event.seq for entry in entries] == [last + 1, last + 2, last + 3]
    assert list(await log.read(kept, 10)) == entries, "a gap is missing before the first"
    before = [entry.event.seq for entry in await log.read(0, 1000)]
    assert before == list(range(1, kept + 1)), "never within"
