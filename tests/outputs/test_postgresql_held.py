"""What a server lost of what it had confirmed is noticed and given again: real servers, the whole
way from the log through the delivery loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from msgspec import structs

from platewire.delivery import Delivery, loop
from platewire.errors import Unavailable
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board, PartStatus, State
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    following,
    serving,
)
from tests.outputs.test_postgresql_failover import both


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture
async def database(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    return await server.new_database()


class Installation:
    """A log and a delivery from it to one database; `running` may be entered again and again."""

    def __init__(self, url: str, log: MemoryLog | None = None, **more: Any) -> None:
        self.clock = SystemClock()
        self.log = log or MemoryLog(self.clock)
        self.board = Board(self.clock)
        self.settings = PostgresqlSettings(
            name="db", url=url, password="env:OWNER_PASSWORD", **more
        )
        self._passages = 0

    @property
    def context(self) -> OutputContext:
        return OutputContext(self.clock, self.log, SITE, self.board)

    @property
    def line(self) -> PartStatus:
        return self.board.line("output", "db")

    async def append(self, events: int) -> None:
        """Passages are numbered from 1 in each installation; ids are its own."""
        for _ in range(events // 3):
            self._passages += 1
            passage = uuid4()
            await self.log.append(
                "gate",
                [
                    structs.replace(event, id=uuid4(), passage=passage)
                    for event in passage_events(self._passages)
                ],
            )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.board = Board(self.clock)
        output = self.settings.build(self.context)
        delivery = Delivery(self.settings, output, self.log, clock=self.clock, board=self.board)
        task = asyncio.create_task(delivery.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def delivered(self) -> None:
        """Connected and compared, and nothing is left to give."""
        await self.until(lambda: self.line.state is State.RUNNING)
        await self.until(lambda: self.line.counters["cursor"] == self.log.last_seq)

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not reached():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def says(self, text: str) -> None:
        await self.until(lambda: text in self.line.message)

    async def ids(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        while entries := await self.log.read(found[-1][0] if found else 0, 1000):
            found += [(entry.event.seq, str(entry.event.id)) for entry in entries]
        return found


class Clone(MemoryLog):
    """Of the same identity, with a history of its own."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(SystemClock())
        self._numbering = log.numbering


async def table(server: PostgresqlServer, database: str, statement: str) -> list[tuple[Any, ...]]:
    async with connected(server, database) as connection:
        await connection.execute("SET search_path TO platewire")
        return [tuple(row) for row in await connection.fetch(statement)]


THERE = "SELECT node_seq, id FROM anpr_event ORDER BY node_seq"
MARK = "SELECT output, node_seq FROM mark ORDER BY output"


# --- lost there, given again ---------------------------------------------------------------------


@pytest.fixture
async def primary(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostgresqlServer]:
    """With a database. Nothing waits for its standby, which is how PostgreSQL is set at first."""
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    with contextlib.contextmanager(serving)() as server:
        await server.new_database()
        yield server


@pytest.fixture
def replica(primary: PostgresqlServer) -> Iterator[PostgresqlServer]:
    yield from following(primary)


