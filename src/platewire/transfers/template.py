"""The template transfer: any request, for receivers that platewire does not know.

The templates are tried with sample events when the transfer is built, so that a mistake is told at
the start; one that fails for a later event rejects that event alone. What templates may do is
decided in `template_language`, what a request looks like in `template_message`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from platewire.errors import ConfigError, Rejected
from platewire.model import Entry
from platewire.transfers import http_answer
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_auth import HeaderName, NoAuth
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
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
from platewire.transfers.template_language import TemplateError
from platewire.transfers.template_message import ROLES, Body, JsonBody, Message, Role
from platewire.transfers.template_samples import JPEG, samples
from platewire.transfers.transfer import TransferContext, TransferSettings
from platewire.wire import signing

Status = Annotated[int, Meta(ge=200, le=599)]


class Success(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an event counts as delivered. All that is set must hold."""

    statuses: Annotated[
        tuple[Status, ...], Meta(description="Statuses that mean success; empty: 200 to 299")
    ] = ()
    contains: Annotated[str, Meta(description="Text that a good answer has in it")] = ""
    json: Annotated[
        str, Meta(description="Place of a value in the answer's JSON, like `result.code`")
    ] = ""
    equals: Annotated[str, Meta(description="What that value is in a good answer")] = ""


class TemplateTransfer(TransferSettings, frozen=True, kw_only=True, tag="template"):
    """Sends each event as a request that templates describe."""

    url: Annotated[
        str, Meta(description="Where to; {{ values }} are percent-encoded; not in the host")
    ]
    method: Annotated[
        Literal["POST", "PUT", "PATCH", "GET", "DELETE"], Meta(description="Of the request")
    ] = "POST"
    body: Annotated[Body, Meta(description="What is sent")] = JsonBody()
    headers: Annotated[
        dict[HeaderName, str],
        Meta(description="Further headers, with templates; no secrets, those go to `auth`"),
    ] = field(default_factory=dict)
    success: Annotated[Success, Meta(description="When an event counts as delivered")] = Success()
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    first_byte_seconds: FirstByteSeconds = 15
    total_seconds: TotalSeconds = 30

    lanes: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="So many requests may run side by side, each of another passage; 1: all "
            "in the order of the log",
        ),
    ] = 1

    def build(self, context: TransferContext) -> "TemplateSender":
        """ConfigError where a template, the url, a secret or a file cannot be used."""
        return TemplateSender(self, context)


class TemplateSender(OverHttp[TemplateTransfer]):
    """Implements `Transfer`."""

    def __init__(self, settings: TemplateTransfer, context: TransferContext) -> None:
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
                    f"{self._who}: the template fails for this event: {error}; change the "
                    "template, then send the event again"
                ) from error
            answer = await self._connection.ask(
                self._settings.method,
                request.url,
                headers={**request.headers, signing.ID: str(entry.event.id)},
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


def _tried(settings: TemplateTransfer, context: TransferContext) -> Message:
    """The templates, after each was rendered for each sample."""
    who = f'transfer "{settings.name}"'
    check_headers(settings.name, settings.headers)
    if settings.success.equals and not settings.success.json:
        raise ConfigError(f"{who}: `success.equals` needs `success.json`, the place of the value")
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


# --- what the answer means -----------------------------------------------------------------------


def judge(answer: Answer, success: Success, who: str, now: datetime) -> None:
    """Returns where the event is delivered by the rule; raises as `http_answer.judge` does."""
    if answer.status not in success.statuses:
        http_answer.judge(answer, who, now)
        if success.statuses:
            _reject(answer, who, f"`success.statuses` has no {answer.status}")
    if success.contains not in answer.text:
        _reject(answer, who, f"the answer has no {success.contains!r} in it")
    if success.json:
        value = _at(answer, success.json, who)
        if value != success.equals:
            _reject(answer, who, f"`{success.json}` is {value[:100]!r}, not {success.equals!r}")


def _at(answer: Answer, path: str, who: str) -> str:
    """The value as text: a text as it is, all else as JSON."""
    try:
        value: Any = msgspec.json.decode(answer.text)
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        _reject(answer, who, f"the answer has no JSON with a value at `{path}`")
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _reject(answer: Answer, who: str, reason: str) -> Any:
    more = f" (the answer {answer.cut})" if answer.cut else ""
    raise Rejected(
        f"{who} answered {answer.status}, but {reason}{more}; look at what the receiver says, and "
        "at `success`",
        status=answer.status,
        answer=answer.text[: http_answer.KEPT_CHARACTERS],
    )
