"""`platewire search PLATE`: passages by plate, time, camera and more; of the log or PostgreSQL."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from platewire.cli.database.targets import output_of
from platewire.cli.events import open_database
from platewire.cli.passages import line_of
from platewire.cli.terminal.options import add_config, add_json, add_limit, print_json
from platewire.cli.terminal.times import TIMES, zone_of
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.queries import PassageRow
from platewire.database.search.passage_search import PageCursor, SearchFilters, cursor_of
from platewire.database.search.plate_pattern import Match
from platewire.database.search.request import RequestError, SearchRequest
from platewire.errors import ConfigError
from platewire.model import Direction
from platewire.runtime.clock import SystemClock

PAGE = 500
"""Passages read at once: few statements for a long answer, little memory for one page."""

Search = Callable[[SearchFilters, PageCursor | None, int], Any]
"""Gives the passages of a page."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("search", help="find passages by plate, time, camera and more")
    parser.add_argument(
        "plate", nargs="?", metavar="PLATE", help="plate or its start; * and ? are wildcards"
    )
    add_config(parser)
    add_json(parser)
    add_filters(parser)
    add_limit(parser, 50)
    parser.set_defaults(run=run)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """What a search and an export can be narrowed by, but for the plate."""
    parser.add_argument(
        "--match",
        type=Match,
        choices=list(Match),
        help="how to compare the plate (default: prefix, or wildcard if it contains * or ?)",
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        help=f"first seen at or after: {TIMES}",
    )
    parser.add_argument(
        "--until", metavar="TIME", help="first seen before; a day counts to its end"
    )
    parser.add_argument(
        "--day", metavar="DAY", help="first seen on this day: today, yesterday, 2026-01-31"
    )
    parser.add_argument("--camera", metavar="NAME", help="only passages at this camera")
    parser.add_argument("--country", metavar="CODE", help="only plates of this country, such as DE")
    parser.add_argument("--color", metavar="COLOR", help="only vehicles of this color")
    parser.add_argument("--type", metavar="TYPE", help="only vehicles of this type")
    parser.add_argument(
        "--direction", type=Direction, choices=list(Direction), help="only this direction of travel"
    )
    parser.add_argument("--list", metavar="NAME", help="only plates that matched this list")
    parser.add_argument(
        "--open", action="store_true", help="only open passages: the vehicle is still in view"
    )
    parser.add_argument(
        "--output",
        metavar="NAME",
        help="search the PostgreSQL database of this output instead of the event log",
    )


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
    shown = 0
    async with searching(config, options.output) as search:
        async for row in passages(search, filters, options.limit):
            shown += 1
            if options.json:
                print_json(row.last.event)
            else:
                event = row.last.event
                print(line_of(event, event.first_seen_at, zone_of(config)))
    return int(not shown)


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
async def searching(config: Config, output: str | None) -> AsyncIterator[Search]:
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
    place = settings.database().address
    from platewire.database.postgresql.connection import connect, explained

    with explained(f'output "{settings.name}": {place.shown}'):
        connection = await connect(place)
        try:
            yield connection
        finally:
            await connection.close()
