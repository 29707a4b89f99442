"""The HTTP output: one POST per event to one receiver, in platewire's or another vendor's format.

`over_http` is what it shares with others, `http_formats` and `wire` say what the bytes are.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, field

from platewire.errors import ConfigError
from platewire.model import Entry, Event, Image
from platewire.outputs.http import response as http_response
from platewire.outputs.http.auth import HeaderName, HeaderText, NoAuth
from platewire.outputs.http.connection import AGENT
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.formats import (
    FORMS,
    PICTURES,
    Body,
    FormatName,
    FormatSettings,
    Message,
)
from platewire.outputs.http.over_http import (
    AuthSetting,
    ConnectSeconds,
    EgressSetting,
    FirstByteSeconds,
    Lanes,
    OverHttp,
    TlsSetting,
    TotalSeconds,
    UrlReceiver,
    check_headers,
)
from platewire.outputs.http.success import Success, SuccessSetting, check_success, judge
from platewire.outputs.http.tls import Tls
from platewire.outputs.numberok_settings import NumberOkSettings, attempt_at
from platewire.outputs.output import OutputContext
from platewire.runtime.secret import Secret, reveal
from platewire.wire import signing
from platewire.wire.numberok import json as numberok_json
from platewire.wire.numberok.json import AttachedPicture, Profile


class HttpSettings(UrlReceiver, NumberOkSettings, frozen=True, kw_only=True, tag="http"):
    """Sends each event as an HTTP POST to a receiver."""

    url: Annotated[
        str,
        Meta(
            description="URL for the POST request, with http:// or https://",
            examples=["https://receiver.example/anpr"],
        ),
    ]
    format: Annotated[
        FormatName,
        Meta(
            description="`native` is platewire's own JSON, and `cloudevents-…` wrap it in a "
            "CloudEvent; the others are NumberOk's two protocol versions, and the "
            "formats of AXIS License Plate Verifier and CAMMRA, Plate Recognizer "
            "Stream, Genetec's Sharp cameras and cameras with ONVIF Profile M"
        ),
    ] = "native"
    body: Annotated[
        Body | None,
        Meta(
            description="`json`: only the event; `multipart`: a form with event and picture; "
            "`form`: a form with only the event, for `plate-recognizer`; `picture`: "
            "the JPEG as the body, with the event in headers, for `native`. Default: "
            "`json`; for `plate-recognizer` `multipart`, or `form` without a picture"
        ),
    ] = None
    success: SuccessSetting = Success()
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    signing_secrets: Annotated[
        tuple[Secret, ...],
        Meta(
            description="Where `whsec_...` secrets are stored; each signs every request "
            "(Standard Webhooks). Use two to rotate a secret"
        ),
    ] = ()
    headers: Annotated[
        dict[HeaderName, HeaderText],
        Meta(description="Additional headers; put secrets into `auth`"),
    ] = field(default_factory=dict)
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    first_byte_seconds: FirstByteSeconds = 15
    total_seconds: TotalSeconds = 30
    lanes: Lanes = 8

    def build(self, context: OutputContext) -> "HttpOutput":
        """ConfigError where the url, a secret or a file cannot be used."""
        return HttpOutput(self, context)


class HttpOutput(OverHttp[HttpSettings]):
    def __init__(self, settings: HttpSettings, context: OutputContext) -> None:
        super().__init__(
            settings,
            context,
            settings.url,
            auth=settings.auth,
            first_byte_seconds=settings.first_byte_seconds,
        )
        check_headers(settings.name, settings.headers)
        check_success(settings.name, settings.success)
        self.lanes = settings.lanes
        self._form = FORMS[settings.format]
        self._body = _body(settings)
        self._format_settings = _format_settings(settings, self._body)
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
            headers |= self._about(entry)
            if self._keys:
                now = self._context.clock.now()
                headers |= signing.sign(self._keys, str(entry.event.id), now, body)
            answer = await self._connection.ask(headers=headers, body=body)
            judge(answer, self._settings.success, self._who, self._context.clock.now())
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
            picture=await self._attached_picture(entry.event, image),
            plate=await self._context.jpeg(plate),
            attempt=attempt_at(entry, self._context.clock),
        )
        return self._form.write(message, self._format_settings)

    @property
    def _takes_pictures(self) -> bool:
        return self._body in PICTURES or self._form.embeds

    async def _attached_picture(self, event: Event, image: Image | None) -> AttachedPicture | None:
        jpeg = await self._context.jpeg(image)
        if image is None or jpeg is None:
            return None
        return AttachedPicture(numberok_json.image_type(event, image), jpeg)


def _body(settings: HttpSettings) -> Body:
    bodies = FORMS[settings.format].bodies
    body = settings.body or bodies[0]
    if body not in bodies:
        raise ConfigError(
            f'output "{settings.name}": format `{settings.format}` does not support the body '
            f"`{body}`; "
            f'set `body` to "{bodies[0]}"'
        )
    if body in PICTURES and settings.signing_secrets:
        texts = " or ".join(f'"{each}"' for each in bodies if each not in PICTURES)
        raise ConfigError(
            f'output "{settings.name}": `signing_secrets` cannot sign `body` {body}, because '
            "verifiers of Standard Webhooks only support text; "
            f"set `body` to {texts}, or authenticate with `auth`"
        )
    return body


def _format_settings(settings: HttpSettings, body: Body) -> FormatSettings:
    profiles: tuple[Profile, ...] = ("numberok-1.0", "numberok-1.6", "axis")
    profile = next((each for each in profiles if each == settings.format), profiles[0])
    return FormatSettings(
        body=body,
        target=http_response.without_secrets(settings.url),
        dialect=settings.dialect(profile),
    )


def _signing_keys(settings: HttpSettings) -> list[bytes]:
    """Read at the start and again at each connect, as secrets change."""
    return [_signing_key(settings.name, secret) for secret in settings.signing_secrets]


def _signing_key(output: str, secret: str) -> bytes:
    try:
        return signing.key(reveal(secret))
    except ConfigError as error:
        raise ConfigError(f'output "{output}": {error}') from error
    except ValueError as error:
        raise ConfigError(f'output "{output}": secret {secret}: {error}') from error
