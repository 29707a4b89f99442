"""Months come and go, readers follow: against a real server."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from platewire.database.postgresql import node, partitions, write
from platewire.model import Entry, Images
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import (
    MONTHS_EVERY_SECONDS,
    PostgresqlOutput,
    PostgresqlSettings,
)
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events, picture
from platewire.wire import native
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)

WRITERS = 8
BATCHES = 6


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture
async def database(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    return await server.new_database()


@contextlib.asynccontextmanager
async def sending(
    server: PostgresqlServer,
    database: str,
    clock: FakeClock,
    *,
    log: MemoryLog | None = None,
    **more: Any,
) -> AsyncIterator[PostgresqlOutput]:
    more.setdefault("url", server.url(database))
    settings = PostgresqlSettings(name="db", password="env:OWNER_PASSWORD", **more)
    output = settings.build(OutputContext(clock, log or MemoryLog(clock), SITE, Board(clock)))
    try:
        await output.connect()
        yield output
    finally:
        await output.close()


def recorded(number: int, at: datetime, first_seq: int) -> list[Entry]:
    images = Images(plate=picture(mark=7).image)
    events = [
        event.numbered(seq, at)
        for seq, event in enumerate(passage_events(number, images=images), first_seq)
    ]
    return [Entry(event, native.encode(event)) for event in events]


JANUARY, FEBRUARY, APRIL = (datetime(2026, month, 15, tzinfo=UTC) for month in (1, 2, 4))
PARTS = "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1"


async def names(connection: Any, statement: str) -> list[Any]:
    return [name for (name,) in await connection.fetch(statement)]


def test_a_month_is_that_of_utc() -> None:
    start = datetime(2025, 12, 1, tzinfo=UTC).timestamp() * 1000
    end = datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000
    month = partitions.Month(int(start), int(end), "2025_12")
    assert partitions.month_of(month.start_ms) == month
    assert partitions.month_of(month.end_ms - 1) == month
    assert partitions.month_of(month.end_ms).suffix == "2026_01"
    assert partitions.oldest_kept(JANUARY, 1) == month
    assert partitions.oldest_kept(JANUARY, 13).suffix == "2024_12"


async def test_a_month_is_added_while_a_reader_keeps_its_transaction(
    server: PostgresqlServer, database: str
) -> None:
    async with sending(server, database, FakeClock()) as output:
        await output.send(recorded(1, JANUARY, 1))
        async with connected(server, database) as reader, reader.transaction():
            await reader.fetch("SELECT * FROM platewire.anpr_passage")
            await output.send(recorded(2, FEBRUARY, 4))
        async with connected(server, database) as reader:
            assert await names(reader, PARTS) == [
                "event_2026_01", "event_2026_02", "image_2026_01", "image_2026_02",
            ]  # fmt: skip
            shown = "SELECT sha256 FROM platewire.anpr_image"
            assert await names(reader, shown) == [picture(mark=7).image.sha256]


async def test_months_that_are_over_are_dropped(server: PostgresqlServer, database: str) -> None:
    clock = FakeClock(FEBRUARY)
    async with (
        sending(server, database, clock, retention_months=1) as output,
        connected(server, database) as reader,
    ):
        await output.send(recorded(1, JANUARY, 1))
        await output.send(recorded(2, FEBRUARY, 4))
        assert len(await names(reader, PARTS)) == 4
        await clock.advance((APRIL - FEBRUARY).total_seconds())
        await output.send(recorded(3, APRIL, 7))
        assert await names(reader, PARTS) == ["event_2026_04", "image_2026_04"]
        assert await names(reader, "SELECT last_seq FROM platewire.anpr_passage") == [9]
        contract = await reader.fetchrow("SELECT * FROM platewire.anpr_contract")
        assert (contract["first_seq"], contract["last_seq"]) == (7, 9)
        gone = await reader.fetch("SELECT * FROM platewire.anpr_removal ORDER BY first_seq")
        assert [(row["what"], row["why"], row["first_seq"], row["last_seq"]) for row in gone] == [
            ("events", "age", 1, 3),
            ("events", "age", 4, 6),
        ]


class DoubtingLog(MemoryLog):
    """Believes the clock of the computer only when the test says so."""

    believes = False

    @property
    def retention_time(self) -> datetime | None:
        return super().retention_time if self.believes else None


async def test_no_month_is_dropped_by_a_clock_that_is_not_believed(
    server: PostgresqlServer, database: str
) -> None:
    clock = FakeClock(APRIL)
    log = DoubtingLog(clock)
    async with (
        sending(server, database, clock, log=log, retention_months=1) as output,
        connected(server, database) as reader,
    ):
        await output.send(recorded(1, JANUARY, 1))
        await output.send(recorded(2, APRIL, 4))
        assert "event_2026_01" in await names(reader, PARTS)
        log.believes = True
        await output.send(recorded(3, APRIL, 7))
        assert "event_2026_01" in await names(reader, PARTS), "not looked at with each batch"
        await clock.advance(MONTHS_EVERY_SECONDS)
        await output.send(recorded(4, APRIL, 10))
        assert await names(reader, PARTS) == ["event_2026_04", "image_2026_04"]


async def test_a_month_that_a_reader_holds_is_dropped_later(
    server: PostgresqlServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "DROP_LOCK_TIMEOUT", "50ms")
    clock = FakeClock(APRIL)
    async with sending(server, database, clock) as output:
        await output.send(recorded(1, JANUARY, 1))
    async with connected(server, database) as reader:
        async with reader.transaction():
            await reader.fetch("SELECT * FROM platewire.anpr_passage")
            async with sending(server, database, clock, retention_months=1) as output:
                await output.send(recorded(2, APRIL, 4))
                assert "event_2026_01" in await names(reader, PARTS)
        async with sending(server, database, clock, retention_months=1):
            assert await names(reader, PARTS) == ["event_2026_04", "image_2026_04"]


async def test_a_month_that_another_node_dropped_is_begun_again(
    server: PostgresqlServer, database: str
) -> None:
    clock = FakeClock(APRIL)
    async with sending(server, database, clock, node="slow") as slow:
        await slow.send(recorded(1, JANUARY, 1))
        async with sending(server, database, clock, retention_months=1):
            await slow.send(recorded(2, JANUARY, 4))
        async with connected(server, database) as reader:
            assert await names(reader, "SELECT seq FROM platewire.anpr_event") == [4, 5, 6]


# --- who follows never skips ---------------------------------------------------------------------


async def never(mark: node.Mark) -> bool:
    return False


async def write_slowly(connection: Any, number: int, chance: random.Random) -> None:
    """Batches whose commit comes late, by chance: then numbers could overtake each other."""
    own = await node.claim(connection, str(uuid4()), "db", SITE, JANUARY, never)
    for batch in range(BATCHES):
        at = JANUARY + timedelta(days=20 * (batch % 2))
        entries = recorded(number * 100 + batch, at, batch * 3 + 1)
        async with connection.transaction():
            await write.write(connection, own, write.Batch(entries, []))
            own = own._replace(mark=node.advance_mark(own.mark, entries))
            await connection.execute("SELECT pg_sleep($1)", chance.random() / 50)


async def follow(connection: Any, until: int) -> list[int]:
    """As a third party does: remember the largest, ask for more."""
    seen: list[int] = []
    while len(seen) < until:
        rows = await connection.fetch(
            "SELECT change_seq FROM anpr_event WHERE change_seq > $1 ORDER BY change_seq",
            seen[-1] if seen else 0,
        )
        seen += [seq for (seq,) in rows]
    return seen


async def test_a_follower_of_change_seq_never_skips(
    server: PostgresqlServer, database: str
) -> None:
    async with sending(server, database, FakeClock()):
        pass
    total = WRITERS * BATCHES * 3
    async with contextlib.AsyncExitStack() as stack:

        async def connection() -> Any:
            opened = await stack.enter_async_context(connected(server, database))
            await opened.execute("SET search_path TO platewire")
            return opened

        writers = [await connection() for _ in range(WRITERS)]
        reader = await connection()
        async with asyncio.TaskGroup() as group:
            following = group.create_task(follow(reader, total))
            for number, each in enumerate(writers):
                group.create_task(write_slowly(each, number, random.Random(number)))
        assert following.result() == list(range(1, total + 1))
        passages = await reader.fetch("SELECT count(*), count(DISTINCT last_seq) FROM anpr_passage")
        assert tuple(passages[0]) == (WRITERS * BATCHES, WRITERS * BATCHES)


async def test_listeners_hear_the_newest_seq(server: PostgresqlServer, database: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    def listen(_connection: object, _pid: int, _channel: str, payload: str) -> None:
        heard.put_nowait(payload)

    async with (
        sending(server, database, FakeClock()) as output,
        connected(server, database) as listener,
    ):
        await listener.add_listener("platewire", listen)
        await output.send(recorded(1, JANUARY, 1))
        assert await heard.get() == "3"
        await listener.remove_listener("platewire", listen)
        assert heard.empty()


READERS = 10
VIEWS = ("anpr_event", "anpr_passage", "anpr_camera", "anpr_image", "lprevents", "anpr_contract")


async def test_readers_and_the_writer_do_not_notice_each_other(
    server: PostgresqlServer, database: str
) -> None:
    """Ten read every view whole while batches are written, months begin and months are dropped."""
    over = asyncio.Event()

    async def read(connection: Any) -> int:
        rounds = 0
        while not over.is_set() or rounds == 0:
            for view in VIEWS:
                await connection.fetch(f"SELECT * FROM platewire.{view}")
            rounds += 1
        return rounds

    clock = FakeClock(JANUARY)
    async with contextlib.AsyncExitStack() as stack:
        output = await stack.enter_async_context(
            sending(server, database, clock, retention_months=1)
        )
        readers = [
            await stack.enter_async_context(connected(server, database)) for _ in range(READERS)
        ]
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(read(each)) for each in readers]
            for number in range(30):
                await output.send(recorded(number, clock.now(), 3 * number + 1))
                await clock.advance(timedelta(days=10).total_seconds())
            over.set()
        assert all(task.result() for task in reading)
        contract = await readers[0].fetchrow("SELECT * FROM platewire.anpr_contract")
        assert contract["last_seq"] == 90