async def caught_up(primary: PostgresqlServer, replica: PostgresqlServer) -> None:
    async with connected(primary, "test_1") as first, connected(replica, "test_1") as second:
        end = await first.fetchval("SELECT pg_current_wal_lsn()::text")
        reached = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn"
        while not await second.fetchval(reached, end):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_promoted_standby_that_lagged_gets_what_it_lacks(
    primary: PostgresqlServer, replica: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no event comes after it, and no restart."""
    monkeypatch.setattr(loop, "COMPARE_SECONDS", 0.5)
    here = Installation(both(replica, primary, "test_1"))
    async with here.running():
        await here.append(180)
        await here.delivered()
        await here.says("`synchronous_standby_names` is empty")
        await caught_up(primary, replica)
        await asyncio.to_thread(replica.stop)
        await here.append(150)
        await here.delivered()
        await asyncio.to_thread(primary.stop, "immediate")
        await asyncio.to_thread(replica.start)
        assert len(await table(replica, "test_1", THERE)) == 180
        await asyncio.to_thread(replica.promote)
        await here.until(lambda: here.line.counters.get("losses") == 1)
        await here.delivered()
        assert await table(replica, "test_1", THERE) == await here.ids()
        assert "its missing events from seq 181 to 330 are sent again" in here.line.last_error
        await here.append(3)
        await here.delivered()
    assert await table(replica, "test_1", THERE) == await here.ids()
    seqs = await table(replica, "test_1", "SELECT seq FROM anpr_event ORDER BY seq")
    assert seqs == [(seq,) for seq in range(1, 334)]


@pytest.mark.parametrize(("commit", "said"), [("on", ""), ("local", "`synchronous_commit` is loc")])
async def test_a_standby_that_nobody_waits_for_is_warned_of(
    commit: str, said: str, primary: PostgresqlServer, replica: PostgresqlServer
) -> None:
    async with connected(primary, "test_1") as connection:
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await connection.execute(f"ALTER DATABASE test_1 SET synchronous_commit = {commit}")
        await connection.execute("SELECT pg_reload_conf()")
    here = Installation(primary.url("test_1"))
    await here.append(3)
    async with here.running():
        await here.delivered()
        assert (said in here.line.message) if said else not here.line.message


@pytest.mark.parametrize("lost", ["DROP SCHEMA platewire CASCADE", "older dump"])
async def test_a_database_put_back_gets_what_it_lacks(
    lost: str, server: PostgresqlServer, database: str
) -> None:
    """Made anew and empty, or from a dump: found at the next start."""
    here = Installation(server.url(database))
    await here.append(30)
    async with here.running():
        await here.delivered()
    dump = await asyncio.to_thread(server.dump, database) if lost == "older dump" else None
    await here.append(30)
    async with here.running():
        await here.delivered()
    await table(server, database, "DROP SCHEMA platewire CASCADE")
    if dump is not None:
        await asyncio.to_thread(server.restore, database, dump)
    async with here.running():
        await here.until(lambda: "losses" in here.line.counters)
        await here.delivered()
    assert await table(server, database, THERE) == await here.ids()


async def test_what_nobody_asked_for_is_no_loss(server: PostgresqlServer, database: str) -> None:
    """The last event that was written may be long ago, over restarts too."""
    here = Installation(server.url(database), cameras=("gate",))
    await here.append(6)
    async with here.running():
        await here.delivered()
    for _ in range(2):
        await here.log.append("yard", passage_events(900, camera="yard"))
        async with here.running():
            await here.delivered()
    assert "losses" not in here.line.counters


async def test_the_mark_follows_what_nobody_asked_for(
    server: PostgresqlServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "COMPARE_SECONDS", 0.1)
    here = Installation(server.url(database), cameras=("gate",))
    async with here.running():
        await here.append(6)
        await here.log.append("yard", passage_events(900, camera="yard"))
        await here.delivered()
        async with asyncio.timeout(60):
            while await table(server, database, MARK) != [("db", 9)]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_dropped_months_are_no_loss(server: PostgresqlServer, database: str) -> None:
    here = Installation(server.url(database))
    await here.append(30)
    async with here.running():
        await here.delivered()
    await table(server, database, "DELETE FROM event")
    async with here.running():
        await here.delivered()
    assert "losses" not in here.line.counters
    assert await table(server, database, THERE) == []


# --- who is who ----------------------------------------------------------------------------------


async def test_two_installations_of_one_name(server: PostgresqlServer, database: str) -> None:
    """With the same numbers and cameras: each row tells whose it is."""
    first, second = (Installation(server.url(database)) for _ in range(2))
    async with first.running(), second.running():
        for here in (first, second):
            await here.append(30)
            await here.delivered()
        await second.append(30)
        await second.delivered()
    theirs = (
        "SELECT node_seq, id FROM anpr_event "
        f"WHERE node_id = '{second.log.numbering.log_id}' ORDER BY 1"
    )
    assert len(await first.ids()) == 30
    assert await table(server, database, theirs) == await second.ids()
    twice = "SELECT {0}, passage_number FROM anpr_passage GROUP BY 1, 2 HAVING count(*) > 1"
    for key in ("node_id", "camera_id"):
        assert await table(server, database, twice.format(key)) == [], key
    nodes = await table(server, database, "SELECT DISTINCT node, node_id FROM anpr_event")
    assert {name for name, _ in nodes} == {"check"}
    assert len(nodes) == 2
    cameras = await table(server, database, "SELECT camera_id FROM anpr_camera")
    assert len(cameras) == len(set(cameras))


async def test_two_installations_of_one_name_are_told_so(
    server: PostgresqlServer, database: str
) -> None:
    first, second = (Installation(server.url(database)) for _ in range(2))
    for here in (first, second):
        await here.append(3)
    async with first.running():
        await first.delivered()
    async with second.running():
        await second.says('writes with the same name "check"')


async def test_another_name_keeps_its_rows(server: PostgresqlServer, database: str) -> None:
    here = Installation(server.url(database))
    async with here.running():
        await here.append(3)
        await here.delivered()
    renamed = Installation(server.url(database), here.log, node="north")
    async with renamed.running():
        await renamed.append(3)
        await renamed.delivered()
    found = await table(
        server, database, "SELECT node, camera_id, seq FROM anpr_event ORDER BY seq"
    )
    assert found == [("north", "check/gate", seq) for seq in range(1, 7)]


async def test_a_clone_with_another_history_is_refused(
    server: PostgresqlServer, database: str
) -> None:
    """And writes once it has an identity of its own."""
    first = Installation(server.url(database))
    async with first.running():
        await first.append(6)
        await first.delivered()
    clone = Clone(first.log)
    second = Installation(server.url(database), clone)
    async with second.running():
        await second.append(3)
        await second.says("its newest event is seq 6")
        await second.says("this log ends at seq 3")
        await second.append(3)
        await second.says("in this log that seq has the id")
    assert await table(server, database, THERE) == await first.ids()
    own = Installation(server.url(database), clone, node_id=str(uuid4()))
    async with own.running():
        await own.until(lambda: own.line.counters.get("delivered") == 6)
    assert len(await table(server, database, THERE)) == 12


async def test_a_log_that_was_cut_back_goes_on(server: PostgresqlServer, database: str) -> None:
    """It numbers above what it lost, so its history is the same; what the database has stays."""
    here = Installation(server.url(database))
    await here.append(12)
    async with here.running():
        await here.delivered()
    before = await table(server, database, THERE)
    here.log.cut_back(6)
    await here.append(3)
    async with here.running():
        await here.delivered()
    assert await table(server, database, THERE) == [*before, *(await here.ids())[6:]]
    assert [seq for seq, _ in await here.ids()] == [*range(1, 7), 13, 14, 15]
    assert "losses" not in here.line.counters


async def test_a_clone_that_writes_at_the_same_time_is_noticed(
    server: PostgresqlServer, database: str
) -> None:
    """Before a single event of two histories is mixed."""
    first = Installation(server.url(database))
    await first.append(6)
    output = first.settings.build(first.context)
    await output.connect()
    await output.held(0)
    await output.send(await first.log.read(0, 3))
    await table(server, database, "UPDATE mark SET node_seq = 4, event_id = 'x'")
    with pytest.raises(Unavailable, match="another program has changed the progress"):
        await output.send(await first.log.read(3, 3))
    await output.connect()
    with pytest.raises(Unavailable, match="has other events of"):
        await output.held(3)
    await output.close()
    assert len(await table(server, database, THERE)) == 3


# --- rows from before there were ids -------------------------------------------------------------


async def as_before(server: PostgresqlServer, database: str, here: Installation) -> None:
    """Rows of that log as the platewire before this one wrote them."""
    async with here.running():
        await here.delivered()
    await table(server, database, "DELETE FROM mark")
    await table(server, database, "UPDATE node SET id = NULL")


async def test_old_rows_are_taken_over(server: PostgresqlServer, database: str) -> None:
    here = Installation(server.url(database))
    await here.append(30)
    await as_before(server, database, here)
    await here.append(3)
    async with here.running():
        await here.delivered()
    assert "losses" not in here.line.counters
    assert await table(server, database, "SELECT key, id FROM node") == [
        ("check", str(here.log.numbering.log_id))
    ]
    assert await table(server, database, MARK) == [("", 30), ("db", 33)]


async def test_old_rows_of_another_are_left_to_it(server: PostgresqlServer, database: str) -> None:
    theirs = Installation(server.url(database))
    await theirs.append(30)
    await as_before(server, database, theirs)
    here = Installation(server.url(database))
    await here.append(33)
    async with here.running():
        await here.delivered()
    nodes = dict(await table(server, database, "SELECT key, id FROM node"))
    assert nodes.pop("check") is None
    assert list(nodes.values()) == [str(here.log.numbering.log_id)]
    async with theirs.running():
        await theirs.delivered()
    assert dict(await table(server, database, "SELECT key, id FROM node"))["check"] == str(
        theirs.log.numbering.log_id
    )
