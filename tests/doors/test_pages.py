"""The pages on Power BI and 1C: names, types and queries, against the driver and a real server."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from platewire.cli.main import main
from tests.database.test_contract import POSTGRESQL_VIEWS, VIEWS
from tests.doors.doors import PASSWORD, duck, line
from tests.doors.world import World
from tests.support.counterparts import ODBC_POSTGRESQL, need

if TYPE_CHECKING:
    import pyodbc

DOCS = Path(__file__).parents[2] / "docs"
ENGLISH = (DOCS / "one_c_database.md").read_text("utf-8")
RUSSIAN = (DOCS / "one_c_database.ru.md").read_text("utf-8")
TYPES = {
    "int4": ("Number(10)", "Число(10)"),
    "int8": ("Number(19)", "Число(19)"),
    "float8": ("Number", "Число"),
    "bool": ("Boolean", "Булево"),
    "timestamp": ("Date", "Дата"),
    "timestamptz": ("Date", "Дата"),
    "date": ("Date", "Дата"),
    "bytea": ("BinaryData", "ДвоичныеДанные"),
    "text": ("String(1024)", "Строка(1024)"),
}
"""What a type of PostgreSQL is in 1C, in both languages."""


@pytest.fixture
def connection(world: World, capsys: pytest.CaptureFixture[str]) -> "Iterator[pyodbc.Connection]":
    """With the string that is printed."""
    need(ODBC_POSTGRESQL)
    import pyodbc

    assert main(["database", "reader", "one_c", "--config", str(world.config)]) == 0
    string = line(capsys.readouterr().out, r"Driver=.*")
    with closing(pyodbc.connect(string, autocommit=True)) as connection:
        yield connection


def tables(page: str) -> dict[str, list[tuple[str, str]]]:
    sections = re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", page, re.M | re.S)
    return {name: re.findall(r"^\| `(\w+)` \| (\S+) \|", text, re.M) for name, text in sections}


@pytest.mark.parametrize(("page", "language"), [(ENGLISH, 0), (RUSSIAN, 1)], ids=["en", "ru"])
def test_tables_for_1c_are_what_the_driver_tells(
    page: str, language: int, connection: "pyodbc.Connection"
) -> None:
    told = tables(page)
    assert set(told) == set(VIEWS)
    for view, fields in told.items():
        there = connection.cursor().columns(table=view).fetchall()
        assert [(row.column_name, TYPES[row.type_name][language]) for row in there] == fields, view
        sizes = {row.column_size for row in there if row.type_name == "text"}
        assert sizes <= {1024}, view


def test_both_pages_give_the_same_keys_and_keys_are_unique(connection: "pyodbc.Connection") -> None:
    keys = dict(re.findall(r"^### `(\w+)`\n\n.* Key: `(\w+)`", ENGLISH, re.M))
    assert keys == dict(re.findall(r"^### `(\w+)`\n\n.* Ключ: `(\w+)`", RUSSIAN, re.M))
    assert set(keys) == set(VIEWS)
    for view, key in keys.items():
        values = [row[0] for row in connection.execute(f"SELECT {key} FROM {view}").fetchall()]
        assert None not in values
        assert len(set(values)) == len(values) > 0, view


def strings(page: str) -> list[str]:
    return re.findall(r"Driver=\{PostgreSQL Unicode\(x64\)\}[^\"\n]*", page)


@pytest.mark.parametrize("page", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_strings_of_the_page_are_those_that_are_printed(
    page: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["database", "reader", "one_c", "--config", str(world.config)]) == 0
    printed = options(line(capsys.readouterr().out, r"Driver=.*"))
    assert len(strings(page)) == 2
    for string in map(options, strings(page)):
        assert set(printed) - set(string) <= {"Uid", "Pwd"}
        changing = {"Driver", "Server", "Port", "Database", "Uid", "Pwd"}
        assert {k: v for k, v in string.items() if k not in changing} == {
            k: v for k, v in printed.items() if k not in changing
        }


def options(string: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in string.split(";"))


@pytest.mark.parametrize("page", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_the_query_names_columns_that_are_there(page: str) -> None:
    (query,) = re.findall(r"Query\.Text =\n\"(.*?)\";|Запрос\.Текст =\n\"(.*?)\";", page, re.S)
    used = set(re.findall(r"[TТ]\.(\w+)", "".join(query)))
    assert used <= {name for name, _ in VIEWS["anpr_passage"]}
    assert len(used) > 5


def blocks(page: str) -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize("query", blocks("power_bi.md"))
def test_queries_of_the_page_on_power_bi(query: str, connection: "pyodbc.Connection") -> None:
    columns = [column[0] for column in connection.execute(query).description]
    assert columns == [name for name, _ in POSTGRESQL_VIEWS["anpr_passage"]]


@pytest.mark.parametrize("query", blocks("power_bi.md"))
def test_they_run_on_the_file_too(query: str, world: World) -> None:
    with closing(sqlite3.connect(f"{world.sqlite.as_uri()}?mode=ro", uri=True)) as connection:
        columns = [column[0] for column in connection.execute(query).description]
    assert columns == [name for name, _ in VIEWS["anpr_passage"]]


def test_what_the_page_says_of_duckdb(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for `INSTALL`, as the extensions are there; all but pictures has a type."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    command = ["database", "reader", "duck", "--password", "env:PGPASSWORD"]
    assert main([*command, "--config", str(world.config)]) == 0
    url = line(capsys.readouterr().out, r"ATTACH '(\S+)'")
    postgresql, sqlite, attached = (
        re.sub(r"INSTALL.*|LOAD.*", "", text).replace("20260131", "20260102")
        for text in blocks("readers.md")
    )
    with duck("postgres") as connection:
        asked = postgresql.replace("postgresql://duck@db.example:5432/plates", url)
        found = connection.execute(asked).fetchall()
        assert dict(found) == {"site/gate": 2, "site/Ворота-ö": 7}
    with duck("sqlite") as connection:
        asked = sqlite.replace("/srv/platewire-data/platewire.db", str(world.sqlite))
        assert connection.execute(asked).fetchall() == [(20260102, 1)]
        kinds = connection.execute("SELECT column_name, column_type FROM (DESCRIBE passages)")
        assert [name for name, kind in kinds.fetchall() if kind == "BLOB"] == ["plate_jpeg"]
        asked = attached.replace("/srv/platewire-data/platewire.db", str(world.sqlite))
        attach, with_pictures, whole = asked.strip().strip(";").split(";")
        connection.execute(attach)
        shown = connection.execute(with_pictures).fetchall()
        assert {type(seconds) for _, seconds, _ in shown} == {float}
        assert {type(jpeg) for _, _, jpeg in shown} == {bytes, type(None)}
        assert len(connection.execute(whole).fetchall()) == len(shown)
