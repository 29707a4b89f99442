"""Telegram: one message per event from a bot to a chat, with the picture.

The Bot API (core.telegram.org/bots/api) answers `{"ok": true, ...}`, or `ok` false with
`description` and optional `parameters`. The token is part of each URL, and masked in every
displayed URL.
"""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from platewire.errors import ConfigError, Unavailable
from platewire.model import Entry, Kind
from platewire.outputs.http import response as http_response
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.over_http import (
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    TotalSeconds,
    UrlReceiver,
)
from platewire.outputs.http.response import HttpResponse
from platewire.outputs.http.tls import Tls
from platewire.outputs.messages.text import DETAILS, Texts, TextTemplate
from platewire.outputs.output import (
    EventsPreset,
    OutputContext,
    OutputSettings,
    PictureChoice,
)
from platewire.runtime.secret import Secret, reveal
from platewire.wire import multipart
from platewire.wire.multipart import Part

TEXT_CHARACTERS_MAX = 4096
"""Characters of a message, by the Bot API (`sendMessage`)."""
CAPTION_CHARACTERS_MAX = 1024
"""Characters of a picture's caption, by the Bot API (`sendPhoto`)."""
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


class TelegramSettings(UrlReceiver, OutputSettings, frozen=True, kw_only=True, tag="telegram"):
    """Sends each event to a Telegram chat."""

    token: Annotated[Secret, Meta(description="Token of the bot, from BotFather")]
    chat: Annotated[
        str,
        Meta(
            pattern=r"^(-?\d+|@[A-Za-z0-9_]+)\Z",
            description="Chat id (negative for a group), or `@name` of a channel",
            examples=["-1001234567890"],
        ),
    ]
    topic: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Id of the topic (message thread), in a group with topics"),
    ] = None
    silent: Annotated[bool, Meta(description="Notify without sound")] = False
    text: TextTemplate = None
    events: Annotated[
        EventsPreset | tuple[Kind, ...], Meta(description="Kinds to send, one message each")
    ] = (Kind.NEW,)
    picture: Annotated[PictureChoice, Meta(description="Picture to attach")] = "vehicle"
    url: Annotated[str, Meta(description="URL of the Bot API server, without the token")] = (
        "https://api.telegram.org"
    )
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    total_seconds: TotalSeconds = 30

    def build(self, context: OutputContext) -> "TelegramOutput":
        """ConfigError for an invalid token, template, url or file."""
        return TelegramOutput(self, context)


class Parameters(Struct, frozen=True):
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None


class BotResponse(Struct, frozen=True):
    """The JSON of a response."""

    ok: bool = False
    description: str = ""
    parameters: Parameters = Parameters()


class TelegramOutput(OverHttp[TelegramSettings]):
    def __init__(self, settings: TelegramSettings, context: OutputContext) -> None:
        super().__init__(settings, context, settings.url, secrets_go_to="`token`")
        who = f'output "{settings.name}"'
        self._bot = _bot(settings)
        self._texts = Texts(who, {"text": settings.text or DETAILS}, context.site)

    async def connect(self) -> None:
        """Requests the chat, to report a wrong token or chat before any event."""
        self._bot = _bot(self._settings)
        await super().connect()
        fields = {"chat_id": self._settings.chat}
        self._judge(await self._asked("getChat", "application/json", msgspec.json.encode(fields)))

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            text = self._texts.of(entry)["text"].strip()
            jpeg = await self._context.jpeg(self._settings.picture_of(entry.event.images))
            fields = {**self._fields(), "text": text[:TEXT_CHARACTERS_MAX]}
            if jpeg is None:
                body = msgspec.json.encode(fields)
                answer = await self._asked("sendMessage", "application/json", body)
            else:
                answer = await self._asked("sendPhoto", *self._photo(text, jpeg))
            self._judge(answer)
            self._note_oddity(answer)

    def _fields(self) -> dict[str, str | int | bool]:
        settings = self._settings
        thread = {} if settings.topic is None else {"message_thread_id": settings.topic}
        return {"chat_id": settings.chat, "disable_notification": settings.silent, **thread}

    def _photo(self, caption: str, jpeg: bytes) -> tuple[str, bytes]:
        fields = {**self._fields(), "caption": caption[:CAPTION_CHARACTERS_MAX]}
        parts = [
            Part(name, None, "", (value if isinstance(value, str) else _json(value)).encode())
            for name, value in fields.items()
        ]
        return multipart.encode([*parts, Part("photo", "picture.jpg", "image/jpeg", jpeg)])

    async def _asked(self, method: str, content_type: str, body: bytes) -> HttpResponse:
        url = self._url / self._bot / method
        return await self._connection.ask(
            url=url, headers={"Content-Type": content_type}, body=body
        )

    def _judge(self, answer: HttpResponse) -> None:
        said, what = _decode_response(answer), f"{self._who} answered {answer.status}"
        complaint = f'{what} "{said.description}"' if said.description else what
        wait, moved = said.parameters.retry_after, said.parameters.migrate_to_chat_id
        if answer.status == 429 and wait is not None:
            raise Unavailable(f"{complaint}; rate limit, retry in {wait} s", retry_after=wait)
        if moved is not None:
            raise http_response.refusal(f"{complaint}; set `chat` to {moved}", answer)
        if answer.status in (401, 404):
            raise http_response.refusal(f"{complaint}; check `token`", answer)
        if answer.status == 403 or "chat not found" in said.description:
            remedy = "check `chat`, and add the bot to the chat or send it a message"
            raise http_response.refusal(f"{complaint}; {remedy}", answer)
        super()._judge(answer)
        if not said.ok and not answer.cut:
            remedy = "which is not a Bot API response; check `url`"
            raise http_response.refusal(f"{complaint}, {remedy}", answer)


def _bot(settings: TelegramSettings) -> str:
    """The secret part of the URL."""
    try:
        token = reveal(settings.token)
    except ConfigError as error:
        raise ConfigError(f'output "{settings.name}": {error}') from error
    if not TOKEN.fullmatch(token):
        raise ConfigError(
            f'output "{settings.name}": secret {settings.token} is not a bot token; use the one '
            "from BotFather, such as 123456:ABC-DEF"
        )
    return f"bot{token}"


def _decode_response(answer: HttpResponse) -> BotResponse:
    try:
        return msgspec.json.decode(answer.text, type=BotResponse)
    except (msgspec.MsgspecError, RecursionError):
        return BotResponse()


def _json(value: int | bool) -> str:
    return msgspec.json.encode(value).decode()
