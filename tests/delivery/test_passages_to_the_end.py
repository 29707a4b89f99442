"""Whoever got one event of a passage gets all that follow, though the filters match no longer."""

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from msgspec import structs

from platewire.delivery.events.choice import choose
from platewire.delivery.events.selection import DeliveredEvents, Selected
from platewire.delivery.replay import replay
from platewire.errors import Rejected, Unavailable
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.beside import log_beside
from platewire.model import Direction, Event, Kind, ListHit
from platewire.outputs.output import OutputSettings
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events
from tests.support.delivering import Stage, Told

WANTED = (ListHit("wanted", "exact", "watch", "WANT01"),)


def corrected(number: int = 1, listed: Sequence[bool] = (True, True, False, False)) -> list[Event]:
    """A passage whose plate was on the list at first, event by event."""
    events = passage_events(number, updates=len(listed) - 2)
    return [
        structs.replace(event, lists=WANTED if on else (), plate=_plate(event, on))
        for event, on in zip(events, listed, strict=True)
    ]


def _plate(event: Event, on: bool) -> Any:
    return structs.replace(
        event.plate, text="WANT01" if on else "WAN701", confidence=0.9 if on else 0.4
    )


def kinds(output: Told) -> list[tuple[int, str]]:
    """seq, and the kind that formats of others write."""
    return [(each.event.seq, each.vendor_event.kind.value) for each in output.got]


async def test_correction_and_lost_follow_the_plate() -> None:
    stage = Stage(lists=["wanted"])
    await stage.append(*corrected())
    async with stage.running():
        assert stage.output.seqs == [1, 2, 3, 4]
        assert await stage.log.deliveries.cursor("gate") == 4


async def test_passages_that_never_match_are_not_sent() -> None:
    stage = Stage(lists=["wanted"])
    await stage.append(*corrected(listed=(False, False, False)))
    async with stage.running():
        assert stage.output.seqs == []
        assert await stage.log.deliveries.cursor("gate") == 3


@pytest.mark.parametrize("filters", [{"min_confidence": 0.8}, {"lists": ["wanted"]}])
async def test_vendor_formats_start_with_new(filters: dict[str, Any]) -> None:
    stage = Stage(**filters)
    await stage.append(*corrected(listed=(False, True, False, False)))
    async with stage.running():
        assert kinds(stage.output) == [(2, "new"), (3, "updated"), (4, "lost")]
        assert stage.output.got[0].event.kind is Kind.UPDATED, "natively it stays what it is"


@pytest.mark.parametrize(
    ("events", "seqs"), [("lost_only", [5]), ("traffic", [5]), ("parking", [2, 3, 4])]
)
async def test_kinds_are_chosen_event_by_event(events: str, seqs: list[int]) -> None:
    """A `lost` that is all a receiver hears of a passage stays a `lost`."""
    stage = Stage(lists=["wanted"], events=events)
    await stage.append(*corrected(listed=(False, True, False, False, False)))
    async with stage.running():
        assert stage.output.seqs == seqs
        first = "new" if events == "parking" else "lost"
        assert kinds(stage.output)[0] == (seqs[0], first)


async def test_by_direction_and_zone() -> None:
    """A `new` knows no direction, so the first to match may be an `updated`."""
    events = list(passage_events(updates=2))
    events[-1] = structs.replace(events[-1], direction=Direction.OUT, zone=None)
    stage = Stage(directions=["in"], zones=["entry"])
    await stage.append(*events)
    async with stage.running():
        assert kinds(stage.output) == [(2, "new"), (3, "updated"), (4, "lost")]


async def test_changes_leave_out_updates_of_pictures_alone() -> None:
    changed = [(), ("images",), ("plate.text", "images"), ("images",), ()]
    events = [
        structs.replace(event, changed=names)
        for event, names in zip(passage_events(updates=3), changed, strict=True)
    ]
    stage = Stage(changes=["plate", "lists"])
    await stage.append(*events)
    async with stage.running():
        assert stage.output.seqs == [1, 3, 5]


