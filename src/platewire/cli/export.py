"""`platewire export passages|events FILE`: rows that fit, as CSV, JSON Lines, XLSX or Parquet.

The file gets its name when it is whole: until then it is called FILE.part.
"""

import argparse
import asyncio
import gzip
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from platewire.cli.events import open_database
from platewire.cli.options import add_config, add_json, print_json
from platewire.cli.progress import bar
from platewire.cli.search import add_filters, postgresql, wanted_of
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.passage_search import Wanted
from platewire.errors import ConfigError, QueryTooLong
from platewire.exports.columns import EVENTS, PASSAGES
from platewire.exports.formats import Format, format_of, open_rows
from platewire.exports.source import Rows, of_log, of_postgresql

STDOUT = "-"
GZIP_LEVEL = 3
"""Beyond it, files get little smaller and much slower."""
COLUMNS = {"passages": PASSAGES, "events": EVENTS}


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("export", help="write passages or events into a file")
    parser.add_argument("what", choices=list(COLUMNS), help="rows of passages or of events")
    parser.add_argument("file", metavar="FILE", help="its suffix says the format; - for stdout")
    add_config(parser)
    add_json(parser)
    parser.add_argument("--plate", metavar="TEXT", help="only such plates; see --match")
    add_filters(parser)
    parser.add_argument(
        "--format", type=Format, choices=list(Format), help="instead of what the suffix says"
    )
    parser.add_argument(
        "--bom", action="store_true", help="begin a CSV so that Excel knows it is UTF-8"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 when rows were written, 1 when there were none."""
    config = load(options.config)
    wanted = wanted_of(options, config)
    if options.what == "events" and options.open:
        raise ConfigError("--open is for passages: events are neither open nor closed")
    count = asyncio.run(export(config, wanted, options))
    if options.json:
        print_json({"file": options.file, "rows": count})
    else:
        print(f"platewire: {count} {options.what} in {options.file}", file=sys.stderr)
    return int(count == 0)


async def export(config: Config, wanted: Wanted, options: argparse.Namespace) -> int:
    format_ = options.format or format_of(options.file)
    if options.json and options.file == STDOUT:
        raise ConfigError("--json and the rows cannot both go to stdout; name a file")
    with opened(options.file, format_, force=options.force) as file:
        async with asking(config, options.transfer) as (rows, total):
            found = rows.passages(wanted) if options.what == "passages" else rows.events(wanted)
            writing = open_rows(format_, file, COLUMNS[options.what], bom=options.bom)
            count = 0
            with bar(await total(wanted, options.what), options.what, options.what) as progress:
                async for block in found:
                    writing.add(block)
                    count += len(block)
                    progress.update(len(block))
            writing.close()
    return count


@contextmanager
def opened(name: str, format_: Format, *, force: bool) -> Iterator[BinaryIO]:
    """The file to write to; what was begun goes away when it is not finished."""
    if name.endswith(".gz") and not format_.streams:
        raise ConfigError(f"{name}: {format_} is compressed already; leave out .gz")
    if name == STDOUT:
        yield sys.stdout.buffer
        return
    path = Path(name)
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; name another file, or replace it with --force")
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            if name.endswith(".gz"):
                with gzip.GzipFile("", "wb", GZIP_LEVEL, file) as zipped:
                    yield cast("BinaryIO", zipped)
            else:
                yield file
        part.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise


@asynccontextmanager
async def asking(config: Config, transfer: str | None) -> AsyncIterator[tuple[Rows, Any]]:
    """The rows of the log or of a transfer's database, and what tells how many there will be."""
    if transfer is not None:
        async with postgresql(config, transfer) as connection:

            async def unknown(wanted: Wanted, what: str) -> None:
                return None

            yield of_postgresql(connection), unknown
        return
    database = open_database(config.log.database)

    async def total(wanted: Wanted, what: str) -> int | None:
        if what == "events":
            return None
        try:
            return (await database.presence(wanted, seconds=2)).passages
        except QueryTooLong:
            return None

    try:
        yield of_log(database), total
    finally:
        await database.close()
