"""One loop for ever: what is tried again, when, and what the board says of it."""

import asyncio
import itertools

import pytest

from platewire.backoff import Backoff
from platewire.errors import ConfigError, LogFull, PlatewireError, Unavailable
from platewire.status import Board, State
from platewire.supervise import run_for_ever
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


@pytest.mark.parametrize("error", [LogFull("no space left"), ZeroDivisionError("a mistake")])
async def test_a_log_that_fails_and_a_mistake_of_ours_end_the_server(error: Exception) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await Loop((0, error)).run()
    assert raised.value.exceptions == (error,)