async def test_what_is_new_to_a_receiver_is_no_mere_change_of_pictures() -> None:
    stage = Stage(changes=["plate"], lists=["wanted"])
    events = corrected(listed=(False, True, True, True))
    await stage.append(*(structs.replace(each, changed=("images",)) for each in events))
    async with stage.running():
        assert kinds(stage.output) == [(2, "new"), (4, "lost")]


async def test_a_start_in_the_middle_of_a_passage() -> None:
    stage = Stage(start="now")
    await stage.append(*passage_events(updates=2)[:2])
    async with stage.running():
        await stage.append(*passage_events(updates=2)[2:])
        await stage.settle()
        assert kinds(stage.output) == [(3, "new"), (4, "lost")]


async def test_a_match_before_the_start_does_not_count() -> None:
    stage = Stage(start="now", lists=["wanted"])
    events = corrected()
    await stage.append(*events[:2])
    async with stage.running():
        await stage.append(*events[2:])
        await stage.settle()
        assert stage.output.seqs == []


@pytest.mark.parametrize("then", [["wanted"], []])
async def test_a_restart_in_the_middle(then: list[str]) -> None:
    """The memory of the run before is gone, the log is not; and other settings count from now."""
    stage = Stage(lists=then)
    events = corrected()
    await stage.append(*events[:2])
    async with stage.running():
        assert stage.output.seqs == [1, 2]
    stage.settings = structs.replace(stage.settings, lists=("wanted",))
    await stage.append(*events[2:])
    await stage.append(*corrected(2, (False, False, False)))
    async with stage.running():
        assert kinds(stage.output)[2:] == [(3, "updated"), (4, "lost")]


@pytest.mark.parametrize(
    ("before", "then", "listed", "told"),
    [
        ([], ["wanted"], (False,) * 4, [(2, "new"), (3, "updated"), (4, "updated"), (5, "lost")]),
        (
            *([], ["wanted"], (False, False, True, False)),
            [(2, "new"), (3, "updated"), (4, "updated"), (5, "lost")],
        ),
        (["wanted"], [], (False,) * 4, [(4, "new"), (5, "lost")]),
    ],
)
async def test_other_settings_count_from_where_all_had_not_been_dealt_with(
    before: list[str], then: list[str], listed: Sequence[bool], told: list[tuple[int, str]]
) -> None:
    """A vehicle hangs in one lane, the next one is through or left out in the other: it is told by
    what it began with, though the floor is before it."""
    stage = Stage(lists=before, lanes=2)
    stage.output.hangs = {corrected()[0].passage_number}
    await stage.append(corrected()[0], *corrected(2, listed)[:2])
    async with stage.running(stage.delivery(grace_seconds=0.0)):
        assert await stage.log.deliveries.acknowledged("gate") == ((2, 3),)
    stage.output.hangs = set()
    stage.settings = structs.replace(stage.settings, lists=tuple(then))
    await stage.append(*corrected(2, listed)[2:])
    async with stage.running():
        assert [each for each in kinds(stage.output) if each[0] > 1] == told
        assert await stage.log.deliveries.cursor("gate") == 5


async def test_the_last_settings_count_also_where_the_floor_went_back() -> None:
    """Behind what settings of before began with, as after a database was restored."""
    stage = Stage()
    await stage.append(*corrected(1, (False, False, False)))
    async with stage.running():
        pass
    stage.settings = structs.replace(stage.settings, min_confidence=0.1)
    async with stage.running():
        pass
    await stage.log.deliveries.set_cursor("gate", 0)
    stage.settings = structs.replace(stage.settings, lists=("wanted",))
    await stage.append(*corrected(2, (False, False, False)))
    async with stage.running():
        assert stage.output.seqs == [1, 2, 3]


async def test_what_expired_or_was_rejected_counts_as_sent() -> None:
    stage = Stage(lists=["wanted"])
    await stage.append(*corrected())
    stage.output.refuses = lambda entry: Rejected("no") if entry.event.seq < 3 else None
    async with stage.running():
        assert kinds(stage.output) == [(3, "updated"), (4, "lost")]


