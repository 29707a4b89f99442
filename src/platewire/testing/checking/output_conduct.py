"""What an output does while its counterpart refuses, talks nonsense, breaks off or is silent."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from platewire.errors import PlatewireError, Rejected, Unavailable
from platewire.testing.checking import steps
from platewire.testing.checking.checked_output import CheckedOutput
from platewire.testing.checking.steps import broken, expect, step
from platewire.testing.counterpart import Conduct
from platewire.testing.promises import (
    ALL_IN_ORDER,
    CANCELED,
    CLIENTS,
    DELIVERED,
    NO_RETRY,
    OPENS_ONCE,
    RECONNECT,
    REJECTED,
    UNAVAILABLE,
    UNREADABLE,
)

SILENT_SECONDS = 0.2
"""How long a `send` is left waiting. A slow machine only makes the check miss more."""


class Expected(NamedTuple):
    errors: tuple[type[PlatewireError], ...]
    promise: str


EXPECTED: Mapping[Conduct, Expected] = {
    Conduct.REJECT: Expected((Rejected,), REJECTED),
    Conduct.BUSY: Expected((Unavailable,), UNAVAILABLE),
    Conduct.NONSENSE: Expected((Unavailable, Rejected), UNREADABLE),
    Conduct.DIE: Expected((Unavailable,), UNAVAILABLE),
}

AT_MOST_ONCE: Mapping[Conduct, Expected] = {
    Conduct.BUSY: Expected((Unavailable, Rejected), OPENS_ONCE),
    Conduct.NONSENSE: Expected((Rejected,), OPENS_ONCE),
    Conduct.DIE: Expected((Rejected,), OPENS_ONCE),
}
"""For outputs that open something: nobody knows whether the event arrived."""


async def check_conduct(checked: CheckedOutput) -> None:
    """For outputs that connect: each conduct of the counterpart, and what comes after it."""
    for conduct, expected in EXPECTED.items():
        if conduct in checked.counterpart.can:
            if checked.opens and conduct in AT_MOST_ONCE:
                expected = AT_MOST_ONCE[conduct]
            await _check(checked, conduct, expected)


async def _check(checked: CheckedOutput, conduct: Conduct, expected: Expected) -> None:
    refused, *others = await checked.passage()
    before = await checked.count()
    await checked.counterpart.behave(conduct)
    what = f"`send` to a counterpart whose conduct is `{conduct}`"
    error = await checked.outcome(what, checked.output.send([refused]))
    await _check_not_sent(checked, before, what, returned=error is None)
    right = isinstance(error, expected.errors)
    expect(right, expected.promise, f"{what} raised {error!r}")
    if isinstance(error, Unavailable):
        await checked.connect(f"`connect` after `{conduct}`", RECONNECT)
        await checked.delivers(f"the passage again after `{conduct}`", [refused], RECONNECT)
    await checked.delivers(f"the next event after `{conduct}`", others, ALL_IN_ORDER)


async def _check_not_sent(
    checked: CheckedOutput, before: int, what: str, *, returned: bool
) -> None:
    """The counterpart accepts again after its first answer: what arrived was a second attempt."""
    again = await checked.count() - before
    expect(not again, NO_RETRY, f"{what} arrived {again} times although the first was not accepted")
    expect(not returned, DELIVERED, f"{what} returned")


async def check_stall(checked: CheckedOutput) -> None:
    """To be called last: a `send` is canceled, after which only `close` is called."""
    entries = await checked.passage()
    await checked.counterpart.behave(Conduct.STALL)
    what = "`send` to a counterpart that never answers"
    sending = asyncio.ensure_future(checked.outcome(what, checked.output.send(entries[:1])))
    await asyncio.wait([sending], timeout=SILENT_SECONDS)
    if sending.done():
        expect(sending.result() is not None, DELIVERED, f"{what} returned")
        return
    sending.cancel()
    await asyncio.wait([sending], timeout=steps.STEP_SECONDS)
    expect(sending.done(), CANCELED, f"{what} goes on after it was canceled")
    if not sending.cancelled():
        broken(CANCELED, f"{what} was canceled and ended with {_ending(sending)}")


def _ending(done: asyncio.Task[PlatewireError | None]) -> str:
    return repr(done.exception() or done.result() or "a return")


async def check_clients(checked: CheckedOutput) -> None:
    """For outputs that listen: clients come, misbehave and go, and others take their place."""
    for conduct in Conduct:
        if conduct in checked.counterpart.can:
            await checked.counterpart.behave(conduct)
            await _check_next_client(checked, f"after a client whose conduct was `{conduct}`")
    await _check_next_client(checked, "after a client that went away")


async def _check_next_client(checked: CheckedOutput, when: str) -> None:
    meanwhile = await checked.passage()
    errors = [await checked.outcome(f"`send` {when}", checked.output.send(meanwhile[:1]))]
    await step("the client's end", checked.counterpart.stop())
    await asyncio.sleep(SILENT_SECONDS)  # until its end is noticed
    errors.append(await checked.outcome("`send` to nobody", checked.output.send(meanwhile[1:2])))
    connecting = checked.connect(f"`connect` {when}", CLIENTS) if any(errors) else _nothing()
    waiting = asyncio.ensure_future(connecting)  # it may wait for a client
    try:
        await step("the next client", checked.counterpart.start())
    except Exception as error:
        waiting.cancel()
        broken(CLIENTS, f"the next client cannot connect {when}: {error!r}", error)
    await waiting
    await checked.delivers(f"a passage {when}", await checked.passage(), CLIENTS)


async def _nothing() -> None:
    """`send` succeeded, so that the delivery loop does not connect."""
