"""An output under check: calls it as the delivery loop does, and judges how each call ends."""

from collections.abc import Awaitable, Sequence

from platewire.errors import Paused, PlatewireError, Rejected, Unavailable
from platewire.model import Entry, Event, Images, Picture
from platewire.outputs.output import Output
from platewire.runtime.test_plate import TEST_PICTURE
from platewire.testing.checking.steps import broken, expect, step
from platewire.testing.counterpart import Arrival, Counterpart
from platewire.testing.memory_log import MemoryLog
from platewire.testing.promises import (
    ALL_IN_ORDER,
    LEAVING,
    MESSAGE,
    PICTURE,
    UNAVAILABLE,
)
from platewire.testing.sample_events import passage_events, picture

WORDS_MIN = 4
"""A message with fewer words cannot say where, what is wrong and what to do."""
PICTURES: Sequence[Picture] = (
    picture("plate"),
    picture("vehicle", mark=1),
    picture("frame", mark=2),
)
IMAGES = Images(plate=PICTURES[0].image, vehicle=PICTURES[1].image, frame=PICTURES[2].image)


class CheckedOutput:
    def __init__(
        self,
        output: Output,
        counterpart: Counterpart,
        log: MemoryLog,
        name: str,
        *,
        opens: bool,
    ) -> None:
        self.output = output
        self.opens = opens
        self.counterpart = counterpart
        self._log = log
        self._name = name
        self._passages = 1000
        self.old: Sequence[Entry] = ()
        """A passage from before the output first ran, which only a replay sends."""

    # --- events to send ---------------------------------------------------------------------------

    async def append(
        self, events: Sequence[Event], pictures: Sequence[Picture] = ()
    ) -> Sequence[Entry]:
        return await self._log.append("gate", events, pictures)

    async def begin(self) -> None:
        """To be called before the first connect."""
        self.old = await self.passage()

    async def passage(self) -> Sequence[Entry]:
        """The three events of a passage that was not sent before, with all pictures."""
        self._passages += 1
        return await self.append(passage_events(self._passages, images=IMAGES), PICTURES)

    # --- calls ------------------------------------------------------------------------------------

    async def connect(self, what: str, promise: str = UNAVAILABLE) -> None:
        await self._succeeds(what, self.output.connect(), promise)

    async def send(self, what: str, entries: Sequence[Entry], promise: str = UNAVAILABLE) -> None:
        await self._succeeds(what, self.output.send(entries), promise)

    async def outcome(self, what: str, work: Awaitable[None]) -> PlatewireError | None:
        """None if it returned. What leaves is one of the errors that may, and says enough."""
        try:
            await step(what, work)
        except (Unavailable, Rejected, Paused) as error:
            self._check_message(what, error)
            return error
        except AssertionError:
            raise
        except Exception as error:
            broken(LEAVING, f"{what} raised {error!r}", error)
        return None

    async def _succeeds(self, what: str, work: Awaitable[None], promise: str) -> None:
        error = await self.outcome(what, work)
        if error is not None:
            broken(promise, f"{what} raised {error!r} though the counterpart accepts", error)

    def _check_message(self, what: str, error: PlatewireError) -> None:
        text = str(error)
        seen = f"{what} raised {type(error).__name__} with the message {text!r}"
        named = f"{seen}, which does not contain the output's name {self._name!r}"
        expect(self._name in text, MESSAGE, named)
        long = f"{seen}: {len(text.split())} words; use at least {WORDS_MIN}"
        expect(len(text.split()) >= WORDS_MIN, MESSAGE, long)

    # --- what arrives -----------------------------------------------------------------------------

    async def count(self) -> int:
        """How many events have arrived."""
        return len(await step("the counterpart's answer", self.counterpart.arrived(0)))

    async def delivers(
        self, what: str, entries: Sequence[Entry], promise: str = ALL_IN_ORDER
    ) -> Sequence[Arrival]:
        """Sends one after the other; all arrive once and in order. Returns what arrived."""
        before = await self.count()
        accepting = UNAVAILABLE if promise == ALL_IN_ORDER else promise
        for entry in entries:
            await self.send(f"`send` of {what} ({entry.event.kind})", [entry], accepting)
        return await self.arrives(entries, before, promise)

    async def arrives(
        self,
        entries: Sequence[Entry],
        before: int,
        promise: str = ALL_IN_ORDER,
        *,
        in_order: bool = True,
    ) -> Sequence[Arrival]:
        wanted = [(entry.event.passage_number, entry.event.kind) for entry in entries]
        arrived = await self._after(before, len(wanted), promise, wanted)
        seen = [(each.passage_number, each.kind) for each in arrived]
        matches = seen == wanted if in_order else sorted(seen) == sorted(wanted)
        expect(matches, promise, f"{wanted} were sent, {seen} arrived")
        if self.counterpart.pictures:
            self._check_pictures(entries, arrived)
        return arrived

    async def _after(
        self, before: int, count: int, promise: str, wanted: Sequence[object]
    ) -> Sequence[Arrival]:
        try:
            arrived = await step("arrival", self.counterpart.arrived(before + count))
        except AssertionError as error:
            seen = (await self.counterpart.arrived(0))[before:]
            broken(promise, f"{wanted} were sent, {seen} arrived ({error})", error)
        return arrived[before:]

    def _check_pictures(self, entries: Sequence[Entry], arrived: Sequence[Arrival]) -> None:
        stored = {each.jpeg for each in (*PICTURES, TEST_PICTURE)}
        shown = (IMAGES, Images(plate=TEST_PICTURE.image))
        if any(entry.event.images not in shown for entry in entries):
            return
        for each in arrived:
            name = f"{each.passage_number} {each.kind}"
            expect(each.picture is not None, PICTURE, f"event {name} came without")
            expect(each.picture in stored, PICTURE, f"event {name} came with another picture")
