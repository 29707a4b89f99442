"""Deliveries in trouble, on a clock to turn: a receiver that is down, hangs, or refuses one."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from platewire.delivery import loop
from platewire.delivery.events.choice import What, choose
from platewire.delivery.replay import replay
from platewire.errors import Rejected, Unavailable
from platewire.eventlog.deliveries.records import DeadLetter, DeadQuery
from platewire.model import Entry
from platewire.runtime.status import State
from platewire.testing.sample_events import START, passage_events
from tests.simulation.judge import in_order, judge
from tests.support.delivering import Stage, Told

DAY = 86_400.0


@pytest.fixture(autouse=True)
def _seldom_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day in the life of the clock is many looks at the lag."""
    monkeypatch.setattr(loop, "MEASURE_SECONDS", 3600.0)


def number_of(passage: int) -> int:
    return passage_events(passage)[0].passage_number


def failing(
    *passages: int, error: type[Exception] = Unavailable
) -> Callable[[Entry], Exception | None]:
    sick = {number_of(each) for each in passages}

    def refuses(entry: Entry) -> Exception | None:
        return error("500 for this one") if entry.event.passage_number in sick else None

    return refuses


# --- the other side is down as a whole ---------------------------------------------------------


@pytest.mark.parametrize("seconds", [3.0, 180.0, 10_800.0])
@pytest.mark.parametrize("lanes", [1, 8])
async def test_a_receiver_that_was_down_gets_all_in_order(seconds: float, lanes: int) -> None:
    stage = Stage(lanes=lanes)
    other = Stage()
    stage.output.refuses = lambda entry: (
        Unavailable("503") if stage.clock.monotonic() < seconds else None
    )
    await stage.passages(20)
    await other.passages(20)
    async with stage.running(), other.running():
        assert stage.state() is State.WAITING
        assert len(other.output.got) == 60
        await stage.clock.advance(seconds + 61)
        assert stage.state() is State.RUNNING
        await judge(stage.log, stage.settings, stage.output.got)
    probes = sorted({at for at, _ in stage.output.attempts if at < seconds})
    waits = [after - before for before, after in itertools.pairwise(probes)]
    assert max(waits) <= 60
    assert waits[:2] == [0.5, 0.5] if lanes == 8 else waits[:1] == [0.5]
    assert len(stage.output.attempts) < 60 + lanes + 20 + seconds / 30
    assert await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10) == []


async def test_while_it_is_down_nothing_is_parked_and_the_floor_stands_still() -> None:
    stage = Stage(lanes=4)
    stage.output.refuses = lambda _: Unavailable("down")
    await stage.passages(30)
    async with stage.running():
        await stage.clock.advance(1.5 * DAY)
        assert await stage.log.deliveries.parked("gate") == []
        assert await stage.log.deliveries.cursor("gate") == 0
        assert await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10) == []


# --- one passage is at fault -------------------------------------------------------------------


@pytest.mark.parametrize("lanes", [1, 4])
async def test_a_passage_that_fails_is_parked_while_the_others_flow(lanes: int) -> None:
    stage = Stage(lanes=lanes)
    stage.output.refuses = failing(3)
    await stage.passages(10)
    async with stage.running():
        assert len(stage.output.got) == 27
        assert [at for at, _ in stage.output.attempts if at > 0] == []
        assert stage.state() is State.RUNNING
        assert await stage.log.deliveries.cursor("gate") == 30
        assert [row.seq for row in await stage.log.deliveries.parked("gate")] == [7, 8, 9]
        assert stage.line.counters["parked"] == 3
        stage.output.refuses = lambda _: None
        await stage.clock.advance(1)
        assert stage.output.seqs[-3:] == [7, 8, 9]
        assert await stage.log.deliveries.parked("gate") == []
        assert stage.line.counters["parked"] == 0


