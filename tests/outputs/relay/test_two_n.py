"""The 2N output against a unit written from 2N's HTTP API manual."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from msgspec import structs

from platewire.config.load import parse
from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.model import Entry, Event, Images
from platewire.outputs.output import OutputSettings
from platewire.outputs.relay.two_n import TwoNSettings
from platewire.testing.check_output import Arrival, check_output
from platewire.testing.http_counterpart import HttpCounterpart
from platewire.testing.sample_events import passage_events, picture
from platewire.wire import native
from tests.outputs.http.http_receiver import speaking
from tests.outputs.http.http_sending import PICTURES, entries
from tests.outputs.http.test_http_auth import PASSWORD, USER, Digest

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "outputs" / "two_n.md").read_text("utf-8")
KNOWN = {
    str(event.id): Arrival(event.passage_number, event.kind)
    for number in range(2000)
    for event in passage_events(number)
}
"""A unit is told neither passage number nor kind, but the event's id."""


class Unit(HttpCounterpart):
    """Asks for a digest, checks each key, answers as the manual says."""

    def __init__(self) -> None:
        super().__init__()
        self.plates: list[dict[str, Any]] = []
        self.refuses: dict[str, object] | None = None
        self.digest = Digest("MD5", "auth")

    @property
    def url(self) -> str:
        return self.origin

    def is_event(self, request: web.Request) -> bool:
        return "Authorization" in request.headers

    def rejection(self) -> web.Response:
        return web.json_response({"success": False, "error": {"code": 12, "param": "plateText"}})

    async def respond(self, request: web.Request) -> web.StreamResponse:
        asked = await self.digest(request)
        if asked.status != 200:
            return asked
        plate = await request.json()
        if error := self.refuses or _mistake(plate):
            return web.json_response({"success": False, "error": error})
        self.plates.append(plate)
        picture = base64.b64decode(plate.get("plateImage") or "") or None
        self.note(KNOWN[plate["lprUuid"]]._replace(picture=picture))
        return web.json_response({"success": True})


def _mistake(plate: dict[str, Any]) -> dict[str, object] | None:
    checks: dict[str, Callable[[Any], object]] = {
        "lprUuid": lambda value: re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value),
        "lprID": lambda value: isinstance(value, int),
        "accessPoint": lambda value: value in (0, 1),
        "plateText": lambda value: re.fullmatch(r"[A-Z0-9]{1,12}", value),
    }
    for key, fits in checks.items():
        if key not in plate:
            return {"code": 11, "param": key, "description": "missing mandatory parameter"}
        if not fits(plate[key]):
            return {"code": 12, "param": key, "description": "invalid parameter value"}
    return None


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Unit]:
    unit = Unit()
    await unit.start()
    try:
        yield unit
    finally:
        await unit.stop()


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWO_N", PASSWORD)


def settings(url: str, **more: object) -> TwoNSettings:
    auth = {"type": "digest", "user": USER, "password": "env:TWO_N"}
    raw = {"type": "two_n", "name": "barrier", "url": url, "auth": auth, **more}
    return msgspec.convert(raw, TwoNSettings, dec_hook=lambda _, value: Path(value))


async def deliver(config: TwoNSettings, *events: Event) -> Sequence[Entry]:
    context, logged = await entries()
    given = [Entry(event, native.encode(event)) for event in events] or logged[:2]
    sender = config.build(context)
    try:
        await sender.connect()
        for entry in given:
            await sender.send([entry])
    finally:
        await sender.close()
    return given


async def test_passes_the_check_of_all_outputs() -> None:
    unit = Unit()
    await unit.start()
    await unit.stop()
    await check_output(settings(unit.url).build, unit, name="barrier", opens=True)


async def test_one_id_for_an_arrival_and_a_uuid_for_each_read() -> None:
    async with serving() as unit:
        new, updated = await deliver(settings(unit.url))
    first, second = unit.plates
    assert first["lprUuid"] == str(new.event.id)
    assert second["lprUuid"] == str(updated.event.id)
    assert first["lprID"] == second["lprID"] == new.event.passage_number % 2**31
    assert first["plateText"] == "BU9042"
    assert (first["lprDir"], second["lprDir"]) == (0, 2)
    assert base64.b64decode(first["plateImage"]) == PICTURES[0].jpeg


@pytest.mark.parametrize(("exits", "point"), [((), 0), (("gate",), 1)])
async def test_the_access_point(exits: tuple[str, ...], point: int) -> None:
    async with serving() as unit:
        await deliver(settings(unit.url, exits=exits))
    assert {each["accessPoint"] for each in unit.plates} == {point}


