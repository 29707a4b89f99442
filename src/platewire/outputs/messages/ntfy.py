"""ntfy: one notification per event, with the picture (docs.ntfy.sh/publish).

Without a picture the body is the message; with a picture the body is the picture, and the message a
header. Headers with other than ASCII are encoded by RFC 2047, which servers decode since 2.4.0.
"""

import re
from collections.abc import Sequence
from email.header import Header
from typing import Annotated

from msgspec import Meta

from platewire.errors import ConfigError
from platewire.model import Entry, Kind
from platewire.outputs.http.auth import NoAuth
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.over_http import (
    AuthSetting,
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    TotalSeconds,
    UrlReceiver,
)
from platewire.outputs.http.tls import Tls
from platewire.outputs.messages.text import DETAILS, TITLE, Texts, TextTemplate, one_line
from platewire.outputs.output import (
    EventsPreset,
    OutputContext,
    OutputSettings,
    PictureChoice,
)
from platewire.runtime.secret import reveal

TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
TITLE_CHARACTERS_MAX = 200
"""Characters of a title; phones show fewer."""
MESSAGE_CHARACTERS_MAX = 1000
"""ntfy turns messages above 4,096 bytes into attachments, and headers are limited too."""


class NtfySettings(UrlReceiver, OutputSettings, frozen=True, kw_only=True, tag="ntfy"):
    """Sends each event as an ntfy notification."""

    topic: Annotated[
        str,
        Meta(
            pattern=r"^([-_A-Za-z0-9]{1,64}|(env|file):.+)\Z",
            description="Anyone who knows the topic can subscribe to it, so it may be a secret",
            examples=["env:NTFY_TOPIC"],
        ),
    ]
    url: Annotated[str, Meta(description="The ntfy server, without the topic")] = "https://ntfy.sh"
    auth: AuthSetting = NoAuth()
    title: Annotated[str | None, Meta(description="Template; default: plate, kind, camera")] = None
    text: TextTemplate = None
    click: Annotated[str, Meta(description="Template of the URL that a tap opens; empty: none")] = (
        ""
    )
    priority: Annotated[
        int, Meta(ge=1, le=5, description="1: no sound, 3: default, 5: highest")
    ] = 3
    tags: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[^,\s]+\Z")], ...],
        Meta(description="Tags shown with the notification; names of emojis are shown as emojis"),
    ] = ("car",)
    events: Annotated[
        EventsPreset | tuple[Kind, ...], Meta(description="Kinds to send, one notification each")
    ] = (Kind.NEW,)
    picture: Annotated[PictureChoice, Meta(description="Picture to attach")] = "vehicle"
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    total_seconds: TotalSeconds = 30

    def build(self, context: OutputContext) -> "NtfyOutput":
        """ConfigError for an invalid topic, template, url, secret or file."""
        return NtfyOutput(self, context)


class NtfyOutput(OverHttp[NtfySettings]):
    def __init__(self, settings: NtfySettings, context: OutputContext) -> None:
        super().__init__(settings, context, settings.url, auth=settings.auth)
        templates = {
            "title": settings.title or TITLE,
            "text": settings.text or DETAILS,
            "click": settings.click,
        }
        self._texts = Texts(f'output "{settings.name}"', templates, context.site)
        self._topic = _topic(settings)

    async def connect(self) -> None:
        self._topic = _topic(self._settings)
        await super().connect()

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            texts = self._texts.of(entry)
            message = texts["text"].strip()[:MESSAGE_CHARACTERS_MAX]
            headers = self._described(texts)
            body = await self._context.jpeg(self._settings.picture_of(entry.event.images))
            if body is None:
                body = message.encode()
            else:
                headers |= {"Message": _lines(message), "Filename": "picture.jpg"}
            answer = await self._connection.ask(
                "PUT", self._url / self._topic, headers=headers, body=body
            )
            self._judge(answer)
            self._note_oddity(answer)

    def _described(self, texts: dict[str, str]) -> dict[str, str]:
        settings = self._settings
        headers = {
            "Title": _header(one_line(texts["title"], TITLE_CHARACTERS_MAX)),
            "Priority": str(settings.priority),
            "Tags": _header(",".join(settings.tags)),
            "Click": _header("".join(texts["click"].split())),
        }
        return {name: value for name, value in headers.items() if value}


def _topic(settings: NtfySettings) -> str:
    if TOPIC.fullmatch(settings.topic):
        return settings.topic
    try:
        topic = reveal(settings.topic)
    except ConfigError as error:
        raise ConfigError(f'output "{settings.name}": {error}') from error
    if not TOPIC.fullmatch(topic):
        raise ConfigError(
            f'output "{settings.name}": secret {settings.topic} is not a valid topic; use up '
            "to 64 letters A-Z and a-z, digits, - and _"
        )
    return topic


def _lines(text: str) -> str:
    """Several lines in a header: ntfy decodes backslash and n as a line break."""
    lines = (one_line(line, MESSAGE_CHARACTERS_MAX) for line in text.splitlines())
    return _header("\\n".join(lines))


def _header(text: str) -> str:
    if text.isascii() and text.isprintable() and "=?" not in text:
        return text
    return Header(text, "utf-8", maxlinelen=75).encode(linesep="")
