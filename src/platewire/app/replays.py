"""Replays requested by users, as jobs beside the live deliveries.

An output that connects to its receiver gets its own connection for the replay. One that listens has
only one listener, so the replay borrows it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from platewire.delivery import ReplayResult, replay
from platewire.delivery.events.choice import Choice
from platewire.errors import ConfigError, LogError, PlatewireError
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.outputs.output import Output, OutputSettings
from platewire.runtime.clock import Clock
from platewire.runtime.supervise import describe, raise_if_all_concerned
from platewire.web.context import Job

JOBS_KEPT = 50
"""Finished replays that are listed, the newest; a bound on memory, more than an operator looks
up."""

diagnostics = logging.getLogger(__name__)


class SharedOutput(Output):
    """A live output as a replay uses it: to send, not to connect or close."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.batch = output.batch

    async def connect(self) -> None:
        """The live delivery has done that."""

    async def send(self, entries: Sequence[Entry]) -> None:
        await self._output.send(entries)

    async def close(self) -> None:
        """The live delivery will do that."""


class Replays:
    """Starts replays in the server's task group; they end when `leaving` is set."""

    def __init__(
        self, group: asyncio.TaskGroup, log: EventLog, clock: Clock, leaving: asyncio.Event
    ) -> None:
        self._group = group
        self._leaving = leaving
        self._log = log
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._canceled: dict[str, asyncio.Event] = {}
        self._started = 0

    def jobs(self) -> Sequence[Job]:
        """Newest first."""
        return tuple(reversed(self._jobs.values()))

    def cancel(self, job: str) -> Job | None:
        """Ends it after the send that runs; None where there is no such job."""
        if job in self._canceled and self._jobs[job].state == "running":
            self._canceled[job].set()
            self._update(job, state="canceled", ended_at=self._clock.now())
        return self._jobs.get(job)

    def start(
        self,
        settings: OutputSettings,
        output: Output,
        choice: Choice,
        rate: float | None = None,
    ) -> str:
        """Starts sending again; the job's id. ConfigError when there is nothing to send."""
        if not choice.total:
            raise ConfigError(
                f"nothing to replay: no matching events; the event log contains seq "
                f"{self._log.first_seq} to {self._log.last_seq}"
            )
        self._started += 1
        job = Job(
            id=str(self._started),
            output=settings.name,
            what=choice.what,
            from_seq=choice.first_seq,
            to_seq=choice.last_seq,
            at_seq=choice.first_seq - 1,
            total=choice.total,
            rate=rate,
            state="running",
            started_at=self._clock.now(),
        )
        self._jobs[job.id] = job
        self._canceled[job.id] = asyncio.Event()
        for old in [each for each, it in self._jobs.items() if it.state != "running"][:-JOBS_KEPT]:
            del self._jobs[old], self._canceled[old]
        self._group.create_task(
            self._until_ended(job, settings, output, choice), name=f"replay-{job.id}"
        )
        return job.id

    async def _until_ended(
        self, job: Job, settings: OutputSettings, output: Output, choice: Choice
    ) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self._run(job, settings, output, choice))
            leaving = group.create_task(self._leaving.wait())
            canceled = group.create_task(self._canceled[job.id].wait())
            tasks = {running, leaving, canceled}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()

    async def _run(
        self, job: Job, settings: OutputSettings, output: Output, choice: Choice
    ) -> None:
        try:
            result = await self._replay(job, settings, output, choice)
        except BaseException as error:
            # A LogError too: the loops that write to the log find out by themselves.
            if isinstance(error, LogError):
                self._ended(job.id, state="failed", message=str(error))
                return
            raise_if_all_concerned(error)
            self._ended(job.id, state="failed", message=describe(error))
            if not isinstance(error, PlatewireError):
                diagnostics.error("replay %s to %s failed", job.id, job.output, exc_info=error)
        else:
            said = "; ".join(
                (f"{result.delivered} sent, {result.rejected} rejected", *result.reasons)
            )
            state = "failed" if result.rejected else "done"
            self._ended(job.id, state=state, message=said, rejected=result.rejected)

    async def _replay(
        self, job: Job, settings: OutputSettings, output: Output, choice: Choice
    ) -> ReplayResult:
        """Sends the events, and updates the job meanwhile."""
        sent = 0

        def progress(done: int, total: int) -> None:
            at_seq = job.to_seq - (total - done) if choice.seqs is None else choice.seqs[done - 1]
            self._update(job.id, at_seq=at_seq, done=done, message="")

        async def delivered(entries: Sequence[Entry]) -> None:
            nonlocal sent
            sent += len(entries)
            self._update(job.id, sent=sent)
            if choice.what == "failed":
                await self._log.deliveries.resolve(
                    settings.name, [entry.event.seq for entry in entries]
                )

        return await replay(
            self._log,
            output,
            choice,
            rate=job.rate,
            clock=self._clock,
            progress=progress,
            on_delivered=delivered,
            probe_seconds=settings.probe_seconds,
            waiting=lambda reason: self._update(job.id, message=reason),
        )

    def _ended(self, job: str, **changes: Any) -> None:
        self._update(job, ended_at=self._clock.now(), **changes)

    def _update(self, job: str, **changes: Any) -> None:
        if job in self._jobs:
            self._jobs[job] = structs.replace(self._jobs[job], **changes)
