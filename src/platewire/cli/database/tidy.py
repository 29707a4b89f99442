"""`platewire database size | retain`: what the log takes, and what retention takes from it.

`platewire retention confirm`: that the clock is right by which retention goes.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from platewire.cli.terminal.options import add_command, add_config, print_json
from platewire.cli.terminal.times import zone_of
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.errors import ConfigError
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.clock_check import confirm
from platewire.eventlog.upkeep.forecast import PendingDeletion, Size, pending_deletions, size
from platewire.runtime.clock import SystemClock
from platewire.runtime.site_time import print_time
from platewire.runtime.status import Board


def add_tasks(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        tasks,
        "size",
        run_size,
        help="show the disk usage of the event log and forecast when the disk is full",
    )
    parser.add_argument(
        "--disk",
        type=int,
        metavar="BYTES",
        help="disk space available for the forecast (default: free space on the disk of the log)",
    )

    retain = add_command(
        tasks,
        "retain",
        run_retain,
        help="apply the retention settings now (serve does it every minute)",
    )
    retain.add_argument(
        "--dry-run",
        action="store_true",
        help="only show what would be deleted; also works while the server runs",
    )


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`platewire retention`; the tasks above belong to `platewire database`."""
    parser = commands.add_parser("retention", help="retention and the system clock")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    confirm_parser = tasks.add_parser(
        "confirm",
        help="confirm that the system clock is correct; retention by age resumes, within a minute "
        "if the server runs",
    )
    add_config(confirm_parser)
    confirm_parser.set_defaults(run=run_confirm)


def run_confirm(options: argparse.Namespace) -> int:
    """For a server that runs and for the next one."""
    config = load(options.config)
    log = config.log
    if not log.database.exists():
        raise ConfigError(f"no event log in {log.folder}; check `log.folder`")
    now = SystemClock().now()
    confirm(log.folder, now)
    print(f"clock confirmed: {print_time(now, zone_of(config))}")
    return 0


def run_size(options: argparse.Namespace) -> int:
    found = size(load(options.config).log, SystemClock().now(), options.disk)
    if options.json:
        print_json(found)
    else:
        print_size(found)
    return 0


def print_size(found: Size) -> None:
    print(f"{'':10}{'count':>12}{'bytes':>18}{'bytes/day':>18}{'retention':>12}")
    for part in found.parts:
        kept = "unlimited" if part.kept_days is None else f"{part.kept_days:g} days"
        print(f"{part.kind:10}{part.count:12}{part.bytes:18}{part.bytes_a_day:18.0f}{kept:>12}")
    days = found.days_until_full
    full = "not within 10 years" if days is None else f"in {days} days"
    print(
        f"growth measured over {found.measured_days:.1f} days; free: {found.free_disk_bytes} bytes "
        f"on the disk, {found.free_pages_bytes} bytes in the database file; disk full: {full}"
    )


def run_retain(options: argparse.Namespace) -> int:
    config = load(options.config)
    outputs = [output.name for output in config.output]
    would, held = pending_deletions(config.log, SystemClock(), outputs)
    if not options.dry_run:
        asyncio.run(retain(config, outputs))
    if options.json:
        print_json(would)
    else:
        print_pending_deletions(would, "would be deleted" if options.dry_run else "deleted")
    if held:
        print(f"platewire: {held}", file=sys.stderr)
    return int(bool(held))


async def retain(config: Config, outputs: Sequence[str]) -> None:
    """LogError while platewire runs: then it does so itself."""
    clock = SystemClock()
    log = await SqliteLog.open(config.log, clock, Board(clock))
    try:
        await log.retain(outputs)
    finally:
        await log.close()


def print_pending_deletions(would: Sequence[PendingDeletion], verb: str) -> None:
    for part in would:
        seqs = f", seq {part.first_seq} to {part.last_seq}" if part.count else ""
        size = f" of {part.bytes} bytes" if part.bytes else ""
        what = part.kind if part.kind in ("events", "pictures") else f"{part.kind} pictures only"
        print(f"{part.count} {what}{size} {verb}{seqs}")
