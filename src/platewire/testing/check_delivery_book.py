"""Checks that the book of an event log keeps the contract of `DeliveryBook`.

`check_delivery_book(make)` calls `make` for a fresh, empty log as often as it likes and closes
each. It raises AssertionError that says what was broken. Durability needs a crash, and is not
checked.
"""

# ruff: noqa: S101

from datetime import timedelta
from typing import Any

from msgspec import structs

from platewire.eventlog.deliveries.records import Attempt, DeadLetter, DeadQuery, Parked, Selection
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.testing.check_eventlog import Make, run_checks, several
from platewire.testing.sample_events import START, passage_events

LATER = START + timedelta(hours=1)


async def check_delivery_book(make: Make) -> None:
    """Runs every check below, each on the book of a log of its own."""
    await run_checks(make, CHECKS)


async def check_new_output(log: EventLog) -> None:
    book = log.deliveries
    assert await book.cursor("erp") is None, "an output that never ran has no cursor"
    assert await book.pause_reason("erp") is None, "an output is not paused from the start"


async def check_cursors(log: EventLog) -> None:
    book = log.deliveries
    await log.append("gate", passage_events(7))
    await book.set_cursor("erp", 0)
    assert await book.cursor("erp") == 0, "0 is a cursor, not none"
    await book.set_cursor("erp", 3)
    await book.set_cursor("barrier", 1)
    assert (await book.cursor("erp"), await book.cursor("barrier")) == (3, 1), "one per output"
    await book.set_cursor("erp", 1)
    assert await book.cursor("erp") == 1, "a cursor may go back, for a replay"


async def check_acknowledged(log: EventLog) -> None:
    book = log.deliveries
    await log.append("gate", several(1, 4))
    assert await book.acknowledged("erp") == (), "nothing above a cursor that is not there"
    await book.set_cursor("erp", 2, ((4, 5), (7, 7)))
    assert (await book.cursor("erp"), await book.acknowledged("erp")) == (2, ((4, 5), (7, 7)))
    await book.set_cursor("erp", 7)
    assert (await book.cursor("erp"), await book.acknowledged("erp")) == (7, ()), "replaced as one"


async def check_selections(log: EventLog) -> None:
    book = log.deliveries
    assert list(await book.selections("erp")) == []
    first, second = (Selection(from_seq=seq, settings=b"{}") for seq in (1, 5))
    for each in (second, first):
        await book.add_selection("erp", each)
    assert list(await book.selections("erp")) == [first, second], "by seq"


async def check_parked(log: EventLog) -> None:
    book = log.deliveries
    entries = await log.append("gate", several(1, 2))
    rows = [_parked("erp", entry) for entry in entries[:4]]
    await book.park(rows[::-1])
    await book.park([_parked("barrier", entries[0])])
    assert list(await book.parked("erp")) == rows, "by seq, of one output"
    later = structs.replace(rows[0], attempts=3, waited_seconds=3.5, error="down", requeued=True)
    await book.park([later])
    assert list(await book.parked("erp")) == [later, *rows[1:]], "parked again replaces"
    await book.unpark("erp", 2)
    await book.park([])
    await book.add_dead_letters([_dead_letter("erp", 3)])
    await log.append("gate", passage_events(9))
    assert [row.seq for row in await book.parked("erp")] == [1, 4], "not the delivered and the dead"
    assert [row.seq for row in await book.parked("barrier")] == [1], "each output alone"


