"""HTTP live mode: a POST of each event to one receiver, in our form or in another's.

`over_http` is what it shares with others, `http_formats` and `wire` say what the bytes are.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, field

from platewire.errors import ConfigError
from platewire.model import Entry, Event, Image
from platewire.secret import Secret, reveal
from platewire.transfers import http_answer
from platewire.transfers.http_auth import HeaderName, NoAuth
from platewire.transfers.http_connection import AGENT
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_formats import FORMS, Body, Form, FormatName, Manner, Message
from platewire.transfers.http_tls import Tls
from platewire.transfers.numberok_settings import NumberOkSettings
from platewire.transfers.over_http import (
    AuthSetting,
    ConnectSeconds,
    EgressSetting,
    FirstByteSeconds,
    OverHttp,
    TlsSetting,
    TotalSeconds,
    check_headers,
)
from platewire.transfers.transfer import TransferContext
from platewire.wire import numberok_json, signing
from platewire.wire.numberok_json import Profile, Shown

HeaderText = Annotated[str, Meta(pattern=r"^[\x20-\x7e]*$")]


class HttpTransfer(NumberOkSettings, frozen=True, kw_only=True, tag="http"):
    """POSTs each event to a receiver."""

    url: Annotated[str, Meta(description="Where to POST, with http:// or https://")]
    format: Annotated[
        FormatName,
        Meta(
            description="`native` is platewire's own JSON, and `cloudevents-…` carry it as a "
            "CloudEvent; the others are NumberOk's two protocol versions, and what AXIS License "
            "Plate Verifier and CAMMRA, Plate Recognizer Stream, Genetec's Sharp cameras and those "
            "of ONVIF Profile M send"
        ),
    ] = "native"
    body: Annotated[
        Body,
        Meta(
            description="`json`: the event alone; `multipart`: a form with the event and the "
            "picture"
        ),
    ] = "json"
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    signing_secrets: Annotated[
        tuple[Secret, ...],
        Meta(
            description="Where `whsec_...` secrets lie; each signs every request (Standard "
            "Webhooks). Two while one replaces the other"
        ),
    ] = ()
    headers: Annotated[
        dict[HeaderName, HeaderText],
        Meta(description="Further headers; no secrets, those go to `auth`"),
    ] = field(default_factory=dict)
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    first_byte_seconds: FirstByteSeconds = 15
    total_seconds: TotalSeconds = 30
    lanes: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="So many requests may run side by side, each of another passage; within a "
            "passage there is always one at a time. 1: all in the order of the log",
        ),
    ] = 8

    def build(self, context: TransferContext) -> "HttpSender":
        """ConfigError where the url, a secret or a file cannot be used."""
        return HttpSender(self, context)


class HttpSender(OverHttp[HttpTransfer]):
    """Implements `Transfer`."""

    def __init__(self, settings: HttpTransfer, context: TransferContext) -> None:
        super().__init__(
            settings,
            context,
            settings.url,
            auth=settings.auth,
            first_byte_seconds=settings.first_byte_seconds,
        )
        check_headers(settings.name, settings.headers)
        self.lanes = settings.lanes
        self._form = _form(settings)
        self._manner = _manner(settings)
        self._keys = _signing_keys(settings)
        self._packets = 0

    def _headers(self) -> Mapping[str, str]:
        return {**AGENT, **self._settings.headers}

    async def connect(self) -> None:
        self._keys = _signing_keys(self._settings)
        await super().connect()

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            headers, body = await self._message(entry)
            headers[signing.ID] = str(entry.event.id)
            if self._keys:
                now = self._context.clock.now()
                headers |= signing.sign(self._keys, str(entry.event.id), now, body)
            answer = await self._connection.ask(headers=headers, body=body)
            self._judge(answer)
            self._note_oddity(answer)
            self._packets += 1

    # --- what is sent ---------------------------------------------------------------------------

    async def _message(self, entry: Entry) -> tuple[dict[str, str], bytes]:
        """The headers that say what the body is, and the body."""
        image = self._settings.picture_of(entry.event.images) if self._takes_pictures else None
        plate = entry.event.images.plate if image and self._form.shows_plate_too else None
        message = Message(
            entry=entry,
            site=self._context.site,
            packet_counter=self._packets + 1,
            picture=await self._shown(entry.event, image),
            plate=await self._context.jpeg(plate),
        )
        return self._form.write(message, self._manner)

    @property
    def _takes_pictures(self) -> bool:
        return self._settings.body == "multipart" or self._form.embeds

    async def _shown(self, event: Event, image: Image | None) -> Shown | None:
        jpeg = await self._context.jpeg(image)
        if image is None or jpeg is None:
            return None
        return Shown(numberok_json.image_type(event, image), jpeg)


def _form(settings: HttpTransfer) -> Form:
    form = FORMS[settings.format]
    if settings.body not in form.bodies:
        raise ConfigError(
            f'transfer "{settings.name}": `format` {settings.format} cannot be sent as `body` '
            f'{settings.body}; set `body` to "{form.bodies[0]}"'
        )
    return form


def _manner(settings: HttpTransfer) -> Manner:
    profiles: tuple[Profile, ...] = ("numberok-1.0", "numberok-1.6", "axis")
    profile = next((each for each in profiles if each == settings.format), profiles[0])
    return Manner(
        body=settings.body,
        target=http_answer.shown(settings.url),
        dialect=settings.dialect(profile),
    )


def _signing_keys(settings: HttpTransfer) -> list[bytes]:
    """Read at the start and again at each connect, as secrets change."""
    return [_signing_key(settings.name, secret) for secret in settings.signing_secrets]


def _signing_key(transfer: str, secret: str) -> bytes:
    try:
        return signing.key(reveal(secret))
    except ConfigError as error:
        raise ConfigError(f'transfer "{transfer}": {error}') from error
    except ValueError as error:
        raise ConfigError(f'transfer "{transfer}": secret {secret}: {error}') from error
