"""The service over HTTP: documents, pages, keys, faults - and a client that others wrote."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, timedelta, tzinfo
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import aiohttp
import odata
import pytest
from yarl import URL

from platewire.model import Images, Kind
from platewire.web.odata.metadata import csdl
from platewire.web.odata.model import SETS
from platewire.web.settings import Key
from tests.support.counterparts import XMLLINT, need
from tests.web.world import START, World, after, event, picture, serving

Client = aiohttp.ClientSession


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """25 passages, one a minute; every third without country and color, the last with 2 events."""
    async with serving() as world:
        for n in range(25):
            known = n % 3 > 0
            one = event(
                f"B-AB {n}",
                at=START + timedelta(minutes=n),
                color="blue" if known else None,
                country="DE" if known else None,
                camera="gate" if n % 2 else "yard",
            )
            await world.add(one)
        await world.add(after(one, Kind.LOST))
        yield world


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with world.client() as session:
        yield session


async def get(client: Client, path: str, **headers: str) -> Any:
    async with client.get(f"/odata/{path}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["OData-Version"] == "4.0"
        return await answer.json(content_type=None)


async def all_pages(client: Client, path: str, rows: int) -> tuple[list[Any], int]:
    found, pages = [], 0
    following: str | None = path
    while following:
        body = await get(client, following, prefer=f"odata.maxpagesize={rows}")
        assert len(body["value"]) <= rows
        found += body["value"]
        pages += 1
        following = body.get("@odata.nextLink")
        following = following and following.partition("/odata/")[2]
    return found, pages


async def test_the_service_document_names_the_sets(world: World, client: Client) -> None:
    document = await get(client, "")
    assert document["@odata.context"] == f"{world.url}/odata/$metadata"
    assert [one["name"] for one in document["value"]] == ["Passages", "Events", "Cameras"]
    for one in document["value"]:
        assert (await get(client, one["url"]))["value"]


async def test_metadata_is_xml_and_tells_of_what_is_answered(client: Client) -> None:
    async with client.get("/odata/$metadata") as answer:
        assert answer.content_type == "application/xml"
        text = await answer.text()
    for entities in SETS:
        body = await get(client, entities.name)
        assert body["@odata.context"].endswith(f"/odata/$metadata#{entities.name}")
        (first, *_) = body["value"]
        described = re.search(rf'<EntityType Name="{entities.entity}">(.*?)</EntityType>', text)
        assert described
        names = re.findall(r'<Property Name="(\w+)"', described[1])
        assert list(first) == names
        required = re.findall(
            r'<Property Name="(\w+)" Type="[\w.]+" Nullable="false"', described[1]
        )
        for row in body["value"]:
            assert all(row[name] is not None for name in required)


def test_metadata_is_well_formed() -> None:
    need(XMLLINT)
    done = subprocess.run(["xmllint", "--noout", "-"], input=csdl(), text=True, check=False)
    assert done.returncode == 0


async def test_types_are_those_of_odata(client: Client) -> None:
    row = (await get(client, "Passages?$filter=plate eq 'BAB24'"))["value"][0]
    assert row["first_seen_at"] == "2026-05-04T08:54:00.000Z"
    assert (row["state"], row["kind"], row["test"]) == ("closed", "lost", False)
    assert isinstance(row["plate_confidence"], float)
    assert isinstance(row["change_seq"], int)
    assert re.fullmatch(r"[0-9a-f-]{36}", row["passage"])


@pytest.mark.parametrize(
    ("query", "plates"),
    [
        ("$filter=reads ge 0&$top=2", ["BAB0", "BAB1"]),
        ("$orderby=first_seen_at desc&$top=2", ["BAB24", "BAB23"]),
        ("$filter=country eq null&$orderby=first_seq desc&$top=2", ["BAB24", "BAB21"]),
        ("$filter=contains(plate,'B2')&$skip=5", ["BAB24"]),
        ("$filter=first_seen_at gt 2026-05-04T08:53:00Z", ["BAB24"]),
        ("$filter=change_seq gt 24", ["BAB24"]),
        ("$filter=plate in ('BAB7','BAB3') and camera eq 'gate'", ["BAB3", "BAB7"]),
        ("$filter=startswith(plate,'BAB1') and not (reads lt 1)&$top=1", ["BAB1"]),
        ("$filter=plate eq 'x'' OR 1=1 --'", []),
        ("$top=0", []),
    ],
)
async def test_filter_order_top_skip(client: Client, query: str, plates: list[str]) -> None:
    body = await get(client, "Passages?" + quote(query, safe="$=&'(),:"))
    assert [row["plate"] for row in body["value"]] == plates


@pytest.mark.parametrize(
    ("literal", "plates"),
    [
        ("2026-05-04T08:53:30Z", ["BAB24"]),
        ("2026-05-04T08:53:30.0000000Z", ["BAB24"]),
        ("2026-05-04T10:53:30%2B02:00", ["BAB24"]),
        ("2026-05-04T03:53:30-05:00", ["BAB24"]),
    ],
)
async def test_times_as_power_bi_and_excel_send_them(
    client: Client, literal: str, plates: list[str]
) -> None:
    """Raw: `+` for a space and `%24` for `$`, as the .NET client encodes an address."""
    path = f"/odata/Passages?%24filter=first_seen_at+ge+{literal}&%24select=plate"
    async with client.get(URL(path, encoded=True)) as answer:
        body = await answer.json(content_type=None)
    assert [row["plate"] for row in body["value"]] == plates


@pytest.mark.parametrize(
    ("literal", "said"),
    [
        ("2026-05-04T08:53:30", "has no UTC offset in OData syntax; use UTC, such "
         "as 2026-05-04T08:53:30Z, or with the offset"),
        ("2026-05-04T10:53:30+02:00", "'2026-05-04T10:53:30 02:00' at position 18 contains a space "
         "instead of a plus sign, which must be escaped in a URL; use 2026-05-04T10:53:30%2B"),
        ("'2026-05-04T08:53:30Z'", "write '2026-05-04T08:53:30Z' without quotes, like 2026"),
        ("datetime'2026-05-04T08:53:30'", "is OData 3 syntax; write it without type name and "
         "quotes, in UTC, such as 2026-05-04T08:53:30Z"),
    ],
)  # fmt: skip
async def test_time_not_in_odata_syntax_is_refused_with_the_remedy(
    client: Client, literal: str, said: str
) -> None:
    path = f"/odata/Passages?$filter=first_seen_at%20ge%20{literal}"
    async with client.get(URL(path, encoded=True)) as answer:
        assert answer.status == 400
        error = (await answer.json())["error"]
    assert error["target"] == "$filter"
    assert said in error["message"]


async def test_select_and_count(client: Client) -> None:
    body = await get(
        client, "Passages?$select=plate,camera&$count=true&$top=3&$filter=reads%20gt%200"
    )
    assert body["@odata.count"] == 25
    assert body["@odata.context"].endswith("#Passages(plate,camera)")
    assert body["value"][0] == {"plate": "BAB0", "camera": "yard"}
    async with client.get("/odata/Passages/$count?$filter=camera%20eq%20'gate'") as answer:
        assert (answer.content_type, await answer.text()) == ("text/plain", "12")


@pytest.mark.parametrize("direction", ["", " desc"])
@pytest.mark.parametrize(
    "name", ["first_seq", "color", "camera,country", "first_seen_at", "color_confidence"]
)
@pytest.mark.parametrize("rows", [1, 4, 100])
async def test_pages_have_every_row_once(
    client: Client, name: str, direction: str, rows: int
) -> None:
    order = ",".join(f"{one}{direction}" for one in name.split(","))
    path = f"Passages?$orderby={quote(order)}&$select=plate,{name}"
    found, pages = await all_pages(client, path, rows)
    assert len({row["plate"] for row in found}) == len(found) == 25
    assert pages == (25 + rows) // rows if 25 % rows else pages
    keys = [tuple((row[one] is not None, row[one]) for one in name.split(",")) for row in found]
    assert keys == sorted(keys, reverse=bool(direction))


async def test_pages_keep_to_top_and_skip(client: Client) -> None:
    found, pages = await all_pages(client, "Passages?$top=7&$skip=2&$select=plate", 3)
    assert [row["plate"] for row in found] == [f"BAB{n}" for n in range(2, 9)]
    assert pages == 3


async def test_pages_stand_still_while_more_comes_in(world: World, client: Client) -> None:
    body = await get(client, "Passages?$select=plate", prefer="maxpagesize=20")
    await world.add(event("NEW 1", at=START + timedelta(hours=5)), event("OLD 1"))
    rest = await get(client, body["@odata.nextLink"].partition("/odata/")[2])
    plates = [row["plate"] for row in body["value"] + rest["value"]]
    assert plates == [*(f"BAB{n}" for n in range(25)), "NEW1", "OLD1"]


async def test_one_entity_by_its_key(client: Client) -> None:
    (row,) = (await get(client, "Passages?$top=1"))["value"]
    for key in (row["passage"], row["passage"].upper(), f"passage={row['passage']}"):
        one = await get(client, f"Passages({key})")
        assert one.pop("@odata.context").endswith("#Passages/$entity")
        assert one == row
    assert (await get(client, "Cameras('gate')?$select=passages"))["passages"] == 12


WRONG = {
    "Nothing": (404, ""),
    "Passages/plate": (404, ""),
    "Passages(1)": (400, "passage"),
    "Passages(0198c4a2-0000-7000-8000-000000000000)": (404, ""),
    "Passages?$filter=plate": (400, "$filter"),
    "Passages?$filter=nothing eq 1": (400, "$filter"),
    "Passages?$select=nothing": (400, "$select"),
    "Passages?$orderby=plate up": (400, "$orderby"),
    "Passages?$orderby=plate;DROP TABLE event": (400, "$orderby"),
    "Passages?$top=-1": (400, "$top"),
    "Passages?$top=99999999999": (400, "$top"),
    "Passages?$skip=x": (400, "$skip"),
    "Passages?$count=maybe": (400, "$count"),
    "Passages?$top=1&$top=2": (400, "$top"),
    "Passages?$expand=events": (501, "$expand"),
    "Passages?$apply=x": (501, "$apply"),
    "Passages?$skiptoken=x": (400, "$skiptoken"),
    "Passages?$skiptoken=WzFd4": (400, "$skiptoken"),
    "Passages?$format=atom": (406, "$format"),
}


async def test_what_is_wrong_is_told(client: Client) -> None:
    found = {}
    for path in WRONG:
        async with client.get(f"/odata/{quote(path, safe='?$=&(),')}") as answer:
            body = await answer.json()
            assert answer.headers["OData-Version"] == "4.0"
            assert body["error"]["message"], path
            found[path] = (answer.status, body["error"].get("target", ""))
    assert found == WRONG


async def test_it_is_read_only(client: Client) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        async with client.request(method, "/odata/Passages", data="{}") as answer:
            assert answer.status == 405
            assert "read-only" in (await answer.json())["error"]["message"]


async def test_a_client_of_odata_3_is_told(client: Client) -> None:
    async with client.get("/odata/Passages", headers={"odata-maxversion": "3.0"}) as answer:
        assert answer.status == 400
        assert "4.0" in (await answer.json())["error"]["message"]


async def test_a_query_that_takes_too_long_is_given_up(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platewire.web.odata.service.SECONDS", -1.0)
    database: Any = world.context.queries
    database._reader._connected().set_progress_handler(database._is_late, 1)
    async with client.get("/odata/Passages?$filter=contains(plate,'9')") as answer:
        assert answer.status == 400
        assert "limit $filter by first_seen_at" in (await answer.json())["error"]["message"]


async def test_the_token_is_asked_for() -> None:
    token = "0123456789abcdef"
    async with serving(token) as world, world.client() as client:
        async with client.get("/odata/Passages") as answer:
            assert answer.status == 401
        async with client.get(
            "/odata/Passages", headers={"authorization": f"Bearer {token}"}
        ) as answer:
            assert answer.status == 200


async def test_a_token_for_odata_opens_nothing_else() -> None:
    keys = (Key("bi", "0123456789abcdef", frozenset({"odata"})), Key("x", "f" * 16, frozenset()))
    async with serving(keys) as world, world.client() as client:
        for token, path, status in (
            (keys[0].token, "/odata/", 200),
            (keys[0].token, "/odata/$metadata", 200),
            (keys[0].token, "/api/v1/passages", 403),
            (keys[1].token, "/odata/", 403),
        ):
            headers = {"authorization": f"Bearer {token}"}
            async with client.get(path, headers=headers) as answer:
                assert answer.status == status, path


async def test_links_go_where_the_reader_came_from() -> None:
    async with serving(public_url="https://plates.example.org") as world, world.client() as client:
        document = await get(client, "")
        assert document["@odata.context"] == "https://plates.example.org/odata/$metadata"
        crop = picture("AB 1")
        await world.add(event("AB 1", images=Images(plate=crop.image)), pictures=[crop])
        (passage,) = (await get(client, "Passages?$select=plate_link,frame_link"))["value"]
        address = f"https://plates.example.org{crop.image.url}"
        assert passage == {"plate_link": address, "frame_link": None}


async def test_a_client_that_others_wrote(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """python-odata makes its classes from our metadata, asks with them and follows our pages."""
    monkeypatch.setattr("platewire.web.odata.options.PAGE", 10)

    def read() -> tuple[list[str], list[str], int, int]:
        service = odata.ODataService(f"{world.url}/odata/", reflect_entities=True)
        passage = service.entities["Passages"]
        query = service.query(passage)
        chosen = query.filter(passage.camera == "gate").filter(passage.plate.startswith("BAB1"))
        ordered = chosen.order_by(passage.first_seen_at.desc()).limit(3)
        everything = [row.plate for row in service.query(passage)]
        cameras = len(list(service.query(service.entities["Cameras"])))
        events = len(list(service.query(service.entities["Events"])))
        return [row.plate for row in ordered], everything, cameras, events

    def between(zone: tzinfo | None) -> list[str]:
        service = odata.ODataService(f"{world.url}/odata/", reflect_entities=True)
        passage = service.entities["Passages"]
        since = (START + timedelta(minutes=22)).astimezone(zone or UTC).replace(tzinfo=zone)
        return [row.plate for row in service.query(passage).filter(passage.first_seen_at > since)]

    some, everything, cameras, events = await asyncio.to_thread(read)
    for zone in (UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")):
        assert await asyncio.to_thread(between, zone) == ["BAB23", "BAB24"]
    with pytest.raises(odata.exceptions.ODataError, match=r"such as 2026-05-04T08:52:00Z, or with"):
        await asyncio.to_thread(between, None)
    assert some == ["BAB19", "BAB17", "BAB15"]
    assert sorted(everything) == sorted(f"BAB{n}" for n in range(25))
    assert (cameras, events) == (2, 26)
