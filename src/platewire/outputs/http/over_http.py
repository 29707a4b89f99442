"""Common to outputs over HTTP: settings, the connection, and the evaluation of responses.

A new one states the settings that are its own, `send`, and what its answers mean beyond their
status. Those that all have are types here, so that each file shows its own defaults.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Generic, Protocol, TypeVar

from msgspec import Meta

from platewire.errors import ConfigError
from platewire.model import Entry
from platewire.outputs.http import response as http_response
from platewire.outputs.http.auth import NO_AUTH, Auth
from platewire.outputs.http.connection import AGENT, HttpConnection, checked_url
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.response import HttpResponse
from platewire.outputs.http.tls import Tls
from platewire.outputs.output import Output, OutputContext
from platewire.runtime.freshness import age_of
from platewire.wire import attempt, signing

AuthSetting = Annotated[Auth, Meta(description="Authentication")]
TlsSetting = Annotated[Tls, Meta(description="TLS certificates, for https")]
EgressSetting = Annotated[
    Egress, Meta(description=("Egress rules: allowed addresses, redirects, proxy"))
]
ConnectSeconds = Annotated[float, Meta(gt=0, description="Timeout for connecting")]
FirstByteSeconds = Annotated[
    float, Meta(gt=0, description="Timeout while the receiver sends nothing")
]
TotalSeconds = Annotated[float, Meta(gt=0, description="Timeout for the whole attempt")]
Lanes = Annotated[
    int,
    Meta(
        ge=1,
        le=64,
        description="Maximum concurrent requests, each of a different passage; 1: strictly "
        "in log order",
    ),
]

OURS = ("content-type", "content-length", "transfer-encoding", "connection", *attempt.NAMES)


def receiver_of(url: str, egress: Egress) -> str:
    """The URL without secrets, and the proxy on the way there, for display."""
    bare = http_response.without_secrets(url)
    if egress.proxy is None:
        return bare
    return f"{bare} through the proxy {http_response.without_secrets(egress.proxy.url)}"


class _HasUrl(Protocol):
    @property
    def url(self) -> str: ...
    @property
    def egress(self) -> Egress: ...


class UrlReceiver:
    """Goes before `OutputSettings` in the bases of settings with `url` and `egress`."""

    __slots__ = ()

    @property
    def receiver(self: _HasUrl) -> str:
        return receiver_of(self.url, self.egress)


class HttpDestination(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def tls(self) -> Tls: ...
    @property
    def egress(self) -> Egress: ...
    @property
    def connect_seconds(self) -> float: ...
    @property
    def total_seconds(self) -> float: ...


S = TypeVar("S", bound=HttpDestination)


class OverHttp(Output, Generic[S]):
    """Implements `Output` except `send`; ConfigError for an invalid url or secret."""

    connection_type: ClassVar[type[HttpConnection]] = HttpConnection

    def __init__(
        self,
        settings: S,
        context: OutputContext,
        url: str,
        *,
        auth: Auth = NO_AUTH,
        first_byte_seconds: float | None = None,
        secrets_go_to: str = "`auth`",
    ) -> None:
        self._settings = settings
        self._context = context
        self._who = f'output "{settings.name}": {http_response.without_secrets(url)}'
        self._url = checked_url(
            settings.name, url, settings.tls, egress=settings.egress, secrets_go_to=secrets_go_to
        )
        self._connection = self.connection_type(
            self._url,
            self._who,
            tls=settings.tls,
            auth=auth,
            connect_seconds=settings.connect_seconds,
            first_byte_seconds=first_byte_seconds,
            total_seconds=settings.total_seconds,
            egress=settings.egress,
        )

    def _headers(self) -> Mapping[str, str]:
        """Go with each request."""
        return AGENT

    def _about(self, entry: Entry) -> dict[str, str]:
        """Headers for the event of the request and the number of the attempt."""
        clock = self._context.clock
        said = attempt.headers(entry, clock.now(), age_of(entry, clock).seconds)
        return {signing.ID: str(entry.event.id), **said}

    async def connect(self) -> None:
        """Tells a wrong address or certificate before any event."""
        await self._connection.open(self._headers())

    async def close(self) -> None:
        await self._connection.close()

    def _judge(self, answer: HttpResponse) -> None:
        """By the status alone: returns where it means that all is well."""
        http_response.judge(answer, self._who, self._context.clock.now())
        self._note_oddity(answer)

    def _note_oddity(self, answer: HttpResponse) -> None:
        if odd := http_response.oddity(answer, self._who):
            self._context.board.note("output", self._settings.name, odd)


def check_headers(output: str, names: Iterable[str]) -> None:
    """ConfigError for one that is not for the configuration to set."""
    for name in names:
        if name.lower() in OURS or name.lower().startswith("webhook-"):
            raise ConfigError(
                f'output "{output}": header `{name}` is set by platewire; remove it from `headers`'
            )
