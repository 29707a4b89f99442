"""A relay with a URL: one request switches it on, another off where it does not do so itself."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from yarl import URL

from platewire.errors import ConfigError, Unavailable
from platewire.transfers import http_answer
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_auth import NoAuth
from platewire.transfers.http_connection import HttpConnection, checked_url
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
from platewire.transfers.over_http import AuthSetting, ConnectSeconds, EgressSetting, TlsSetting

SHOWN_CHARACTERS = 80


class HttpRelay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="http"):
    """A relay, controller or intercom that is switched by HTTP requests."""

    url: Annotated[str, Meta(description="What switches it on")]
    off_url: Annotated[
        str,
        Meta(
            description="What switches it off again, on the same host; empty: it does so itself, "
            "which is safer"
        ),
    ] = ""
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH"], Meta(description="Method of both requests")
    ] = "GET"
    body: Annotated[str, Meta(description="Body of the request that switches on")] = ""
    off_body: Annotated[str, Meta(description="Body of the request that switches off")] = ""
    content_type: Annotated[str, Meta(description="Of the bodies")] = "application/json"
    answer_contains: Annotated[
        str,
        Meta(
            description="What a good answer holds, spaces aside, for devices that answer 200 also "
            'when they refuse, such as `"success":true`; empty: every 2xx is good'
        ),
    ] = ""
    pulse_seconds: Annotated[
        float, Meta(gt=0, le=60, description="How long it stays on, where `off_url` is set")
    ] = 1.0
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 2
    total_seconds: Annotated[float, Meta(gt=0, description="Longest wait for an answer")] = 3

    def switch(self, transfer: str) -> "HttpSwitch":
        """ConfigError where a url, a secret or a file cannot be used."""
        return HttpSwitch(self, transfer)


class HttpSwitch:
    """Implements `Switch`."""

    def __init__(self, settings: HttpRelay, transfer: str) -> None:
        self._settings = settings
        self._transfer = transfer
        self.pulse_seconds = settings.pulse_seconds if settings.off_url else 0.0
        self.touched = False
        self._who = f'transfer "{transfer}": the relay at {http_answer.shown(settings.url)}'
        self._on = self._checked(settings.url)
        self._off = self._checked(settings.off_url) if settings.off_url else self._on
        if self._on.origin() != self._off.origin():
            raise ConfigError(
                f'transfer "{transfer}": `relay.off_url` is on another host than `relay.url`; '
                "a pulse begins and ends at one device"
            )
        self._connection = HttpConnection(
            self._on,
            self._who,
            tls=settings.tls,
            auth=settings.auth,
            connect_seconds=settings.connect_seconds,
            total_seconds=settings.total_seconds,
            egress=settings.egress,
        )

    def _checked(self, url: str) -> URL:
        settings = self._settings
        return checked_url(
            self._transfer, url, settings.tls, egress=settings.egress, secrets_go_to="`relay.auth`"
        )

    async def knock(self) -> None:
        await self._connection.open()

    async def turn(self, *, on: bool) -> None:
        self.touched = False
        # A new connection each time: one kept for hours may be dead without our knowing.
        await self.knock()
        settings = self._settings
        body = (settings.body if on else settings.off_body).encode()
        self.touched = True
        answer = await self._connection.ask(
            settings.method,
            self._on if on else self._off,
            headers={"Content-Type": settings.content_type} if body else None,
            body=body,
        )
        self._judge(answer)

    async def close(self) -> None:
        await self._connection.close()

    def _judge(self, answer: Answer) -> None:
        said = " ".join(answer.text.split())[:SHOWN_CHARACTERS]
        if not 200 <= answer.status < 300:
            raise Unavailable(
                f"{self._who} answered {answer.status} {said!r}; check `relay.url` and `relay.auth`"
            )
        expected = self._settings.answer_contains
        if _dense(expected) not in _dense(answer.text):
            raise Unavailable(
                f"{self._who} answered {said!r}, where {expected!r} is missing; it did not switch"
            )


def _dense(text: str) -> str:
    return "".join(text.split())
