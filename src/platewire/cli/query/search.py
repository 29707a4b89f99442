"""`platewire search PLATE`: passages by plate, time, camera and more; of the log or PostgreSQL."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, get_args

from msgspec import structs

from platewire.cli.database.targets import output_of
from platewire.cli.query.events import open_database
from platewire.cli.terminal.event_line import line_of
from platewire.cli.terminal.options import add_command, add_limit, help_of, print_json
from platewire.cli.terminal.times import zone_of
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.queries import PassageRow
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import PageCursor, cursor_of
from platewire.database.search.request import RequestError, SearchRequest
from platewire.errors import ConfigError
from platewire.runtime.clock import SystemClock

PAGE = 500
"""Passages read at once: few statements for a long answer, little memory for one page."""

Search = Callable[[SearchFilters, PageCursor | None, int], Any]
"""Gives the passages of a page."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands, "search", run, help="find passages by plate, time, camera and more"
    )
    parser.add_argument(
        "plate", nargs="?", metavar="PLATE", help="plate or its start; * and ? are wildcards"
    )
    add_filters(parser)
    add_limit(parser, 50)


METAVARS = {
    "since": "TIME",
    "until": "TIME",
    "camera": "NAME",
    "country": "CODE",
    "list": "NAME",
}


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The fields of a `SearchRequest` as options, but for the plate; and where to search."""
    for field in structs.fields(SearchRequest):
        if field.name != "plate":
            type_, meta = get_args(field.type)
            add_filter(parser, field.name, type_, help_of(meta.description))
    parser.add_argument(
        "--output",
        metavar="NAME",
        help="search the PostgreSQL database of this output instead of the event log",
    )


def add_filter(parser: argparse.ArgumentParser, name: str, type_: Any, help_text: str) -> None:
    """A flag for a bool, choices for an enum, text for anything else."""
    (base, *_) = get_args(type_) or (type_,)
    if base is bool:
        parser.add_argument(f"--{name}", action="store_true", help=help_text)
    elif issubclass(base, Enum):
        parser.add_argument(f"--{name}", type=base, choices=list(base), help=help_text)
    else:
        metavar = METAVARS.get(name, name.upper())
        parser.add_argument(f"--{name}", metavar=metavar, help=help_text)


def filters_of(options: argparse.Namespace, config: Config) -> SearchFilters:
    """ConfigError, as the command line is wrong, names the option."""
    request = SearchRequest.of(vars(options))
    try:
        return request.filters(zone_of(config), SystemClock().now())
    except RequestError as error:
        raise ConfigError(str(error)) from error


def run(options: argparse.Namespace) -> int:
    """0 when there were passages, 1 when there were none."""
    config = load(options.config)
    filters = filters_of(options, config)
    return asyncio.run(show(config, filters, options))


async def show(config: Config, filters: SearchFilters, options: argparse.Namespace) -> int:
    count = 0
    async with open_search(config, options.output) as search:
        async for row in passages(search, filters, options.limit):
            count += 1
            if options.json:
                print_json(row.last.event)
            else:
                event = row.last.event
                print(line_of(event, event.first_seen_at, zone_of(config)))
    return int(not count)


async def passages(search: Search, filters: SearchFilters, limit: int) -> AsyncIterator[PassageRow]:
    """Newest first, page by page."""
    after: PageCursor | None = None
    while limit > 0:
        page: Sequence[PassageRow] = await search(filters, after, min(limit, PAGE))
        for row in page:
            yield row
        if len(page) < min(limit, PAGE):
            return
        limit -= len(page)
        after = cursor_of(page[-1].last.event, page[-1].first_seq)


@asynccontextmanager
async def open_search(config: Config, output: str | None) -> AsyncIterator[Search]:
    """In the log, or in the database of the output that is named."""
    if output is not None:
        async with postgresql(config, output) as connection:
            from platewire.database.postgresql.search import passages as found

            yield lambda filters, after, limit: found(connection, filters, after=after, limit=limit)
        return
    database = open_database(config.log.database)
    try:
        yield lambda filters, after, limit: database.search(filters, after=after, limit=limit)
    finally:
        await database.close()


@asynccontextmanager
async def postgresql(config: Config, output: str) -> AsyncIterator[Any]:
    """A connection with the output's own rights; errors name output and server."""
    settings = output_of(config, output)
    address = settings.database().address
    from platewire.database.postgresql.connection import connect, explained

    with explained(f'output "{settings.name}": {address.display}'):
        connection = await connect(address)
        try:
            yield connection
        finally:
            await connection.close()
