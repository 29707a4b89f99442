"""Searches over 10 million passages of 1 million plates, in SQLite and in PostgreSQL.

The rows are made by SQL, in a folder that is removed afterwards (about 40 GB; PLATEWIRE_BENCH says
where, PLATEWIRE_BENCH_PASSAGES how many). Each passage has one event of about 1 kB of JSON, times
run over a year, 50 cameras take turns, and some plates come far oftener than others. Measured as
the API asks: through asyncio, a page of 100 decoded events.
"""

import asyncio
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from benchmarks.bench_log import events
from benchmarks.report import Table, spread
from platewire.database import migrate
from platewire.database.postgresql import search as postgresql_search
from platewire.database.postgresql.address import Address
from platewire.database.postgresql.connection import connect
from platewire.database.postgresql.migrate import migrate as migrate_postgresql
from platewire.database.postgresql.partitions import add_month, month_of
from platewire.database.projection import COLUMNS
from platewire.database.queries import Database
from platewire.database.search.filters import SearchFilters
from platewire.database.search.plate_pattern import Match, plate_pattern
from platewire.database.search.plates import put
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.database.postgresql.postgresql_server import PASSWORD, PostgresqlServer

PASSAGES = int(os.environ.get("PLATEWIRE_BENCH_PASSAGES", "10_000_000"))
PLATES = PASSAGES // 10
IN_POSTGRESQL = int(os.environ.get("PLATEWIRE_BENCH_POSTGRESQL", str(PASSAGES)))
"""Passages there, of as many plates."""
CAMERAS = 50
START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
STEP_MS = 365 * 86_400_000 // PASSAGES
END = START + timedelta(milliseconds=STEP_MS * PASSAGES)
ROUNDS = 200
PAGE = 100
FORMS = ("LLDDDD", "LLLDDDD", "LDDDDLL", "LLDDLLL", "LLDDDDLL", "DDDLLL", "LLLDDD")
SETS = {"L": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "D": "0123456789"}
TARGETS = {
    "exact": 20, "prefix": 20, "contains": 100, "wildcard": 200, "similar": 50, "one_edit": 200,
    "prefix of one letter": 20, "24 h of one camera": 50,
}  # fmt: skip

Ask = Callable[[SearchFilters], Awaitable[Sequence[Any]]]


def run() -> Table:
    table = Table(
        f"Queries: {PASSAGES:,} passages of {PLATES:,} plates, milliseconds",
        ("first page of 100", "SQLite median", "p95", "PostgreSQL median", "p95", "target p95"),
    )
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("PLATEWIRE_BENCH")))
    try:
        plates = invented(PLATES)
        sqlite = asyncio.run(in_sqlite(folder, plates))
        postgresql = asyncio.run(in_postgresql(plates))
        table.notes = [*notes(), append_note(folder)]
    finally:
        shutil.rmtree(folder)
    for name, target in TARGETS.items():
        one, other = (figures(times[name]) for times in (sqlite, postgresql))
        table.rows.append((name, *one, *other, str(target)))
    return table


def figures(seconds: Sequence[float]) -> tuple[str, str]:
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return f"{statistics.median(seconds) * 1000:.1f}", f"{p95 * 1000:.1f}"


def notes() -> list[str]:
    return [
        f"{ROUNDS} searches of each kind for random plates, in random order, after as many "
        "warm-up searches; time from the call to the decoded page. *Prefix* has three "
        "characters, *contains* four, *wildcard* three with a `?` and two `*` among them; "
        "*similar* treats look-alikes as equal; *one_edit* has one wrong character. "
        "The page cache of the machine holds most of the files."
    ]


# --- the plates and the questions --------------------------------------------------------------


def invented(count: int) -> list[str]:
    chance = random.Random(1)
    found: set[str] = set()
    while len(found) < count:
        found.add("".join(chance.choice(SETS[kind]) for kind in chance.choice(FORMS)))
    plates = sorted(found)
    chance.shuffle(plates)
    return plates


def questions(plates: Sequence[str]) -> list[tuple[str, SearchFilters]]:
    chance = random.Random(2)
    found = [one for _ in range(ROUNDS) for one in question(chance, chance.choice(plates))]
    chance.shuffle(found)
    return found


def question(chance: random.Random, plate: str) -> Iterator[tuple[str, SearchFilters]]:
    at = chance.randrange(len(plate) - 4)
    wrong = chance.randrange(len(plate))
    asked = {
        Match.EXACT: plate,
        Match.PREFIX: plate[:3],
        Match.CONTAINS: plate[at : at + 4],
        Match.WILDCARD: f"*{plate[at]}?{plate[at + 2]}*{plate[-1]}",
        Match.SIMILAR: plate.replace("0", "O").replace("B", "8").replace("1", "I"),
        Match.ONE_EDIT: f"{plate[:wrong]}X{plate[wrong + 1 :]}",
    }
    for match, text in asked.items():
        yield match.value, SearchFilters(plate=plate_pattern(text, match))
    yield "prefix of one letter", SearchFilters(plate=plate_pattern(plate[0], Match.PREFIX))
    since = END - timedelta(days=1)
    yield (
        "24 h of one camera",
        SearchFilters(camera=f"camera{chance.randrange(CAMERAS)}", since=since),
    )


