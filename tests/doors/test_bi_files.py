"""The files for Power BI and Grafana: their form, and every query against a real server.

Power BI and Grafana themselves are not here. Grafana's macros are put in as its documentation says
that it does; scripts of Power Query are looked at for the names that they use.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml  # type: ignore[import-untyped]

from platewire.cli.database.paste import Reader
from platewire.cli.main import main
from platewire.web.odata.metadata import csdl
from tests.database.test_contract import VIEWS
from tests.doors.world import World

FILES = Path(__file__).parents[2] / "src" / "platewire" / "bi"
BOARD = json.loads((FILES / "grafana" / "dashboard.json").read_text("utf-8"))
SCRIPTS = sorted((FILES / "power_bi").glob("*.pq"))
FROM, TO = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@pytest.fixture
def reader(world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> dict[str, Any]:
    """As told, and its files written to `tmp_path`."""
    command = ["database", "reader", "bi", "--json", "--config", str(world.config)]
    assert main([*command, "--files", str(tmp_path)]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert set(told) == set(Reader.__struct_fields__)
    return told


# --- Grafana -------------------------------------------------------------------------------------


def expanded(sql: str, cameras: str) -> str:
    """As Grafana's PostgreSQL data source expands its macros, and variables as SQL strings."""
    sql = sql.replace("${camera:sqlstring}", cameras).replace("$__interval", "'5m'")
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN '{FROM}' AND '{TO}'", sql)
    sql = re.sub(r"\$__timeGroupAlias\((\w+), *'(\d+)(\w)'\)", grouped, sql)
    assert "$" not in sql
    return sql


def grouped(match: re.Match[str]) -> str:
    step = int(match[2]) * SECONDS[match[3]]
    return f'floor((extract(epoch from {match[1]}))/{step})*{step} AS "time"'


def strings(values: list[str]) -> str:
    return ",".join("'" + value.replace("'", "''") + "'" for value in values)


async def answers(told: dict[str, Any], sql: str) -> list[Any]:
    names = ("user", "password", "host", "port", "database")
    connection = await asyncpg.connect(**{name: told[name] for name in names})
    try:
        found: list[Any] = await connection.fetch(sql)
        return found
    finally:
        await connection.close()


def cameras_of(told: dict[str, Any]) -> list[str]:
    (variable,) = [each for each in BOARD["templating"]["list"] if each["name"] == "camera"]
    return [row[0] for row in asyncio.run(answers(told, variable["query"]))]


def test_every_panel_has_an_answer(reader: dict[str, Any]) -> None:
    """As the reader, whose rights are all that Grafana has."""
    cameras = cameras_of(reader)
    assert cameras == ["site/gate", "site/yard", "site/Ворота-ö"]
    for panel in BOARD["panels"]:
        (target,) = panel["targets"]
        rows = asyncio.run(answers(reader, expanded(target["rawSql"], strings(cameras))))
        old = panel["title"] == "In view now"
        assert bool(rows) != old, panel["title"]
        if rows and target["format"] == "time_series":
            assert list(rows[0].keys()) == ["time", "metric", "value"], panel["title"]


def test_panels_tell_what_happened(reader: dict[str, Any]) -> None:
    """Nine passages of which one is a test; one on a list."""
    cameras = strings(cameras_of(reader))
    told = {
        panel["title"]: asyncio.run(answers(reader, expanded(sql, cameras)))
        for panel in BOARD["panels"]
        for sql in (panel["targets"][0]["rawSql"],)
    }
    assert told["Passages"][0][0] == 8
    assert told["On a list"][0][0] == 1
    assert sum(row["value"] for row in told["Passages per hour, by direction"]) == 8
    assert {row["metric"]: row["value"] for row in told["Passages per camera"]} == {
        "site/gate": 2,
        "site/Ворота-ö": 6,
    }
    assert [tuple(row) for row in told["Countries"]] == [("DE", 7), ("unknown", 1)]
    pictures = [row["picture"] for row in told["Last passages"] if row["picture"]]
    assert len(pictures) == 1
    assert re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/]+=*", pictures[0])


def test_overrides_name_columns(reader: dict[str, Any]) -> None:
    cameras = strings(cameras_of(reader))
    for panel in BOARD["panels"]:
        named = [each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]]
        if named:
            row = asyncio.run(answers(reader, expanded(panel["targets"][0]["rawSql"], cameras)))[0]
            assert set(named) <= set(row.keys()), panel["title"]


