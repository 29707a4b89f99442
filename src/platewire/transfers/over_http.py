"""What all transfers that ask over HTTP have in common: settings, the connection, the judgement.

A new one states the settings that are its own, `send`, and what its answers mean beyond their
status. Those that all have are types here, so that each file shows its own defaults.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Generic, Protocol, TypeVar

from msgspec import Meta

from platewire.errors import ConfigError
from platewire.transfers import http_answer
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_auth import NO_AUTH, Auth
from platewire.transfers.http_connection import AGENT, HttpConnection, checked_url
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
from platewire.transfers.transfer import TransferContext

AuthSetting = Annotated[Auth, Meta(description="How to prove who we are")]
TlsSetting = Annotated[Tls, Meta(description="Certificates, for https")]
EgressSetting = Annotated[Egress, Meta(description="Where requests may go")]
ConnectSeconds = Annotated[float, Meta(gt=0, description="Longest wait for a connection")]
FirstByteSeconds = Annotated[
    float, Meta(gt=0, description="Longest silence of the receiver while it is to answer")
]
TotalSeconds = Annotated[float, Meta(gt=0, description="Longest wait for the whole of an attempt")]

OURS = ("content-type", "content-length", "transfer-encoding", "connection")


class HttpSettings(Protocol):
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


S = TypeVar("S", bound=HttpSettings)


class OverHttp(Generic[S]):
    """Implements `Transfer` but for `send`; ConfigError where url or secrets cannot be used."""

    batch = 1

    def __init__(
        self,
        settings: S,
        context: TransferContext,
        url: str,
        *,
        auth: Auth = NO_AUTH,
        first_byte_seconds: float | None = None,
        secrets_go_to: str = "`auth`",
    ) -> None:
        self._settings = settings
        self._context = context
        self._who = f'transfer "{settings.name}": {http_answer.shown(url)}'
        self._url = checked_url(
            settings.name, url, settings.tls, egress=settings.egress, secrets_go_to=secrets_go_to
        )
        self._connection = HttpConnection(
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

    async def connect(self) -> None:
        """Tells a wrong address or certificate before any event."""
        await self._connection.open(self._headers())

    async def close(self) -> None:
        await self._connection.close()

    def _judge(self, answer: Answer) -> None:
        """By the status alone: returns where it means that all is well."""
        http_answer.judge(answer, self._who, self._context.clock.now())

    def _note_oddity(self, answer: Answer) -> None:
        if odd := http_answer.oddity(answer, self._who):
            self._context.board.note("transfer", self._settings.name, odd)


def check_headers(transfer: str, names: Iterable[str]) -> None:
    """ConfigError for one that is not for the configuration to set."""
    for name in names:
        if name.lower() in OURS or name.lower().startswith("webhook-"):
            raise ConfigError(
                f'transfer "{transfer}": header `{name}` is set by platewire, not in `headers`'
            )