async def test_a_picture_that_is_too_large_is_left_out_and_counted() -> None:
    context, _ = await entries()
    large = structs.replace(picture("plate", mark=7).image, sha256="ab" * 32)
    context.log._pictures["ab" * 32] = bytes(200 * 1024)  # type: ignore[attr-defined]
    event = passage_events(3, images=Images(plate=large))[0]
    async with serving() as unit:
        sender = settings(unit.url).build(context)
        await sender.connect()
        await sender.send([Entry(event, b"")])
        await sender.close()
    assert "plateImage" not in unit.plates[0]
    assert context.board.line("output", "barrier").counters["pictures_left_out"] == 1


async def test_a_plate_of_13_signs_is_rejected_without_asking() -> None:
    async with serving() as unit:
        with pytest.raises(Rejected, match=r'"barrier".*13 characters; 2N accepts at most 12'):
            await deliver(settings(unit.url), passage_events(text="ABCDEFGHIJ123")[0])
    assert not unit.plates


async def test_a_partial_plate_opens_nothing() -> None:
    event = passage_events()[0]
    piece = structs.replace(event, plate=structs.replace(event.plate, partial=True))
    async with serving() as unit:
        assert settings(unit.url).selects(event)
        assert not settings(unit.url).selects(piece)
        with pytest.raises(Rejected, match=r'"barrier".*partial plates.*BU9042'):
            await deliver(settings(unit.url), piece)
    assert not unit.plates


async def test_a_replayed_event_opens_nothing() -> None:
    async with serving() as unit:
        with pytest.raises(Rejected, match=r'"barrier".*does not accept replayed events'):
            await deliver(settings(unit.url), structs.replace(passage_events()[0], replayed=True))
    assert not unit.plates


@pytest.mark.parametrize("events", ["all", "traffic", "lost_only", ["new", "lost"]])
async def test_lost_events_cannot_be_asked_for(events: object) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'"barrier": `events` must not contain `lost`'):
        settings("http://unit", events=events).build(context)


def test_nothing_old_is_sent_unless_it_is_asked_for() -> None:
    assert settings("http://unit").max_age_seconds == 10


async def test_a_refused_value_is_rejected() -> None:
    async with serving() as unit:
        unit.refuses = {"code": 12, "param": "plateText", "description": "invalid parameter value"}
        with pytest.raises(Rejected, match=r"12 invalid parameter value \(plateText\)"):
            await deliver(settings(unit.url))


async def test_a_service_that_is_off_waits() -> None:
    async with serving() as unit:
        unit.refuses = {"code": 4, "description": "function is disabled"}
        with pytest.raises(Unavailable, match=r'"barrier".*4 function is disabled.*HTTP API'):
            await deliver(settings(unit.url))


async def test_a_wrong_password_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWO_N", "wrong")
    async with serving() as unit:
        with pytest.raises(Unavailable, match=r'"barrier".*401: check `auth`'):
            await deliver(settings(unit.url))


async def test_a_secret_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWO_N")
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'output "barrier".*TWO_N is not set'):
        settings("http://unit").build(context)


@pytest.mark.parametrize(
    ("head", "body", "says"),
    [
        ("200 OK", "<html>", r"not from a 2N unit.*`url`"),
        ("302 Found\r\nLocation: https://10.0.0.30/", "", r"redirect to https://10\.0\.0\.30/"),
        ("503 Busy", "", "503"),
    ],
)
async def test_other_answers_do_not_say_that_it_did_not_open(
    head: str, body: str, says: str
) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        end = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        writer.write(f"HTTP/1.1 {head}\r\n{end}".encode())
        await writer.drain()

    async with speaking(answer) as url:
        with pytest.raises(Rejected, match=f'"barrier".*may have opened for BU9042.*{says}'):
            await deliver(settings(url))
        with pytest.raises(Unavailable, match=f'"barrier".*{says}'):
            await deliver(settings(url, idempotent=True))


async def test_nobody_is_there() -> None:
    async with serving() as unit:
        pass
    with pytest.raises(Unavailable, match=r'"barrier".*cannot be reached'):
        await deliver(settings(unit.url))


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.S))
def test_the_settings_of_the_page_are_accepted(text: str) -> None:
    assert parse(text, Path("platewire.toml")).output


def test_every_setting_is_on_the_page() -> None:
    own = set(TwoNSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    assert not sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
