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

from platewire.cli.query.events import open_database
from platewire.cli.query.search import add_filters, filters_of, postgresql
from platewire.cli.terminal.options import add_config, add_json, no_live_file, print_json
from platewire.cli.terminal.progress import bar
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.search.filters import SearchFilters
from platewire.database.search.request import RequestError
from platewire.errors import ConfigError, QueryTooLong
from platewire.exports.columns import COLUMNS, columns_of
from platewire.exports.formats import Format, check_csv_form, format_of, open_rows
from platewire.exports.source import Rows, of_log, of_postgresql
from platewire.exports.text import CsvForm, Delimiter

STDOUT = "-"
GZIP_LEVEL = 3
"""Beyond it, files get little smaller and much slower."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("export", help="export passages or events to a file")
    parser.add_argument("what", choices=list(COLUMNS), help="one row per passage or per event")
    parser.add_argument(
        "file", metavar="FILE", help="output file, format by its suffix; - for stdout"
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument("--plate", metavar="TEXT", help="only plates that match; see --match")
    add_filters(parser)
    parser.add_argument(
        "--format", type=Format, choices=list(Format), help="file format (default: by the suffix)"
    )
    parser.add_argument(
        "--columns", metavar="NAMES", help="only these columns, in this order, comma-separated"
    )
    parser.add_argument(
        "--delimiter",
        type=Delimiter,
        choices=list(Delimiter),
        default=Delimiter.COMMA,
        help="delimiter of a CSV (default: %(default)s)",
    )
    parser.add_argument(
        "--decimal-comma",
        action="store_true",
        help="use a decimal comma in CSV: 0,875 instead of 0.875",
    )
    parser.add_argument(
        "--bom",
        action="store_true",
        help="start CSV with a byte order mark, so that Excel detects UTF-8",
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 when rows were written, 1 when there were none."""
    config = load(options.config)
    filters = filters_of(options, config)
    if options.what == "events" and options.open:
        raise ConfigError("--open applies to passages only; remove it, or export passages")
    no_live_file(Path(options.file), config.log.folder)
    count = asyncio.run(export(config, filters, options))
    if options.json:
        print_json({"file": options.file, "rows": count})
    else:
        print(f"platewire: {count} {options.what} in {options.file}", file=sys.stderr)
    return int(count == 0)


async def export(config: Config, filters: SearchFilters, options: argparse.Namespace) -> int:
    format_ = options.format or format_of(options.file)
    if options.json and options.file == STDOUT:
        raise ConfigError("--json and the rows both go to stdout; name an output file")
    try:
        columns = columns_of(options.what, options.columns)
        form = check_csv_form(
            format_, CsvForm(options.delimiter, options.decimal_comma, options.bom)
        )
    except RequestError as error:
        raise ConfigError(str(error)) from error
    with output_file(options.file, format_, force=options.force) as file:
        async with open_rows_of(config, options.output) as (rows, total):
            read = rows.passages if options.what == "passages" else rows.events
            found = read(filters, columns)
            writing = open_rows(format_, file, columns, form)
            count = 0
            with bar(await total(filters, options.what), options.what, options.what) as progress:
                async for block in found:
                    writing.add(block)
                    count += len(block)
                    progress.update(len(block))
            writing.close()
    return count


@contextmanager
def output_file(name: str, format_: Format, *, force: bool) -> Iterator[BinaryIO]:
    """The file to write to; what was begun goes away when it is not finished."""
    if name.endswith(".gz") and not format_.streams:
        raise ConfigError(f"{name}: {format_} is already compressed; remove .gz")
    if name == STDOUT:
        yield sys.stdout.buffer
        return
    path = Path(name)
    if path.exists() and not force:
        raise ConfigError(f"{path} already exists; use another file, or overwrite it with --force")
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
async def open_rows_of(config: Config, output: str | None) -> AsyncIterator[tuple[Rows, Any]]:
    """The rows of the log or of an output's database, and what tells how many there will be."""
    if output is not None:
        async with postgresql(config, output) as connection:

            async def unknown(filters: SearchFilters, what: str) -> None:
                return None

            yield of_postgresql(connection), unknown
        return
    database = open_database(config.log.database)

    async def total(filters: SearchFilters, what: str) -> int | None:
        if what == "events":
            return None
        try:
            return (await database.presence(filters, seconds=2)).passages
        except QueryTooLong:
            return None

    try:
        yield of_log(database), total
    finally:
        await database.close()
