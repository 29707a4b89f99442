"""One loop for ever: what is tried again, when, and what the board says of it."""

import asyncio
import itertools

import pytest

from platewire.errors import ConfigError, LogError, LogFull, LogWaits, PlatewireError, Unavailable
from platewire.runtime.backoff import Backoff
from platewire.runtime.status import Board, State
from platewire.runtime.supervise import RESTARTS_MAX, Part, Stopped, once_usable, run_for_ever
from platewire.testing.clock import FakeClock

EXACT = Backoff(first_seconds=1, factor=2, longest_seconds=8)


class Loop:
    """Runs in turn as long and ends as told; notes when it began."""

    def __init__(self, *runs: tuple[float, BaseException | None]) -> None:
        self.clock = FakeClock()
        self.board = Board(self.clock)
        self.begun: list[float] = []
        self._runs = list(runs)

    async def once(self) -> None:
        self.begun.append(self.clock.monotonic())
        seconds, error = self._runs.pop(0)
        await self.clock.sleep(seconds)
        if error is not None:
            raise error

    async def run(self, seconds: float = 1000) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(
                run_for_ever(
                    "camera",
                    "gate",
                    self.once,
                    clock=self.clock,
                    board=self.board,
                    backoff=EXACT,
                )
            )
            await self.clock.settle()
            await self.clock.advance(seconds)

    @property
    def waits(self) -> list[float]:
        return [b - a for a, b in itertools.pairwise(self.begun)]


async def test_a_loop_that_returns_has_ended() -> None:
    loop = Loop((5, None))
    await loop.run()
    assert loop.board.line("camera", "gate").state is State.ENDED
    assert loop.begun == [0]


