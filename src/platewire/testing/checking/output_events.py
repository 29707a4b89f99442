"""What an output does with events while its counterpart accepts, and while it is absent."""

import asyncio
from collections.abc import Sequence

from msgspec import structs

from platewire.errors import Rejected, Unavailable
from platewire.model import Entry, Event, Images
from platewire.runtime.test_plate import TEST_PICTURE
from platewire.testing.checking.checked_output import CheckedOutput
from platewire.testing.checking.steps import broken, expect, step
from platewire.testing.promises import (
    ALL_IN_ORDER,
    NO_PICTURE,
    OPENS_ONCE,
    RECONNECT,
    REPLAYED,
    SIDE_BY_SIDE,
    TESTS,
    UNAVAILABLE,
)
from platewire.testing.sample_events import odd_events, passage_events, picture
from platewire.wire import native

SENDS_UNTIL_NOTICED = 50
"""How many sends may seem to succeed before an output sees that nobody is there any more."""
BATCH_CHECKED_MAX = 1000
"""Events of the batch that is checked, at most, however large the output's own may be."""
ROUNDS = 3
"""Of sends side by side."""


async def check_events(checked: CheckedOutput) -> None:
    await checked.delivers("a passage", await checked.passage())
    await checked.delivers("unusual values", await checked.append(list(odd_events(20))))
    deleted = passage_events(30, images=Images(plate=picture(mark=99).image))[:1]
    await checked.delivers("a deleted picture", await checked.append(deleted), NO_PICTURE)
    await checked.delivers("a test event", _test_events(), TESTS)
    replayed = _replayed(checked.old)
    if checked.opens:
        await _check_refused(checked, replayed[0])
    else:
        await checked.delivers("a replayed event", replayed, REPLAYED)
    await _check_batch(checked)
    await _check_lanes(checked)


async def _check_refused(checked: CheckedOutput, replayed: Entry) -> None:
    before = await checked.count()
    what = "`send` of a replayed event"
    error = await checked.outcome(what, checked.output.send([replayed]))
    expect(isinstance(error, Rejected), OPENS_ONCE, f"{what} ended with {error!r}")
    expect(await checked.count() == before, OPENS_ONCE, "a replayed event arrived")


def _test_events() -> Sequence[Entry]:
    """As `platewire outputs test` makes them: the log has never numbered them."""
    events = passage_events(40, images=Images(plate=TEST_PICTURE.image))
    return [
        _changed(structs.replace(event, test=True, recorded_at=event.occurred_at))
        for event in events
    ]


def _replayed(entries: Sequence[Entry]) -> Sequence[Entry]:
    return [_changed(structs.replace(entry.event, replayed=True)) for entry in entries]


def _changed(event: Event) -> Entry:
    return Entry(event, native.encode(event))


async def _check_batch(checked: CheckedOutput) -> None:
    size = checked.output.batch
    expect(size >= 1, ALL_IN_ORDER, f"`batch` is {size}, less than 1")
    size = min(size, BATCH_CHECKED_MAX)
    events = [event for number in range(100, 100 + size) for event in passage_events(number)]
    entries = await checked.append(events[:size])
    before = await checked.count()
    await checked.send(f"`send` of {size} events", entries)
    await checked.arrives(entries, before)


async def _check_lanes(checked: CheckedOutput) -> None:
    """Each `send` is of another passage, as in the delivery loop."""
    lanes = checked.output.lanes
    if lanes == 1:
        return
    for _ in range(ROUNDS):
        entries = [(await checked.passage())[0] for _ in range(lanes)]
        before = await checked.count()
        what = f"one of {lanes} `send`s side by side"
        try:
            await asyncio.gather(*(checked.send(what, [entry]) for entry in entries))
        except AssertionError as error:
            broken(SIDE_BY_SIDE, str(error), error)
        await checked.arrives(entries, before, SIDE_BY_SIDE, in_order=False)


async def check_absence(checked: CheckedOutput) -> None:
    """The counterpart goes away and comes back."""
    entries = await checked.passage()
    await step("the counterpart's stop", checked.counterpart.stop())
    await _until_unavailable(checked, entries[:1])
    what = "`connect` while nobody is there"
    error = await checked.outcome(what, checked.output.connect())
    expect(isinstance(error, Unavailable), UNAVAILABLE, f"{what} ended with {error!r}")
    await step("the counterpart's start", checked.counterpart.start())
    await checked.connect("`connect` after the counterpart came back", RECONNECT)
    await checked.delivers("a passage after the counterpart came back", entries, RECONNECT)


async def _until_unavailable(checked: CheckedOutput, entries: Sequence[Entry]) -> None:
    what = "`send` while nobody is there"
    for _ in range(SENDS_UNTIL_NOTICED):
        error = await checked.outcome(what, checked.output.send(entries))
        if error is not None:
            expect(isinstance(error, Unavailable), UNAVAILABLE, f"{what} raised {error!r}")
            return
        await asyncio.sleep(0.01)
    broken(UNAVAILABLE, f"{what} returned {SENDS_UNTIL_NOTICED} times")
