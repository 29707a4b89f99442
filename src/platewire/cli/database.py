"""`platewire database`: its tasks; here who may read, and what to paste where."""

import argparse
import asyncio
import re
from dataclasses import replace
from pathlib import Path

from platewire.cli import backup, erase, tidy
from platewire.cli.bi_files import write_files
from platewire.cli.options import add_config, add_json, print_json
from platewire.cli.paste import (
    File,
    Reader,
    postgresql_words,
    sqlite_file,
    sqlite_words,
)
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.connection import FILE_NAME
from platewire.errors import ConfigError
from platewire.secret import reveal
from platewire.transfers.database import (
    PostgresqlTransfer,
    address,
    check_url,
    configured,
    import_driver,
)

DEFAULT_PORT = 5432


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("database", help="back up, look through, tidy; let others read")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    reader = tasks.add_parser(
        "reader",
        help="print what to paste into Power BI, Excel, ...; in PostgreSQL make a role for it",
    )
    add_config(reader)
    add_json(reader)
    reader.add_argument(
        "name", metavar="NAME", nargs="?", help="name of the role in PostgreSQL, such as power_bi"
    )
    reader.add_argument(
        "--sqlite", action="store_true", help="platewire's own file instead: nothing is made"
    )
    reader.add_argument(
        "--transfer", metavar="NAME", help="the transfer whose database it is, if there are several"
    )
    reader.add_argument(
        "--password",
        metavar="SECRET",
        help="env:NAME or file:PATH of the reader's password (default: a new one, shown once)",
    )
    reader.add_argument(
        "--admin",
        metavar="SECRET",
        help="env:NAME or file:PATH of the URL of a user who may create roles (default: the "
        "transfer's own)",
    )
    reader.add_argument(
        "--connections", type=int, default=10, metavar="N", help="at a time (default: %(default)s)"
    )
    reader.add_argument(
        "--statement-seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="longest statement (default: %(default)g)",
    )
    reader.add_argument(
        "--files",
        type=Path,
        metavar="FOLDER",
        help="write files for Power BI and Grafana there, with these names in them",
    )
    reader.set_defaults(run=run)
    backup.add_tasks(tasks)
    tidy.add_tasks(tasks)
    erase.add_tasks(tasks)


def run(options: argparse.Namespace) -> int:
    config = load(options.config)
    if options.sqlite:
        if options.files is not None:
            raise ConfigError("the files of --files are for PostgreSQL; leave out --sqlite")
        return show(sqlite(config), options)
    if options.name is None:
        raise ConfigError("name the role to make, such as power_bi; or --sqlite")
    settings = transfer_of(config, options.transfer)
    with configured(settings):
        import_driver()
    reader = asyncio.run(make(settings, options))
    if options.files is not None:
        write_files(reader, config.web, options.files)
    return show(reader, options)


def show(found: Reader | File, options: argparse.Namespace) -> int:
    if options.json:
        print_json(found)
    else:
        print(postgresql_words(found) if isinstance(found, Reader) else sqlite_words(found))
    return 0


def sqlite(config: Config) -> File:
    path = config.log.folder / FILE_NAME
    if not path.exists():
        raise ConfigError(f"{path} is not there; it is made when platewire first runs")
    return sqlite_file(path)


def transfer_of(config: Config, name: str | None) -> PostgresqlTransfer:
    """The one that is named, or the only one there is."""
    there = [each for each in config.transfer if isinstance(each, PostgresqlTransfer)]
    chosen = [each for each in there if name in (None, each.name)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(each.name for each in there) or "none"
    if name is not None:
        raise ConfigError(f'there is no PostgreSQL transfer "{name}"; there are: {names}')
    raise ConfigError(f"name one PostgreSQL transfer with --transfer; there are: {names}")


async def make(settings: PostgresqlTransfer, options: argparse.Namespace) -> Reader:
    from platewire.database.postgresql.connection import connect, explained
    from platewire.database.postgresql.reader import Limits, checked_name, make_reader, new_password

    name = checked_name(options.name)
    with configured(settings):
        place = address(settings)
    if options.admin is not None:
        url = reveal(options.admin)
        check_url(url, named=options.admin)
        place = replace(place, url=url, password=None)
    password = reveal(options.password) if options.password else new_password()
    limits = Limits(connections=options.connections, statement_seconds=options.statement_seconds)
    with explained(f"{place.shown}: reader {name}"):
        connection = await connect(place)
        try:
            views = await make_reader(connection, settings.schema, name, password, limits)
            database = await connection.fetchval("SELECT current_database()")
        finally:
            await connection.close()
    host, port = first_host(place.url)
    return Reader(
        user=name,
        password=None if options.password else password,
        host=host,
        port=port,
        database=database,
        schema=settings.schema,
        views=tuple(views),
    )


def first_host(url: str) -> tuple[str, int]:
    """Host and port of the first server that a URL names."""
    hosts = re.sub(r"^\w+://(?:[^/?]*@)?", "", url).partition("/")[0]
    match = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(\d+))?", hosts.partition(",")[0])
    host, port = match.groups() if match else ("", None)
    return host.strip("[]") or "localhost", int(port or DEFAULT_PORT)
