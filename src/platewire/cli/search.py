"""`platewire search PLATE`: passages by plate, time, camera and more; of the log or PostgreSQL."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any

from platewire.cli.database import transfer_of
from platewire.cli.events import count, open_database
from platewire.cli.options import add_config, add_json, print_json
from platewire.cli.passages import line_of
from platewire.clock import SystemClock
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.asked import Asked, AskedError, zone_of
from platewire.database.passage_search import Place, Wanted, place_of
from platewire.database.plate_pattern import Match
from platewire.database.queries import PassageRow
from platewire.errors import ConfigError
from platewire.model import Direction

PAGE = 500

Search = Callable[[Wanted, Place | None, int], Any]
"""Gives the passages of a page."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("search", help="find passages by plate, time, camera and more")
    parser.add_argument(
        "plate", nargs="?", metavar="PLATE", help="its text or beginning; * and ? stand for others"
    )
    add_config(parser)
    add_json(parser)
    add_filters(parser)
    parser.add_argument(
        "--limit", type=count, default=50, metavar="N", help="how many (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """What a search and an export can be narrowed by, but for the plate."""
    parser.add_argument(
        "--match",
        type=Match,
        choices=list(Match),
        help="how the plate is compared (default: prefix, or wildcard where it holds * or ?)",
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="first seen then or later: 2026-01-31T08:00, today, 24h (ago)",
    )
    parser.add_argument("--until", metavar="TIME", help="first seen before")
    parser.add_argument("--day", metavar="DAY", help="first seen on: today, yesterday, 2026-01-31")
    parser.add_argument("--camera", metavar="NAME", help="only this camera")
    parser.add_argument("--country", metavar="CODE", help="only plates of this country: DE")
    parser.add_argument("--color", metavar="COLOR", help="only vehicles of this color")
    parser.add_argument("--type", metavar="TYPE", help="only vehicles of this type")
    parser.add_argument(
        "--direction", type=Direction, choices=list(Direction), help="only this direction"
    )
    parser.add_argument("--list", metavar="NAME", help="only plates that stood on this list")
    parser.add_argument("--open", action="store_true", help="only vehicles that are still seen")
    parser.add_argument(
        "--transfer",
        metavar="NAME",
        help="ask the PostgreSQL database of this transfer instead of the log",
    )


def wanted_of(options: argparse.Namespace, config: Config) -> Wanted:
    """ConfigError, as the command line is wrong, names the option."""
    asked = Asked(**{field.name: getattr(options, field.name) for field in fields(Asked)})
    try:
        return asked.wanted(zone_of(config.site.time_zone), SystemClock().now())
    except AskedError as error:
        raise ConfigError(str(error)) from error


def run(options: argparse.Namespace) -> int:
    """0 when there were passages, 1 when there were none."""
    config = load(options.config)
    wanted = wanted_of(options, config)
    return asyncio.run(show(config, wanted, options))


async def show(config: Config, wanted: Wanted, options: argparse.Namespace) -> int:
    shown = 0
    async with searching(config, options.transfer) as search:
        async for row in passages(search, wanted, options.limit):
            shown += 1
            if options.json:
                print_json(row.last.event)
            else:
                print(f"{row.last.event.first_seen_at.date()}  {line_of(row.last.event)}")
    return int(not shown)


async def passages(search: Search, wanted: Wanted, limit: int) -> AsyncIterator[PassageRow]:
    """Newest first, page by page."""
    after: Place | None = None
    while limit > 0:
        page: Sequence[PassageRow] = await search(wanted, after, min(limit, PAGE))
        for row in page:
            yield row
        if len(page) < min(limit, PAGE):
            return
        limit -= len(page)
        after = place_of(page[-1].last.event, page[-1].first_seq)


@asynccontextmanager
async def searching(config: Config, transfer: str | None) -> AsyncIterator[Search]:
    """In the log, or in the database of the transfer that is named."""
    if transfer is not None:
        async with postgresql(config, transfer) as connection:
            from platewire.database.postgresql.search import passages as found

            yield lambda wanted, after, limit: found(connection, wanted, after=after, limit=limit)
        return
    database = open_database(config.log.database)
    try:
        yield lambda wanted, after, limit: database.search(wanted, after=after, limit=limit)
    finally:
        await database.close()


@asynccontextmanager
async def postgresql(config: Config, transfer: str) -> AsyncIterator[Any]:
    """A connection with the transfer's own rights; errors name transfer and server."""
    from platewire.transfers.database import address, configured, import_driver

    settings = transfer_of(config, transfer)
    with configured(settings):
        import_driver()
        place = address(settings)
    from platewire.database.postgresql.connection import connect, explained

    with explained(f'transfer "{settings.name}": {place.shown}'):
        connection = await connect(place)
        try:
            yield connection
        finally:
            await connection.close()
