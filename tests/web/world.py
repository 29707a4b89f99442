"""A web server on a real socket over an event log in memory, and the events to put into it."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import cv2
import numpy as np
from msgspec import structs

from platewire.clock import SystemClock
from platewire.model import (
    Attribute,
    Box,
    Direction,
    Entry,
    Event,
    Image,
    Images,
    Kind,
    Picture,
    Plate,
    Site,
    Vehicle,
)
from platewire.status import Board, State
from platewire.testing.memory_log import MemoryLog
from platewire.web.app import build_app
from platewire.web.context import Job, PassageRow, WebContext
from platewire.web.serve import serve
from platewire.web.settings import Access, Address

START = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)


def picture(text: str, width: int = 176, height: int = 44) -> Picture:
    """A plate as a camera might crop it."""
    pixels = np.full((height, width, 3), (225, 228, 224), np.uint8)
    noise = np.random.default_rng(len(text)).normal(0, 9, pixels.shape)
    cv2.putText(pixels, text, (8, height - 12), cv2.FONT_HERSHEY_DUPLEX, 0.85, (40, 36, 34), 2)
    pixels = np.clip(cv2.GaussianBlur(pixels, (3, 3), 0) + noise, 0, 255).astype(np.uint8)
    return jpeg_picture(pixels)


def jpeg_picture(pixels: Any) -> Picture:
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    sha256 = hashlib.sha256(jpeg).hexdigest()
    height, width = pixels.shape[:2]
    url = f"/api/v1/images/{sha256}.jpg"
    return Picture(
        "plate", Image(url=url, sha256=sha256, width=width, height=height, bytes=len(jpeg)), jpeg
    )


def event(
    plate: str = "B AB 1234",
    *,
    kind: Kind = Kind.NEW,
    camera: str = "gate",
    at: datetime = START,
    images: Images = Images(),
    color: str | None = "blue",
    country: str | None = "DE",
    **more: Any,
) -> Event:
    text = "".join(filter(str.isalnum, plate)).upper()
    return Event(
        id=uuid4(),
        kind=kind,
        passage=more.pop("passage", None) or uuid4(),
        passage_number=more.pop("passage_number", 7),
        revision=more.pop("revision", 0),
        changed=more.pop("changed", ()),
        occurred_at=at,
        first_seen_at=more.pop("first_seen_at", at),
        last_seen_at=at + timedelta(seconds=2),
        camera=camera,
        zone=more.pop("zone", None),
        direction=more.pop("direction", Direction.IN),
        plate=Plate(
            text=text,
            display=plate,
            raw=text,
            unicode=text,
            country=country,
            confidence=more.pop("confidence", 0.93),
            characters=(0.93,) * len(text),
            box=Box(10, 10, 100, 30),
        ),
        vehicle=Vehicle(color=Attribute(color, 0.8) if color else None),
        images=images,
        reads=more.pop("reads", 3),
        **more,
    )


def after(earlier: Event, kind: Kind, plate: str | None = None, **changes: Any) -> Event:
    """The next event of the same passage."""
    text = plate if plate is not None else earlier.plate.display
    again = structs.replace(
        earlier.plate, display=text, text="".join(filter(str.isalnum, text)).upper()
    )
    return structs.replace(
        earlier,
        id=uuid4(),
        kind=kind,
        revision=earlier.revision + 1,
        last_seen_at=earlier.last_seen_at + timedelta(seconds=2),
        plate=again,
        reads=earlier.reads + 4,
        **changes,
    )


class LogQueries:
    """The questions of the web, answered from the log in memory."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def _all(self) -> list[Entry]:
        return list(await self._log.read(self._log.first_seq - 1, 1_000_000))

    async def events(
        self,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        camera: str | None = None,
        kind: Kind | None = None,
        plate: str | None = None,
    ) -> Sequence[Entry]:
        found = [
            entry
            for entry in await self._all()
            if (after is None or entry.event.seq > after)
            and (before is None or entry.event.seq < before)
            and camera in (None, entry.event.camera)
            and kind in (None, entry.event.kind)
            and entry.event.plate.text.startswith(plate or "")
        ]
        return (found if after is not None else found[::-1])[:limit]

    async def event(self, seq: int) -> Entry | None:
        return next((entry for entry in await self._all() if entry.event.seq == seq), None)

    async def passages(
        self,
        *,
        before: int | None = None,
        limit: int,
        camera: str | None = None,
        plate: str | None = None,
        open_only: bool = False,
    ) -> Sequence[PassageRow]:
        rows: dict[UUID, PassageRow] = {}
        for entry in await self._all():
            first = rows.get(entry.event.passage)
            seq = first.first_seq if first else entry.event.seq
            rows[entry.event.passage] = PassageRow(seq, entry)
        found = [
            row
            for row in reversed(rows.values())
            if (before is None or row.first_seq < before)
            and camera in (None, row.last.event.camera)
            and row.last.event.plate.text.startswith(plate or "")
            and not (open_only and row.last.event.kind is Kind.LOST)
        ]
        return found[:limit]

    async def passage(self, passage: UUID) -> Sequence[Entry]:
        return [entry for entry in await self._all() if entry.event.passage == passage]


@dataclass
class ToyActions:
    """Pauses on the board, and remembers replays."""

    board: Board
    started: list[Job] = field(default_factory=list)

    async def pause(self, transfer: str) -> None:
        self.board.say("transfer", transfer, State.PAUSED, "paused by hand")

    async def resume(self, transfer: str) -> None:
        self.board.say("transfer", transfer, State.RUNNING)

    async def replay(self, transfer: str, from_seq: int, to_seq: int | None) -> str:
        job = Job(
            id=str(len(self.started) + 1),
            transfer=transfer,
            from_seq=from_seq,
            to_seq=to_seq or from_seq,
            at_seq=from_seq,
            state="running",
        )
        self.started.insert(0, job)
        return job.id

    def jobs(self) -> Sequence[Job]:
        return self.started


class World:
    """Everything the web sees, and the running server."""

    def __init__(self, token: str | None = None, public_url: str | None = None) -> None:
        clock = SystemClock()
        self.log = MemoryLog(clock)
        self.board = Board(clock)
        self.snapshots: dict[str, bytes] = {}
        self.actions = ToyActions(self.board)
        self.context = WebContext(
            access=Access(Address("127.0.0.1", 0), token, public_url),
            clock=clock,
            log=self.log,
            queries=LogQueries(self.log),
            board=self.board,
            site=Site(
                name="North gate", system_id=1, latitude=0, longitude=0, channels={}, zones={}
            ),
            snapshot=self._snapshot,
            actions=self.actions,
            version="1.2.3",
        )
        self.url = ""

    async def _snapshot(self, camera: str) -> bytes | None:
        return self.snapshots.get(camera)

    async def add(self, *events: Event, pictures: Sequence[Picture] = ()) -> Sequence[Entry]:
        return await self.log.append("gate", events, pictures)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["World"]:
        address: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        stopping = self.context.stopping
        async with asyncio.TaskGroup() as group:
            group.create_task(
                serve(
                    build_app(self.context),
                    self.context.access.address,
                    stopping=stopping,
                    listening=address.set_result,
                )
            )
            self.url = f"http://{await address}"
            try:
                yield self
            finally:
                stopping.set()

    @contextlib.asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[aiohttp.ClientSession]:
        async with aiohttp.ClientSession(self.url, **options) as client:
            yield client


async def blocks(content: aiohttp.StreamReader) -> AsyncIterator[dict[str, str]]:
    """The events of a live stream, each as its fields."""
    fields: dict[str, str] = {}
    async for line in content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif fields:
            yield fields
            fields = {}
