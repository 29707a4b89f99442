"""The delivery loop: what moves the cursor, what is kept, and when it tries again."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from platewire.errors import LogError, Paused, Rejected, Unavailable
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.model import Entry
from platewire.runtime.status import Board, State
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events
from tests.support.delivering import Stage, Told


async def test_delivers_in_order_and_remembers_how_far_it_came() -> None:
    stage = Stage()
    await stage.passages(3)
    async with stage.running():
        assert stage.output.seqs == list(range(1, 10))
        await stage.passages(1)
        await stage.settle()
    assert stage.output.seqs == list(range(1, 10))  # the same ids again are the same entries
    assert await stage.log.deliveries.cursor("gate") == 9
    assert stage.state() is State.RUNNING
    assert stage.output.closes == 1


async def test_new_events_go_out_at_once() -> None:
    stage = Stage()
    async with stage.running():
        await stage.passages(2)
        await stage.settle()
        assert stage.output.seqs == [1, 2, 3, 4, 5, 6]


async def test_large_batches_are_filled() -> None:
    stage = Stage(batch=100)
    await stage.passages(40)
    async with stage.running():
        assert [len(seqs) for _, seqs in stage.output.attempts] == [100, 20]


async def test_sends_the_logged_bytes() -> None:
    stage = Stage()
    await stage.passages(1)
    async with stage.running():
        assert [each._replace(first=False) for each in stage.output.got] == list(
            await stage.log.read(0, 10)
        )


async def test_counts_and_measures() -> None:
    stage = Stage()
    await stage.passages(2)
    async with stage.running():
        counters = stage.line.counters
        assert counters["delivered"] == 6
        assert counters["cursor"] == 6
        assert counters["lag_events"] == 0
        assert counters["lag_seconds"] == 0
        assert counters["last_delivered_at"] == stage.clock.now().timestamp()
        assert counters["retries"] == counters["rejected"] == counters["expired"] == 0


@pytest.mark.parametrize(
    ("settings", "seqs"),
    [
        ({"events": "all"}, [1, 2, 3, 4, 5, 6]),
        ({"events": "parking"}, [1, 2, 4, 5]),
        ({"events": "traffic"}, [1, 3, 4, 6]),
        ({"events": "lost_only"}, [3, 6]),
        ({"events": ["updated"]}, [2, 5]),
        ({"cameras": ["gate"]}, [1, 2, 3, 4, 5, 6]),
        ({"cameras": ["yard"]}, []),
        ({"countries": ["DE", "AT"]}, [1, 2, 3, 4, 5, 6]),
        ({"countries": ["AT"]}, []),
        ({"min_confidence": 0.9}, []),
    ],
)
@pytest.mark.parametrize("batch", [1, 4])
async def test_only_what_was_asked_for(
    settings: dict[str, Any], seqs: list[int], batch: int
) -> None:
    stage = Stage(batch=batch, **settings)
    await stage.passages(2)
    async with stage.running():
        assert stage.output.seqs == seqs
    assert await stage.log.deliveries.cursor("gate") == 6


@pytest.mark.parametrize(("start", "seqs"), [("now", [4, 5, 6]), ("beginning", [1, 2, 3, 4, 5, 6])])
async def test_where_a_output_begins_that_never_ran(start: str, seqs: list[int]) -> None:
    stage = Stage(start=start)
    await stage.append(*passage_events(1))
    async with stage.running():
        assert await stage.log.deliveries.cursor("gate") == 3
        await stage.append(*passage_events(2))
        await stage.settle()
        assert stage.output.seqs == seqs


async def test_a_restart_goes_on_where_it_was() -> None:
    stage = Stage()
    await stage.append(*passage_events(1))
    async with stage.running():
        pass
    await stage.append(*passage_events(2))
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        assert again.seqs == [4, 5, 6]


# --- not now -------------------------------------------------------------------------------------


async def test_waits_longer_each_time_and_never_gives_up() -> None:
    stage = Stage(*[Unavailable("the gate is down")] * 12)
    await stage.append(*passage_events(1))
    async with stage.running():
        assert stage.state() is State.WAITING
        assert stage.line.message == "the gate is down"
        await stage.clock.advance(3600)
        assert stage.output.seqs == [1, 2, 3]
    times = [at for at, _ in stage.output.attempts]
    waits = [after - before for before, after in itertools.pairwise(times)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 0, 0]
    assert stage.output.connects == 13
    assert stage.line.counters["retries"] == 12
    assert stage.state() is State.RUNNING
    assert stage.line.last_error == "the gate is down"


async def test_success_makes_the_next_wait_short_again() -> None:
    down = Unavailable("down")
    stage = Stage(down, down, down, None, down)
    await stage.append(*passage_events(1))
    async with stage.running():
        await stage.clock.advance(10)
    assert [at for at, _ in stage.output.attempts] == [0, 0.5, 1.5, 3.5, 3.5, 4.0, 4.0]


@pytest.mark.parametrize(("asked", "waited"), [(0.1, 0.5), (120, 120), (86_400, 3600)])
async def test_the_other_side_may_name_the_wait(asked: float, waited: float) -> None:
    stage = Stage(Unavailable("slow down", retry_after=asked))
    await stage.append(passage_events(1)[0])
    async with stage.running():
        await stage.clock.advance(waited)
    assert [at for at, _ in stage.output.attempts] == [0, waited]


async def test_connects_before_anything_and_waits_where_it_cannot() -> None:
    stage = Stage()
    stage.output.says_at_connect += [Unavailable("nobody there")] * 2
    async with stage.running():
        assert stage.state() is State.WAITING
        await stage.append(*passage_events(1))
        await stage.clock.advance(1.5)
        assert stage.state() is State.RUNNING
    assert stage.output.connects == 3
    assert stage.output.seqs == [1, 2, 3]


async def test_is_closed_once_though_it_never_connected() -> None:
    stage = Stage()
    stage.output.says_at_connect.append(Unavailable("nobody there"))
    async with stage.running():
        pass
    assert stage.output.closes == 1


async def test_lag_grows_while_nothing_is_delivered() -> None:
    stage = Stage(*[Unavailable("down")] * 100, events="lost_only")
    await stage.append(*passage_events(1))
    async with stage.running():
        await stage.clock.advance(60)
        await stage.append(*passage_events(2))
        await stage.clock.advance(5)
        counters = stage.line.counters
        assert counters["lag_events"] == 4
        assert counters["lag_seconds"] == pytest.approx(65, abs=5)


async def test_a_clock_that_jumps_changes_no_wait() -> None:
    stage = Stage(Unavailable("down"), Unavailable("down"))
    await stage.append(passage_events(1)[0])
    async with stage.running():
        stage.clock.jump(-3600)
        await stage.clock.advance(0.5)
        stage.clock.jump(86_400)
        await stage.clock.advance(1)
    assert [at for at, _ in stage.output.attempts] == [0, 0.5, 1.5]


async def test_an_error_of_the_log_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    await stage.append(*passage_events(1))
    read, broken = stage.log.read, [LogError("the disk is gone")] * 2

    async def breaks(after: int, limit: int) -> object:
        if broken:
            raise broken.pop()
        return await read(after, limit)

    monkeypatch.setattr(stage.log, "read", breaks)
    async with stage.running():
        assert stage.line.message == "the disk is gone"
        await stage.clock.advance(2)
        assert stage.output.seqs == [1, 2, 3]


# --- never ---------------------------------------------------------------------------------------


async def test_what_is_rejected_is_kept_with_the_answer() -> None:
    stage = Stage(None, Rejected("422 no such plate", status=422, answer="plate unknown"))
    await stage.append(*passage_events(1))
    async with stage.running():
        assert stage.output.seqs == [1, 3]
        assert stage.state() is State.RUNNING
        assert "422 no such plate" in stage.line.last_error
    (kept,) = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert (kept.seq, kept.outcome, kept.status) == (2, "rejected", 422)
    assert (kept.reason, kept.answer) == ("422 no such plate", "plate unknown")
    assert kept.at == stage.clock.now()
    assert stage.line.counters["rejected"] == 1
    assert await stage.log.deliveries.cursor("gate") == 3


async def test_of_a_batch_only_the_one_at_fault_is_rejected() -> None:
    stage = Stage(batch=6)
    stage.output.refuses = refusing(2, 5)
    await stage.passages(2)
    async with stage.running():
        assert stage.output.seqs == [1, 3, 4, 6]
    assert [
        row.seq for row in await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    ] == [5, 2]
    sent = [seqs for _, seqs in stage.output.attempts]
    assert sent == [[1, 2, 3, 4, 5, 6], [1], [2], [3], [4], [5], [6]]


async def test_a_batch_that_is_cut_off_between_single_sends_repeats_nothing() -> None:
    stage = Stage(Rejected("one of them"), None, Unavailable("down"), batch=3)
    await stage.append(*passage_events(1))
    async with stage.running():
        await stage.clock.advance(1)
    assert stage.output.seqs == [1, 2, 3]
    assert [seqs for _, seqs in stage.output.attempts] == [[1, 2, 3], [1], [2], [2], [3]]


async def test_what_is_too_old_is_kept_as_expired() -> None:
    stage = Stage(max_age_seconds=60)
    await stage.passages(1)
    stage.clock.jump(120)
    await stage.append(*passage_events(9, start=stage.past(9)))
    async with stage.running():
        assert stage.output.seqs == [4, 5, 6]
    kept = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert [(row.seq, row.outcome) for row in kept] == [
        (3, "expired"),
        (2, "expired"),
        (1, "expired"),
    ]
    assert "s old when it was due; `max_age_seconds` is 60" in kept[0].reason
    assert stage.line.counters["expired"] == 3


async def test_a_clock_set_back_makes_no_event_young_again() -> None:
    stage = Stage(max_age_seconds=5, events=("new",))
    await stage.append(passage_events(1, start=stage.clock.now() - timedelta(seconds=1))[0])
    await stage.clock.advance(31.7)
    stage.clock.jump(-31)
    await stage.append(passage_events(2, start=stage.clock.now() - timedelta(seconds=2))[0])
    async with stage.running():
        assert stage.output.seqs == [2]
    (letter,) = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert (letter.seq, letter.outcome) == (1, "expired")
    assert letter.reason.startswith("31.7 s old when it was due")


async def test_an_event_from_the_future_is_not_fresh() -> None:
    stage = Stage(max_age_seconds=5, events=("new",))
    await stage.append(passage_events(1, start=stage.clock.now() - timedelta(seconds=1))[0])
    stage.clock.jump(-33)
    async with stage.running():
        assert stage.output.seqs == []
    (letter,) = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert letter.reason.startswith("33.0 s ahead of this computer's clock when it was due")


async def test_events_grow_too_old_while_the_other_side_is_away() -> None:
    stage = Stage(*[Unavailable("down")] * 4, max_age_seconds=6, batch=2)
    await stage.append(passage_events(1, start=stage.clock.now())[0])
    async with stage.running():
        await stage.clock.advance(5)
        await stage.append(passage_events(2, start=stage.clock.now())[0])
        await stage.clock.advance(5)
        assert stage.output.seqs == [2]
        assert stage.line.counters["expired"] == 1
    assert [
        row.seq for row in await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    ] == [1]


async def test_what_was_not_asked_for_does_not_expire() -> None:
    stage = Stage(max_age_seconds=60, events="lost_only")
    await stage.passages(1)
    stage.clock.jump(3600)
    async with stage.running():
        assert stage.line.counters["expired"] == 1


# --- standing still ------------------------------------------------------------------------------


async def test_paused_by_the_other_side_over_a_restart_until_resumed() -> None:
    stage = Stage(None, Paused("410 Gone"))
    await stage.append(*passage_events(1))
    async with stage.running():
        assert stage.state() is State.PAUSED
        assert stage.line.last_error == "410 Gone"
        await stage.clock.advance(7200)
        assert len(stage.output.attempts) == 2
    assert await stage.log.deliveries.pause_reason("gate") == "410 Gone"
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)) as delivery:
        assert stage.state() is State.PAUSED
        assert stage.line.message == "410 Gone"
        await stage.clock.advance(7200)
        assert again.connects == 0
        assert stage.line.counters["lag_events"] == 2
        assert stage.line.counters["lag_seconds"] > 7000
        await delivery.resume()
        await stage.settle()
        assert again.seqs == [2, 3]
        assert stage.state() is State.RUNNING
    assert await stage.log.deliveries.pause_reason("gate") is None


async def test_paused_and_resumed_by_a_person() -> None:
    stage = Stage()
    async with stage.running() as delivery:
        await delivery.pause("works at the gate")
        assert (stage.state(), stage.line.message) == (State.PAUSED, "works at the gate")
        assert stage.line.last_error == ""
        await stage.append(*passage_events(1))
        await stage.settle()
        assert stage.output.seqs == []
        assert await stage.log.deliveries.pause_reason("gate") == "works at the gate"
        await delivery.resume()
        await stage.settle()
        assert stage.output.seqs == [1, 2, 3]


async def test_resumed_with_nothing_to_send_it_runs() -> None:
    stage = Stage()
    async with stage.running() as delivery:
        await delivery.pause("wait")
        await delivery.resume()
        assert stage.state() is State.RUNNING


async def test_a_pause_lets_the_running_send_end_and_starts_no_other() -> None:
    stage = Stage()
    stage.output.open.clear()
    await stage.append(*passage_events(1))
    async with stage.running() as delivery:
        await delivery.pause("wait")
        stage.output.open.set()
        await stage.settle()
        assert stage.output.seqs == [1]
        assert stage.state() is State.PAUSED
        assert await stage.log.deliveries.cursor("gate") == 1


async def test_a_pause_while_waiting_to_retry_is_not_overwritten() -> None:
    stage = Stage(*[Unavailable("down")] * 3)
    await stage.append(*passage_events(1))
    async with stage.running() as delivery:
        await delivery.pause("wait")
        await stage.clock.advance(60)
        assert stage.state() is State.PAUSED
        assert len(stage.output.attempts) == 1


async def test_a_pause_that_cannot_be_kept_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(Paused("410 Gone"))
    await stage.append(*passage_events(1))

    async def breaks(*_: object) -> None:
        raise LogError("read-only")

    monkeypatch.setattr(stage.log.deliveries, "pause", breaks)
    async with stage.running():
        await stage.clock.advance(3600)
        assert stage.state() is State.PAUSED
        assert "410 Gone" in stage.line.message
        assert "read-only" in stage.line.message
        assert len(stage.output.attempts) == 1


async def test_an_error_in_the_plug_is_told_and_takes_nobody_along(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage, other = Stage(ZeroDivisionError("oops")), Stage()
    for each in (stage, other):
        await each.append(*passage_events(1))
    async with stage.running() as delivery, other.running():
        assert stage.state() is State.FAILED
        assert "ZeroDivisionError: oops" in stage.line.message
        assert other.output.seqs == [1, 2, 3]
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert record.exc_info is not None
        await stage.clock.advance(3600)
        assert len(stage.output.attempts) == 1
        await delivery.resume()
        await stage.settle()
        assert stage.output.seqs == [1, 2, 3]


async def test_a_plug_that_leaks_a_cancellation_has_failed() -> None:
    stage = Stage(asyncio.CancelledError())
    await stage.append(*passage_events(1))
    async with stage.running():
        assert stage.state() is State.FAILED
        assert "canceled" in stage.line.message


async def test_a_plug_that_cannot_close_harms_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()

    async def breaks() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(stage.output, "close", breaks)
    task = asyncio.create_task(stage.delivery().run())
    await stage.settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "failed to close" in caplog.text


# --- the end -------------------------------------------------------------------------------------


async def test_a_running_send_is_given_its_grace() -> None:
    stage = Stage()
    stage.output.open.clear()
    await stage.append(*passage_events(1))
    task = asyncio.create_task(stage.delivery().run())
    await stage.settle()
    task.cancel()
    await stage.settle()
    await stage.clock.advance(4.9)
    assert not task.done()
    stage.output.open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.output.seqs == [1]
    assert await stage.log.deliveries.cursor("gate") == 1
    assert stage.output.closes == 1


async def test_after_the_grace_it_ends_all_the_same() -> None:
    stage = Stage()
    stage.output.open.clear()
    await stage.append(*passage_events(1))
    task = asyncio.create_task(stage.delivery().run())
    await stage.settle()
    task.cancel()
    await stage.settle()
    await stage.clock.advance(5)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.output.seqs == []
    assert await stage.log.deliveries.cursor("gate") == 0
    assert stage.output.closes == 1


async def test_a_send_that_fails_during_its_grace_is_repeated_after_the_restart() -> None:
    stage = Stage(Unavailable("down"))
    stage.output.open.clear()
    await stage.append(*passage_events(1))
    task = asyncio.create_task(stage.delivery().run())
    await stage.settle()
    task.cancel()
    await stage.settle()
    stage.output.open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        assert again.seqs == [1, 2, 3]


# --- retention -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [True, False])
async def test_a_gap_is_told_and_passed(kept: bool, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    await stage.append(*passage_events(1))
    async with stage.running():
        pass
    await stage.append(*passage_events(2), *passage_events(3))
    stage.log.drop_before(8 if kept else 10)
    again = Told(stage.clock)
    async with stage.running(stage.delivery(again)):
        assert again.seqs == ([8, 9] if kept else [])
        await stage.append(*passage_events(4))
        await stage.settle()
        assert again.seqs[-3:] == [10, 11, 12]
    lost, last = (4, 7) if kept else (6, 9)
    (row,) = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert row.seq == last
    assert f"{lost} events, seq 4 to {last}, were deleted by retention" in row.reason
    assert row.reason in stage.line.last_error
    assert row.reason in caplog.text
    assert stage.line.counters["gap_events"] == lost


def refusing(*seqs: int) -> Callable[[Entry], Exception | None]:
    def refuses(entry: Entry) -> Rejected | None:
        return Rejected("not this one") if entry.event.seq in seqs else None

    return refuses


@pytest.mark.parametrize("dealt_with", [0, 4])
async def test_numbers_that_stay_empty_are_told_and_passed(dealt_with: int) -> None:
    """The gap is at the end of the log first, then in its middle."""
    stage = Stage()
    await stage.passages(3)
    stage.log.cut_back(4)
    await stage.log.deliveries.set_cursor("gate", dealt_with)
    async with stage.running():
        assert stage.output.seqs == list(range(dealt_with + 1, 5))
        assert await stage.log.deliveries.cursor("gate") == 9, "the floor moves over it"
        (letter,) = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
        assert (letter.outcome, letter.first_seq, letter.seq) == ("gap", 5, 9)
        assert "cut back" in letter.reason
        await stage.log.append("gate", passage_events(7)[:1])
        await stage.settle()
        assert stage.output.seqs[-1] == 10
    assert stage.line.counters["lag_events"] == 0


async def test_a_gap_of_two_causes_is_told_as_two() -> None:
    stage = Stage()
    await stage.passages(3)
    stage.log.cut_back(4)
    await stage.log.append("gate", passage_events(7))
    stage.log.drop_before(12)
    await stage.log.deliveries.set_cursor("gate", 0)
    async with stage.running():
        letters = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert [(letter.first_seq, letter.seq, "retention" in letter.reason) for letter in letters] == [
        (10, 11, True),
        (5, 9, False),
        (1, 4, True),
    ]
    assert stage.output.seqs == [12]


class Gate(Told):
    """Opens something: has trouble of its own, and ends what an earlier run left."""

    def __init__(self, stage: Stage, *recovering: Exception | None) -> None:
        super().__init__(stage.clock)
        self.failure = ""
        self.recovering = deque(recovering)
        self.recovered = 0

    async def recover(self) -> None:
        self.recovered += 1
        if self.recovering and (error := self.recovering.popleft()) is not None:
            raise error


async def test_a_gate_that_did_not_open_is_red_while_it_goes_on() -> None:
    stage = Stage()
    gate = Gate(stage)
    numbers = itertools.count(1)

    async def pass_by() -> State:
        await stage.append(*passage_events(next(numbers)))
        await stage.settle()
        return stage.state()

    async with stage.running(stage.delivery(gate)) as delivery:
        assert await pass_by() is State.RUNNING
        gate.failure = "gate: may have opened; look at the gate"
        assert await pass_by() is State.FAILED
        assert stage.line.message == gate.failure
        assert await pass_by() is State.FAILED
        assert len(gate.got) == 9
        await delivery.resume()  # A person has looked.
        assert stage.state() is State.RUNNING
        assert await pass_by() is State.RUNNING
        gate.failure = "gate: did not open; look at the gate"
        assert await pass_by() is State.FAILED
        gate.failure = ""
        assert await pass_by() is State.RUNNING


async def test_what_an_earlier_run_left_is_ended_also_while_it_is_paused() -> None:
    stage = Stage()
    gate = Gate(stage, LogError("the disk is away"), Unavailable("the relay is away"))
    await stage.log.deliveries.pause("gate", "a person paused it")
    async with stage.running(stage.delivery(gate)):
        await stage.settle()
        await stage.clock.advance(10)
        assert gate.recovered == 3
        assert gate.connects == 0
        assert (stage.state(), stage.line.message) == (State.PAUSED, "a person paused it")


async def test_what_may_have_been_sent_before_is_marked() -> None:
    """After a crash an older revision may come after a newer one: a receiver can tell."""
    stage = Stage()
    await stage.passages(1)
    stage.output.says.append(Unavailable("no answer in time"))
    async with stage.running():
        await stage.clock.advance(5)
        assert [each.again for each in stage.output.got] == [True, False, False]
    await stage.log.deliveries.set_cursor(
        "gate", 1
    )  # What a crash leaves: it knows of the first alone.
    await stage.append(*passage_events(2, start=stage.clock.now()))
    stage.output.got.clear()
    async with stage.running():
        await stage.append(*passage_events(3, start=stage.clock.now()))
        await stage.settle()
    assert [(each.event.seq, each.again) for each in stage.output.got] == [
        *((seq, True) for seq in range(2, 7)),
        *((seq, False) for seq in range(7, 10)),
    ]
    assert not any(each.event.replayed for each in stage.output.got)


async def test_nothing_is_marked_at_the_first_start() -> None:
    stage = Stage()
    await stage.passages(2)
    async with stage.running():
        assert not any(each.again for each in stage.output.got)


async def test_events_failed_during_an_outage_are_marked_as_redelivery() -> None:
    """Nobody is blamed then and all is tried anew; the attempts were made all the same."""
    stage = Stage(*[Unavailable("down")] * 4)
    await stage.append(*passage_events(1)[:1], *passage_events(2)[:1], *passage_events(3)[:1])
    async with stage.running():
        await stage.clock.advance(30)
        tried = {seq for _, seqs in stage.output.attempts[:4] for seq in seqs}
        assert {entry.event.seq for entry in stage.output.got if entry.again} == tried
        assert len(stage.output.got) == 3


class HastyClock(FakeClock):
    """Time passes between two looks at it, and a sleep ends a little early, as asyncio's does."""

    def __init__(self, early_seconds: float) -> None:
        super().__init__()
        self._early = early_seconds

    def monotonic(self) -> float:
        self._monotonic += 1e-4
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        await super().sleep(max(0.0, seconds - self._early))


@pytest.mark.parametrize("early_seconds", [each * 1e-4 for each in range(1, 12)])
async def test_what_becomes_due_between_two_looks_is_not_missed(early_seconds: float) -> None:
    stage = Stage(*[Unavailable("away")] * 3)
    stage.clock = stage.output._clock = HastyClock(early_seconds)
    stage.board = Board(stage.clock)
    await stage.append(*passage_events(1))
    async with stage.running():
        for _ in range(100):
            await stage.clock.advance(0.1)
        assert stage.output.seqs == [1, 2, 3]
