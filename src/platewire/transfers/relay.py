"""Opens a gate, by a relay, for plates on an allow list; keeps every yes and no with its reason.

For each event, in order: judge it (`relay_rules`) by what the lists say now; see that this passage
and this plate have not just been let in; write the decision down, durable; switch on; wait; switch
off; settle the decision. A relay that does not answer is asked again while the event is fresh, and
judged anew each time; then it is a no, for good. Nothing opens late.

A relay that does not confirm "off" is told again and again until it does, before anything else is
done, over restarts too: a decision is settled only then.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Annotated, Any

from msgspec import Meta, structs

from platewire.errors import ConfigError, LogError, PlatewireError, Rejected, Unavailable
from platewire.model import Decision, Direction, Entry, Event, Kind
from platewire.status import State
from platewire.transfers.http_answer import shown
from platewire.transfers.relay_http import HttpRelay
from platewire.transfers.relay_modbus import ModbusRelay
from platewire.transfers.relay_rules import Rules, Verdict, age_seconds, judge
from platewire.transfers.relay_switch import Switch
from platewire.transfers.transfer import EventsPreset, TransferContext, TransferSettings

ROLE = "transfer"
AGAIN_SECONDS = 0.5
"""Between two attempts at switching."""
LAST_WORD_SECONDS = 2.0
"""Longest wait for "off" when platewire ends in the middle of a pulse."""


class RelayTransfer(TransferSettings, frozen=True, kw_only=True, tag="relay"):
    """A relay that opens a gate or barrier for plates on an allow list."""

    relay: Annotated[HttpRelay | ModbusRelay, Meta(description="What is switched, and how")]
    lists: Annotated[
        tuple[str, ...],
        Meta(description="Lists of the kind `allow` to open for; empty means all of them"),
    ] = ()
    directions: Annotated[
        tuple[Direction, ...],
        Meta(description="Open for these directions only, such as `in`; empty means all"),
    ] = ()
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Open only for plates read at least this surely")
    ] = 0.8
    min_reads: Annotated[
        int, Meta(ge=1, description="Open only for plates read at least so often")
    ] = 2
    fresh_seconds: Annotated[
        float,
        Meta(gt=0, le=60, description="Open only while the vehicle was seen so many seconds ago"),
    ] = 5.0
    hold_off_seconds: Annotated[
        float,
        Meta(ge=0, description="Do not open again for the same plate within so many seconds"),
    ] = 10.0
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="`new`, `updated` or both (`parking`); `lost` is refused"),
    ] = "parking"

    def selects(self, entry: Entry) -> bool:
        """What this gate decides on at all; all else about an event is a decision with a reason."""
        event = entry.event
        return event.kind in self.kinds and (not self.cameras or event.camera in self.cameras)

    @property
    def url(self) -> str:
        """The device, for people: without user, password and query."""
        relay = self.relay
        return shown(relay.url) if isinstance(relay, HttpRelay) else f"{relay.host}:{relay.port}"

    @property
    def rules(self) -> Rules:
        return Rules(
            self.lists, self.directions, self.min_confidence, self.min_reads, self.fresh_seconds
        )

    def build(self, context: TransferContext) -> "RelaySender":
        """ConfigError where a url, a secret or a file cannot be used, or `lost` is asked for."""
        if Kind.LOST in self.kinds:
            raise ConfigError(
                f'transfer "{self.name}": `events` holds `lost`, when the vehicle has gone; choose '
                "`parking`, or a list of `new` and `updated`"
            )
        return RelaySender(self, context, self.relay.switch(self.name))


class TooLate(Exception):
    """The event is not fresh any more."""


class RelaySender:
    """Implements `Transfer`."""

    batch = 1

    def __init__(self, settings: RelayTransfer, context: TransferContext, switch: Switch) -> None:
        self._settings = settings
        self._rules = settings.rules
        self._clock = context.clock
        self._board = context.board
        self._lists = context.lists
        self._switch = switch
        self._turn = asyncio.Lock()
        self._told = False
        self._may_be_on = False

    async def connect(self) -> None:
        """Ends what an earlier run left on. A relay that is not there is told once: after that
        each plate knocks for itself, as a gate must not wait for a back-off to end."""
        await self._end_what_was_left()
        if not self._told:
            self._told = True
            await self._switch.knock()

    async def send(self, entries: Sequence[Entry]) -> None:
        async with self._turn:
            if self._may_be_on:  # an earlier call was cut off
                await self._off_for_good()
            for entry in entries:
                await self._decide(entry.event)

    async def close(self) -> None:
        if self._may_be_on:
            try:
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._off_for_good()
            except TimeoutError:
                self._tell(f'transfer "{self._name}": ended while the relay may be on')
        await self._switch.close()

    @property
    def _name(self) -> str:
        return self._settings.name

    # --- one event --------------------------------------------------------------------------------

    async def _decide(self, event: Event) -> None:
        """Rejected where the gate would open and cannot."""
        began = self._clock.monotonic()
        verdict = await self._verdict(event)
        if not verdict.opens or event.test:
            await self._say_no(event, verdict)
            return
        number = await self._begin(event, verdict)
        trouble = ""
        try:
            while verdict.opens:
                trouble = await self._tried(event, began)
                if not trouble:
                    break
                await self._clock.sleep(AGAIN_SECONDS)
                verdict = await self._verdict(event, again=True)
        except TooLate:
            trouble = trouble or "the relay did not answer in time"
        await self._end(event, verdict, number, trouble)

    async def _verdict(self, event: Event, *, again: bool = False) -> Verdict:
        if self._lists is None:
            return Verdict(False, "no_lists", "the lists are not at hand here")
        try:
            now = self._clock.now()
            listed = await self._lists.look_up(event.plate.text, event.camera, now)
            verdict = judge(event, listed, self._rules, self._clock.now())
            return verdict if again or not verdict.opens else await self._once(event, verdict)
        except LogError as error:
            return Verdict(False, "no_lists", f"the lists cannot be read: {error}")

    async def _once(self, event: Event, verdict: Verdict) -> Verdict:
        if self._lists is None or event.test:
            return verdict
        if await self._lists.last_opened(self._name, passage=event.passage):
            return Verdict(False, "already_open", "it was let in before, on this passage")
        opened = await self._lists.last_opened(self._name, plate=event.plate.text)
        wait = self._settings.hold_off_seconds
        if opened and abs(self._clock.now() - opened) < timedelta(seconds=wait):
            return Verdict(False, "hold_off", f"it was let in less than {wait:g} s ago")
        return verdict

    async def _tried(self, event: Event, began: float) -> str:
        """Empty when the relay is on; what is in the way otherwise. TooLate instead of late."""
        left = self._rules.fresh_seconds - max(
            age_seconds(event, self._clock.now()), self._clock.monotonic() - began
        )
        if left <= 0:
            raise TooLate
        try:
            await self._within(left, self._switch.turn(on=True))
        except PlatewireError as error:
            return str(error)
        finally:
            pulsed = self._switch.pulse_seconds > 0
            self._may_be_on = self._may_be_on or (pulsed and self._switch.touched)
        return ""

    async def _within(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        """TooLate when time is up, with the work cancelled, by our clock."""
        working = asyncio.ensure_future(work)
        waiting = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise TooLate
            working.result()
        finally:
            working.cancel()
            waiting.cancel()
            await asyncio.gather(working, waiting, return_exceptions=True)

    async def _end(self, event: Event, verdict: Verdict, number: int, trouble: str) -> None:
        if not trouble:
            await self._clock.sleep(self._switch.pulse_seconds)
        if self._may_be_on:
            await self._off_for_good()
        if not trouble:
            await self._settle(number, Verdict(True, "opened", verdict.detail))
            self._board.count(ROLE, self._name, opened=1)
            return
        if verdict.reason in ("allowed", "too_old"):
            verdict = Verdict(False, "unreachable", trouble)
        await self._settle(number, verdict)
        self._board.count(ROLE, self._name, refused=1)
        raise Rejected(
            f'transfer "{self._name}": did not open for {event.plate.text}, which might come in: '
            f"{trouble}"
        )

    # --- off --------------------------------------------------------------------------------------

    async def _off_for_good(self) -> None:
        """Until the relay confirms it: nothing else matters while a gate may stand open."""
        while True:
            try:
                await self._switch.turn(on=False)
            except PlatewireError as error:
                self._board.count(ROLE, self._name, off_failures=1)
                self._tell(
                    f'transfer "{self._name}": THE RELAY MAY BE ON and does not confirm "off", '
                    f"look at the gate: {error}"
                )
                await self._clock.sleep(AGAIN_SECONDS)
            else:
                self._may_be_on = False
                return

    async def _end_what_was_left(self) -> None:
        left = await self._lists.unsettled(self._name) if self._lists else ()
        if left and self._switch.pulse_seconds:
            await self._off_for_good()
        for number in left:
            await self._settle(
                number,
                Verdict(True, "interrupted", "platewire ended meanwhile; it may have opened"),
            )

    def _tell(self, message: str) -> None:
        self._board.fail(ROLE, self._name, State.WAITING, message)

    # --- the book ---------------------------------------------------------------------------------

    async def _begin(self, event: Event, verdict: Verdict) -> int:
        """What cannot be written down is not done: it could be done twice."""
        decision = structs.replace(self._decision(event, verdict), opened=None)
        try:
            if self._lists is not None:
                return await self._lists.decide(decision)
        except LogError as error:
            self._board.count(ROLE, self._name, refused=1)
            raise Rejected(
                f'transfer "{self._name}": did not open for {event.plate.text}, as that cannot be '
                f"written down: {error}"
            ) from error
        raise Unavailable(f'transfer "{self._name}": there are no lists')

    async def _say_no(self, event: Event, verdict: Verdict) -> None:
        if verdict.opens:
            verdict = Verdict(False, "dry_run", f"a test: it would open, as {verdict.detail}")
        self._board.count(ROLE, self._name, **{"dry_runs" if event.test else "refused": 1})
        try:
            if self._lists is not None:
                await self._lists.decide(self._decision(event, verdict))
        except LogError as error:
            self._note(f"a decision ({verdict.reason}) could not be kept: {error}")

    async def _settle(self, number: int, verdict: Verdict) -> None:
        try:
            if self._lists is not None:
                await self._lists.settle(
                    number, opened=verdict.opens, reason=verdict.reason, detail=verdict.detail
                )
        except LogError as error:
            self._note(f"a decision ({verdict.reason}) could not be kept: {error}")

    def _note(self, message: str) -> None:
        self._board.note(ROLE, self._name, f'transfer "{self._name}": {message}')

    def _decision(self, event: Event, verdict: Verdict) -> Decision:
        return Decision(
            transfer=self._name,
            at=self._clock.now(),
            seq=event.seq,
            passage=event.passage,
            camera=event.camera,
            plate=event.plate.text,
            opened=verdict.opens,
            reason=verdict.reason,
            detail=verdict.detail,
            list=verdict.list,
            test=event.test,
        )
