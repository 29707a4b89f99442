"""The check that every output passes, against a real receiver. Free of pytest.

Whoever writes an output writes a `Counterpart` too (`platewire.testing.counterpart`) and calls

    await check_output(settings.build, counterpart, name=settings.name)

The check walks through what the delivery loop relies on: `close` without a connection, the three
kinds of events in order, test events and replayed ones, pictures that are sent and pictures that
are gone, full batches, as many sends side by side as `lanes`, each conduct that the counterpart
states, a counterpart that goes away and comes back, cancellation, and `close` twice. All the time
the event loop must not be blocked. AssertionError begins with the broken sentence of the contract
(`platewire.testing.promises`).

Not checked: durability at the receiver, timeouts of the output's own, what the bytes mean.
"""

import asyncio
from collections.abc import Callable

from platewire.model import Site
from platewire.outputs.output import Output, OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.checking.checked_output import CheckedOutput
from platewire.testing.checking.loop_watch import loop_watched
from platewire.testing.checking.output_conduct import check_clients, check_conduct, check_stall
from platewire.testing.checking.output_events import check_absence, check_events
from platewire.testing.checking.steps import broken, expect, step
from platewire.testing.counterpart import Arrival, Conduct, Counterpart
from platewire.testing.memory_log import MemoryLog
from platewire.testing.promises import CLOSE, NOTHING_LEFT

__all__ = ["SITE", "Arrival", "Conduct", "Counterpart", "check_output"]

TURNS_TO_END = 100
"""Turns of the event loop in which tasks end that were told to."""

SITE = Site(
    name="check",
    system_id=7,
    latitude=50.418114,
    longitude=30.476213,
    channels={"gate": 0, "yard": 2},
    zones={"gate": ("entry", "exit")},
)

Make = Callable[[OutputContext], Output]


async def check_output(
    make: Make,
    counterpart: Counterpart,
    *,
    name: str = "",
    listens: bool = False,
    opens: bool = False,
) -> None:
    """`make` is the config's `build`; `name` the output's, which its errors must contain.

    `listens`: the other system connects to the output, so that its absence is no failure.
    `opens`: something physical follows, at most once for each event: replayed events, and those of
    which nobody knows whether they arrived, are Rejected and do not arrive again.
    """
    async with loop_watched():
        tasks = asyncio.all_tasks()
        log = MemoryLog(SystemClock())
        context = OutputContext(clock=SystemClock(), log=log, site=SITE, board=Board(SystemClock()))
        await _close(make(context))
        output = make(context)
        checked = CheckedOutput(output, counterpart, log, name, opens=opens)
        try:
            await _begin(checked, listens=listens)
            await check_events(checked)
            await (check_clients if listens else _check_failures)(checked)
        except BaseException:
            await asyncio.wait([asyncio.ensure_future(output.close())], timeout=1)
            raise
        await _close(output)
        if Conduct.STALL in counterpart.can and not listens:
            await counterpart.behave(Conduct.ACCEPT)
        await _nothing_left(tasks)
        await step("the counterpart's stop", counterpart.stop())


async def _begin(checked: CheckedOutput, *, listens: bool) -> None:
    await checked.begin()
    starting = step("the counterpart's start", checked.counterpart.start())
    if listens:
        await checked.connect("the first connect")
        await starting
    else:
        await starting
        await checked.connect("the first connect")


async def _check_failures(checked: CheckedOutput) -> None:
    await check_conduct(checked)
    await check_absence(checked)
    if Conduct.STALL in checked.counterpart.can:
        await check_stall(checked)


async def _close(output: Output) -> None:
    for time in ("first", "second"):
        try:
            await step(f"the {time} close", output.close())
        except AssertionError:
            raise
        except Exception as error:
            broken(CLOSE, f"the {time} call raised {error!r}", error)


async def _nothing_left(before: set["asyncio.Task[object]"]) -> None:
    for _ in range(TURNS_TO_END):
        if not asyncio.all_tasks() - before:
            return
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before
    expect(not left, NOTHING_LEFT, f"these tasks still run: {left}")