async def measured(ask: Ask, plates: Sequence[str]) -> dict[str, list[float]]:
    asked = questions(plates)
    found: dict[str, list[float]] = {name: [] for name in TARGETS}
    for counted in (False, True):
        for name, filters in asked:
            started = time.perf_counter()
            await ask(filters)
            if counted:
                found[name].append(time.perf_counter() - started)
    return found


# --- the events, as a template -----------------------------------------------------------------


def template(engine: str) -> tuple[str, str]:
    """An SQL expression of the columns of an event, and one of its body, of row (n, plate)."""
    event = passage_events(1)[0].numbered(987654321, START)
    body = native.encode(event).decode().replace("'", "''")
    for value, marker in (
        (event.plate.text, "#P"), (str(event.id), "#I"), (str(event.passage), "#V"),
        (event.first_seen_at.isoformat().replace("+00:00", "Z"), "#T"), ("987654321", "#N"),
        (str(event.passage_number), "#N"), ('"gate"', '"#C"'),
    ):  # fmt: skip
        body = body.replace(value, marker)
    moment = (
        f"strftime('%Y-%m-%dT%H:%M:%fZ', ({START_MS} + n * {STEP_MS}) / 1000.0, 'unixepoch')"
        if engine == "sqlite"
        else f"to_char(to_timestamp(({START_MS} + n * {STEP_MS}) / 1000.0) AT TIME ZONE 'UTC', "
        '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'
    )
    text = "CAST(n AS TEXT)"
    expression = f"'{body}'"
    for marker, value in (
        ("#P", "plate"), ("#I", uuid(engine, 1)), ("#V", uuid(engine, 2)), ("#T", moment),
        ("#N", text), ("#C", f"'camera' || (n % {CAMERAS})"),
    ):  # fmt: skip
        expression = f"replace({expression}, '{marker}', {value})"
    at = f"{START_MS} + n * {STEP_MS}"
    columns = (
        f"n, {uuid(engine, 1)}, 'lost', {uuid(engine, 2)}, n, 0, {at}, {at}, {at}, {at}, "
        f"'camera' || (n % {CAMERAS}), 'entry', 'in', plate, plate, plate, plate, 'DE', NULL, 0.9, "
        "NULL, NULL, NULL, NULL, 'car', 0.8, 'blue', 0.7, 5, "
        f"{'0' if engine == 'sqlite' else 'false'}, NULL, NULL, NULL"
    )
    return columns, expression


def uuid(engine: str, kind: int) -> str:
    """Rising with n, as UUIDv7 are with time."""
    digits = "printf('%012x', n)" if engine == "sqlite" else "lpad(to_hex(n), 12, '0')"
    return (
        f"substr({digits}, 1, 8) || '-' || substr({digits}, 9, 4) || '-7000-800{kind}-{'0' * 12}'"
    )


# --- SQLite ------------------------------------------------------------------------------------


async def in_sqlite(folder: Path, plates: Sequence[str]) -> dict[str, list[float]]:
    path = folder / "platewire.db"
    fill_sqlite(path, plates)
    database = Database.open_read_only(path)
    try:
        return await measured(lambda filters: database.search(filters, limit=PAGE), plates)
    finally:
        await database.close()
        path.unlink()


def fill_sqlite(path: Path, plates: Sequence[str], passages: int = PASSAGES) -> None:
    connection = apsw.Connection(str(path))
    migrate.migrate(connection, datetime.now(UTC))
    connection.execute("PRAGMA journal_mode = OFF").fetchall()
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -500000")
    with indexes_later(connection):
        connection.execute("CREATE TEMP TABLE meant (n INTEGER PRIMARY KEY, plate TEXT)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO meant VALUES (?, ?)", enumerate(plates, 1))
        put(connection, sorted(plates))
        columns, body = template("sqlite")
        side = int(len(plates) ** 0.5)
        connection.execute(
            f"INSERT INTO event ({', '.join(COLUMNS)}) "
            f"SELECT {columns}, CAST({body} AS BLOB) FROM ("
            f"WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {passages})"
            f" SELECT c.n AS n, m.plate AS plate FROM c CROSS JOIN meant m ON m.n = CASE "
            f"WHEN c.n <= {len(plates)} THEN c.n "
            f"ELSE 1 + (abs(random()) % {side}) * (abs(random()) % {side}) END)"
        )
        connection.execute(
            "INSERT INTO passage SELECT seq, passage_number, passage, seq, first_seen_ms, camera, "
            "plate, 0 FROM event"
        )
        connection.execute(f"UPDATE log SET last_seq = {passages}")
        connection.execute(f"UPDATE plates_known SET last_seq = {passages}")
        connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.close()


