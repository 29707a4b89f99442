"""What the page, the API and `platewire outputs` may ask of a running server."""

from collections.abc import Callable, Mapping, Sequence

from platewire.app.replays import Replays, SharedOutput
from platewire.camera.recognizer import ROLE, Recognizer
from platewire.delivery import Delivery
from platewire.delivery.events.choice import choose
from platewire.delivery.test_events import kinds_to_try, try_out
from platewire.errors import ConfigError
from platewire.eventlog.deliveries.records import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    EventTestResult,
    Parked,
)
from platewire.eventlog.log import EventLog
from platewire.model import Kind, Site
from platewire.outputs.output import Output, OutputSettings
from platewire.runtime.clock import Clock
from platewire.runtime.supervise import Part, bugs_come_back
from platewire.web.context import Job, ReplayRequest


class RunningOutput:
    """One way out as the server runs it: its settings, the output and the loop around it."""

    def __init__(
        self,
        settings: OutputSettings,
        build: Callable[[], Output],
        loop: Callable[[Output], Delivery],
    ) -> None:
        self.settings = settings
        self.build = build
        self._loop = loop
        self._made: tuple[Output, Delivery] | None = None
        self._begun = False
        with bugs_come_back():
            self._make()

    def _make(self) -> tuple[Output, Delivery]:
        output = self.build()
        self._made = output, self._loop(output)
        return self._made

    @property
    def output(self) -> Output:
        return self._there[0]

    @property
    def delivery(self) -> Delivery:
        return self._there[1]

    @property
    def _there(self) -> tuple[Output, Delivery]:
        """ConfigError where there is none, as its build failed."""
        if self._made is None:
            raise ConfigError(
                f'output "{self.settings.name}" failed to start; correct the error in its state, '
                "then restart it"
            )
        return self._made

    async def run(self) -> None:
        """Delivers. Each run but the first has an output and a loop of its own."""
        if self._begun or self._made is None:
            self._made = None
            self._make()
        self._begun = True
        await self.delivery.run()

    def for_replay(self) -> Output:
        """One of its own, or, as an address can be listened on only once, the one that listens.

        ConfigError for an output whose receivers ask for old events themselves.
        """
        if self.settings.why_no_replay:
            raise ConfigError(self.settings.why_no_replay)
        return self.for_test()

    def for_test(self) -> Output:
        """One that listens sends test events to whoever is connected."""
        return SharedOutput(self.output) if self.settings.listens else self.build()

    @property
    def address(self) -> str | None:
        """Where it listens, once it does; None for one that connects out."""
        address = self._made[0].address if self._made else None
        return None if address is None else f"{address[0]}:{address[1]}"


class Control:
    """Implements what `platewire.web` calls Actions."""

    def __init__(
        self,
        outputs: Mapping[str, RunningOutput],
        parts: Sequence[Part],
        recognizer: Recognizer,
        replays: Replays,
        log: EventLog,
        site: Site,
        clock: Clock,
    ) -> None:
        self._outputs = outputs
        self._parts = {(part.role, part.name): part for part in parts}
        self._recognizer = recognizer
        self._replays = replays
        self._log = log
        self._site = site
        self._clock = clock

    async def pause(self, output: str) -> None:
        await self._running_output(output).delivery.pause("paused by an operator")

    async def resume(self, output: str) -> None:
        """One that has stopped altogether is begun anew."""
        way = self._running_output(output)
        if self._parts["output", output].running:
            await way.delivery.resume()
        else:
            await self._log.deliveries.resume(output)
            await self.restart("output", output)

    async def restart(self, role: str, name: str) -> None:
        if (role, name) == (ROLE, self._recognizer.name):
            await self._recognizer.restart()
        elif (role, name) in self._parts:
            self._parts[role, name].restart()
        else:
            raise ConfigError(f"{role} {name} cannot be restarted separately; restart platewire")

    # --- sending again, and trying out ------------------------------------------------------------

    async def replay(self, output: str, wish: ReplayRequest) -> str:
        way = self._running_output(output)
        choice = await choose(
            self._log, way.settings, wish.what, wish.from_seq, wish.to_seq, wish.failed_since
        )
        return self._replays.start(way.settings, way.for_replay(), choice, wish.rate)

    def jobs(self) -> Sequence[Job]:
        return self._replays.jobs()

    def cancel(self, job: str) -> Job | None:
        return self._replays.cancel(job)

    async def test(self, output: str, kinds: Sequence[Kind]) -> Sequence[EventTestResult]:
        way = self._running_output(output)
        wanted = kinds_to_try(way.settings, kinds)
        return await try_out(way.settings, way.for_test(), wanted, self._site, self._clock)

    # --- what waits, and what was given up --------------------------------------------------------

    async def parked(self, output: str) -> Sequence[Parked]:
        return await self._log.deliveries.parked(self._running_output(output).settings.name)

    async def attempts(self, output: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        failed = await self._log.deliveries.attempts(output, seq, limit)
        done = [
            each
            for each in self._running_output(output).delivery.successes()
            if seq is None or each.seq == seq
        ]
        return sorted([*failed, *done], key=lambda each: each.at, reverse=True)[:limit]

    async def dead(self, output: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        return await self._log.deliveries.dead_letters(output, query, limit)

    async def dead_groups(self, output: str) -> Sequence[DeadGroup]:
        return await self._log.deliveries.dead_letter_groups(output)

    async def requeue(self, output: str, query: DeadQuery) -> int:
        way = self._running_output(output)
        rows = await self._log.deliveries.requeue(output, query, self._clock.now())
        await way.delivery.requeue(rows)
        return len(rows)

    async def discard(self, output: str, query: DeadQuery, reason: str) -> int:
        return await self._log.deliveries.discard(output, query, reason, self._clock.now())

    def _running_output(self, output: str) -> RunningOutput:
        if output not in self._outputs:
            there = ", ".join(self._outputs) or "none"
            raise ConfigError(f'no output "{output}"; configured outputs: {there}')
        return self._outputs[output]