async def test_waits_grow_within_their_bounds() -> None:
    loop = Loop(*[(0, Unavailable("cut off"))] * 6, (0, None))
    await loop.run()
    for wait, longest in zip(loop.waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert longest / 2 <= wait <= longest


@pytest.mark.parametrize("error", [Unavailable("cut off"), ConfigError("no such file")])
async def test_every_error_of_ours_is_tried_again_and_shown(error: PlatewireError) -> None:
    loop = Loop((0, error), (5000, None))
    task = asyncio.ensure_future(loop.run(0))
    await loop.clock.settle()
    line = loop.board.line("camera", "gate")
    assert (line.state, line.message, line.last_error) == (State.WAITING, str(error), str(error))
    assert line.counters == {"failures": 1}
    await loop.clock.advance(1)
    assert line.state is State.STARTING
    await loop.clock.advance(5000)
    await task
    assert (line.state, line.last_error) == (State.ENDED, str(error))


async def test_the_other_sides_own_wish_to_wait_is_obeyed() -> None:
    loop = Loop((0, Unavailable("busy", retry_after=120)), (0, None))
    await loop.run()
    assert loop.waits == [120]


async def test_a_steady_run_begins_the_waits_anew() -> None:
    cut = Unavailable("cut off")
    loop = Loop((0, cut), (0, cut), (0, cut), (31, cut), (0, None))
    await loop.run()
    assert loop.waits[3] - 31 <= 1


async def test_a_run_that_is_not_steady_does_not() -> None:
    cut = Unavailable("cut off")
    loop = Loop((0, cut), (0, cut), (0, cut), (29, cut), (0, None))
    await loop.run()
    assert loop.waits[3] - 29 >= 4


@pytest.mark.parametrize("error", [LogWaits("locked"), LogFull("no space left")])
async def test_a_log_that_cannot_be_used_just_now_is_waited_for(error: LogWaits) -> None:
    loop = Loop((0, error), (0, None))
    await loop.run()
    assert len(loop.waits) == 1


@pytest.mark.parametrize("error", [LogError("damaged"), ZeroDivisionError("a mistake")])
async def test_a_log_that_fails_and_a_mistake_of_ours_come_through(error: Exception) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await Loop((0, error)).run()
    assert raised.value.exceptions == (error,)


# --- a part that fails alone ---------------------------------------------------------------------


class Alone(Loop):
    """The same as a part of the server, at work."""

    def __init__(self, *runs: tuple[float, BaseException | None], again: bool = True) -> None:
        super().__init__(*runs)
        self.stopped = 0
        self.renewed = 0
        self.part = Part(
            "camera",
            "gate",
            self.once,
            clock=self.clock,
            board=self.board,
            may_restart=lambda: again,
            renew=self._renew,
            stopped=self._tell_stopped,
            backoff=EXACT,
        )

    def _renew(self) -> None:
        self.renewed += 1

    async def _tell_stopped(self) -> None:
        self.stopped += 1
        raise ZeroDivisionError("after the end")

    async def __aenter__(self) -> "Alone":
        self.task = asyncio.create_task(self.part.run())
        await self.clock.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @property
    def state(self) -> State:
        return self.board.line("camera", "gate").state


BUG = KeyError("Name")


async def test_a_part_is_started_again_and_stays_stopped_after_so_many_failures() -> None:
    async with Alone(*[(0, BUG)] * 6, (9, None)) as loop:
        message = loop.board.line("camera", "gate").message
        assert loop.state is State.FAILED
        assert "KeyError: 'Name' (test_supervise.py, line" in message
        assert "restarting in" in message
        await loop.clock.advance(100)
        assert len(loop.begun) == RESTARTS_MAX + 1
        assert "it is stopped" in loop.board.line("camera", "gate").message
        assert loop.stopped == 1
        await loop.clock.advance(10_000)
        assert len(loop.begun) == RESTARTS_MAX + 1
        loop.part.restart()
        await loop.clock.settle()
        assert (loop.state, loop.renewed) == (State.STARTING, 1)
        await loop.clock.advance(9)
        assert loop.task.done()


async def test_a_part_that_worked_for_a_while_has_all_its_restarts_again() -> None:
    async with Alone(*[(40, BUG)] * 20, (9, None)) as loop:
        await loop.clock.advance(50 * 20)
        assert loop.stopped == 0


async def test_what_must_not_be_repeated_stays_stopped_at_once() -> None:
    async with Alone((0, BUG), (5, None), again=False) as loop:
        assert (loop.state, loop.stopped) == (State.FAILED, 1)


async def test_a_restart_ends_the_run_under_way_and_the_wait_for_the_next() -> None:
    async with Alone((1e6, None), (0, BUG), (1e6, None)) as loop:
        loop.part.restart()
        await asyncio.sleep(0.01)
        await loop.clock.settle()
        assert (len(loop.begun), loop.state) == (2, State.FAILED)
        loop.part.restart()
        await loop.clock.settle()
        assert (len(loop.begun), loop.part.running) == (3, True)


@pytest.mark.parametrize("error", [LogError("damaged"), ExceptionGroup("", [LogError("damaged")])])
async def test_damage_of_the_log_comes_through(error: Exception) -> None:
    async with Alone((0, error)) as loop:
        await asyncio.wait({loop.task})
        assert loop.task.exception() is error


async def test_a_cancellation_comes_through_and_one_that_nobody_asked_for_does_not() -> None:
    async with Alone((0, asyncio.CancelledError()), (1e6, None)) as loop:
        assert loop.state is State.FAILED
        await loop.clock.advance(1)
        loop.task.cancel()
        await asyncio.wait({loop.task})
        assert loop.task.cancelled()


async def test_a_traceback_is_written_once_for_the_same_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Alone(*[(0, BUG)] * 3, (0, ValueError("other")), (9, None)) as loop:
        await loop.clock.advance(60)
    assert len([each for each in caplog.records if each.exc_info]) == 2


class Start:
    """What raises these in turn before it begins, on a clock that the test turns."""

    def __init__(self, *errors: Exception) -> None:
        self.clock = FakeClock()
        self.stopping = asyncio.Event()
        self.errors = list(errors)
        self.task = asyncio.ensure_future(
            once_usable(self._begin, clock=self.clock, stopping=self.stopping)
        )

    async def _begin(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "begun"


async def test_the_start_waits_for_what_passes_and_tells_each_other_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    start = Start(*[LogWaits("locked")] * 9, LogFull("no space"), LogWaits("locked"))
    await start.clock.settle()
    await start.clock.advance(120)
    assert start.task.done()
    assert start.task.result() == "begun"
    said = [each.getMessage() for each in caplog.records]
    assert [each.rpartition(": ")[2] for each in said] == ["locked", "no space", "locked"]


async def test_the_start_does_not_wait_for_damage() -> None:
    start = Start(LogWaits("locked"), LogError("damaged"))
    await start.clock.settle()
    await start.clock.advance(1)
    with pytest.raises(LogError, match="damaged"):
        await start.task


async def test_a_start_that_waits_heeds_that_it_is_to_stop() -> None:
    start = Start(*[LogWaits("locked")] * 99)
    await start.clock.settle()
    await start.clock.advance(60)
    start.stopping.set()
    await start.clock.settle()
    assert isinstance(start.task.exception(), Stopped)
    assert start.clock.sleeping == 0