@contextmanager
def indexes_later(connection: apsw.Connection) -> Iterator[None]:
    """Without triggers, and with indexes made at the end."""
    made = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger' OR type = 'index' "
        "AND sql IS NOT NULL AND tbl_name <> 'plate'"
    ).fetchall()
    for kind, name, _ in made:
        connection.execute(f"DROP {kind} {name}")
    yield
    for kind, _, sql in made:
        if kind == "index":
            connection.execute(str(sql))


# --- PostgreSQL --------------------------------------------------------------------------------


async def in_postgresql(plates: Sequence[str]) -> dict[str, list[float]]:
    with ExitStack() as after:
        server = PostgresqlServer()
        after.callback(server.remove)
        server.initialize()
        server.start()
        database = await server.new_database()
        place = Address(server.url(database), PASSWORD, "platewire", "bench", 60, 7200)
        connection = await connect(place)
        try:
            await fill_postgresql(connection, plates)
            return await measured(
                lambda filters: postgresql_search.passages(connection, filters, limit=PAGE), plates
            )
        finally:
            await connection.close()


async def fill_postgresql(connection: Any, plates: Sequence[str]) -> None:
    await migrate_postgresql(connection, "platewire")
    for month in sorted({month_of(START_MS + day * 86_400_000) for day in range(366)}):
        await add_month(connection, month)
    made = await connection.fetch(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i JOIN pg_class c "
        "ON c.relname = i.indexname AND c.relnamespace = 'platewire'::regnamespace "
        "WHERE i.tablename IN ('event', 'passage') AND NOT EXISTS "
        "(SELECT FROM pg_constraint WHERE conindid = c.oid)"
    )
    for name, _ in made:
        await connection.execute(f"DROP INDEX {name}")
    await connection.execute("CREATE TEMP TABLE meant (n integer PRIMARY KEY, plate text)")
    await connection.copy_records_to_table("meant", records=list(enumerate(plates, 1)))
    await postgresql_search.put(connection, plates)
    await fill_events(connection)
    await connection.execute(
        "INSERT INTO passage SELECT passage, node, passage_number, 0, seq, seq, recorded_ms, "
        "first_seen_ms, camera, plate, false FROM event"
    )
    await connection.execute(f"UPDATE log SET last_seq = {IN_POSTGRESQL}")
    await connection.execute(f"UPDATE plates_known SET last_seq = {IN_POSTGRESQL}")
    for _, sql in made:
        await connection.execute(sql.replace(" ON ONLY ", " ON "))
    await connection.execute("VACUUM ANALYZE")


async def fill_events(connection: Any) -> None:
    columns, body = template("postgresql")
    side = int(PLATES**0.5)
    await connection.execute(
        f"INSERT INTO event SELECT {columns}, {body}, 'node', n, 0, 0, 0, 0 FROM ("
        f"SELECT c.n, m.plate FROM (SELECT n, CASE WHEN n <= {PLATES} THEN n "
        f"ELSE 1 + floor(random() * {side})::integer * floor(random() * {side})::integer END AS m "
        f"FROM generate_series(1::bigint, {IN_POSTGRESQL}) s (n)) c JOIN meant m ON m.n = c.m) rows"
    )


# --- what it costs the log ---------------------------------------------------------------------


def append_note(folder: Path) -> str:
    """Of appends in batches of 100, with this schema and with the one before searches."""
    made = events(6_000)
    ratios = []
    for number in range(7):
        before = asyncio.run(append_rate(folder / f"before{number}", made, without=True))
        after = asyncio.run(append_rate(folder / f"after{number}", made, without=False))
        ratios.append(after / before)
    return (
        "Appends per second of CPU time with the tables and indexes of searches, relative to "
        f"without, in batches of 100: {spread(ratios)}, alternating."
    )


async def append_rate(folder: Path, made: Sequence[Event], *, without: bool) -> float:
    steps = migrate.steps()
    if without:
        kept = tuple(step for step in steps if not step.name.startswith("plate_"))
        migrate.steps = lambda *_: kept
    try:
        clock = SystemClock()
        log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    finally:
        migrate.steps = lambda *_: steps
    started = time.process_time()
    for start in range(0, len(made), 100):
        await log.append("gate", made[start : start + 100])
    rate = len(made) / (time.process_time() - started)
    await log.close()
    return rate
