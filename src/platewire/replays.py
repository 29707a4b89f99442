"""Replays that somebody asked for, as jobs beside the live deliveries.

A transfer that connects to its third party gets a connection of its own for the replay. One that
listens can have but one listener, so the replay borrows it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from platewire.clock import Clock
from platewire.delivery import replay
from platewire.errors import ConfigError, PlatewireError
from platewire.model import Entry, EventReader
from platewire.transfers.transfer import Transfer, TransferSettings
from platewire.web.context import Job

JOBS_KEPT = 50


class Borrowed:
    """A live transfer as a replay uses it: to send, not to connect or close."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer

    @property
    def batch(self) -> int:
        return self._transfer.batch

    async def connect(self) -> None:
        """The live delivery has done that."""

    async def send(self, entries: Sequence[Entry]) -> None:
        await self._transfer.send(entries)

    async def close(self) -> None:
        """The live delivery will do that."""


class Replays:
    """Starts replays in the server's task group; they end when `leaving` is set."""

    def __init__(
        self, group: asyncio.TaskGroup, log: EventReader, clock: Clock, leaving: asyncio.Event
    ) -> None:
        self._group = group
        self._leaving = leaving
        self._log = log
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._started = 0

    def jobs(self) -> Sequence[Job]:
        """Newest first."""
        return tuple(reversed(self._jobs.values()))

    def start(
        self,
        settings: TransferSettings,
        transfer: Transfer,
        from_seq: int,
        to_seq: int | None,
        rate: float | None = None,
    ) -> str:
        """Starts sending again; the job's id. ConfigError when there is nothing in that range."""
        last = self._log.last_seq if to_seq is None else min(to_seq, self._log.last_seq)
        if from_seq > last:
            raise ConfigError(
                f"nothing to replay: the log holds seq {self._log.first_seq} to "
                f"{self._log.last_seq}, and {from_seq} to {last} was asked for"
            )
        self._started += 1
        job = Job(
            id=str(self._started),
            transfer=settings.name,
            from_seq=from_seq,
            to_seq=last,
            at_seq=from_seq - 1,
            state="running",
        )
        self._jobs[job.id] = job
        for old in list(self._jobs)[:-JOBS_KEPT]:
            del self._jobs[old]
        self._group.create_task(
            self._until_leaving(job, settings, transfer, rate), name=f"replay-{job.id}"
        )
        return job.id

    async def _until_leaving(
        self, job: Job, settings: TransferSettings, transfer: Transfer, rate: float | None
    ) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self._run(job, settings, transfer, rate))
            leaving = group.create_task(self._leaving.wait())
            await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            leaving.cancel()

    async def _run(
        self, job: Job, settings: TransferSettings, transfer: Transfer, rate: float | None
    ) -> None:
        def progress(done: int, total: int) -> None:
            self._update(job.id, at_seq=job.to_seq - (total - done), message="")

        def waiting(reason: str) -> None:
            self._update(job.id, message=reason)

        try:
            result = await replay(
                self._log,
                settings,
                transfer,
                job.from_seq,
                job.to_seq,
                rate=rate,
                clock=self._clock,
                progress=progress,
                waiting=waiting,
            )
        except PlatewireError as error:
            self._update(job.id, state="failed", message=str(error))
        else:
            said = "; ".join(
                (f"{result.delivered} sent, {result.rejected} rejected", *result.reasons)
            )
            state = "failed" if result.rejected else "done"
            self._update(job.id, state=state, message=said)

    def _update(self, job: str, **changes: Any) -> None:
        if job in self._jobs:
            self._jobs[job] = structs.replace(self._jobs[job], **changes)
