"""Deliveries over HTTP to a real receiver that goes away and comes back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from platewire.clock import SystemClock
from platewire.delivery import Delivery
from platewire.eventlog.letters import DeadLetter
from platewire.model import Kind
from platewire.status import Board, State
from platewire.testing.check_transfer import SITE, Arrival
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.transfers.transfer import TransferContext
from tests.transfers.http_receiver import Receiver, answers
from tests.transfers.http_sending import settings


class TellingLog(MemoryLog):
    """Tells what was written down, so that a test can wait for it."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.kept: asyncio.Queue[DeadLetter] = asyncio.Queue()
        self.pauses: asyncio.Queue[str] = asyncio.Queue()

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        await super().bury(letters)
        for letter in letters:
            self.kept.put_nowait(letter)

    async def pause(self, transfer: str, reason: str | None) -> None:
        await super().pause(transfer, reason)
        self.pauses.put_nowait(reason or "")


class Running:
    def __init__(self, receiver: Receiver, **more: object) -> None:
        self.clock = SystemClock()
        self.log = TellingLog(self.clock)
        self.board = Board(self.clock)
        self._settings = settings(receiver.url, start="beginning", **more)

    @property
    def state(self) -> State:
        return self.board.line("transfer", "gate").state

    @contextlib.asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        context = TransferContext(self.clock, self.log, SITE, self.board)
        delivery = Delivery(
            self._settings,
            self._settings.build(context),
            self.log,
            clock=self.clock,
            board=self.board,
            uniform=lambda: 0.0,
        )
        task = asyncio.create_task(delivery.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_receiver_that_restarts_misses_nothing() -> None:
    receiver = Receiver()
    await receiver.start()
    running = Running(receiver)
    wanted: list[Arrival] = []
    async with running.delivering():
        for number in range(1, 4):
            events = passage_events(number)
            await receiver.stop()
            await running.log.append("gate", events)
            await receiver.start()
            wanted += [Arrival(event.passage_number, event.kind) for event in events]
            assert await receiver.arrived(len(wanted)) == wanted
    await receiver.stop()


async def test_4xx_and_410_are_what_the_log_and_the_board_say() -> None:
    receiver = Receiver(answers(422, "no such gate"))
    await receiver.start()
    running = Running(receiver, events=[Kind.NEW, Kind.LOST])
    new, _, lost = passage_events()
    async with running.delivering():
        await running.log.append("gate", [new])
        kept = await running.log.kept.get()
        receiver.answer = answers(410, "closed")
        await running.log.append("gate", [lost])
        reason = await running.log.pauses.get()
    await receiver.stop()
    assert (kept.status, kept.answer) == (422, "no such gate")
    assert '410 Gone "closed"' in reason
    assert running.state is State.PAUSED
