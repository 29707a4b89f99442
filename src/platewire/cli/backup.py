"""`platewire database backup | restore | verify`: a copy while it runs, the way back, the proof."""

import argparse
import asyncio
from pathlib import Path

from msgspec import Struct
from tqdm import tqdm

from platewire.cli.options import add_config, add_json, print_json
from platewire.cli.progress import bar
from platewire.clock import SystemClock
from platewire.config.load import load
from platewire.eventlog import backup as copies
from platewire.eventlog.verify import Verified, total, verify
from platewire.transfers.database import PostgresqlTransfer, address, configured, import_driver


class Restored(Struct, frozen=True, kw_only=True):
    backup: copies.Manifest
    folder: str
    moved_aside: str | None


def add_tasks(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    make = tasks.add_parser("backup", help="copy the event log and its pictures while it is used")
    add_config(make)
    add_json(make)
    make.add_argument(
        "target",
        type=Path,
        metavar="FILE|FOLDER",
        help="what is made: a .tar file, or a folder of any other name",
    )
    make.set_defaults(run=run_backup)

    restore = tasks.add_parser("restore", help="put a backup in the place of the event log")
    add_config(restore)
    add_json(restore)
    restore.add_argument("source", type=Path, metavar="FILE|FOLDER", help="what backup made")
    restore.add_argument(
        "--overwrite", action="store_true", help="move an event log that is there aside"
    )
    restore.set_defaults(run=run_restore)

    check = tasks.add_parser("verify", help="look through the event log and all its pictures")
    add_config(check)
    add_json(check)
    check.add_argument(
        "--transfer",
        metavar="NAME",
        help="look through the database of this PostgreSQL transfer instead",
    )
    check.set_defaults(run=run_verify)


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
    folder = load(options.config).log.folder
    now = SystemClock().now()
    made, aside = copies.restore(options.source, folder, now, overwrite=options.overwrite)
    if options.json:
        moved = None if aside is None else str(aside)
        print_json(Restored(backup=made, folder=str(folder), moved_aside=moved))
        return 0
    print(f"{folder}: events {made.first_seq} to {made.last_seq}, as of {made.made_at.isoformat()}")
    if aside is not None:
        print(f"what was there before is in {aside}")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """1 where something is wrong."""
    config = load(options.config)
    place = str(config.log.folder)
    if options.transfer is not None:
        from platewire.cli.database import transfer_of

        settings = transfer_of(config, options.transfer)
        place = f'transfer "{settings.name}"'
        found = asyncio.run(verify_there(settings))
    else:
        with bar(total(config.log.folder), "looking", "rows") as progress:
            found = verify(config.log.folder, progress.update)
    return told(place, found, as_json=options.json)


async def verify_there(settings: PostgresqlTransfer) -> Verified:
    with configured(settings):
        import_driver()
        where = address(settings)
    from platewire.database.postgresql.connection import connect, explained
    from platewire.database.postgresql.verify import verify as look

    with explained(f'transfer "{settings.name}": {where.shown}'):
        connection = await connect(where)
        try:
            return Verified(*await look(connection, settings.schema))
        finally:
            await connection.close()


def told(place: str, found: Verified, *, as_json: bool) -> int:
    if as_json:
        print_json(found)
    else:
        for fault in found.faults:
            print(fault)
        said = "nothing is wrong" if not found.faults else f"{len(found.faults)} faults"
        print(f"{place}: {found.events} events, {found.pictures} pictures: {said}")
    return 1 if found.faults else 0
