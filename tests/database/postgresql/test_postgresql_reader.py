"""`platewire database reader`: what it prints works, for reading the views and nothing else."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from platewire.cli.database.targets import first_host
from platewire.cli.main import main
from platewire.config.load import load
from platewire.outputs.output import OutputContext
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)
from tests.support.counterparts import ISQL, ODBC_POSTGRESQL, PSQL, need

VIEWS = [
    "anpr_calendar", "anpr_camera", "anpr_contract", "anpr_event", "anpr_hourly", "anpr_image",
    "anpr_list_hit", "anpr_passage", "anpr_removal", "lprevents",
]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


@pytest.fixture
def config(server: PostgresqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose database holds a passage."""
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    database = asyncio.run(server.new_database())
    file = tmp_path / "platewire.toml"
    file.write_text(
        f'[[output]]\ntype = "postgresql"\nname = "bi"\nurl = "{server.url(database)}"\n'
        'password = "env:OWNER_PASSWORD"\n'
    )
    asyncio.run(send(file))
    return file


async def send(file: Path) -> None:
    clock = FakeClock()
    log = MemoryLog(clock)
    output = load(file).output[0].build(OutputContext(clock, log, SITE, Board(clock)))
    await output.connect()
    await output.send(await log.append("gate", passage_events(1)))
    await output.close()


