"""`platewire database backup | restore | verify`: a copy while it runs, the way back, the proof."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from tqdm import tqdm

from platewire.cli.terminal.options import add_command, print_json
from platewire.cli.terminal.progress import bar
from platewire.cli.terminal.times import zone_of
from platewire.config.load import load
from platewire.database.connection import FILE_NAME
from platewire.database.postgresql.address import WrittenDatabase
from platewire.delivery.events.selection import DeliveredEvents
from platewire.eventlog.upkeep import backup as copies
from platewire.eventlog.upkeep.beside import log_beside
from platewire.eventlog.upkeep.verify import Verified, total, verify
from platewire.outputs.output import OutputSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.site_time import print_time


class Restored(Struct, frozen=True, kw_only=True):
    backup: copies.Manifest
    folder: str
    moved_aside: str | None


def add_tasks(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    make = add_command(
        tasks,
        "backup",
        run_backup,
        help="back up the event log and its pictures; also works while the server runs",
    )
    make.add_argument(
        "target",
        type=Path,
        metavar="FILE|FOLDER",
        help="backup to create: a .tar file, or a folder for any other name",
    )

    restore = add_command(tasks, "restore", run_restore, help="restore the event log from a backup")
    restore.add_argument(
        "source", type=Path, metavar="FILE|FOLDER", help="a .tar file or folder created by backup"
    )
    restore.add_argument(
        "--overwrite", action="store_true", help="move an existing event log aside"
    )

    check = add_command(
        tasks,
        "verify",
        run_verify,
        help="verify the integrity of the event log and all its pictures",
    )
    check.add_argument(
        "--output",
        metavar="NAME",
        help="verify the database of this PostgreSQL output instead",
    )


class Bars:
    """One progress bar after the other, one for each thing that is copied."""

    def __init__(self) -> None:
        self._what = ""
        self._bar: tqdm[None] | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._bar is None or what != self._what:
            self.close()
            self._what, self._bar = what, bar(total, what, "bytes")
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def run_backup(options: argparse.Namespace) -> int:
    config = load(options.config)
    bars = Bars()
    try:
        made = copies.backup(config.log.folder, options.target, SystemClock().now(), bars)
    finally:
        bars.close()
    if options.json:
        print_json(made)
    else:
        print(
            f"{options.target}: events {made.first_seq} to {made.last_seq}, {made.pictures} "
            f"pictures of {made.picture_bytes} bytes"
        )
    return 0


def run_restore(options: argparse.Namespace) -> int:
    config = load(options.config)
    folder = config.log.folder
    now = SystemClock().now()
    made, aside = copies.restore(options.source, folder, now, overwrite=options.overwrite)
    if options.json:
        moved = None if aside is None else str(aside)
        print_json(Restored(backup=made, folder=str(folder), moved_aside=moved))
        return 0
    as_of = print_time(made.made_at, zone_of(config))
    print(f"{folder}: events {made.first_seq} to {made.last_seq}, as of {as_of}")
    if aside is not None:
        print(f"the previous event log is in {aside}")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """1 where something is wrong."""
    config = load(options.config)
    subject = str(config.log.folder)
    if options.output is not None:
        from platewire.cli.database.targets import output_of

        settings = output_of(config, options.output)
        subject = f'output "{settings.name}"'
        found = asyncio.run(verify_there(settings, config.log.folder))
    else:
        with bar(total(config.log.folder), "looking", "rows") as progress:
            found = verify(config.log.folder, progress.update)
    return report(subject, found, as_json=options.json)


async def verify_there(settings: OutputSettings, folder: Path) -> Verified:
    """The tables in themselves, then against what the log has given."""
    database = settings.database()
    where = database.address
    from platewire.database.postgresql.connection import connect, explained
    from platewire.database.postgresql.verify import verify as look

    with explained(f'output "{settings.name}": {where.display}'):
        connection = await connect(where)
        try:
            events, pictures, faults = await look(connection, where.schema)
            given = await verify_given_there(connection, settings, database, folder)
        finally:
            await connection.close()
    return Verified(events, pictures, (*faults, *given))


async def verify_given_there(
    connection: Any, settings: OutputSettings, database: WrittenDatabase, folder: Path
) -> Sequence[str]:
    from platewire.database.postgresql.partitions import oldest_kept
    from platewire.database.postgresql.verify import verify_given

    if not (folder / FILE_NAME).exists():
        return ()
    months = database.retention_months
    now = SystemClock().now()
    oldest_ms = oldest_kept(now, months).start_ms if months else 0
    with log_beside(folder) as log:
        node_id = database.node_id or str(log.numbering.log_id)
        given = DeliveredEvents(log, settings)
        with bar(given.last_seq + 1 - given.first_seq, "comparing", "events") as progress:
            return await verify_given(
                connection, node_id, settings.name, given, oldest_ms, progress.update
            )


def report(subject: str, found: Verified, *, as_json: bool) -> int:
    if as_json:
        print_json(found)
    else:
        for text in (*found.faults, *found.gaps):
            print(text)
        number = len(found.faults)
        said = f"{number} fault{'' if number == 1 else 's'}" if number else "no errors found"
        print(f"{subject}: {found.events} events, {found.pictures} pictures: {said}")
        if found.log_id is not None:
            print(f"log {found.log_id}, epoch {found.epoch}")
    return 1 if found.faults else 0
