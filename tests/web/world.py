"""A web server on a real socket over a real event log, and the events to put into it."""

import asyncio
import contextlib
import hashlib
import itertools
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import cv2
import numpy as np
from msgspec import structs

from platewire.database.queries import Database
from platewire.eventlog.deliveries.records import (
    Attempt,
    DeadGroup,
    DeadLetter,
    DeadQuery,
    EventTestResult,
    Parked,
)
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.lists.lists import Lists
from platewire.lists.settings import ListKind, ListSettings
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
from platewire.runtime.clock import SystemClock
from platewire.runtime.server_tls import ServerTls
from platewire.runtime.status import Board, State
from platewire.web.app import build_app
from platewire.web.context import Job, ReplayRequest, WebContext
from platewire.web.scopes import ALL
from platewire.web.serve import serve
from platewire.web.settings import Access, Address, Key

NO_IMAGES = Images()
_numbers = itertools.count(1)
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
    images: Images = NO_IMAGES,
    color: str | None = "blue",
    country: str | None = "DE",
    **more: Any,
) -> Event:
    text = "".join(filter(str.isalnum, plate)).upper()
    return Event(
        id=uuid4(),
        kind=kind,
        passage=more.pop("passage", None) or uuid4(),
        passage_number=next(_numbers),
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


@dataclass
class ToyActions:
    """Pauses on the board, and remembers replays; the log is a real one."""

    board: Board
    log: SqliteLog
    started: list[Job] = field(default_factory=list)

    async def pause(self, output: str) -> None:
        self.board.say("output", output, State.PAUSED, "paused by hand")

    async def resume(self, output: str) -> None:
        self.board.say("output", output, State.RUNNING)

    async def restart(self, role: str, name: str) -> None:
        self.board.say(role, name, State.RUNNING)

    async def replay(self, output: str, wish: ReplayRequest) -> str:
        job = Job(
            id=str(len(self.started) + 1),
            output=output,
            what=wish.what,
            from_seq=wish.from_seq,
            to_seq=wish.to_seq or wish.from_seq,
            at_seq=wish.from_seq,
            rate=wish.rate,
            state="running",
        )
        self.started.insert(0, job)
        return job.id

    def jobs(self) -> Sequence[Job]:
        return self.started

    def cancel(self, job: str) -> Job | None:
        found = next((each for each in self.started if each.id == job), None)
        return None if found is None else structs.replace(found, state="canceled")

    async def test(self, output: str, kinds: Sequence[Kind]) -> Sequence[EventTestResult]:
        return [
            EventTestResult(kind=kind, outcome="delivered", seconds=0.01, status=200)
            for kind in kinds or tuple(Kind)
        ]

    async def parked(self, output: str) -> Sequence[Parked]:
        return await self.log.deliveries.parked(output)

    async def attempts(self, output: str, seq: int | None, limit: int) -> Sequence[Attempt]:
        return await self.log.deliveries.attempts(output, seq, limit)

    async def dead(self, output: str, query: DeadQuery, limit: int) -> Sequence[DeadLetter]:
        return await self.log.deliveries.dead_letters(output, query, limit)

    async def dead_groups(self, output: str) -> Sequence[DeadGroup]:
        return await self.log.deliveries.dead_letter_groups(output)

    async def requeue(self, output: str, query: DeadQuery) -> int:
        return len(await self.log.deliveries.requeue(output, query, START))

    async def discard(self, output: str, query: DeadQuery, reason: str) -> int:
        return await self.log.deliveries.discard(output, query, reason, START)


def attempt(output: str, seq: int) -> Attempt:
    return Attempt(
        output=output,
        seq=seq,
        number=1,
        at=START,
        seconds=0.25,
        outcome="rejected",
        status=422,
        request="POST http://gate.example/",
        answer="no such gate",
        error="422",
    )


class World:
    """Everything the web sees, and the running server."""

    def __init__(
        self,
        folder: Path,
        log: SqliteLog,
        database: Database,
        board: Board,
        access: Access,
        lists: Lists,
    ) -> None:
        self.folder = folder
        self.log = log
        self.lists = lists
        self.board = board
        self.snapshots: dict[str, bytes] = {}
        self.actions = ToyActions(board, log)
        self.url = ""
        self.context = WebContext(
            access=access,
            clock=SystemClock(),
            log=log,
            queries=database,
            board=board,
            site=Site(
                name="North gate", system_id=1, latitude=0, longitude=0, channels={}, zones={}
            ),
            snapshot=self._snapshot,
            actions=self.actions,
            version="1.2.3",
            lists=lists,
        )

    async def _snapshot(self, camera: str) -> bytes | None:
        return self.snapshots.get(camera)

    async def add(self, *events: Event, pictures: Sequence[Picture] = ()) -> Sequence[Entry]:
        return await self.log.append("gate", events, pictures)

    async def give_up(self, output: str, *seqs: int, **more: Any) -> None:
        """Dead letters of these events."""
        plain = {"outcome": "rejected", "status": 422, "reason": "422 no such gate", "at": START}
        await self.log.deliveries.add_dead_letters(
            [DeadLetter(output=output, seq=seq, **{**plain, **more}) for seq in seqs]
        )

    @contextlib.asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[aiohttp.ClientSession]:
        """A client. Its answers are kept until the end and closed then: one of which only the head
        was read would otherwise hold its connection until the garbage collector warns of it."""
        trace, answers = aiohttp.TraceConfig(), list[aiohttp.ClientResponse]()

        async def keep(_: object, __: object, ended: aiohttp.TraceRequestEndParams) -> None:
            answers.append(ended.response)

        trace.on_request_end.append(keep)
        async with aiohttp.ClientSession(self.url, trace_configs=[trace], **options) as client:
            try:
                yield client
            finally:
                for answer in answers:
                    answer.close()


def keys_of(token: str | Sequence[Key] | None) -> tuple[Key, ...]:
    """One token that may do everything, or the keys as they are."""
    if token is None:
        return ()
    return (Key("web.token", token, ALL),) if isinstance(token, str) else tuple(token)


@contextlib.asynccontextmanager
async def at_rest(
    token: str | Sequence[Key] | None = None,
    public_url: str | None = None,
    tls: ServerTls | None = None,
) -> AsyncIterator[World]:
    """All but the server, in a folder that goes away."""
    clock = SystemClock()
    board = Board(clock)
    with tempfile.TemporaryDirectory() as folder:
        settings = LogSettings(folder=Path(folder))
        log = await SqliteLog.open(settings, clock, board)
        database = Database.open_read_only(settings.database)
        lists = Lists.open(
            Path(folder),
            [ListSettings(name="it", kind=ListKind.ALLOW)],
            zone=ZoneInfo("UTC"),
            cameras=["gate"],
            now=clock.now(),
        )
        try:
            yield World(
                Path(folder),
                log,
                database,
                board,
                Access(Address("127.0.0.1", 0), keys_of(token), public_url, tls),
                lists,
            )
        finally:
            await lists.close()
            await log.close()
            await database.close()


@contextlib.asynccontextmanager
async def serving(
    token: str | Sequence[Key] | None = None,
    public_url: str | None = None,
    tls: ServerTls | None = None,
) -> AsyncIterator[World]:
    async with at_rest(token, public_url, tls) as world, running(world):
        yield world


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    address: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    stopping = world.context.stopping
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve(
                build_app(world.context),
                world.context.access.address,
                stopping=stopping,
                tls=world.context.access.tls,
                trusted_proxies=world.context.access.trusted_proxies,
                listening=address.set_result,
            )
        )
        world.url = world.context.access._replace(address=await address).url
        try:
            yield
        finally:
            stopping.set()


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
