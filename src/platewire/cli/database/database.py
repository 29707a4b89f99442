"""`platewire database`: its tasks; here who may read, and what to paste where."""

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path

from platewire.cli.database import backup, erase, tidy
from platewire.cli.database.bi_files import write_files
from platewire.cli.database.paste import (
    File,
    Reader,
    postgresql_words,
    sqlite_file,
    sqlite_words,
)
from platewire.cli.database.targets import first_host, output_of
from platewire.cli.terminal.options import add_command, print_json
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.connection import FILE_NAME
from platewire.database.postgresql.address import Address, check_url
from platewire.errors import ConfigError
from platewire.runtime.secret import reveal


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "database", help="back up, verify, tidy and erase; give BI tools read access"
    )
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    _add_reader(tasks)
    backup.add_tasks(tasks)
    tidy.add_tasks(tasks)
    erase.add_tasks(tasks)


def _add_reader(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    reader = add_command(
        tasks,
        "reader",
        run,
        help="print connection settings for Power BI, Excel and others; create a read-only role in "
        "PostgreSQL",
    )
    reader.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="name of the PostgreSQL role to create, such as power_bi",
    )
    reader.add_argument(
        "--sqlite", action="store_true", help="use platewire's SQLite file instead; creates nothing"
    )
    reader.add_argument(
        "--output", metavar="NAME", help="PostgreSQL output to use; required if there are several"
    )
    reader.add_argument(
        "--password",
        metavar="SECRET",
        help="env:NAME or file:PATH of the password for the role (default: generated, shown once)",
    )
    reader.add_argument(
        "--admin",
        metavar="SECRET",
        help="env:NAME or file:PATH of the URL of a user who may create roles (default: the URL "
        "of the output)",
    )
    reader.add_argument(
        "--connections",
        type=int,
        default=10,
        metavar="N",
        help="maximum concurrent connections (default: %(default)s)",
    )
    reader.add_argument(
        "--statement-seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="statement timeout in seconds (default: %(default)g)",
    )
    reader.add_argument(
        "--files",
        type=Path,
        metavar="FOLDER",
        help="folder for generated Power BI and Grafana files with these connection settings",
    )


def run(options: argparse.Namespace) -> int:
    config = load(options.config)
    if options.sqlite:
        if options.files is not None:
            raise ConfigError("--files works with PostgreSQL only; remove --sqlite")
        return show(sqlite(config), options)
    if options.name is None:
        raise ConfigError("missing role name: add a NAME such as power_bi, or use --sqlite")
    database = output_of(config, options.output).database()
    reader = asyncio.run(make(database.address, options))
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
        raise ConfigError(f"{path} does not exist; start platewire once to create it")
    return sqlite_file(path)


async def make(address: Address, options: argparse.Namespace) -> Reader:
    from platewire.database.postgresql.connection import connect, explained
    from platewire.database.postgresql.reader import Limits, checked_name, make_reader, new_password

    name = checked_name(options.name)
    if options.admin is not None:
        url = reveal(options.admin)
        check_url(url, named=options.admin)
        address = replace(address, url=url, password=None)
    password = reveal(options.password) if options.password else new_password()
    limits = Limits(connections=options.connections, statement_seconds=options.statement_seconds)
    with explained(f"{address.display}: reader {name}"):
        connection = await connect(address)
        try:
            views = await make_reader(connection, address.schema, name, password, limits)
            database = await connection.fetchval("SELECT current_database()")
        finally:
            await connection.close()
    host, port = first_host(address.url)
    return Reader(
        user=name,
        password=None if options.password else password,
        host=host,
        port=port,
        database=database,
        schema=address.schema,
        views=tuple(views),
    )
