"""Opens a gate through a relay for plates on an allow list; records every decision with its reason.

For each event, in order: judge it (`relay_rules`) by what the lists say now; see that this passage
and this plate have not just been let in; write the decision down, durable; switch on; wait; switch
off; settle the decision. A relay that is not there or refuses is asked again while the event is
fresh, and judged anew each time; then it is a no, for good. Nothing opens late.

A relay that was told and does not answer well may have opened: that counts as opened, is shown as
unknown, and it is not told again unless the settings say that it does not mind (`idempotent`). One
that does not confirm "off" is told again and again until it does, before anything else is done,
over restarts too: a decision is settled only then.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

from msgspec import Meta

from platewire.access import AS_OPENED, Decision, Outcome
from platewire.errors import ConfigError, LogError, PlatewireError, Refused, Rejected, Unavailable
from platewire.model import Direction, Entry, Event, Kind, Site
from platewire.outputs.output import (
    EventsPreset,
    OtherSettings,
    Output,
    OutputContext,
    OutputSettings,
)
from platewire.outputs.relay.effect import Effect
from platewire.outputs.relay.http_switch import HttpRelay
from platewire.outputs.relay.modbus_switch import ModbusRelay
from platewire.outputs.relay.rules import Rules, Verdict, judge
from platewire.outputs.relay.switch import Switch
from platewire.runtime.freshness import Age, age_of, seconds_since
from platewire.runtime.status import State

ROLE = "output"
ALLOW = "allow"
"""The kind of list that opens."""
AGAIN_SECONDS = 0.5
"""Between two attempts at switching."""
LAST_WORD_SECONDS = 2.0
"""Longest wait for "off" when platewire ends in the middle of a pulse."""


class RelaySettings(OutputSettings, frozen=True, kw_only=True, tag="relay"):
    """A relay that opens a gate or barrier for plates on an allow list."""

    opens_something: ClassVar[bool] = True

    relay: Annotated[HttpRelay | ModbusRelay, Meta(description="The device to switch")]
    lists: Annotated[
        tuple[str, ...],
        Meta(description="Allow lists to open for; empty: all of them"),
    ] = ()
    directions: Annotated[
        tuple[Direction, ...],
        Meta(description="Only these directions, such as `in`; empty: all"),
    ] = ()
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Minimum confidence of the plate")
    ] = 0.8
    min_reads: Annotated[
        int,
        Meta(
            ge=1,
            description="Minimum number of reads of the plate; counts as 1 for cameras with stills",
        ),
    ] = 2
    fresh_seconds: Annotated[
        float,
        Meta(gt=0, le=60, description="Maximum age of the last sight of the vehicle, in seconds"),
    ] = 5.0
    hold_off_seconds: Annotated[
        float,
        Meta(ge=0, description="Minimum seconds between two openings for the same plate"),
    ] = 10.0
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="`new`, `updated` or both (`parking`); `lost` is not allowed"),
    ] = "parking"

    def matches(self, event: Event) -> bool:
        """What this gate decides on at all; all else about an event is a decision with a reason."""
        return (not self.cameras or event.camera in self.cameras) and (
            not self.zones or event.zone in self.zones
        )

    @property
    def receiver(self) -> str:
        """The device."""
        return self.relay.display

    def inconsistencies(self, others: OtherSettings) -> Iterable[str]:
        for name in self.lists:
            if others.lists.get(name, ALLOW) != ALLOW:
                yield (
                    f'output "{self.name}" cannot open for the list "{name}" of the kind '
                    f"`{others.lists[name]}`; "
                    "use lists of the kind `allow` only"
                )
        if ALLOW not in others.lists.values():
            yield f'output "{self.name}" requires a `[[list]]` of the kind `allow`'

    def remarks(self, site: Site) -> Iterable[str]:
        stills = sorted(name for name in site.stills if not self.cameras or name in self.cameras)
        if stills and self.min_reads > 1:
            names = ", ".join(stills)
            yield f"`min_reads` counts as 1 for {names}, where each vehicle is in one picture"

    @property
    def rules(self) -> Rules:
        return Rules(
            self.lists,
            self.directions,
            self.countries,
            self.min_confidence,
            self.min_reads,
            self.fresh_seconds,
        )

    def build(self, context: OutputContext) -> "RelayOutput":
        """ConfigError where a url, a secret or a file cannot be used, or `lost` is asked for."""
        if Kind.LOST in self.kinds:
            raise ConfigError(
                f'output "{self.name}": `events` must not contain `lost`, because the vehicle '
                "has left; use `parking`, or a list of `new` and `updated`"
            )
        return RelayOutput(self, context, self.relay.switch(self.name))


class TooLate(Exception):
    """The event is too old."""


class RelayResult(NamedTuple):
    """Outcome of a request to a relay."""

    outcome: Outcome
    reason: str
    detail: str


UNREACHABLE = RelayResult("not_opened", "unreachable", "the relay did not answer in time")
INTERRUPTED = RelayResult(
    "unknown", "interrupted", ("platewire stopped meanwhile; the gate may have opened")
)
COUNTED: dict[Outcome, str] = {"opened": "opened", "not_opened": "refused", "unknown": "unknown"}


class RelayOutput(Output):
    def __init__(self, settings: RelaySettings, context: OutputContext, switch: Switch) -> None:
        self._settings = settings
        self._rules = settings.rules
        self._clock = context.clock
        self._board = context.board
        self._lists = context.lists
        self._stills = context.site.stills
        self._switch = switch
        self._turn = asyncio.Lock()
        self._record = False
        self._may_be_on = False
        self.failure = ""
        """Of the gate: until it opens again."""

    async def recover(self) -> None:
        """Ends what an earlier run left on."""
        async with self._turn:
            await self._end_what_was_left()

    async def connect(self) -> None:
        """A relay that is not there is told once: after that each plate knocks for itself, as a
        gate must not wait for a back-off to end."""
        await self.recover()
        if not self._record:
            self._record = True
            await self._switch.knock()

    async def send(self, entries: Sequence[Entry]) -> None:
        async with self._turn:
            if self._may_be_on:  # an earlier call was cut off
                await self._off_for_good()
            for entry in entries:
                await self._decide(entry)

    async def close(self) -> None:
        if self._may_be_on:
            try:
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._off_for_good()
            except TimeoutError:
                self._tell(f'output "{self._name}": stopped while the relay may be on')
        await self._switch.close()

    @property
    def _name(self) -> str:
        return self._settings.name

    # --- one event --------------------------------------------------------------------------------

    async def _decide(self, entry: Entry) -> None:
        """Rejected where the gate would open and cannot."""
        event = entry.event
        verdict = await self._verdict(entry)
        if not verdict.opens or event.test:
            await self._say_no(event, verdict)
            return
        number = await self._begin(event, verdict)
        await self._end(event, number, await self._asked(entry, verdict))

    async def _asked(self, entry: Entry, verdict: Verdict) -> RelayResult:
        """Once, and again only where nothing can have happened."""
        result = UNREACHABLE
        while verdict.opens:
            try:
                failure = await self._tried(entry)
            except TooLate:
                return result
            if self._switch.effect is Effect.DONE:
                return RelayResult("opened", "opened", verdict.detail)
            result = self._worse(result, failure)
            if result.outcome == "unknown" and not self._settings.relay.idempotent:
                return result
            await self._clock.sleep(AGAIN_SECONDS)
            verdict = await self._verdict(entry, again=True)
        if result.outcome == "unknown" or verdict.reason == "too_old":
            return result
        return RelayResult("not_opened", verdict.reason, verdict.detail)

    def _worse(self, result: RelayResult, failure: PlatewireError | None) -> RelayResult:
        """With one more attempt that was not confirmed; what was once unknown stays so."""
        why = str(failure or UNREACHABLE.detail)
        if self._switch.effect is Effect.UNKNOWN or result.outcome == "unknown":
            return RelayResult(
                "unknown", "unknown", (f"the command was sent, and the gate may have opened: {why}")
            )
        return RelayResult(
            "not_opened", "refused" if isinstance(failure, Refused) else "unreachable", why
        )

    async def _verdict(self, entry: Entry, *, again: bool = False) -> Verdict:
        event = entry.event
        if self._lists is None:
            return Verdict(False, "no_lists", "the lists are not available here")
        try:
            now = self._clock.now()
            plate = event.plate
            listed = await self._lists.look_up(plate.text, event.camera, now, partial=plate.partial)
            verdict = judge(event, listed, self._rules_for(event.camera), self._age(entry))
            return verdict if again or not verdict.opens else await self._once(event, verdict)
        except LogError as error:
            return Verdict(False, "no_lists", f"the lists cannot be read: {error}")

    async def _once(self, event: Event, verdict: Verdict) -> Verdict:
        if self._lists is None or event.test:
            return verdict
        if await self._lists.last_opened(self._name, passage=event.passage):
            return Verdict(False, "already_open", "already opened for this passage")
        opened = await self._lists.last_opened(self._name, plate=event.plate.text)
        wait = self._settings.hold_off_seconds
        if opened and seconds_since(opened.at, opened.boot, self._clock) < wait:
            return Verdict(
                False, "hold_off", (f"already opened for this plate less than {wait:g} s ago")
            )
        return verdict

    def _rules_for(self, camera: str) -> Rules:
        return self._rules._replace(min_reads=1) if camera in self._stills else self._rules

    def _age(self, entry: Entry) -> Age:
        return age_of(entry, self._clock, self._settings.ahead_seconds_max)

    async def _tried(self, entry: Entry) -> PlatewireError | None:
        """What is in the way, where that was told. TooLate instead of late."""
        left = self._rules.fresh_seconds - self._age(entry).seconds
        if left <= 0:
            raise TooLate
        try:
            await self._within(left, self._switch.turn(on=True))
        except PlatewireError as error:
            return error
        finally:
            if self._switch.pulse_seconds and self._switch.effect is not Effect.NONE:
                self._may_be_on = True
        return None

    async def _within(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        """The work, canceled when time is up by our clock."""
        working = asyncio.ensure_future(work)
        waiting = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            working.cancel()
            waiting.cancel()
            await asyncio.gather(working, waiting, return_exceptions=True)

    async def _end(self, event: Event, number: int, result: RelayResult) -> None:
        """Rejected where it did not open, as far as is known."""
        if result.outcome != "not_opened":
            await self._clock.sleep(self._switch.pulse_seconds)
        if self._may_be_on:
            await self._off_for_good()
        await self._settle(number, result)
        if result.outcome == "opened":
            self.failure = ""
            return
        did = "may have opened" if result.outcome == "unknown" else "did not open"
        self._look_at(did, event, result.detail)
        raise Rejected(self.failure)

    def _look_at(self, did: str, event: Event, why: str) -> None:
        """Shown until a gate has opened again."""
        self.failure = (
            f'output "{self._name}": {did} for the authorized plate {event.plate.text} at '
            f"{event.last_seen_at:%H:%M:%S} UTC; check the gate: {why}"
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
                    f'output "{self._name}": THE RELAY MAY BE ON, it did not confirm "off"; '
                    f"check the gate: {error}"
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
            await self._settle(number, INTERRUPTED)
            self.failure = f'output "{self._name}": {INTERRUPTED.detail}; check the gate'
        await self._recall()

    async def _recall(self) -> None:
        """A start does not make sure what was not before."""
        last = await self._lists.last_opened(self._name) if self._lists else None
        if last is not None and not last.is_sure and not self.failure:
            self.failure = (
                f'output "{self._name}": may have opened at {last.at:%Y-%m-%d %H:%M:%S} UTC, '
                "before this start, and has not opened since; check the gate"
            )

    def _tell(self, message: str) -> None:
        self._board.fail(ROLE, self._name, State.FAILED, message)

    # --- the book ---------------------------------------------------------------------------------

    async def _begin(self, event: Event, verdict: Verdict) -> int:
        """What cannot be written down is not done: it could be done twice."""
        decision = self._decision(event, verdict, None)
        try:
            if self._lists is not None:
                return await self._lists.decide(decision, self._clock.boot())
        except LogError as error:
            self._board.count(ROLE, self._name, refused=1)
            self._look_at("did not open", event, f"cannot store the decision: {error}")
            raise Rejected(self.failure) from error
        raise Unavailable(f'output "{self._name}": no lists configured')

    async def _say_no(self, event: Event, verdict: Verdict) -> None:
        if verdict.opens:
            verdict = Verdict(False, "dry_run", f"test: would open: {verdict.detail}")
        if verdict.reason == "no_lists":
            self._look_at("made no decision", event, verdict.detail)
        self._board.count(ROLE, self._name, **{"dry_runs" if event.test else "refused": 1})
        try:
            if self._lists is not None:
                decision = self._decision(event, verdict, "not_opened")
                await self._lists.decide(decision, self._clock.boot())
        except LogError as error:
            self._note(f"a decision ({verdict.reason}) could not be stored: {error}")

    async def _settle(self, number: int, result: RelayResult) -> None:
        self._board.count(ROLE, self._name, **{COUNTED[result.outcome]: 1})
        try:
            if self._lists is not None:
                await self._lists.settle(number, **result._asdict())
        except LogError as error:
            self._note(f"a decision ({result.reason}) could not be stored: {error}")

    def _note(self, message: str) -> None:
        self._board.note(ROLE, self._name, f'output "{self._name}": {message}')

    def _decision(self, event: Event, verdict: Verdict, outcome: Outcome | None) -> Decision:
        return Decision(
            output=self._name,
            at=self._clock.now(),
            seq=event.seq,
            passage=event.passage,
            camera=event.camera,
            plate=event.plate.text,
            opened=AS_OPENED.get(outcome),
            outcome=outcome,
            reason=verdict.reason,
            detail=verdict.detail,
            list=verdict.list,
            test=event.test,
        )
