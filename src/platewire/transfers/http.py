"""HTTP live mode: a POST of each event to one receiver, in our form or in another's.

`http_connection` carries the bytes, `http_answer` decides what an answer means, `http_auth` and
`http_tls` how the two sides know each other, `wire` what the bytes are.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, field

from platewire.errors import ConfigError
from platewire.model import Entry, Event
from platewire.secret import Secret, reveal
from platewire.transfers import http_answer, http_auth
from platewire.transfers.http_auth import Auth, HeaderName, NoAuth
from platewire.transfers.http_connection import AGENT, HttpConnection, checked_url
from platewire.transfers.http_tls import Tls
from platewire.transfers.numberok_settings import NumberOkSettings
from platewire.transfers.transfer import TransferContext
from platewire.wire import cloudevents, multipart, numberok_json, signing
from platewire.wire.multipart import Part
from platewire.wire.numberok_json import Dialect, Shown

OURS = ("content-type", "content-length", "transfer-encoding", "connection")

HeaderText = Annotated[str, Meta(pattern=r"^[\x20-\x7e]*$")]


class HttpTransfer(NumberOkSettings, frozen=True, kw_only=True, tag="http"):
    """POSTs each event to a receiver."""

    url: Annotated[str, Meta(description="Where to POST, with http:// or https://")]
    format: Annotated[
        Literal[
            "native",
            "cloudevents-binary",
            "cloudevents-structured",
            "numberok-1.0",
            "numberok-1.6",
            "axis",
        ],
        Meta(
            description="`native` is platewire's own JSON, and `cloudevents-…` carry it as a "
            "CloudEvent; the others are NumberOk's two protocol versions and that of AXIS License "
            "Plate Verifier and CAMMRA"
        ),
    ] = "native"
    body: Annotated[
        Literal["json", "multipart"],
        Meta(
            description="`json`: the event alone; `multipart`: a form with the files `event` and "
            "`image`"
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
    connect_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a connection")] = 10
    total_seconds: Annotated[
        float, Meta(gt=0, description="Longest wait for the whole of an attempt")
    ] = 30

    def build(self, context: TransferContext) -> "HttpSender":
        """ConfigError where the url, a secret or a file cannot be used."""
        return HttpSender(self, context)


class HttpSender:
    """Implements `Transfer`."""

    batch = 1

    def __init__(self, settings: HttpTransfer, context: TransferContext) -> None:
        self._settings = settings
        self._context = context
        self._url = checked_url(settings.name, settings.url, settings.tls)
        self._who = f'transfer "{settings.name}": {http_answer.shown(settings.url)}'
        self._dialect = _dialect(settings)
        self._connection = HttpConnection(
            self._url,
            self._who,
            connect_seconds=settings.connect_seconds,
            total_seconds=settings.total_seconds,
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
            self._packets += 1

    async def close(self) -> None:
        await self._connection.close()

    # --- what is sent ---------------------------------------------------------------------------

    async def _message(self, entry: Entry) -> tuple[dict[str, str], bytes]:
        """The headers that say what the body is, and the body."""
        if self._settings.format == "cloudevents-binary":
            return cloudevents.binary(entry, self._context.site.name)
        if self._settings.format == "cloudevents-structured":
            return cloudevents.structured(entry, self._context.site.name)
        picture = await self._picture(entry.event)
        event = self._event_bytes(entry, picture)
        if self._settings.body == "json":
            return {"Content-Type": "application/json"}, event
        content_type, body = multipart.encode(list(_parts(entry.event, event, picture)))
        return {"Content-Type": content_type}, body

    async def _picture(self, event: Event) -> Shown | None:
        """None where none is wanted, none exists, or retention has taken it."""
        settings = self._settings
        image = settings.picture_of(event.images)
        if image is None or (settings.body == "json" and settings.format != "axis"):
            return None
        jpeg = await self._context.log.picture(image.sha256)
        return None if jpeg is None else Shown(numberok_json.image_type(event, image), jpeg)

    def _event_bytes(self, entry: Entry, picture: Shown | None) -> bytes:
        if self._dialect is None:
            return entry.body
        return numberok_json.encode(
            entry.event,
            self._context.site,
            self._dialect,
            packet_counter=self._packets + 1,
            picture=picture,
            embed=self._settings.body == "json",
        )


def _dialect(settings: HttpTransfer) -> Dialect | None:
    """None for the forms that are not NumberOk's."""
    match settings.format:
        case "native":
            return None
        case "cloudevents-binary" | "cloudevents-structured":
            if settings.body != "json":
                raise ConfigError(
                    f'transfer "{settings.name}": `format` {settings.format} cannot be sent as '
                    f'`body` {settings.body}; set `body` to "json"'
                )
            return None
        case profile:
            return settings.dialect(profile)


def _parts(event: Event, body: bytes, picture: Shown | None) -> list[Part]:
    name = numberok_json.file_name(event, "json")
    parts = [Part("event", name, "application/json", body)]
    if picture is not None:
        name = numberok_json.file_name(event, "jpg", shows=picture.type)
        parts.append(Part("image", name, "image/jpeg", picture.jpeg))
    return parts


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
