"""`platewire database size | retain`: what the log takes, and what retention takes from it."""

import argparse
import asyncio
from collections.abc import Sequence

from platewire.cli.options import add_config, add_json, print_json
from platewire.clock import SystemClock
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.eventlog.forecast import Going, Size, going, size
from platewire.eventlog.sqlite import SqliteLog
from platewire.status import Board


def add_tasks(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    told = tasks.add_parser("size", help="what the event log takes, and when the disk is full")
    add_config(told)
    add_json(told)
    told.add_argument(
        "--disk",
        type=int,
        metavar="BYTES",
        help="space there is from now on (default: what is free where the log lies)",
    )
    told.set_defaults(run=run_size)

    retain = tasks.add_parser(
        "retain", help="delete what the settings call too old (serve does it every minute)"
    )
    add_config(retain)
    add_json(retain)
    retain.add_argument(
        "--dry-run", action="store_true", help="only tell what would go, also while serve runs"
    )
    retain.set_defaults(run=run_retain)


def run_size(options: argparse.Namespace) -> int:
    found = size(load(options.config).log, SystemClock().now(), options.disk)
    if options.json:
        print_json(found)
    else:
        print_size(found)
    return 0


def print_size(found: Size) -> None:
    print(f"{'':10}{'count':>12}{'bytes':>18}{'bytes a day':>18}{'days kept':>12}")
    for part in found.parts:
        kept = "all" if part.kept_days is None else f"{part.kept_days:g}"
        print(f"{part.kind:10}{part.count:12}{part.bytes:18}{part.bytes_a_day:18.0f}{kept:>12}")
    days = found.days_until_full
    full = "not within ten years" if days is None else f"in {days} days"
    print(
        f"growth of the last {found.measured_days:.1f} days; {found.free_disk_bytes} bytes are "
        f"free on the disk, {found.free_pages_bytes} in the file: full {full}"
    )


def run_retain(options: argparse.Namespace) -> int:
    config = load(options.config)
    transfers = [transfer.name for transfer in config.transfer]
    would = going(config.log, SystemClock().now(), transfers)
    if not options.dry_run:
        asyncio.run(retain(config, transfers))
    if options.json:
        print_json(would)
    else:
        print_going(would, "would go" if options.dry_run else "went")
    return 0


async def retain(config: Config, transfers: Sequence[str]) -> None:
    """LogError while platewire runs: then it does so itself."""
    clock = SystemClock()
    log = await SqliteLog.open(config.log, clock, Board(clock))
    try:
        await log.retain(transfers)
    finally:
        await log.close()


def print_going(would: Sequence[Going], verb: str) -> None:
    for part in would:
        seqs = f", seq {part.first_seq} to {part.last_seq}" if part.count else ""
        size = f" of {part.bytes} bytes" if part.bytes else ""
        what = part.kind if part.kind in ("events", "pictures") else f"{part.kind} pictures alone"
        print(f"{part.count} {what}{size} {verb}{seqs}")
