"""The check that every transfer passes, against the real thing on the other side. Free of pytest.

Whoever writes a transfer writes a `Counterpart` too: a real receiver (a server, a broker, a
database) that can be started, stopped and asked what has arrived. The check then walks through
what the delivery loop relies on, in this order: closing without a connection, three kinds of
events in order, unusual events, pictures that are gone, full batches, a counterpart that goes away
and comes back, and nothing left running at the end. It raises AssertionError with a sentence.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from platewire.clock import SystemClock
from platewire.errors import Unavailable
from platewire.model import Entry, Event, Images, Kind, Site
from platewire.status import Board
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import odd_events, passage_events, picture
from platewire.transfers.transfer import Transfer, TransferContext

STEP_SECONDS = 20.0
SENDS_UNTIL_NOTICED = 50
"""How many sends may seem to succeed before a transfer sees that nobody is there any more."""

SITE = Site(
    name="check",
    system_id=7,
    latitude=50.418114,
    longitude=30.476213,
    channels={"gate": 0, "yard": 2},
    zones={"gate": ("entry", "exit")},
)


class Arrival(NamedTuple):
    """What every format tells of an event."""

    passage_number: int
    kind: Kind


class Counterpart(Protocol):
    async def start(self) -> None:
        """Begins to accept, at the same address each time."""
        ...

    async def stop(self) -> None:
        """Is not there any more: connections are cut, new ones refused."""
        ...

    async def arrived(self, count: int) -> Sequence[Arrival]:
        """All that has arrived since the beginning, repeats too, once it is at least `count`."""
        ...


Result = TypeVar("Result")
Make = Callable[[TransferContext], Transfer]


async def check_transfer(make: Make, counterpart: Counterpart, *, listens: bool = False) -> None:
    """`make` is the config's `build`. `listens`: the third party connects to the transfer, so
    that its absence is no failure."""
    log = MemoryLog(SystemClock())
    context = TransferContext(clock=SystemClock(), log=log, site=SITE, board=Board(SystemClock()))
    tasks = asyncio.all_tasks()
    await _step("close without connect", make(context).close())
    check = _Check(counterpart, log)
    async with _closing(make(context)) as transfer:
        await check.delivers(transfer, listens=listens)
        if not listens:
            await check.outlives_absence(transfer)
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - tasks
    _expect(not left, f"close leaves nothing running, but left {left}")
    await counterpart.stop()


class _Check:
    def __init__(self, counterpart: Counterpart, log: MemoryLog) -> None:
        self._counterpart = counterpart
        self._log = log

    async def delivers(self, transfer: Transfer, *, listens: bool) -> None:
        _expect(transfer.batch >= 1, f"batch is at least 1, not {transfer.batch}")
        if listens:
            await _step("connect", transfer.connect())
            await _step("the counterpart's start", self._counterpart.start())
        else:
            await _step("the counterpart's start", self._counterpart.start())
            await _step("connect", transfer.connect())
        await self._single(transfer, await self._with_pictures())
        await self._single(transfer, await self._append(list(odd_events(20))))
        await self._single(transfer, await self._append([_without_its_picture()]))
        await self._batch(transfer)

    async def outlives_absence(self, transfer: Transfer) -> None:
        entries = await self._append(passage_events(40))
        await _step("the counterpart's stop", self._counterpart.stop())
        await self._until_unavailable(transfer, entries[:1])
        with _expecting("connect raises Unavailable while nobody is there"):
            await _step("connect without a counterpart", transfer.connect())
        await _step("the counterpart's start", self._counterpart.start())
        await _step("connect again", transfer.connect())
        before = len(await self._counterpart.arrived(0))
        for entry in entries:
            await _step("send after the counterpart came back", transfer.send([entry]))
        await self._arrives([entry.event for entry in entries], before)

    async def _with_pictures(self) -> Sequence[Entry]:
        shown = [picture("plate"), picture("vehicle", mark=1), picture("frame", mark=2)]
        images = Images(plate=shown[0].image, vehicle=shown[1].image, frame=shown[2].image)
        return await self._log.append("gate", passage_events(10, images=images), shown)

    async def _append(self, events: Sequence[Event]) -> Sequence[Entry]:
        return await self._log.append("gate", events)

    async def _single(self, transfer: Transfer, entries: Sequence[Entry]) -> None:
        before = len(await self._counterpart.arrived(0))
        for entry in entries:
            await _step(f"send of a {entry.event.kind} event", transfer.send([entry]))
        await self._arrives([entry.event for entry in entries], before)

    async def _batch(self, transfer: Transfer) -> None:
        size = min(transfer.batch, 1000)
        events = [event for number in range(100, 100 + size) for event in passage_events(number)]
        entries = (await self._append(events))[:size]
        before = len(await self._counterpart.arrived(0))
        await _step(f"send of {size} at once", transfer.send(entries))
        await self._arrives([entry.event for entry in entries], before)

    async def _arrives(self, events: Sequence[Event], before: int) -> None:
        wanted = [Arrival(event.passage_number, event.kind) for event in events]
        arrived = await _step("arrival", self._counterpart.arrived(before + len(wanted)))
        seen = arrived[before:]
        _expect(list(seen) == wanted, f"all arrive once and in order: {wanted}, not {seen}")

    async def _until_unavailable(self, transfer: Transfer, entries: Sequence[Entry]) -> None:
        with _expecting("send raises Unavailable when nobody is there any more"):
            for _ in range(SENDS_UNTIL_NOTICED):
                await _step("send without a counterpart", transfer.send(entries))
                await asyncio.sleep(0.01)


def _without_its_picture() -> Event:
    """Names a picture that the log does not hold any more, as after retention."""
    return passage_events(30, images=Images(plate=picture(mark=99).image))[0]


async def _step(what: str, work: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(STEP_SECONDS):
            return await work
    except TimeoutError as error:
        raise AssertionError(f"{what}: not done within {STEP_SECONDS:g} s") from error


@contextlib.contextmanager
def _expecting(what: str) -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        _expect(bool(str(error)), f"{what}, with a message")
    else:
        raise AssertionError(what)


@contextlib.asynccontextmanager
async def _closing(transfer: Transfer) -> AsyncIterator[Transfer]:
    try:
        yield transfer
    finally:
        await transfer.close()


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)
