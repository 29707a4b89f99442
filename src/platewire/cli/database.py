"""`platewire database`: its tasks; here read-only roles in PostgreSQL, and what to paste where."""

import argparse
import asyncio
import re
from dataclasses import replace

from msgspec import Struct

from platewire.cli import backup, erase, tidy
from platewire.cli.options import add_config, add_json, print_json
from platewire.config.load import load
from platewire.config.tree import Config
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
NOT_TOLD = "(the one you gave)"
PASTE = """\
reader {user} sees {views} of the database {database}.

host {host}, port {port}, database {database}, schema {schema}
user {user}, password {password}{once}

psql, pandas, DuckDB
  postgresql://{user}@{host}:{port}/{database}
ODBC (psqlODBC), also Excel: Data > From Other Sources > From ODBC, and 1C: external data source
  {odbc}
JDBC
  jdbc:postgresql://{host}:{port}/{database}?user={user}&readOnly=true
Power BI: Get data > PostgreSQL database; server and database are
  {host}:{port}   {database}
Grafana: data source PostgreSQL; host URL and database name are
  {host}:{port}   {database}

From another machine write the name of the database's machine where it says localhost or 127.0.0.1,
and let it in there: listen_addresses in postgresql.conf, a line for the user in pg_hba.conf."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("database", help="back up, look through, tidy; let others read")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    reader = tasks.add_parser(
        "reader", help="make a read-only role and print what to paste into Power BI, Excel, ..."
    )
    add_config(reader)
    add_json(reader)
    reader.add_argument("name", metavar="NAME", help="name of the role, such as power_bi")
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
    reader.set_defaults(run=run)
    backup.add_tasks(tasks)
    tidy.add_tasks(tasks)
    erase.add_tasks(tasks)


class Reader(Struct, frozen=True, kw_only=True):
    """What a third party needs to connect."""

    user: str
    password: str | None
    """None where it was given: then it is known already and shown to nobody."""
    host: str
    port: int
    database: str
    schema: str
    views: tuple[str, ...]


def run(options: argparse.Namespace) -> int:
    settings = transfer_of(load(options.config), options.transfer)
    with configured(settings):
        import_driver()
    reader = asyncio.run(make(settings, options))
    if options.json:
        print_json(reader)
    else:
        print(words(reader))
    return 0


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


def odbc(reader: Reader) -> str:
    """A connection string of psqlODBC; its Unicode driver as Debian and Windows name it."""
    return (
        f"Driver={{PostgreSQL Unicode}};Server={reader.host};Port={reader.port};"
        f"Database={reader.database};Uid={reader.user};Pwd={reader.password or '...'};ReadOnly=1"
    )


def words(reader: Reader) -> str:
    return PASTE.format(
        odbc=odbc(reader),
        user=reader.user,
        password=reader.password or NOT_TOLD,
        once="" if reader.password is None else " - shown this once",
        host=reader.host,
        port=reader.port,
        database=reader.database,
        schema=reader.schema,
        views=", ".join(reader.views),
    )
