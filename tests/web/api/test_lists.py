"""Lists over the API: shown, changed, imported and asked, with what is wrong said."""

import io
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import aiohttp
import openpyxl

from platewire.access import Decision
from platewire.model import BootTime
from platewire.web.api import list_api
from tests.web.world import World

Client = aiohttp.ClientSession
CSV = {"content-type": "text/csv; charset=utf-8"}
ENTRIES = "/api/v1/lists/it/entries"


async def post(client: Client, path: str, body: Any, status: int = 200) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


async def get(client: Client, path: str) -> Any:
    return await (await client.get(path)).json(content_type=None)


async def test_entries_are_put_shown_asked_for_and_removed(client: Client) -> None:
    entry = {"plate": "b ab 1", "holder": "Ada", "weekdays": "mon-fri,sat,sun"}
    assert (await post(client, ENTRIES, {"entries": [entry, {"plate": "B AB 2"}]}))["added"] == 2
    assert (await post(client, ENTRIES, {"entries": [{"plate": "B-AB 2"}]}))["changed"] == 1
    assert (await get(client, "/api/v1/lists"))["lists"] == [
        {"name": "it", "kind": "allow", "mode": "exact", "entries": 2}
    ]
    assert (await get(client, ENTRIES))["entries"] == [
        {"plate": "b ab 1", "holder": "Ada"},
        {"plate": "B-AB 2"},
    ]
    asked = await get(client, "/api/v1/lists/check/B%20AB%202?camera=gate")
    assert asked["plate"] == "BAB2"
    assert [(it["entry"], it["holds"], it["mode"]) for it in asked["lists"]] == [
        ("B-AB 2", True, "exact")
    ]
    assert (await post(client, "/api/v1/lists/it/remove", {"plates": ["bab1", "no"]}))[
        "removed"
    ] == 1
    assert (await get(client, "/api/v1/lists/check/BAB1"))["lists"] == []


async def test_pages_lead_on(client: Client) -> None:
    await post(client, ENTRIES, {"entries": [{"plate": f"AB {n}"} for n in range(10, 35)]})
    path, seen = f"{ENTRIES}?limit=10&plate=ab", []
    while path:
        page = await get(client, path)
        seen += [entry["plate"] for entry in page["entries"]]
        path = page["next"]
    assert seen == [f"AB {n}" for n in range(10, 35)]


async def test_what_is_wrong_with_an_entry_is_said_and_nothing_is_put(client: Client) -> None:
    for entry, named in (
        ({"plate": "Ж1"}, "plate"),
        ({"plate": "A 1", "cameras": "gte"}, "cameras"),
        ({"plate": "A 1", "hours": "8-5"}, "hours"),
    ):
        problem = await post(client, ENTRIES, {"entries": [{"plate": "A 9"}, entry]}, 400)
        assert problem["parameter"] == named
    assert (await get(client, ENTRIES))["entries"] == []
    answer = await client.post("/api/v1/lists/nobody/entries", json={"entries": [{"plate": "A"}]})
    assert answer.status == 404
    assert (await client.get("/api/v1/lists/check/---")).status == 400


async def test_a_file_is_looked_at_first_and_then_taken(client: Client) -> None:
    content = "plate;holder\nB AB 1;Ада\n*;\n".encode("cp1251")
    url = "/api/v1/lists/it/import"
    looked = await (await client.post(url, data=content, headers=CSV)).json()
    assert (looked["applied"], looked["added"], looked["encoding"]) == (False, 1, "cp1251")
    assert looked["rejected_rows"][0]["row"] == 3
    assert (await get(client, ENTRIES))["entries"] == []
    answer = await client.post(f"{url}?apply=true&manner=replace", data=content, headers=CSV)
    assert (await answer.json())["applied"] is True
    assert (await get(client, ENTRIES))["entries"] == [{"plate": "B AB 1", "holder": "Ада"}]


async def test_a_workbook_is_imported_and_what_is_not_certain_is_asked(client: Client) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(["Kennzeichen", "Ablauftermin", "Zone"])
    sheet.append(["B AB 1", date(2027, 12, 31), "B"])
    file = io.BytesIO()
    made.save(file)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    url = "/api/v1/lists/it/import"
    sent: Any = {"data": file.getvalue(), "headers": {"content-type": kind}}
    looked = await (await client.post(url, **sent)).json()
    assert looked["sheet"] == "Sheet"
    assert len(looked["questions"]) == 2
    assert "ignore_column" in looked["questions"][1]
    answer = await client.post(f"{url}?apply=true", **sent)
    assert answer.status == 400
    assert "ignore_column" in (await answer.json(content_type=None))["detail"]
    assert (await get(client, ENTRIES))["entries"] == []
    told = "column=valid_to=Ablauftermin&column=plate=1&ignore_column=Zone"
    answer = await client.post(f"{url}?apply=true&{told}", **sent)
    assert answer.status == 200, await answer.text()
    entries = (await get(client, ENTRIES))["entries"]
    assert entries == [{"plate": "B AB 1", "valid_to": "2027-12-31"}]
    assert (await client.post(f"{url}?apply=true&apply=false", **sent)).status == 400


async def test_a_file_that_cannot_be_used_is_refused(client: Client, monkeypatch: Any) -> None:
    url = "/api/v1/lists/it/import?apply=true"
    assert (await client.post(url, json={})).status == 415
    answer = await client.post(url, data=b"", headers=CSV)
    assert answer.status == 400
    assert (await answer.json(content_type=None))["detail"].startswith("the file is empty")
    monkeypatch.setattr(list_api, "FILE_BYTES_MAX", 100)
    assert (await client.post(url, data=b"x" * 101, headers=CSV)).status == 413


async def test_decisions_are_shown_newest_first(world: World, client: Client) -> None:
    world.board.count("output", "barrier", delivered=0)
    for seq in range(3):
        await world.lists.decide(
            Decision(
                output="barrier",
                at=datetime(2026, 5, 4, tzinfo=UTC),
                seq=seq,
                passage=UUID(int=seq),
                camera="gate",
                plate="AB1",
                opened=None if seq == 2 else False,
                reason="blocked",
                detail="it is on the block list stolen (exact)",
            ),
            BootTime("boot-1", 1.0),
        )
    path = "/api/v1/outputs/barrier/decisions"
    page = await get(client, f"{path}?limit=2")
    assert [it["decision"]["seq"] for it in page["decisions"]] == [2, 1]
    assert [it["decision"]["opened"] for it in page["decisions"]] == [None, False]
    last = await get(client, page["next"])
    assert ([it["decision"]["seq"] for it in last["decisions"]], last["next"]) == ([0], None)
    assert (await client.get("/api/v1/outputs/nobody/decisions")).status == 404
