"""ntfy, stood in for by a server that reads what docs.ntfy.sh/publish documents."""

import re
from email.header import decode_header, make_header
from typing import Any

import msgspec
import pytest
from aiohttp import web
from msgspec import structs

from platewire.errors import ConfigError, Refused, Rejected, Unavailable
from platewire.model import Entry
from platewire.outputs import exchange
from platewire.outputs.messages.ntfy import NtfySettings
from platewire.testing.check_output import check_output
from platewire.wire import native
from tests.foreign.standing_in import TOLD, StandIn, standing_in, started_once
from tests.outputs.http.http_sending import PICTURES, deliver, entries

TOPIC = "gate_x7Kq2"
BEARER = {"type": "bearer", "token": "env:NTFY_TOKEN"}
CODES = {400: 40014, 403: 40301, 413: 41301, 429: 42901}


class Ntfy(StandIn):
    """Takes what the right token brings, and keeps what an app would show."""

    def __init__(self, token: str = "") -> None:
        super().__init__()
        self.shown: list[dict[str, Any]] = []
        self.status = 200
        self._token = token

    async def _answer(self, request: web.Request) -> web.Response:
        if request.method not in ("PUT", "POST") or not re.fullmatch(
            r"/[-_A-Za-z0-9]{1,64}", request.path
        ):
            return web.json_response(
                {"code": 40401, "http": 404, "error": "page not found"}, status=404
            )
        if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
            self.status = 403
        if self.status != 200:
            told = {"code": CODES[self.status], "http": self.status, "error": "no"}
            return web.json_response(told, status=self.status)
        shown = _message(request, await request.read())
        self.shown.append({"topic": request.path[1:], **shown})
        self.texts.append(shown["message"])
        return web.json_response({"id": "hwQ2YpKdmg", "event": "message"})


def _message(request: web.Request, body: bytes) -> dict[str, Any]:
    filename, message = _read(request, "Filename"), _read(request, "Message")
    shown = {
        "title": _read(request, "Title"),
        "priority": int(_read(request, "Priority") or "3"),
        "tags": _read(request, "Tags").split(","),
        "click": _read(request, "Click"),
    }
    if filename or len(body) > 4096:
        return {**shown, "message": message.replace("\\n", "\n"), "attachment": (filename, body)}
    return {**shown, "message": body.decode().strip()}


def _read(request: web.Request, name: str) -> str:
    """ASCII, or words as in mails."""
    value = request.headers.get(name, "")
    assert value.isascii()
    return str(make_header(decode_header(value)))


def settings(url: str, **more: object) -> NtfySettings:
    raw = {"type": "ntfy", "name": "phone", "topic": TOPIC, "url": url, **more}
    return msgspec.convert(raw, NtfySettings)


@pytest.mark.parametrize("picture", ["vehicle", "none"])
async def test_passes_the_check_of_all_outputs(
    picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTFY_TOKEN", "tk_AgQdq7mVBoFD37z")
    ntfy = await started_once(Ntfy("tk_AgQdq7mVBoFD37z"))
    config = settings(ntfy.url, text=TOLD, picture=picture, auth=BEARER)
    await check_output(config.build, ntfy, name="phone")


async def test_a_notification_with_its_picture() -> None:
    async with standing_in(Ntfy()) as ntfy:
        click = "https://anpr.example/passages?plate={{ event.plate.text | url }}"
        await deliver(settings(ntfy.url, click=click, priority=5, tags=["warning", "car"]))
    assert ntfy.shown == [
        {
            "topic": TOPIC,
            "title": "BU 9042 new at gate",
            "priority": 5,
            "tags": ["warning", "car"],
            "click": "https://anpr.example/passages?plate=BU9042",
            "message": "BU 9042 DE\nnew, direction unknown, camera gate, check\n"
            "2026-01-02 03:04:06",
            "attachment": ("picture.jpg", PICTURES[1].jpeg),
        }
    ]


@pytest.mark.parametrize("picture", ["plate", "none"])
async def test_letters_of_other_alphabets_and_what_would_end_a_header(picture: str) -> None:
    context, logged = await entries()
    odd = "Ж 1\r\nX-Evil: 1\x00 =?UTF-8?Q?x?= 😀"
    event = structs.replace(logged[0].event, camera="Süd-Tor\n2", zone=odd)
    async with standing_in(Ntfy()) as ntfy:
        config = settings(
            ntfy.url,
            picture=picture,
            title="{{ event.camera }} {{ event.zone }}",
            text="{{ event.camera }}",
        )
        sender = config.build(context)
        await sender.connect()
        await sender.send([Entry(event, native.encode(event))])
        await sender.close()
    (shown,) = ntfy.shown
    assert shown["title"] == "Süd-Tor 2 Ж 1 X-Evil: 1 =?UTF-8?Q?x?= 😀"
    assert shown["message"] == "Süd-Tor\n2"


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Rejected), (403, Refused), (413, Rejected), (429, Unavailable)]
)
async def test_meaning_of_replies(status: int, kind: type[Exception]) -> None:
    async with standing_in(Ntfy()) as ntfy:
        ntfy.status = status
        with pytest.raises(kind, match=rf'"phone": http://127.*{status}') as caught:
            await deliver(settings(ntfy.url))
    assert type(caught.value) is kind


async def test_secret_topic_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NTFY_TOPIC", "gate_secret_topic")
    kept = exchange.into(exchange.Exchange())
    async with standing_in(Ntfy()) as ntfy:
        ntfy.status = 403
        with pytest.raises(Refused) as caught:
            await deliver(settings(ntfy.url, topic="env:NTFY_TOPIC"))
    assert "/***" in kept.request
    assert "secret_topic" not in f"{caught.value} {caught.value.answer} {kept.request}"


@pytest.mark.parametrize("topic", ["a b", "a/b", "ä", ""])
async def test_invalid_topics(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings("https://ntfy.sh", topic=topic)
    monkeypatch.setenv("NTFY_TOPIC", topic)
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'"phone": secret env:NTFY_TOPIC is not a valid topic'):
        settings("https://ntfy.sh", topic="env:NTFY_TOPIC").build(context)
