"""The PostgreSQL output against a real server: exactly once, in order, whatever breaks."""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import asyncpg
import pytest
from msgspec import structs

from platewire.database.postgresql.connection import explained
from platewire.delivery import Delivery
from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.eventlog.deliveries.records import Ranges
from platewire.model import Entry, Event, Images, Kind, Site
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import PostgresqlOutput, PostgresqlSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing import counterpart
from platewire.testing.check_output import SITE, Arrival, Conduct, check_output
from platewire.testing.memory_delivery_book import MemoryDeliveryBook
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events, picture
from platewire.wire import native
from tests.acceptance.ports import free_port
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture
async def database(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    return await server.new_database()


Make = Callable[..., PostgresqlSettings]


@pytest.fixture
def settings(server: PostgresqlServer, database: str) -> Make:
    def make(**more: Any) -> PostgresqlSettings:
        plain = {"name": "db", "url": server.url(database), "password": "env:OWNER_PASSWORD"}
        return PostgresqlSettings(**{**plain, **more})

    return make


def context(log: MemoryLog | None = None, site: Site = SITE) -> OutputContext:
    clock = SystemClock()
    return OutputContext(clock, log or MemoryLog(clock), site, Board(clock))


@contextlib.asynccontextmanager
async def sending(
    settings: PostgresqlSettings, inside: OutputContext | None = None
) -> AsyncIterator[PostgresqlOutput]:
    output = settings.build(inside or context())
    await output.connect()
    try:
        yield output
    finally:
        await output.close()


def entries(events: Sequence[Event], first_seq: int = 1) -> list[Entry]:
    """As a log numbers them, recorded when they happened."""
    numbered = [
        event.numbered(seq, event.occurred_at) for seq, event in enumerate(events, first_seq)
    ]
    return [Entry(event, native.encode(event)) for event in numbered]


# --- what every output does --------------------------------------------------------------------


class Counterpart(counterpart.Counterpart):
    """The database as the check of all outputs asks for it."""

    can = frozenset({Conduct.DIE, Conduct.STALL})

    def __init__(self, server: PostgresqlServer, database: str) -> None:
        self._locking = contextlib.AsyncExitStack()
        self._arrivals: list[Arrival] = []
        self._server = server
        self._database = database

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def arrived(self, count: int) -> Sequence[Arrival]:
        """What is committed is there: nothing has to be waited for."""
        async with connected(self._server, self._database) as connection:
            rows = await connection.fetch(
                "SELECT passage_number, kind FROM platewire.anpr_event ORDER BY seq"
            )
        there = [Arrival(number, Kind(kind)) for number, kind in rows]
        self._arrivals += [each for each in there if each not in self._arrivals]
        return list(self._arrivals)

    async def behave(self, conduct: Conduct) -> None:
        await self._locking.aclose()
        if conduct is Conduct.DIE:
            async with connected(self._server, self._database) as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        elif conduct is Conduct.STALL:
            opened = connected(self._server, self._database)
            connection = await self._locking.enter_async_context(opened)
            await self._locking.enter_async_context(connection.transaction())
            await connection.execute("LOCK TABLE platewire.anpr_event IN EXCLUSIVE MODE")


async def test_passes_the_check_of_all_outputs(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    try:
        await check_output(settings().build, Counterpart(server, database), name="db")
    finally:
        await asyncio.to_thread(server.start)


# --- exactly once --------------------------------------------------------------------------------


async def table(server: PostgresqlServer, database: str, statement: str) -> list[tuple[Any, ...]]:
    async with connected(server, database) as connection:
        await connection.execute("SET search_path TO platewire")
        return [tuple(row) for row in await connection.fetch(statement)]


async def test_sent_again_changes_nothing(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    sent = entries(passage_events(1))
    replayed = [
        Entry(event, native.encode(event))
        for event in (structs.replace(entry.event, replayed=True) for entry in sent)
    ]
    async with sending(settings()) as output:
        await output.send(sent[:2])
        await output.send([*sent, *sent])
        before = await table(server, database, "SELECT * FROM anpr_passage")
        await output.send(replayed)
    assert await table(server, database, "SELECT * FROM anpr_passage") == before
    found = await table(server, database, "SELECT seq, id FROM anpr_event ORDER BY seq")
    assert found == [(seq, str(entry.event.id)) for seq, entry in enumerate(sent, 1)]
    assert await table(server, database, "SELECT last_seq FROM anpr_contract") == [(3,)]


async def test_an_older_revision_never_overwrites_a_newer_one(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    new, updated, lost = entries(passage_events(1))
    asked = "SELECT state, revision, first_seq, last_seq, change_seq FROM anpr_passage"
    async with sending(settings()) as output:
        await output.send([updated])
        assert await table(server, database, asked) == [("open", 1, 1, 1, 1)]
        await output.send([lost, new])
    assert await table(server, database, asked) == [("closed", 2, 1, 2, 2)]


async def test_nodes_are_kept_apart(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    """Same camera names, same passage numbers, another site."""
    theirs = [
        structs.replace(event, id=event.passage, passage=event.id)
        for event in passage_events(1, text="ZZ9")[:1]
    ]
    south = Site(
        name="south",
        system_id=8,
        latitude=0,
        longitude=0,
        channels={"gate": 5},
        zones={"gate": ("x", "entry")},
    )
    async with (
        sending(settings()) as north,
        sending(settings(name="other"), context(site=south)) as other,
    ):
        await north.send(entries(passage_events(1)))
        await other.send(entries(theirs))
    found = await table(
        server,
        database,
        "SELECT node, number, system_id, channel_index, zone_index FROM lprevents ORDER BY id",
    )
    assert found == [("check", "BU9042", 7, 0, 0), ("south", "ZZ9", 8, 5, 1)]
    cameras = "SELECT node, camera, passages, last_seq FROM anpr_camera WHERE passages > 0"
    assert set(await table(server, database, cameras)) == {
        ("check", "gate", 1, 3),
        ("south", "gate", 1, 4),
    }
    seqs = "SELECT seq, node, node_seq FROM anpr_event ORDER BY seq"
    assert (await table(server, database, seqs))[2:] == [(3, "check", 3), (4, "south", 1)]


async def test_a_plate_that_is_sql(server: PostgresqlServer, database: str, settings: Make) -> None:
    event = passage_events(1)[0]
    text = "'; DROP TABLE event; --\0\"\\N\t{}"
    plate = structs.replace(event.plate, text=text, display="😀 'Ü'")
    async with sending(settings()) as output:
        await output.send(entries([structs.replace(event, plate=plate, camera='"; tor')]))
    found = await table(server, database, "SELECT plate, plate_display, camera FROM anpr_passage")
    assert found == [(text.replace("\0", "\ufffd"), "😀 'Ü'", '"; tor')]


# --- pictures ------------------------------------------------------------------------------------

SHOWN = [picture("plate"), picture("vehicle", mark=1), picture("frame", mark=2)]


@pytest.mark.parametrize(("choice", "kept"), [("none", 0), ("plate", 1), ("frame", 3)])
async def test_pictures_are_kept_as_asked(
    choice: str, kept: int, server: PostgresqlServer, database: str, settings: Make
) -> None:
    log = MemoryLog(SystemClock())
    plate, vehicle, frame = (each.image for each in SHOWN)
    images = Images(plate=plate, vehicle=vehicle, frame=frame)
    logged = await log.append("gate", passage_events(1, images=images), SHOWN)
    async with sending(settings(picture=choice, links="http://gate:8480"), context(log)) as output:
        await output.send(logged)
    found = {
        row[0]: row[1:]
        for row in await table(server, database, "SELECT sha256, jpeg, path FROM anpr_image")
    }
    for index, each in enumerate(SHOWN):
        inside = index < kept
        link = f"http://gate:8480{each.image.url}"
        assert found[each.image.sha256] == ((each.jpeg, None) if inside else (None, link))
    (plate_jpeg,) = await table(server, database, "SELECT plate_jpeg FROM anpr_passage")
    assert plate_jpeg == (SHOWN[0].jpeg if kept else None,)


# --- what breaks ---------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def locked(server: PostgresqlServer, database: str) -> AsyncIterator[Any]:
    """Another transaction holds what every batch needs; it ends with its connection."""
    async with connected(server, database) as connection:
        await connection.execute("BEGIN; SELECT FROM platewire.log FOR UPDATE")
        yield connection


async def waiting(connection: Any, application: str) -> int:
    """The process that serves `application`, once it waits for a lock."""
    while True:
        pid: int | None = await connection.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE application_name = $1 "
            "AND wait_event_type = 'Lock' AND datname = current_database()",
            application,
        )
        # Statistics are the same for the whole of a transaction, unless one asks anew.
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        if pid is not None:
            return pid


async def breaks_off(
    server: PostgresqlServer,
    database: str,
    settings: Make,
    cut: Callable[[Any, int], Awaitable[object]],
) -> None:
    """`cut` gets a connection and the output's process, while that is inside a transaction."""
    first, second = entries(passage_events(1)), entries(passage_events(2), 4)
    async with sending(settings()) as output:
        await output.send(first)
        async with locked(server, database) as blocker:
            task = asyncio.create_task(output.send(second))
            await cut(blocker, await waiting(blocker, "platewire db"))
            with pytest.raises(Unavailable, match=r"connection|terminating"):
                await task
        await asyncio.to_thread(server.start)
        await output.connect()
        await output.send(second)
    found = await table(server, database, "SELECT seq, node_seq FROM anpr_event ORDER BY seq")
    assert found == [(seq, seq) for seq in range(1, 7)]


async def test_backend_killed_inside_a_transaction(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    async def cut(connection: Any, pid: int) -> None:
        await connection.execute("SELECT pg_terminate_backend($1)", pid)

    await breaks_off(server, database, settings, cut)


async def test_server_crashes_inside_a_transaction(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    async def cut(connection: Any, pid: int) -> None:
        await asyncio.to_thread(server.stop, "immediate")

    await breaks_off(server, database, settings, cut)


class CuttingRelay:
    """A way to the server that, once armed, hands a COMMIT on and then loses the answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ways: list[asyncio.Future[None]] = []
        self.armed = False
        self.port = 0

    async def __aenter__(self) -> "CuttingRelay":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*self._ways)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ways.append(way)
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
        answers = asyncio.create_task(copy(inner_reader, writer))
        if await self._hand_on(reader, inner_writer, answers):
            # Its answer: the transaction is committed.
            await inner_reader.read(65536)
        answers.cancel()
        for each in (writer, inner_writer):
            each.close()
            with contextlib.suppress(OSError):
                await each.wait_closed()
        way.set_result(None)

    async def _hand_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: "asyncio.Task[None]",
    ) -> bool:
        """Until the end or, true, until a COMMIT was handed on."""
        while data := await reader.read(65536):
            if last := self.armed and b"COMMIT;" in data:
                answers.cancel()
                await asyncio.wait([answers])
            writer.write(data)
            await writer.drain()
            if last:
                return True
        return False


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def test_connection_lost_inside_commit(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    """Nobody knows whether it was committed; sent again, it is there once."""
    sent = entries(passage_events(1))
    async with CuttingRelay(server.port) as relay:
        url = f"postgresql://owner@127.0.0.1:{relay.port}/{database}"
        async with sending(settings(url=url)) as output:
            await output.held(0)  # As the loop asks before it sends.
            relay.armed = True
            with pytest.raises(Unavailable, match="connection"):
                await output.send(sent)
            relay.armed = False
            assert len(await table(server, database, "SELECT FROM anpr_event")) == 3
            await output.connect()
            await output.send(sent)
    assert len(await table(server, database, "SELECT FROM anpr_event")) == 3


async def test_a_lock_that_is_held_too_long(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    sent = entries(passage_events(1))
    async with sending(settings(statement_seconds=1)) as output:
        async with locked(server, database):
            with pytest.raises(Unavailable, match="lock"):
                await output.send(sent)
        await output.connect()
        await output.send(sent)
    assert len(await table(server, database, "SELECT FROM anpr_event")) == 3


async def test_goes_to_the_host_that_can_be_written_to(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    url = f"postgresql://owner@127.0.0.1:{free_port()},127.0.0.1:{server.port}/{database}"
    async with sending(settings(url=url)) as output:
        await output.send(entries(passage_events(1)))


class WatchedBook(MemoryDeliveryBook):
    """Tells when a cursor has moved."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self._moved = asyncio.Condition()
        self._at = 0

    async def set_cursor(self, output: str, seq: int, above: Ranges = ()) -> None:
        await super().set_cursor(output, seq, above)
        async with self._moved:
            self._at = seq
            self._moved.notify_all()

    async def delivered(self, seq: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self._at >= seq)


async def test_delivery_outlives_a_crash_of_the_server(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    """The whole way: the loop that reads the log, tries again, and moves its cursor."""
    clock = SystemClock()
    log = MemoryLog(clock)
    log.deliveries = book = WatchedBook(log)
    chosen = settings(batch=5)
    output = chosen.build(context(log))
    delivery = Delivery(chosen, output, log, clock=clock, board=Board(clock))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(delivery.run())
        for step in range(3):
            numbers = range(step * 10, step * 10 + 10)
            await log.append("gate", [each for n in numbers for each in passage_events(n)])
            if step == 1:
                await asyncio.to_thread(server.stop, "immediate")
                await asyncio.to_thread(server.start)
            await book.delivered(log.last_seq)
        running.cancel()
    found = await table(server, database, "SELECT seq, node_seq FROM anpr_event ORDER BY seq")
    assert found == [(seq, seq) for seq in range(1, 91)]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (asyncpg.DiskFullError("no space"), Unavailable, "disk of the server is full"),
        (asyncpg.SerializationError("could not serialize"), Unavailable, "retrying"),
        (asyncpg.TooManyConnectionsError("too many"), Unavailable, "max_connections"),
        (asyncpg.ReadOnlySQLTransactionError("read-only"), Unavailable, "set the primary"),
        (asyncpg.UndefinedTableError("no event"), Unavailable, "were changed by another program"),
        (asyncpg.CannotConnectNowError("starting up"), Unavailable, "starting"),
        (ssl.SSLError("certificate verify failed"), Unavailable, "check sslmode"),
        (TimeoutError(), Unavailable, "no response"),
        (asyncpg.NumericValueOutOfRangeError("too large"), Rejected, "cannot be stored"),
    ],
)
def test_errors_that_are_hard_to_bring_about(
    error: Exception, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said), explained("db", storing=True):
        raise error


# --- what is refused, in words -------------------------------------------------------------------


async def complaint(settings: PostgresqlSettings) -> str:
    output = settings.build(context())
    with pytest.raises(Unavailable) as caught:
        await output.connect()
    await output.close()
    message = str(caught.value)
    assert message.startswith('output "db": postgresql://')
    assert PASSWORD not in message
    assert "secret-word" not in message
    return message


async def test_wrong_password(settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", "secret-word")
    said = await complaint(settings())
    assert 'authentication failed for user "owner"' in said
    assert "check the user" in said


async def test_wrong_password_in_a_named_url(
    server: PostgresqlServer, database: str, settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://owner:secret-word@127.0.0.1:{server.port}/{database}?sslmode=disable"
    monkeypatch.setenv("DB_URL", url)
    said = await complaint(settings(url="env:DB_URL", password=None))
    assert f"postgresql://owner@127.0.0.1:{server.port}/{database}: password" in said


async def test_unknown_database(server: PostgresqlServer, settings: Make) -> None:
    said = await complaint(settings(url=server.url("nowhere")))
    assert 'database "nowhere" does not exist' in said
    assert "CREATE DATABASE" in said


async def test_nobody_listens(settings: Make) -> None:
    said = await complaint(settings(url=f"postgresql://owner@127.0.0.1:{free_port()}/x"))
    assert "check that PostgreSQL is running" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("sslmode=sometimes", "correct `url`"),
        ("sslmode=verify-full&sslrootcert=/no/such.pem", "file named in the options of `url`"),
    ],
)
async def test_options_that_cannot_be(
    options: str, said: str, server: PostgresqlServer, database: str, settings: Make
) -> None:
    assert said in await complaint(settings(url=f"{server.url(database)}?{options}"))


async def test_standby(server: PostgresqlServer, database: str, settings: Make) -> None:
    async with connected(server, database) as connection:
        await connection.execute(
            f"ALTER DATABASE {database} SET default_transaction_read_only = on"
        )
    assert "set the primary" in await complaint(settings())


async def test_schema_of_somebody_else(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    async with connected(server, database) as connection:
        await connection.execute("CREATE SCHEMA crm CREATE TABLE crm.invoice (n int)")
    said = await complaint(settings(schema="crm"))
    assert "tables of other programs (invoice)" in said
    assert "`schema`" in said


async def test_schema_that_may_not_be_written(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    async with connected(server, database) as connection:
        await connection.execute("CREATE SCHEMA platewire")
    said = await complaint(settings())
    assert "make this user the owner of the schema" in said


async def test_schema_of_a_newer_platewire(
    server: PostgresqlServer, database: str, settings: Make
) -> None:
    async with sending(settings()):
        pass
    async with connected(server, database) as connection:
        await connection.execute("INSERT INTO platewire.migration VALUES (999, 'future', now())")
    said = await complaint(settings())
    assert "version 999, from a newer platewire" in said
    assert "Upgrade this platewire" in said


async def test_encoding_that_cannot_hold_all_plates(
    server: PostgresqlServer, settings: Make
) -> None:
    async with connected(server, "postgres") as connection:
        await connection.execute(
            "CREATE DATABASE latin OWNER owner ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
        )
    assert "the encoding LATIN1" in await complaint(settings(url=server.url("latin")))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"url": "postgresql://me:secret-word@host/db"}, "`url` contains a password"),
        ({"url": "postgresql://me@host/db?password=secret-word"}, "`url` contains a password"),
        ({"url": "mysql://me:secret-word@host/db"}, "write it like postgresql://"),
        ({"url": "postgresql://host"}, "write it like postgresql://"),
        ({"url": "postgresql://me@host:abc/db"}, "write it like postgresql://"),
        ({"url": "postgresql://me@one,two:99999/db"}, "write it like postgresql://"),
        ({"url": "postgresql://me@[::1/db"}, "write it like postgresql://"),
        ({"url": "env:NO_SUCH_URL"}, "NO_SUCH_URL is not set"),
        ({"url": "postgresql://me@host/db", "password": "env:NO_SUCH"}, "NO_SUCH is not set"),
    ],
)
def test_settings_that_cannot_be(more: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PostgresqlSettings(name="db", **more).build(context())  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith('output "db": ')
    assert said in message
    assert "secret-word" not in message


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ConfigError, match=r"pip install 'platewire\[postgresql\]'"):
        PostgresqlSettings(name="db", url="postgresql://me@host/db").build(context())