async def check_dead_letters(log: EventLog) -> None:
    book = log.deliveries
    await log.append("gate", several(8, 3))
    gap = _dead_letter("erp", 6, outcome="gap", status=None, first_seq=5)
    dead_letters = [_dead_letter("erp", 1), _dead_letter("erp", 3, status=500, at=LATER), gap]
    await book.add_dead_letters([*dead_letters, _dead_letter("barrier", 2)])
    found = await book.dead_letters("erp", DeadQuery(), 10)
    assert list(found) == dead_letters[::-1], "newest first"
    assert list(await book.dead_letters("erp", DeadQuery(), 1)) == [gap], "up to the limit"
    assert list(await book.dead_letters("nobody", DeadQuery(), 10)) == []
    for query, seqs in (
        (DeadQuery(group="rejected-404"), [1]),
        (DeadQuery(group="gap"), [6]),
        (DeadQuery(since=LATER), [3]),
        (DeadQuery(seqs=(1, 6)), [6, 1]),
        (DeadQuery(before_seq=3), [1]),
        (DeadQuery(discarded=True), []),
    ):
        assert [row.seq for row in await book.dead_letters("erp", query, 10)] == seqs, f"{query}"
    groups = {group.group: group.count for group in await book.dead_letter_groups("erp")}
    assert groups == {"rejected-404": 1, "rejected-500": 1, "gap": 2}, "a gap counts its events"


async def check_dead_letters_are_resolved(log: EventLog) -> None:
    book = log.deliveries
    entries = await log.append("gate", several(8, 3))
    gap = _dead_letter("erp", 6, outcome="gap", status=None, first_seq=5)
    await book.add_dead_letters([*(_dead_letter("erp", seq) for seq in (1, 2, 3, 4)), gap])
    assert await book.discard("erp", DeadQuery(seqs=(3,)), "an old test", LATER) == 1
    (discarded,) = await book.dead_letters("erp", DeadQuery(discarded=True), 10)
    assert (discarded.discard_reason, discarded.discarded_at) == ("an old test", LATER)
    await book.resolve("erp", [4])
    queued = await book.requeue("erp", DeadQuery(), LATER)
    assert [(row.seq, row.passage) for row in queued] == [
        (entry.event.seq, entry.event.passage) for entry in entries[:2]
    ], "all that has an event and is not discarded, by seq"
    assert all(row.requeued and row.next_at == LATER and not row.attempts for row in queued)
    assert list(await book.parked("erp")) == list(queued), "the requeued are parked"
    left = await book.dead_letters("erp", DeadQuery(), 10)
    assert [row.seq for row in left] == [6], "and no dead letters any more"
    assert list(await book.requeue("erp", DeadQuery(seqs=(3,)), LATER)) == [], "not the discarded"


async def check_attempts(log: EventLog) -> None:
    book = log.deliveries
    await log.append("gate", passage_events(1))
    made = [_attempt(seq=1 + number % 2, number=number) for number in range(50)]
    for attempt in made:
        await book.add_attempt(attempt)
    await log.append("gate", passage_events(2))
    assert list(await book.attempts("erp", None, 7)) == made[:-8:-1], "newest first, to the limit"
    assert list(await book.attempts("erp", 1, 100)) == made[-2::-2][:20], "the newest 20 of each"
    assert list(await book.attempts("barrier", None, 100)) == []


def _dead_letter(output: str, seq: int, **more: Any) -> DeadLetter:
    plain = {"outcome": "rejected", "status": 404, "reason": "no such gate", "answer": "<html>"}
    return DeadLetter(output=output, seq=seq, **{**plain, "at": START, "attempts": 2, **more})


def _parked(output: str, entry: Entry) -> Parked:
    event = entry.event
    return Parked(output=output, seq=event.seq, passage=event.passage, next_at=START)


def _attempt(seq: int, number: int) -> Attempt:
    return Attempt(
        output="erp",
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
    book = log.deliveries
    await book.pause("erp", "HTTP 410 Gone")
    assert await book.pause_reason("erp") == "HTTP 410 Gone"
    assert await book.pause_reason("barrier") is None, "each output is paused alone"
    await book.resume("erp")
    assert await book.pause_reason("erp") is None, "it goes on"


CHECKS = (
    check_new_output,
    check_cursors,
    check_acknowledged,
    check_selections,
    check_parked,
    check_dead_letters,
    check_dead_letters_are_resolved,
    check_attempts,
    check_pauses,
)
