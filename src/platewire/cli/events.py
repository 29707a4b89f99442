"""`platewire events list|tail`: what the log holds, read beside a running server or without one."""

import argparse
import asyncio
import sys
from pathlib import Path

from platewire.cli.options import add_config, add_json
from platewire.cli.passages import line_of
from platewire.clock import Clock, SystemClock
from platewire.config.load import load
from platewire.country import normalize
from platewire.database.queries import Database
from platewire.errors import LogError
from platewire.model import Entry, Kind

PAGE = 500
POLL_SECONDS = 0.25


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("events", help="list the events in the log, or follow them")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|tail")
    for verb, help_text in (("list", "the newest events"), ("tail", "events as they happen")):
        sub = verbs.add_parser(verb, help=help_text)
        add_config(sub)
        add_json(sub)
        sub.add_argument("--limit", type=count, default=50, metavar="N", help="how many, at first")
        sub.add_argument("--camera", metavar="NAME", help="only this camera")
        sub.add_argument("--kind", type=Kind, choices=list(Kind), help="only this kind")
        sub.add_argument(
            "--plate", type=normalize, metavar="TEXT", help="only plates that begin with this"
        )
        sub.set_defaults(run=run)


def count(text: str) -> int:
    """A whole number from 1."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def run(options: argparse.Namespace) -> int:
    """0 when there were events, 1 when there were none."""
    return asyncio.run(list_or_tail(options))


async def list_or_tail(options: argparse.Namespace) -> int:
    database = open_database(load(options.config).log.database)
    try:
        newest = await database.events(
            limit=options.limit, camera=options.camera, kind=options.kind, plate=options.plate
        )
        for entry in reversed(newest):
            show(entry, as_json=options.json)
        if not newest:
            print("platewire: the log holds no such event", file=sys.stderr)
        if options.verb == "tail":
            after = newest[0].event.seq if newest else 0
            await follow(database, after, options, SystemClock())
        return int(not newest)
    finally:
        await database.close()


def open_database(path: Path) -> Database:
    if not path.exists():
        raise LogError(f"there is no event log at {path}; `platewire serve` makes it")
    return Database.open_read_only(path)


async def follow(database: Database, after: int, options: argparse.Namespace, clock: Clock) -> None:
    while True:
        entries = await database.events(
            after=after,
            limit=PAGE,
            camera=options.camera,
            kind=options.kind,
            plate=options.plate,
        )
        for entry in entries:
            show(entry, as_json=options.json)
        if entries:
            after = entries[-1].event.seq
        else:
            await clock.sleep(POLL_SECONDS)


def show(entry: Entry, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(entry.body + b"\n")
        sys.stdout.flush()
    else:
        day = entry.event.occurred_at.date()
        print(f"{entry.event.seq:>8}  {day}  {line_of(entry.event)}", flush=True)
