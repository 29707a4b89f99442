"""What to paste into other programs so that they read the database: for each its own spelling.

Each option of a connection string is there because a reader without it got something wrong; the
tests read every view with these strings. Who may read is decided elsewhere.
"""

from pathlib import Path

from msgspec import Struct

NOT_TOLD = "(the one you gave)"
POSTGRESQL = """\
reader {user} sees {views} of the database {database}.

host {host}, port {port}, database {database}, schema {schema}
user {user}, password {password}{once}

psql, pandas; password by prompt or from PGPASSWORD
  postgresql://{user}@{host}:{port}/{database}
DuckDB, after INSTALL postgres; password in PGPASSWORD; then FROM plates.{schema}.anpr_passage
  ATTACH 'postgresql://{user}@{host}:{port}/{database}' AS plates (TYPE postgres, READ_ONLY);
ODBC (psqlODBC): Excel: Data > From Other Sources > From ODBC; 1C: external data source
  {odbc}
  64-bit programs on Windows: {{PostgreSQL Unicode(x64)}}
JDBC, DBeaver
  jdbc:postgresql://{host}:{port}/{database}?user={user}&readOnly=true
Power BI: Get data > PostgreSQL database; server and database are
  {host}:{port}   {database}
Grafana: data source PostgreSQL; host URL and database name are
  {host}:{port}   {database}

Files for Power BI and Grafana with these names in them: --files FOLDER.
From another machine write the name of the database's machine where it says localhost or 127.0.0.1,
and allow access there: listen_addresses in postgresql.conf, a line for the user in pg_hba.conf."""
SQLITE = """\
SQLite database of platewire, readable by any program on this machine with access to the folder:

{path}

Open it read-only, as all of these do; platewire keeps writing at the same time.

sqlite3
  sqlite3 -readonly "{path}"
Python; for SQLAlchemy and pandas: create_engine("sqlite://", creator=lambda: sqlite3.connect(...))
  sqlite3.connect("{uri}", uri=True)
DuckDB, after INSTALL sqlite and LOAD sqlite; one view with its types, or all views, mostly as text
  FROM sqlite_scan('{quoted}', 'anpr_passage');
  ATTACH '{quoted}' AS plates (TYPE sqlite, READ_ONLY);
ODBC (sqliteodbc): Excel: Data > From Other Sources > From ODBC; 1C: external data source;
Power BI: Get data > ODBC
  {odbc}
  on Windows: {{SQLite3 ODBC Driver}}
JDBC, DBeaver
  jdbc:sqlite:{uri}
Grafana: plugin SQLite (frser-sqlite-datasource); path prefix "file:", path options "mode=ro", path
  {path}

BigInt=1: without it, the ODBC driver truncates seq and computed integers to 32 bits."""


class Reader(Struct, frozen=True, kw_only=True):
    """What a third party needs to connect to PostgreSQL."""

    user: str
    password: str | None
    """None where it was given: then it is known already and shown to nobody."""
    host: str
    port: int
    database: str
    schema: str
    views: tuple[str, ...]


class File(Struct, frozen=True, kw_only=True):
    """What a third party needs to open the SQLite file."""

    path: str
    uri: str
    odbc: str


def postgresql_odbc(reader: Reader) -> str:
    """A connection string of psqlODBC; its Unicode driver as Debian and Windows name it.

    `BoolsAsChar=0`: truth is a bit, not the text "1". `TextAsLongVarchar=0` with a size: text that
    can be compared and joined, which 1C and Access cannot do with texts of unlimited length; 1024
    is the longest that 1C takes.
    """
    return (
        f"Driver={{PostgreSQL Unicode}};Server={reader.host};Port={reader.port};"
        f"Database={reader.database};Uid={reader.user};Pwd={reader.password or '...'};ReadOnly=1;"
        "BoolsAsChar=0;TextAsLongVarchar=0;MaxVarcharSize=1024"
    )


def sqlite_file(path: Path) -> File:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    odbc = f"Driver={{SQLite3}};Database={uri};BigInt=1;NoCreat=1"
    return File(path=str(path.absolute()), uri=uri, odbc=odbc)


def postgresql_words(reader: Reader) -> str:
    return POSTGRESQL.format(
        odbc=postgresql_odbc(reader),
        user=reader.user,
        password=reader.password or NOT_TOLD,
        once="" if reader.password is None else " - shown only once",
        host=reader.host,
        port=reader.port,
        database=reader.database,
        schema=reader.schema,
        views=", ".join(reader.views),
    )


def sqlite_words(file: File) -> str:
    quoted = file.path.replace("'", "''")
    return SQLITE.format(path=file.path, uri=file.uri, odbc=file.odbc, quoted=quoted)