def test_the_dashboard_fits_together() -> None:
    assert BOARD["schemaVersion"] >= 39
    identities = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(identities)) == len(identities)
    places = [set(cells(panel["gridPos"])) for panel in BOARD["panels"]]
    assert sum(map(len, places)) == len(set().union(*places)), "panels lie upon each other"
    assert all(0 <= x < 24 for place in places for x, _ in place)
    sources = {json.dumps(panel["datasource"]) for panel in BOARD["panels"]}
    assert len(sources) == 1, "all ask the database that is chosen above"


def cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        yield from ((x, y) for y in range(place["y"], place["y"] + place["h"]))


# --- files with the names of a database in them --------------------------------------------------


def test_names_are_written_into_the_files(reader: dict[str, Any], tmp_path: Path) -> None:
    there = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert there >= {path.relative_to(FILES) for path in FILES.rglob("*.*") if path.is_file()}
    for path in there:
        text = (tmp_path / path).read_text("utf-8")
        assert not re.search(r"\b(HOST|PORT|DATABASE|SCHEMA|USER|WEB)\b", text), path
        assert reader["password"] not in text, path
    place = f"{reader['host']}:{reader['port']}"
    assert f'url: "{place}"' in (
        tmp_path / "grafana/provisioning/datasources/platewire.yaml"
    ).read_text("utf-8")
    feed = (tmp_path / "power_bi/odata_passages.pq").read_text("utf-8")
    assert '"http://127.0.0.1:8080/odata/"' in feed
    connection = json.loads((tmp_path / "power_bi/platewire.pbids").read_text("utf-8"))
    assert connection == {
        "version": "0.1",
        "connections": [
            {
                "details": {
                    "protocol": "postgresql",
                    "address": {"server": place, "database": reader["database"]},
                },
                "options": {},
                "mode": "Import",
            }
        ],
    }


def test_a_folder_that_cannot_be_written(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    command = ["database", "reader", "bi", "--config", str(world.config)]
    assert main([*command, "--files", str(tmp_path / "file")]) == 2
    assert "use another folder" in capsys.readouterr().err


# --- Power Query ---------------------------------------------------------------------------------


def properties() -> set[str]:
    """Of the entity set Passages, as its metadata names them."""
    text = csdl()
    (entity,) = re.findall(r'<EntityType Name="Passage".*?</EntityType>', text, re.S)
    return set(re.findall(r'<Property Name="(\w+)"', entity))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_name_what_is_there(script: Path) -> None:
    """Columns of the view that each reads, and brackets that close."""
    text = re.sub(r"//.*", "", script.read_text("utf-8").replace("http://", ""))
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing)
    views = set(re.findall(r'Item = "(\w+)"', text)) or {"anpr_passage"}
    columns = {name for view in views for name, _ in VIEWS[view]}
    if "OData" in text:
        columns = properties()
    used = set(re.findall(r"(?:each|and|not) \[(\w+)\]", text))
    used |= set(re.findall(r'"([a-z]\w+)"(?!\])', text)) - views
    assert used <= columns, used - columns


def test_incremental_refresh_asks_for_what_has_an_index() -> None:
    """`first_seen_ms` in SQL, `first_seen_at` in OData, from the start on and before the end."""
    sql = (FILES / "power_bi" / "passages.pq").read_text("utf-8")
    assert "[first_seen_ms] >= Milliseconds(RangeStart)" in sql
    assert "[first_seen_ms] < Milliseconds(RangeEnd)" in sql
    odata = (FILES / "power_bi" / "odata_passages.pq").read_text("utf-8")
    assert "each [first_seen_at] >= Start and [first_seen_at] < End" in odata


def test_provisioning_is_what_grafana_reads(reader: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "grafana" / "provisioning"
    (source,) = load(folder / "datasources")["datasources"]
    place = (f"{reader['host']}:{reader['port']}", reader["user"], reader["database"])
    assert (source["url"], source["user"], source["jsonData"]["database"]) == place
    assert source["type"] == BOARD["templating"]["list"][0]["query"]
    assert source["uid"] == BOARD["templating"]["list"][0]["current"]["value"]
    assert load(folder / "dashboards")["providers"][0]["type"] == "file"


def load(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((folder / "platewire.yaml").read_text("utf-8"))
    assert read["apiVersion"] == 1
    return read
