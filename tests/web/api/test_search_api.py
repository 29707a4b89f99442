"""Searches, the one call for yesterday, and exports over the API."""

import asyncio
import contextlib
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp
import duckdb
import openpyxl
import pytest

from platewire.web.api import exports
from tests.web.world import START, World, event

Client = aiohttp.ClientSession
MIDNIGHT_NEAR = timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def _one_day() -> None:
    """No test begins so shortly before midnight that its yesterday may become another day's."""
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight - now < MIDNIGHT_NEAR:
        await asyncio.sleep((midnight - now).total_seconds() + 0.1)


def yesterday() -> datetime:
    """Noon of it, UTC."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=1)


async def fill(world: World) -> None:
    await world.add(event("B-AB 12"), event("B-A8 12", at=START + timedelta(hours=1), color=None))
    await world.add(event("=CMD", at=yesterday(), camera="exit"))
    await world.add(event("B-AB 12", at=yesterday() + timedelta(hours=1), country=None))


async def get(client: Client, path: str) -> Any:
    async with client.get(f"/api/v1/{quote(path, safe='/?=&*-:')}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("", [4, 3, 2, 1]),
        ("plate=bab12&match=exact", [4, 1]),
        ("plate=BA812&match=similar", [4, 2, 1]),
        ("plate=B-AB 1&match=one_edit", [4, 1]),
        ("plate=*8*", [2]),
        ("plate=M&match=contains", [3]),
        ("since=2026-05-04T09:00:00Z", [4, 3, 2]),
        ("since=2026-05-04T10:30:00+01:00&until=yesterday", [4, 3, 2]),
        ("until=2026-05-04T09:00:00Z", [1]),
        ("until=2026-05-04", [2, 1]),
        ("since=2026-05-04 09:00", [4, 3, 2]),
        ("day=yesterday", [4, 3]),
        ("day=yesterday&camera=exit", [3]),
        ("day=2026-05-04&color=blue", [1]),
        ("country=de&direction=in&plate=b", [2, 1]),
        ("open=true&type=truck", []),
        ("list=nobody", []),
    ],
)
async def test_searches(world: World, client: Client, query: str, seqs: list[int]) -> None:
    await fill(world)
    page = await get(client, f"passages?{query.replace('+', '%2B')}".replace("%2B", "+"))
    assert [it["first_seq"] for it in page["passages"]] == seqs


async def test_pages_keep_what_was_asked(world: World, client: Client) -> None:
    await fill(world)
    page = await get(client, "passages?limit=1&plate=BA?12&match=wildcard&day=2026-05-04")
    assert [it["first_seq"] for it in page["passages"]] == [2]
    async with client.get(page["next"]) as answer:
        following = await answer.json()
    assert [it["first_seq"] for it in following["passages"]] == [1]


async def test_events_by_pattern(world: World, client: Client) -> None:
    await fill(world)
    page = await get(client, "events?plate=BA?12")
    assert [it["seq"] for it in page["events"]] == [4, 2, 1]


async def test_was_it_here_yesterday(world: World, client: Client) -> None:
    await fill(world)
    seen = await get(client, "seen?plate=B-AB 12&match=exact&day=yesterday")
    assert (seen["seen"], seen["passages"], seen["last"]["first_seq"]) == (True, 1, 4)
    assert datetime.fromisoformat(seen["first_seen_at"]) == yesterday() + timedelta(hours=1)
    assert datetime.fromisoformat(seen["since"]) == yesterday().replace(hour=0)
    ever = await get(client, "seen?plate=B-AB 12&match=exact")
    assert (ever["passages"], ever["since"]) == (2, None)
    never = await get(client, "seen?plate=ZZ")
    assert (never["seen"], never["passages"], never["last"]) == (False, 0, None)


WRONG = {
    "passages?plate=%25%25": "plate",
    "passages?match=exact": "match",
    "passages?plate=A&match=like": "match",
    "passages?before=1": "before",
    "passages?cursor=1.1": "cursor",
    "passages?since=whenever": "since",
    "passages?since=-24h": "since",
    "passages?day=2026-02-30": "day",
    "passages?day=today&since=24h": "day",
    "passages?since=today&until=yesterday": "until",
    "passages?direction=up": "direction",
    f"passages?plate={'A' * 41}": "plate",
    "seen?limit=5": "limit",
    "events?match=exact": "match",
    "exports/passages?format=pdf": "format",
    "exports/events?open=true": "open",
    "exports/events?columns=plate,plat": "columns",
    "exports/events?columns=plate,plate": "columns",
    "exports/events?columns=": "columns",
    "exports/events?columns=dwell_seconds": "columns",
    "exports/events?delimiter=|": "delimiter",
    "exports/events?decimal_comma=true": "decimal_comma",
    "exports/events?delimiter=tab&format=xlsx": "delimiter",
}


async def test_what_cannot_be_meant_is_told(client: Client) -> None:
    found = {}
    for path in WRONG:
        async with client.get(f"/api/v1/{path}") as answer:
            assert answer.status == 400, path
            found[path] = (await answer.json())["parameter"]
    assert found == WRONG


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("columns=plat", "have no column 'plat'; valid columns: id, seq, kind"),
        ("delimiter=|", "delimiter: '|' is not one of the choices: comma, semicolon, tab"),
        ("direction=up", "direction: 'up' is not one of the choices: in, out, unknown"),
        ("decimal_comma=true", "use the delimiter semicolon"),
        ("decimal_comma=ja", "decimal_comma: invalid value 'ja'"),
        (
            "format=parquet&delimiter=tab",
            "delimiter applies to csv only, but the format is parquet",
        ),
    ],
)
async def test_error_shows_the_correct_form(client: Client, query: str, told: str) -> None:
    async with client.head(f"/api/v1/exports/events?{query}") as head:
        assert head.status == 400
    async with client.get(f"/api/v1/exports/events?{query}") as answer:
        assert told in (await answer.json())["detail"]


async def test_a_search_that_takes_too_long_is_told(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(world)
    database: Any = world.context.queries
    monkeypatch.setattr(database, "_is_late", lambda: True)
    database._reader._connected().set_progress_handler(lambda: True, 1)
    async with client.get("/api/v1/passages?plate=*A*") as answer:
        assert answer.status == 400
        assert "narrow it" in (await answer.json())["detail"]


# --- exports -------------------------------------------------------------------------------------


async def download(client: Client, path: str) -> tuple[bytes, str]:
    async with client.get(f"/api/v1/exports/{path}") as answer:
        assert answer.status == 200
        return await answer.read(), answer.headers["content-disposition"]


async def test_csv(world: World, client: Client) -> None:
    await fill(world)
    content, name = await download(client, "passages?bom=true&day=yesterday")
    assert name == 'attachment; filename="passages.csv"'
    assert content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [row["plate_display"] for row in rows] == ["B-AB 12", "'=CMD"]


async def test_csv_with_semicolon_and_decimal_comma(world: World, client: Client) -> None:
    await fill(world)
    asked = "columns=plate_display,plate_confidence,test&delimiter=semicolon&decimal_comma=true"
    content, _ = await download(client, f"passages?{asked}&day=yesterday")
    assert content.decode().splitlines() == [
        "plate_display;plate_confidence;test", "B-AB 12;0,93;false", "'=CMD;0,93;false",
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["passages", "events"])
@pytest.mark.parametrize("format_", ["csv", "jsonl", "xlsx", "parquet"])
async def test_only_the_columns_that_are_named(
    world: World, client: Client, what: str, format_: str, tmp_path: Any
) -> None:
    await fill(world)
    content, _ = await download(client, f"{what}?columns=camera,plate&format={format_}")
    path = tmp_path / f"some.{format_}"
    path.write_bytes(content)
    if format_ == "xlsx":
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        found = [tuple(cell.value for cell in row) for row in sheet.iter_rows()][1:]
    else:
        function = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[format_]
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT * FROM {function}('{path}')").fetchall()
    assert len(found) == 4
    assert ("exit", "CMD") in found


async def test_json_lines(world: World, client: Client) -> None:
    await fill(world)
    content, _ = await download(client, "events?format=jsonl&plate=cm*")
    assert [json.loads(line)["plate"] for line in content.splitlines()] == ["CMD"]


async def test_xlsx(world: World, client: Client) -> None:
    await fill(world)
    content, _ = await download(client, "passages?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert sheet.max_row == 5


async def test_parquet(world: World, client: Client, tmp_path: Any) -> None:
    await fill(world)
    content, _ = await download(client, "events?format=parquet")
    path = tmp_path / "events.parquet"
    path.write_bytes(content)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT seq, plate FROM '{path}' ORDER BY seq").fetchall()
    assert found == [(1, "BAB12"), (2, "BA812"), (3, "CMD"), (4, "BAB12")]


async def test_too_many_at_a_time_is_told(world: World, client: Client) -> None:
    slots = world.context.exports
    with contextlib.ExitStack() as held:
        while not slots.full(""):
            held.enter_context(slots.held(""))
        async with client.get("/api/v1/exports/passages") as answer:
            assert answer.status == 503
    await download(client, "passages")
    assert not slots.taken, "and it was given back"


async def test_the_head_of_an_export_runs_no_export(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client.get("/api/v1/exports/passages") as whole:
        await whole.read()
    monkeypatch.setattr(exports, "of_log", None)  # whoever calls it fails
    async with client.head("/api/v1/exports/passages") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == whole.headers["Content-Type"]
        assert answer.headers["Content-Disposition"] == whole.headers["Content-Disposition"]
    async with client.head("/api/v1/exports/passages?since=nonsense") as wrong:
        assert wrong.status == 400
