"""Checks that an event log keeps the contract of `EventLog`; free of pytest, the same every run.

`check_event_log(make)` calls `make` for a fresh, empty log as often as it likes and closes each.
It raises AssertionError that says what was broken. Durability needs a crash, and is not checked.
"""

# ruff: noqa: S101

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from msgspec import structs

from platewire.eventlog.letters import Attempt, DeadLetter, DeadQuery, Parked, Selection
from platewire.eventlog.log import EventLog
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


async def check_acknowledged(log: EventLog) -> None:
    await log.append("gate", several(1, 4))
    assert await log.acknowledged("erp") == (), "nothing above a cursor that is not there"
    await log.set_cursor("erp", 2, ((4, 5), (7, 7)))
    assert (await log.cursor("erp"), await log.acknowledged("erp")) == (2, ((4, 5), (7, 7)))
    await log.set_cursor("erp", 7)
    assert (await log.cursor("erp"), await log.acknowledged("erp")) == (7, ()), "replaced as one"


async def check_selections(log: EventLog) -> None:
    assert list(await log.selections("erp")) == []
    first, second = (Selection(from_seq=seq, settings=b"{}") for seq in (1, 5))
    for each in (second, first):
        await log.select("erp", each)
    assert list(await log.selections("erp")) == [first, second], "rising"


async def check_parked(log: EventLog) -> None:
    entries = await log.append("gate", several(1, 2))
    rows = [_parked("erp", entry) for entry in entries[:4]]
    await log.park(rows[::-1])
    await log.park([_parked("barrier", entries[0])])
    assert list(await log.parked("erp")) == rows, "by seq, of one transfer"
    later = structs.replace(rows[0], attempts=3, waited_seconds=3.5, error="down", requeued=True)
    await log.park([later])
    assert list(await log.parked("erp")) == [later, *rows[1:]], "parked again replaces"
    await log.unpark("erp", 2)
    await log.park([])
    await log.bury([_letter("erp", 3)])
    await log.append("gate", passage_events(9))
    assert [row.seq for row in await log.parked("erp")] == [1, 4], "delivered, or given up"
    assert [row.seq for row in await log.parked("barrier")] == [1], "each transfer alone"


async def check_dead_letters(log: EventLog) -> None:
    await log.append("gate", several(8, 3))
    gap = _letter("erp", 6, outcome="gap", status=None, first_seq=5)
    letters = [_letter("erp", 1), _letter("erp", 3, status=500, at=LATER), gap]
    await log.bury([*letters, _letter("barrier", 2)])
    assert list(await log.dead("erp", DeadQuery(), 10)) == letters[::-1], "newest first"
    assert list(await log.dead("erp", DeadQuery(), 1)) == [gap], "up to the limit"
    assert list(await log.dead("nobody", DeadQuery(), 10)) == []
    for query, seqs in (
        (DeadQuery(group="rejected-404"), [1]),
        (DeadQuery(group="gap"), [6]),
        (DeadQuery(since=LATER), [3]),
        (DeadQuery(seqs=(1, 6)), [6, 1]),
        (DeadQuery(before_seq=3), [1]),
        (DeadQuery(discarded=True), []),
    ):
        assert [row.seq for row in await log.dead("erp", query, 10)] == seqs, f"{query}"
    groups = {group.group: group.count for group in await log.dead_groups("erp")}
    assert groups == {"rejected-404": 1, "rejected-500": 1, "gap": 2}, "a gap counts its events"


async def check_dead_letters_are_settled(log: EventLog) -> None:
    entries = await log.append("gate", several(8, 3))
    gap = _letter("erp", 6, outcome="gap", status=None, first_seq=5)
    await log.bury([*(_letter("erp", seq) for seq in (1, 2, 3, 4)), gap])
    assert await log.discard("erp", DeadQuery(seqs=(3,)), "an old test", LATER) == 1
    (discarded,) = await log.dead("erp", DeadQuery(discarded=True), 10)
    assert (discarded.discard_reason, discarded.discarded_at) == ("an old test", LATER)
    await log.resolve("erp", [4])
    queued = await log.requeue("erp", DeadQuery(), LATER)
    assert [(row.seq, row.passage) for row in queued] == [
        (entry.event.seq, entry.event.passage) for entry in entries[:2]
    ], "all that has an event and is not settled, by seq"
    assert all(row.requeued and row.next_at == LATER and not row.attempts for row in queued)
    assert list(await log.parked("erp")) == list(queued), "the requeued are parked"
    assert [row.seq for row in await log.dead("erp", DeadQuery(), 10)] == [6], "and not dead"
    assert list(await log.requeue("erp", DeadQuery(seqs=(3,)), LATER)) == [], "settled is settled"


async def check_attempts(log: EventLog) -> None:
    await log.append("gate", passage_events(1))
    made = [_attempt(seq=1 + number % 2, number=number) for number in range(50)]
    for attempt in made:
        await log.keep_attempt(attempt)
    await log.append("gate", passage_events(2))
    assert list(await log.attempts("erp", None, 7)) == made[:-8:-1], "newest first, to the limit"
    assert list(await log.attempts("erp", 1, 100)) == made[-2::-2][:20], "the newest 20 of each"
    assert list(await log.attempts("barrier", None, 100)) == []


LATER = START + timedelta(hours=1)


def _letter(transfer: str, seq: int, **more: Any) -> DeadLetter:
    plain = {"outcome": "rejected", "status": 404, "reason": "no such gate", "answer": "<html>"}
    return DeadLetter(transfer=transfer, seq=seq, **{**plain, "at": START, "attempts": 2, **more})


def _parked(transfer: str, entry: Entry) -> Parked:
    event = entry.event
    return Parked(transfer=transfer, seq=event.seq, passage=event.passage, next_at=START)


def _attempt(seq: int, number: int) -> Attempt:
    return Attempt(
        transfer="erp",
        seq=seq,
        number=number,
        at=START + timedelta(seconds=number),
        seconds=0.25,
        outcome="unavailable",
        status=503,
        request="POST /",
        answer="later",
        error="503",
    )


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
    check_acknowledged,
    check_selections,
    check_parked,
    check_dead_letters,
    check_dead_letters_are_settled,
    check_attempts,
    check_pauses,
)