async def test_where_the_log_was_cut_back_the_passage_begins_with_what_is_left() -> None:
    stage = Stage(lists=["wanted"])
    await stage.append(*corrected(listed=(True, False, True, False)))
    stage.log.drop_before(2)
    async with stage.running():
        assert kinds(stage.output) == [(3, "new"), (4, "lost")]


async def test_every_replay_writes_what_was_sent() -> None:
    stage = Stage(lists=["wanted"])
    await stage.append(*corrected(listed=(False, True, False, False)))
    stage.output.refuses = lambda entry: Rejected("no") if entry.event.seq == 2 else None
    async with stage.running():
        pass
    for what, seqs in (("failed", [2]), ("all", [2, 3, 4]), ("never_sent", [])):
        again = Told(stage.clock)
        choice = await choose(stage.log, stage.settings, what, 1, None)  # type: ignore[arg-type]
        await replay(stage.log, again, choice, clock=stage.clock, progress=lambda *_: None)
        assert again.seqs == seqs, what
        assert kinds(again) == [(seq, "new" if seq == 2 else kind) for seq, kind in kinds(again)]


async def test_what_was_requeued_or_parked_is_read_again_as_it_was_sent() -> None:
    stage = Stage(lists=["wanted"])
    await stage.append(*corrected(listed=(False, True, False, False)))
    stage.output.refuses = lambda entry: Rejected("no") if entry.event.seq == 2 else None
    async with stage.running() as delivery:
        stage.output.refuses = lambda _: None
        rows = await stage.log.deliveries.requeue("gate", DeadQuery(), stage.clock.now())
        await delivery.requeue(rows)
        await stage.settle()
        assert kinds(stage.output) == [(3, "updated"), (4, "lost"), (2, "new")]


async def test_retries_write_the_same() -> None:
    stage = Stage(Unavailable("down"), Unavailable("down"), lists=["wanted"])
    await stage.append(*corrected(listed=(False, True, False, False)))
    async with stage.running():
        await stage.clock.advance(60)
        assert kinds(stage.output) == [(2, "new"), (3, "updated"), (4, "lost")]


async def test_earlier_and_current_settings() -> None:
    """What wider settings sent and narrower ones leave out is not sent a second time."""
    stage = Stage()
    await stage.append(*corrected(1, (False, False, False)), *corrected(2)[:2])
    async with stage.running():
        pass
    stage.settings = structs.replace(stage.settings, lists=("wanted",))
    await stage.append(*corrected(2)[2:])
    async with stage.running():
        pass
    selected = await Selected.of(stage.log, stage.settings)
    entries = await stage.log.read(0, 100)
    assert [each.event.seq for each in await selected.live(entries)] == [4, 5, 6, 7]
    assert await selected.never(entries, ()) == []


async def test_verification_knows_the_same(tmp_path: Any) -> None:
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=tmp_path), clock, Board(clock))
    settings = OutputSettings(name="gate", lists=("wanted",), start="beginning")
    stage = Stage(lists=["wanted"])
    stage.log, stage.clock = log, clock  # type: ignore[assignment]
    try:
        await log.append("gate", [*corrected(), *corrected(2, (False, False, False))])
        async with stage.running():
            while await log.deliveries.cursor("gate") != 7:
                await stage.settle()
    finally:
        await log.close()
    with log_beside(tmp_path) as beside:
        given = DeliveredEvents(beside, settings)
        assert await given.given([3, 4, 5, 6, 7]) == [3, 4]


async def test_gates_evaluate_each_event_by_itself() -> None:
    """Nothing may open for a plate that the filters leave out."""

    class Opens(OutputSettings, frozen=True, kw_only=True):
        opens_something: ClassVar[bool] = True

    stage = Stage()
    stage.settings = Opens(name="gate", start="beginning", lists=("wanted",), changes=("plate",))
    await stage.append(*corrected(listed=(True, False, True, False)))
    async with stage.running():
        assert stage.output.seqs == [1, 3]
