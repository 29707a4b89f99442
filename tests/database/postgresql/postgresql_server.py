"""A PostgreSQL server of the test's own: initialized in a folder, on a free port, ended after.

PostgreSQL refuses to run as root, so root starts it as the user `postgres` of Debian's package, or
as `nobody`.
"""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg

from tests.acceptance.ports import free_port
from tests.support import counterparts

PASSWORD = "owner's pass:word/@"


class PostgresqlServer:
    """Superuser `postgres`, user `owner` who may create databases, roles and schemas."""

    def __init__(self, *, flushes: bool = False) -> None:
        """`flushes`: to the disk at each commit, which a test can do without: only the machine's
        crash would tell."""
        self._flushes = flushes
        bin_folder = counterparts.postgresql_programs()
        assert bin_folder is not None
        self._bin = bin_folder
        # Not in pytest's folder: that is closed to other users.
        self.folder = Path(tempfile.mkdtemp(prefix="platewire-pg-"))
        self._user = self._unprivileged()
        self.port = free_port()
        self._made = 0

    def _unprivileged(self) -> str | None:
        if os.geteuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        shutil.chown(self.folder, user)
        return user

    def initialize(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", "data", "-U", "postgres", f"--pwfile={secret}", "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C.UTF-8", "-N",
        )  # fmt: skip

    def follow(self, primary: "PostgresqlServer") -> None:
        """Instead of `initialize`: a copy of a server that runs; once started, its standby."""
        source = primary._superuser("postgres")
        self._run("pg_basebackup", "-D", "data", "-d", source, "-R", "-c", "fast", "-N")
        with (self.folder / "data" / "postgresql.auto.conf").open("a") as settings:
            # It has no standby of its own to wait for, once it is promoted.
            settings.write("synchronous_standby_names = ''\n")

    def promote(self) -> None:
        """Of a standby, until it can be written to."""
        self._run("pg_ctl", "promote", "-w", "-s", "-D", "data")

    def start(self) -> None:
        """Does nothing where it runs."""
        if self.running:
            return
        options = (
            f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c shared_buffers=64MB "
            "-c max_connections=40 -c log_min_messages=fatal "
            f"-c fsync={'on' if self._flushes else 'off'}"
        )
        self._run("pg_ctl", "start", "-w", "-s", "-D", "data", "-l", "log", "-o", options)

    def stop(self, mode: str = "fast") -> None:
        if self.running:
            self._run("pg_ctl", "stop", "-w", "-s", "-D", "data", "-m", mode)

    @property
    def running(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if self._user is not None:
            command = ["runuser", "-u", self._user, "--", *command]
        done = subprocess.run(
            command, cwd=self.folder, check=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr}"

    def dump(self, database: str) -> Path:
        path = self.folder / f"{database}.dump"
        self._run("pg_dump", "-d", self._superuser(database), "-Fc", "-f", str(path))
        return path

    def restore(self, database: str, dump: Path, owner: str | None = None) -> None:
        """`owner`: of all that is in it, whoever had it before."""
        to = ["--no-owner", f"--role={owner}"] if owner else []
        self._run("pg_restore", *to, "-d", self._superuser(database), str(dump))

    def _superuser(self, database: str) -> str:
        secret = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        return (
            f"host=127.0.0.1 port={self.port} user=postgres dbname={database} password='{secret}'"
        )

    def url(self, database: str, user: str = "owner") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    async def connect(self, database: str, user: str = "postgres", **more: Any) -> Any:
        more.setdefault("password", PASSWORD)
        return await asyncpg.connect(self.url(database, user), **more)

    async def new_database(self) -> str:
        """An empty database that `owner` owns."""
        self._made += 1
        name = f"test_{self._made}"
        connection = await self.connect("postgres")
        try:
            if self._made == 1:
                await connection.execute(
                    "CREATE ROLE owner LOGIN CREATEROLE PASSWORD '"
                    + PASSWORD.replace("'", "''")
                    + "'"
                )
            await connection.execute(f"CREATE DATABASE {name} OWNER owner")
        finally:
            await connection.close()
        return name

    async def drop_database(self, name: str) -> None:
        connection = await self.connect("postgres")
        try:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        finally:
            await connection.close()


def serving() -> Iterator[PostgresqlServer]:
    """For a fixture: started, and removed at the end."""
    counterparts.need(counterparts.POSTGRESQL)
    server = PostgresqlServer()
    try:
        server.initialize()
        server.start()
        yield server
    finally:
        server.remove()


def following(primary: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """For a fixture: its standby, started, and removed at the end."""
    standby = PostgresqlServer()
    try:
        standby.follow(primary)
        standby.start()
        yield standby
    finally:
        standby.remove()


@contextlib.asynccontextmanager
async def connected(
    server: PostgresqlServer, database: str, user: str = "postgres", **more: Any
) -> AsyncIterator[Any]:
    connection = await server.connect(database, user, **more)
    try:
        yield connection
    finally:
        await connection.close()


def main() -> None:
    """By hand: a server to look at until Enter is pressed."""
    server = PostgresqlServer()
    try:
        server.initialize()
        server.start()
        name = asyncio.run(server.new_database())
        input(f"{server.url(name)} password {PASSWORD} ")
    finally:
        server.remove()


if __name__ == "__main__":
    main()
