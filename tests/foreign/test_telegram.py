"""Telegram, stood in for by a server that does what core.telegram.org/bots/api documents."""

import json
import re
from typing import Any

import msgspec
import pytest
from aiohttp import web

from platewire.errors import ConfigError, PlatewireError, Refused, Rejected, Unavailable
from platewire.outputs import exchange
from platewire.outputs.messages.telegram import TelegramSettings
from platewire.testing.check_output import check_output
from tests.foreign.standing_in import TOLD, StandIn, standing_in, started_once
from tests.outputs.http.http_sending import PICTURES, deliver, entries

TOKEN = "123456789:AAF-s3cr3t_of-the-bot"
CHAT = "-1001234567890"


class Telegram(StandIn):
    """Knows one bot and one chat."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.trouble: tuple[int, dict[str, Any]] | None = None

    def is_event(self, request: web.Request) -> bool:
        return request.path.endswith(("/sendMessage", "/sendPhoto"))

    def rejection(self) -> web.Response:
        return _failed(400, "Bad Request: message is too long")

    async def _answer(self, request: web.Request) -> web.Response:
        match = re.fullmatch(r"/bot([^/]+)/(\w+)", request.path)
        if match is None or not re.fullmatch(r"\d+:[\w-]{10,}", match[1]):
            return _failed(404, "Not Found")
        if match[1] != TOKEN:
            return _failed(401, "Unauthorized")
        fields = await _fields(request)
        if str(fields["chat_id"]) != CHAT:
            return _failed(400, "Bad Request: chat not found")
        if match[2] == "getChat":
            return _good({"id": int(CHAT), "type": "supergroup"})
        if self.trouble is not None:
            status, more = self.trouble
            return _failed(status, **more)
        return self._took(match[2], fields)

    def _took(self, method: str, fields: dict[str, Any]) -> web.Response:
        text = str(fields["text"] if method == "sendMessage" else fields["caption"])
        if method == "sendPhoto" and not bytes(fields["photo"]).startswith(b"\xff\xd8"):
            return _failed(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if not text:
            return _failed(400, "Bad Request: message text is empty")
        if len(text) > (4096 if method == "sendMessage" else 1024):
            return _failed(400, "Bad Request: message is too long")
        self.messages.append({"method": method, **fields})
        self.texts.append(text)
        return _good({"message_id": len(self.messages), "chat": {"id": int(CHAT)}})


async def _fields(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        fields = await request.json()
        assert isinstance(fields, dict)
        return fields
    form = await request.post()
    return {
        name: value.file.read() if isinstance(value, web.FileField) else value
        for name, value in form.items()
    }


def _good(result: dict[str, Any]) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _failed(error_code: int, description: str, **parameters: int) -> web.Response:
    told = {"ok": False, "error_code": error_code, "description": description}
    if parameters:
        told["parameters"] = parameters
    return web.json_response(told, status=error_code)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", TOKEN)


def settings(url: str, **more: object) -> TelegramSettings:
    raw = {
        "type": "telegram",
        "name": "phone",
        "token": "env:BOT_TOKEN",
        "chat": CHAT,
        "url": url,
        **more,
    }
    return msgspec.convert(raw, TelegramSettings)


# --- what is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", ["vehicle", "none"])
async def test_passes_the_check_of_all_outputs(picture: str) -> None:
    telegram = await started_once(Telegram())
    config = settings(telegram.url, text=TOLD, picture=picture)
    await check_output(config.build, telegram, name="phone")


async def test_a_message_with_its_picture() -> None:
    async with standing_in(Telegram()) as telegram:
        await deliver(settings(telegram.url, silent=True, topic=7))
    (message,) = telegram.messages
    assert message == {
        "method": "sendPhoto",
        "chat_id": CHAT,
        "message_thread_id": "7",
        "disable_notification": "true",
        "caption": "BU 9042 DE\nnew, direction unknown, camera gate, check\n2026-01-02 03:04:06",
        "photo": PICTURES[1].jpeg,
    }


async def test_a_message_without_a_picture() -> None:
    async with standing_in(Telegram()) as telegram:
        await deliver(
            settings(telegram.url, picture="none", text="<b>{{ event.plate.text }}</b> ü")
        )
    (message,) = telegram.messages
    assert message["method"] == "sendMessage"
    assert message["text"] == "<b>BU9042</b> ü"
    assert "parse_mode" not in message, "signs of markup are text"


@pytest.mark.parametrize(("picture", "longest"), [("none", 4096), ("plate", 1024)])
async def test_a_long_text_is_cut(picture: str, longest: int) -> None:
    async with standing_in(Telegram()) as telegram:
        await deliver(settings(telegram.url, picture=picture, text="y" * 5000))
    assert telegram.texts == ["y" * longest]


# --- what is answered ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (429, {"description": "Too Many Requests", "retry_after": 35}, Unavailable, "in 35 s"),
        (403, {"description": "Forbidden: bot was kicked"}, Refused, "check `chat`"),
        (400, {"description": "upgraded", "migrate_to_chat_id": -42}, Refused, "`chat` to -42"),
        (400, {"description": "Bad Request: PHOTO_INVALID"}, Rejected, "PHOTO_INVALID"),
        (502, {"description": "Bad Gateway"}, Unavailable, "502"),
    ],
    ids=str,
)
async def test_meaning_of_replies(
    status: int, answer: dict[str, Any], kind: type[PlatewireError], words: str
) -> None:
    async with standing_in(Telegram()) as telegram:
        telegram.trouble = status, answer
        with pytest.raises(kind, match=rf'"phone": http://127.*{words}') as caught:
            await deliver(settings(telegram.url))
    assert type(caught.value) is kind
    if "retry_after" in answer:
        assert isinstance(caught.value, Unavailable)
        assert caught.value.retry_after == 35


async def test_wrong_chat_and_token_are_reported_before_any_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context, _ = await entries()
    async with standing_in(Telegram()) as telegram:
        for more, token, words in (
            ({"chat": "@nobody"}, TOKEN, r"chat not found.*check `chat`"),
            ({}, TOKEN + "x", r"Unauthorized.*check `token`"),
        ):
            monkeypatch.setenv("BOT_TOKEN", token)
            sender = settings(telegram.url, **more).build(context)
            with pytest.raises(Refused, match=words):
                await sender.connect()
            await sender.close()


@pytest.mark.parametrize("said", ["<html>Please log in</html>", '{"a": ' + "[" * 15_000])
async def test_response_not_from_telegram_is_reported(said: str) -> None:
    class Portal(StandIn):
        async def _answer(self, request: web.Request) -> web.Response:
            return web.Response(text=said)

    async with standing_in(Portal()) as portal:
        with pytest.raises(Refused, match="not a Bot API response"):
            await deliver(settings(portal.url))


# --- the token -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 307, 400, 401, 403, 404, 429, 500])
async def test_token_is_masked(status: int, caplog: pytest.LogCaptureFixture) -> None:
    class Repeating(StandIn):
        async def _answer(self, request: web.Request) -> web.Response:
            said = {"ok": False, "description": f"{request.url} {request.path}"}
            where = {"Location": f"/elsewhere{request.path_qs}"}
            return web.Response(status=status, text=json.dumps(said), headers=where)

    caplog.set_level("DEBUG")
    kept = exchange.into(exchange.Exchange())
    async with standing_in(Repeating()) as repeating:
        with pytest.raises(PlatewireError) as caught:
            await deliver(settings(repeating.url))
    answer = getattr(caught.value, "answer", "")
    told = f"{caught.value!r} {caught.value} {answer} {kept.request} {kept.answer} {caplog.text}"
    assert "/bot***/getChat" in kept.request
    assert TOKEN not in told
    assert TOKEN.replace(":", "%3A") not in told


async def test_invalid_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "../../x")
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'"phone": secret env:BOT_TOKEN is not a bot token'):
        settings("https://api.telegram.org").build(context)


@pytest.mark.parametrize("more", [{"token": TOKEN}, {"chat": "a/b"}, {"topic": 0}], ids=str)
def test_invalid_settings(more: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings("https://api.telegram.org", **more)