async def test_after_a_day_it_is_given_up_its_passage_with_it() -> None:
    stage = Stage(lanes=4)
    stage.output.refuses = failing(3)
    await stage.passages(10)
    async with stage.running():
        await stage.clock.advance(1.1 * DAY)
        letters = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
        assert [letter.seq for letter in letters] == [9, 8, 7]
        assert {letter.outcome for letter in letters} == {"exhausted"}
        first = letters[-1]
        assert DAY * 0.95 <= (first.at - START).total_seconds() <= DAY * 1.1
        assert first.attempts > 30
        assert "last error: 500 for this one" in first.reason
        assert stage.line.counters["exhausted"] == 3
        (group,) = await stage.log.deliveries.dead_letter_groups("gate")
        assert (group.group, group.count) == ("exhausted", 3)
        attempts = await stage.log.deliveries.attempts("gate", 7, 100)
        assert len(attempts) == 20
        assert attempts[0].number == first.attempts
        assert {each.outcome for each in attempts} == {"unavailable"}
        await judge(stage.log, stage.settings, stage.output.got)


async def test_given_up_it_is_sent_again_when_a_person_asks() -> None:
    stage = Stage(lanes=4)
    stage.output.refuses = failing(3, error=Rejected)
    await stage.passages(4)
    async with stage.running() as running:
        stage.output.refuses = lambda _: None
        rows = await stage.log.deliveries.requeue("gate", DeadQuery(), stage.clock.now())
        await running.requeue(rows)
        await stage.settle()
    again = stage.output.got[-3:]
    assert [entry.event.seq for entry in again] == [7, 8, 9]
    assert all(entry.event.replayed for entry in again)
    assert await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10) == []
    assert await stage.log.deliveries.parked("gate") == []


async def test_requeued_before_a_restart_it_is_sent_after_it() -> None:
    stage = Stage()
    stage.output.refuses = failing(1, error=Rejected)
    await stage.passages(1)
    async with stage.running():
        pass
    await stage.log.deliveries.requeue("gate", DeadQuery(seqs=(2,)), stage.clock.now())
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        assert again.seqs == [2]
    assert [
        letter.seq for letter in await stage.log.deliveries.dead_letters("gate", DeadQuery(), 9)
    ] == [3, 1]


async def test_parked_it_survives_a_restart_with_its_attempts() -> None:
    stage = Stage()
    stage.output.refuses = failing(2)
    await stage.passages(3)
    async with stage.running():
        await stage.clock.advance(100)
    (before, *_) = await stage.log.deliveries.parked("gate")
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        assert again.seqs == []
        await stage.clock.advance(600)
        assert again.seqs == [4, 5, 6]
    assert before.attempts > 5
    assert before.waited_seconds >= 100


async def test_parked_it_grows_too_old() -> None:
    stage = Stage(max_age_seconds=60)
    stage.output.refuses = failing(2)
    await stage.passages(3)
    async with stage.running():
        await stage.clock.advance(200)
        letters = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
        assert [(letter.seq, letter.outcome) for letter in letters] == [
            (6, "expired"),
            (5, "expired"),
            (4, "expired"),
        ]
        assert letters[-1].attempts > 3
        assert await stage.log.deliveries.parked("gate") == []


async def test_parked_and_taken_by_retention_it_is_a_gap() -> None:
    stage = Stage()
    stage.output.refuses = failing(1)
    await stage.passages(3)
    async with stage.running():
        pass
    stage.log.drop_before(3)
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        await stage.clock.advance(10)
    letters = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert [(each.seq, each.first_seq, each.outcome) for each in letters] == [
        (2, 2, "gap"),
        (1, 1, "gap"),
    ]
    assert again.seqs == [3]


# --- one that hangs ----------------------------------------------------------------------------


async def test_a_send_that_hangs_holds_up_one_lane_and_not_for_ever() -> None:
    stage = Stage(lanes=4)
    stage.output.hangs = {number_of(3)}
    await stage.passages(40)
    async with stage.running():
        assert len(stage.output.got) >= 60
        before = len(stage.output.got)
        await stage.clock.advance(31)
        assert len(stage.output.got) == 117
        assert before < 117
        assert await stage.log.deliveries.cursor("gate") == 120
        stage.output.hangs.clear()
        await stage.clock.advance(120)
        await judge(stage.log, stage.settings, stage.output.got)