def made(config: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    command = ["database", "reader", "power_bi", "--config", str(config), "--json", *more]
    assert main(command) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def refused(config: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    code = main(["database", "reader", *more, "--config", str(config)])
    assert code == 2
    said = capsys.readouterr().err
    assert PASSWORD not in said
    return said


async def as_reader(told: dict[str, Any], **more: Any) -> Any:
    names = ("user", "password", "host", "port", "database")
    return await asyncpg.connect(**{name: told[name] for name in names}, **more)


def test_reads_the_views_and_nothing_else(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = made(config, capsys)
    assert told["views"] == VIEWS

    async def read() -> None:
        connection = await as_reader(told)
        for view in VIEWS:
            await connection.fetch(f"SELECT * FROM {view}")
        assert await connection.fetchval("SELECT plate FROM anpr_passage") == "BU9042"
        tables = await connection.fetch(
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') "
            "AND relnamespace = 'platewire'::regnamespace"
        )
        assert len(tables) > 5
        for (table,) in tables:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f'SELECT * FROM "{table}"')
        await connection.close()

    asyncio.run(read())


def test_psql_reads(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the line that was printed."""
    need(PSQL)
    command = ["database", "reader", "by_hand", "--config", str(config), "--password", "env:P"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("P", "pass")
        assert main(command) == 0
    (url,) = re.findall(r"^  (postgresql://\S+)", capsys.readouterr().out, re.M)
    done = subprocess.run(
        ["psql", url, "-At", "-c", "SELECT plate, state, plate_display FROM anpr_passage"],
        env={**os.environ, "PGPASSWORD": "pass"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "BU9042|closed|BU 9042\n"


def test_odbc_reads_every_view(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the connection string that was printed, through unixODBC and psqlODBC."""
    need(ISQL, ODBC_POSTGRESQL)
    assert main(["database", "reader", "odbc", "--config", str(config)]) == 0
    (string,) = re.findall(r"Driver=.*", capsys.readouterr().out)
    for view in VIEWS:
        done = subprocess.run(
            ["isql", "-v", "-b", "-x0x1f", "-k", string],
            input=f"SELECT * FROM {view}\n\n",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "[ISQL]ERROR" not in done.stdout + done.stderr
        if view == "anpr_passage":
            row = done.stdout.strip().splitlines()[-1].split("\x1f")
            assert {"closed", "BU9042", "BÜ9042", "gate"} <= set(row)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM anpr_camera",
        "INSERT INTO anpr_camera (camera) VALUES ('x')",
        "UPDATE event SET plate = 'X'",
        "DROP VIEW anpr_event",
        "CREATE TABLE platewire.mine (n int)",
        "TRUNCATE log",
        "ALTER ROLE power_bi SUPERUSER",
    ],
)
def test_cannot_write(statement: str, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = made(config, capsys)

    async def attempt() -> None:
        connection = await as_reader(told)
        with pytest.raises(asyncpg.PostgresError, match=r"read-only|permission denied|must be"):
            await connection.execute(statement)
        await connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.PostgresError, match=r"permission denied|must be|cannot"):
            await connection.execute(statement)
        await connection.close()

    asyncio.run(attempt())


def test_limits(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = made(config, capsys, "--connections", "2", "--statement-seconds", "0.2")

    async def attempt() -> None:
        first, second = await as_reader(told), await as_reader(told)
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await as_reader(told)
        with pytest.raises(asyncpg.QueryCanceledError, match="statement timeout"):
            await first.execute("SELECT pg_sleep(10)")
        await first.close()
        await second.close()

    asyncio.run(attempt())


def test_a_password_of_ones_own_is_not_shown(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = made(config, capsys)
    monkeypatch.setenv("READER_PASSWORD", "ein Wort's Ü")
    told = made(config, capsys, "--password", "env:READER_PASSWORD")
    assert told["password"] is None

    async def attempt() -> None:
        await (await as_reader({**told, "password": "ein Wort's Ü"})).close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await as_reader(old)

    asyncio.run(attempt())


def test_prints_what_to_paste(
    config: Path, server: PostgresqlServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["database", "reader", "grafana", "--config", str(config)]) == 0
    said = capsys.readouterr().out
    for part in ("Power BI", "Excel", "Grafana", "1C", "psql", "JDBC", "shown only once"):
        assert part in said
    assert f"Driver={{PostgreSQL Unicode}};Server=127.0.0.1;Port={server.port};Database=" in said


def test_an_admin_may_do_it_for_an_owner_who_may_not(
    config: Path,
    server: PostgresqlServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = load(config).output[0]
    assert isinstance(output, PostgresqlSettings)
    database = output.url.rpartition("/")[2]
    admin = server.url(database, "postgres").replace(
        "postgres@", "postgres:owner%27s%20pass%3Aword%2F%40@"
    )
    monkeypatch.setenv("ADMIN_URL", admin)

    async def take_right(word: str) -> None:
        async with connected(server, "postgres") as connection:
            await connection.execute(f"ALTER ROLE owner {word}")

    asyncio.run(take_right("NOCREATEROLE"))
    try:
        assert main(["database", "reader", "odbc_1c", "--config", str(config)]) == 3
        said = capsys.readouterr().err
        assert "permission denied to create role" in said
        assert "--admin" in said
        command = ["database", "reader", "odbc_1c", "--config", str(config)]
        assert main([*command, "--admin", "env:ADMIN_URL"]) == 0
    finally:
        asyncio.run(take_right("CREATEROLE"))


def test_refusals(
    config: Path, server: PostgresqlServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "lowercase letters" in refused(config, capsys, 'x"; DROP ROLE y; --')
    assert "was not created by platewire" in refused(config, capsys, "owner")
    assert "configured PostgreSQL outputs: bi" in refused(config, capsys, "x", "--output", "other")
    assert "NO_SUCH is not set" in refused(config, capsys, "x", "--password", "env:NO_SUCH")


def test_before_the_first_connection(
    config: Path, server: PostgresqlServer, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = asyncio.run(server.new_database())
    text = config.read_text()
    config.write_text(text.replace(text.split('"')[5].rpartition("/")[2], empty))
    assert "run `platewire check`" in refused(config, capsys, "x")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://me@db.example:5433/x", ("db.example", 5433)),
        ("postgresql://me@one,two:5433/x", ("one", 5432)),
        ("postgresql://me@[::1]:5433/x?sslmode=require", ("::1", 5433)),
        ("postgresql:///x", ("localhost", 5432)),
    ],
)
def test_first_host(url: str, place: tuple[str, int]) -> None:
    assert first_host(url) == place
