"""`platewire events list|tail`: what the log holds, read beside a running server or without one."""

import argparse
import asyncio
import sys
from datetime import tzinfo
from pathlib import Path

from platewire.cli.terminal.event_line import line_of
from platewire.cli.terminal.options import add_before, add_config, add_json, add_limit, count
from platewire.cli.terminal.times import zone_of
from platewire.config.load import load
from platewire.country import normalize
from platewire.database.queries import Database
from platewire.errors import ConfigError, LogError
from platewire.model import Entry, Kind
from platewire.runtime.clock import Clock, SystemClock

PAGE = 500
"""Events read at once: few statements for a long list, little memory for one page."""
POLL_SECONDS = 0.25
"""Seconds between two looks for new events: soon enough for a reader, rare enough for the disk."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "events", help="list the events in the event log, or follow new ones"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|tail")
    for verb, help_text in (("list", "list the newest events"), ("tail", "follow new events")):
        sub = verbs.add_parser(verb, help=help_text)
        add_config(sub)
        add_json(sub)
        add_limit(sub, 50)
        sub.add_argument("--camera", metavar="NAME", help="only events of this camera")
        sub.add_argument("--kind", type=Kind, choices=list(Kind), help="only events of this kind")
        sub.add_argument(
            "--plate", type=normalize, metavar="TEXT", help="only plates that start with this text"
        )
        sub.set_defaults(run=run, before=None, after=None)
        if verb == "list":
            add_before(sub)
            sub.add_argument(
                "--after",
                type=count,
                metavar="SEQ",
                help="list the first events after this sequence number",
            )


def run(options: argparse.Namespace) -> int:
    """0 when there were events, 1 when there were none."""
    return asyncio.run(list_or_tail(options))


async def list_or_tail(options: argparse.Namespace) -> int:
    config = load(options.config)
    zone = zone_of(config)
    if options.before is not None and options.after is not None:
        raise ConfigError("--before and --after exclude each other; use one")
    database = open_database(config.log.database)
    try:
        newest = await database.events(
            after=options.after,
            before=options.before,
            limit=options.limit,
            camera=options.camera,
            kind=options.kind,
            plate=options.plate,
        )
        for entry in sorted(newest, key=lambda entry: entry.event.seq):
            show(entry, zone, as_json=options.json)
        if not newest:
            print("platewire: no matching events in the event log", file=sys.stderr)
        if options.verb == "tail":
            after = newest[0].event.seq if newest else 0
            await follow(database, after, options, zone, SystemClock())
        return int(not newest)
    finally:
        await database.close()


def open_database(path: Path) -> Database:
    if not path.exists():
        raise LogError(f"no event log at {path}; `platewire serve` creates it")
    return Database.open_read_only(path)


async def follow(
    database: Database, after: int, options: argparse.Namespace, zone: tzinfo, clock: Clock
) -> None:
    while True:
        entries = await database.events(
            after=after,
            limit=PAGE,
            camera=options.camera,
            kind=options.kind,
            plate=options.plate,
        )
        for entry in entries:
            show(entry, zone, as_json=options.json)
        if entries:
            after = entries[-1].event.seq
        else:
            await clock.sleep(POLL_SECONDS)


def show(entry: Entry, zone: tzinfo, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(entry.body + b"\n")
        sys.stdout.flush()
    else:
        event = entry.event
        print(f"{event.seq:>8}  {line_of(event, event.occurred_at, zone)}", flush=True)