async def test_acknowledged_above_the_floor_is_not_repeated_after_a_crash() -> None:
    stage = Stage(lanes=4)
    stage.output.hangs = {number_of(1)}
    await stage.passages(10)
    async with stage.running(stage.delivery(grace_seconds=0.0)):
        assert await stage.log.deliveries.cursor("gate") == 0
        assert await stage.log.deliveries.acknowledged("gate") != ()
        got = set(stage.output.seqs)
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        assert set(again.seqs) == set(range(1, 31)) - got
    in_order([*stage.output.got, *again.got])


# --- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-3600.0, DAY, 0.7])
async def test_schedules_follow_the_monotonic_clock(jump: float) -> None:
    stage = Stage()
    stage.output.refuses = failing(2)
    await stage.passages(3)
    async with stage.running():
        for _ in range(5):
            stage.clock.jump(jump)
            await stage.clock.advance(3.1)
    times = [at for at, seqs in stage.output.attempts if seqs == [4]]
    assert [after - before for before, after in itertools.pairwise(times)] == [0.5, 1, 2, 4, 8]


async def test_after_a_restart_with_a_jumped_clock_it_waits_no_longer_than_an_hour() -> None:
    stage = Stage()
    stage.output.refuses = failing(2)
    await stage.passages(3)
    async with stage.running():
        pass
    stage.clock.jump(-10 * DAY)
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        await stage.clock.advance(3601)
        assert again.seqs == [4, 5, 6]


# --- what a replay sends -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "seqs"),
    [
        ("failed", [2, 3, 4]),
        ("never_sent", [1, 2, 3]),
        ("all", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
async def test_three_replays(what: What, seqs: list[int]) -> None:
    """Events 1 to 3 came before the output; 2 and 4 failed, 3 was too old."""
    stage = Stage(start="now")
    await stage.passages(1)
    stage.output.refuses = lambda entry: Rejected("no") if entry.event.seq == 4 else None
    async with stage.running():
        await stage.append(*passage_events(2), *passage_events(3))
        await stage.settle()
    letters = [("rejected", 2, 1), ("expired", 3, 0)]
    await stage.log.deliveries.add_dead_letters(
        [
            DeadLetter(
                output="gate",
                seq=seq,
                outcome=outcome,  # type: ignore[arg-type]
                reason="no",
                attempts=attempts,
                at=stage.clock.now(),
            )
            for outcome, seq, attempts in letters
        ]
    )
    choice = await choose(stage.log, stage.settings, what, 1, None)
    again = Told(stage.clock)
    result = await replay(
        stage.log,
        again,
        choice,
        clock=stage.clock,
        progress=lambda done, total: None,
    )
    assert again.seqs == seqs
    assert all(entry.event.replayed for entry in again.got)
    assert result.delivered == len(seqs)


async def test_never_sent_are_those_that_other_settings_left_out() -> None:
    stage = Stage(events="lost_only")
    await stage.passages(2)
    async with stage.running():
        assert stage.output.seqs == [3, 6]
    wider = Stage(events="all")
    wider.log = stage.log
    async with wider.running():
        choice = await choose(wider.log, wider.settings, "never_sent", 1, None)
        entries = await choice.wanted(await wider.log.read(0, 10))
    assert [entry.event.seq for entry in entries] == [1, 2, 4, 5]


async def test_a_replay_leaves_the_live_delivery_alone() -> None:
    stage = Stage(lanes=2)
    await stage.passages(50)
    async with stage.running():
        again = Told(stage.clock)
        choice = await choose(stage.log, stage.settings, "all", 1, None)
        again.open.clear()
        task = asyncio.create_task(
            replay(
                stage.log,
                again,
                choice,
                clock=stage.clock,
                progress=lambda done, total: None,
            )
        )
        await stage.settle()
        await stage.append(*passage_events(99))
        await stage.settle()
        assert await stage.log.deliveries.cursor("gate") == 153
        assert not any(entry.event.replayed for entry in stage.output.got)
        again.open.set()
        assert (await task).delivered == 150
        assert await stage.log.deliveries.cursor("gate") == 153
