"""The template output: custom requests, for receivers that platewire has no format for.

The templates are tried with sample events when the output is built, so that a mistake is told at
the start; one that fails for a later event rejects that event alone. What templates may do is
decided in `template_language`, what a request looks like in `template_message`.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, field

from platewire.errors import ConfigError, Rejected
from platewire.model import Entry
from platewire.outputs.http.auth import HeaderName, NoAuth
from platewire.outputs.http.egress import Egress
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
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.outputs.template.language import TemplateError
from platewire.outputs.template.message import ROLES, Body, JsonBody, Message, Role
from platewire.outputs.template.samples import JPEG, samples


class TemplateSettings(UrlReceiver, OutputSettings, frozen=True, kw_only=True, tag="template"):
    """Sends each event as a request described by templates."""

    url: Annotated[
        str,
        Meta(
            description="URL; {{ values }} are percent-encoded; not allowed in the host",
            examples=["https://receiver.example/passages"],
        ),
    ]
    method: Annotated[
        Literal["POST", "PUT", "PATCH", "GET", "DELETE"],
        Meta(description="HTTP method of the request"),
    ] = "POST"
    body: Annotated[Body, Meta(description="Body of the request")] = JsonBody()
    headers: Annotated[
        dict[HeaderName, str],
        Meta(description="Additional headers, with templates; put secrets into `auth`"),
    ] = field(default_factory=dict)
    success: SuccessSetting = Success()
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    first_byte_seconds: FirstByteSeconds = 15
    total_seconds: TotalSeconds = 30

    lanes: Lanes = 1

    def build(self, context: OutputContext) -> "TemplateOutput":
        """ConfigError where a template, the url, a secret or a file cannot be used."""
        return TemplateOutput(self, context)


class TemplateOutput(OverHttp[TemplateSettings]):
    def __init__(self, settings: TemplateSettings, context: OutputContext) -> None:
        self._message = _tried(settings, context)
        super().__init__(
            settings,
            context,
            _origin(settings.url),
            auth=settings.auth,
            first_byte_seconds=settings.first_byte_seconds,
        )
        self.lanes = settings.lanes

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            jpegs = await self._jpegs(entry)
            try:
                request = self._message.request(entry, jpegs)
            except TemplateError as error:
                raise Rejected(
                    f"{self._who}: the template fails for this event: {error}; correct the "
                    "template, then replay the event"
                ) from error
            answer = await self._connection.ask(
                self._settings.method,
                request.url,
                headers={**request.headers, **self._about(entry)},
                body=request.body,
            )
            judge(answer, self._settings.success, self._who, self._context.clock.now())
            self._note_oddity(answer)

    async def _jpegs(self, entry: Entry) -> dict[Role, bytes]:
        """Those that exist and that retention has left, where the templates show any."""
        jpegs: dict[Role, bytes] = {}
        for role in ROLES if self._message.shows_pictures else ():
            image = getattr(entry.event.images, role)
            if (jpeg := await self._context.jpeg(image)) is not None:
                jpegs[role] = jpeg
        return jpegs


def _tried(settings: TemplateSettings, context: OutputContext) -> Message:
    """The templates, after each was rendered for each sample."""
    who = f'output "{settings.name}"'
    check_headers(settings.name, settings.headers)
    check_success(settings.name, settings.success)
    what = ""
    try:
        message = Message(settings.url, settings.headers, settings.body, context.site)
        for entry in samples():
            what = f", tried with a sample event ({entry.event.kind}, at {entry.event.camera})"
            images = entry.event.images
            message.request(entry, {role: JPEG for role in ROLES if getattr(images, role)})
    except TemplateError as error:
        raise ConfigError(
            f"{who}: {error}{what}; for what may be null, write {{{{ value | default }}}}"
        ) from error
    return message


def _origin(url: str) -> str:
    """The literal beginning of the address, with no template in it."""
    scheme, _, rest = url.partition("://")
    for sign in "/?#{":
        rest = rest.partition(sign)[0]
    return f"{scheme}://{rest}/"
