"""HTTP live mode: a POST of each event to one receiver, in our form or in another's.

`http_connection` carries the bytes, `http_answer` decides what an answer means, `http_auth` and
`http_tls` how the two sides know each other, `wire` what the bytes are.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, field

from platewire.errors import ConfigError
from platewire.model import Entry, Event, Image
from platewire.secret import Secret, reveal
from platewire.transfers import http_answer, http_auth
from platewire.transfers.http_auth import Auth, HeaderName, NoAuth
from platewire.transfers.http_connection import AGENT, HttpConnection, checked_url
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_formats import FORMS, Body, Form, FormatName, Manner, Message
from platewire.transfers.http_tls import Tls
from platewire.transfers.numberok_settings import NumberOkSettings
from platewire.transfers.transfer import TransferContext
from platewire.wire import numberok_json, signing
from platewire.wire.numberok_json import Profile, Shown

OURS = ("content-type", "content-length", "transfer-encoding", "connection")

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
    auth: Annotated[Auth, Meta(description="How to prove who we are")] = NoAuth()
    tls: Annotated[Tls, Meta(description="Certificates, for https")] = Tls()
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
    egress: Annotated[Egress, Meta(description="Where requests may go")] = Egress()
    connect_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a connection")] = 10
    first_byte_seconds: Annotated[
        float, Meta(gt=0, description="Longest silence of the receiver while it is to answer")
    ] = 15
    total_seconds: Annotated[
        float, Meta(gt=0, description="Longest wait for the whole of an attempt")
    ] = 30
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


class HttpSender:
    """Implements `Transfer`."""

    batch = 1

    def __init__(self, settings: HttpTransfer, context: TransferContext) -> None:
        self._settings = settings
        self._context = context
        self._url = checked_url(settings.name, settings.url, settings.tls, egress=settings.egress)
        self._who = f'transfer "{settings.name}": {http_answer.shown(settings.url)}'
        self._form = _form(settings)
        self._manner = _manner(settings)
        self._connection = HttpConnection(
            self._url,
            self._who,
            connect_seconds=settings.connect_seconds,
            first_byte_seconds=settings.first_byte_seconds,
            total_seconds=settings.total_seconds,
            egress=settings.egress,
        )
        self._packets = 0
        self._prepare()

    def _prepare(self) -> None:
        """Reads secrets, at the start and again at each connect: they change."""
        settings = self._settings
        try:
            self._headers = _fixed_headers(settings)
            self._middlewares = http_auth.middlewares(settings.auth)
            self._keys = [_signing_key(secret) for secret in settings.signing_secrets]
        except ConfigError as error:
            raise ConfigError(f'transfer "{settings.name}": {error}') from error

    @property
    def lanes(self) -> int:
        return self._settings.lanes

    async def connect(self) -> None:
        """Tells a wrong address or certificate before any event."""
        self._prepare()
        await self._connection.open(self._settings.tls, self._headers, self._middlewares)

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            headers, body = await self._message(entry)
            headers[signing.ID] = str(entry.event.id)
            if self._keys:
                now = self._context.clock.now()
                headers |= signing.sign(self._keys, str(entry.event.id), now, body)
            answer = await self._connection.ask(headers=headers, body=body)
            http_answer.judge(answer, self._who, self._context.clock.now())
            if odd := http_answer.oddity(answer, self._who):
                self._context.board.note("transfer", self._settings.name, odd)
            self._packets += 1

    async def close(self) -> None:
        await self._connection.close()

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
            plate=await self._jpeg(plate),
        )
        return self._form.write(message, self._manner)

    @property
    def _takes_pictures(self) -> bool:
        return self._settings.body == "multipart" or self._form.embeds

    async def _shown(self, event: Event, image: Image | None) -> Shown | None:
        jpeg = await self._jpeg(image)
        if image is None or jpeg is None:
            return None
        return Shown(numberok_json.image_type(event, image), jpeg)

    async def _jpeg(self, image: Image | None) -> bytes | None:
        """None where there is none, or retention has taken it."""
        return None if image is None else await self._context.log.picture(image.sha256)


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


def _fixed_headers(settings: HttpTransfer) -> dict[str, str]:
    for name in settings.headers:
        if name.lower() in OURS or name.lower().startswith("webhook-"):
            raise ConfigError(f"header `{name}` is set by platewire, not in `headers`")
    return {**AGENT, **settings.headers, **http_auth.headers(settings.auth)}


def _signing_key(secret: str) -> bytes:
    try:
        return signing.key(reveal(secret))
    except ValueError as error:
        raise ConfigError(f"secret {secret}: {error}") from error
