"""A relay with a URL: one request switches it on, and another off if it does not do so itself."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from yarl import URL

from platewire.errors import ConfigError, Refused, Unavailable
from platewire.outputs.http import response as http_response
from platewire.outputs.http.auth import HeaderText, NoAuth
from platewire.outputs.http.connection import checked_url
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.over_http import (
    AuthSetting,
    ConnectSeconds,
    EgressSetting,
    TlsSetting,
    receiver_of,
)
from platewire.outputs.http.response import HttpResponse
from platewire.outputs.http.tls import Tls
from platewire.outputs.relay.effect import OFF_SECONDS, Effect, IdempotentSetting, refused
from platewire.outputs.relay.single_request import SingleRequestConnection

SHOWN_CHARACTERS = 80
"""Characters of a relay's answer that a message quotes; these devices answer in a word or a
page."""


class HttpRelay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="http"):
    """A relay, controller or intercom that is switched by HTTP requests."""

    url: Annotated[
        str,
        Meta(
            description="URL that switches the relay on",
            examples=["http://192.0.2.31/relay/0?turn=on"],
        ),
    ]
    off_url: Annotated[
        str,
        Meta(
            description="URL that switches it off, on the same host; empty: the device switches "
            "off by itself, which is safer"
        ),
    ] = ""
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH"], Meta(description="HTTP method of both requests")
    ] = "GET"
    body: Annotated[str, Meta(description="Body of the on request")] = ""
    off_body: Annotated[str, Meta(description="Body of the off request")] = ""
    content_type: Annotated[HeaderText, Meta(description="Content type of the bodies")] = (
        "application/json"
    )
    answer_contains: Annotated[
        str,
        Meta(
            description="Text that a successful response contains, ignoring spaces, for devices "
            'that answer 200 to failures too, such as `"success":true`; empty: any '
            "2xx"
        ),
    ] = ""
    pulse_seconds: Annotated[
        float, Meta(gt=0, le=60, description="Pulse length, with `off_url`")
    ] = 1.0
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 2
    total_seconds: Annotated[float, Meta(gt=0, description="Timeout for a response")] = 3
    idempotent: IdempotentSetting = False

    @property
    def display(self) -> str:
        """For display, without secrets."""
        return receiver_of(self.url, self.egress)

    def switch(self, output: str) -> "HttpSwitch":
        """ConfigError where a url, a secret or a file cannot be used."""
        return HttpSwitch(self, output)


class HttpSwitch:
    """Implements `Switch`."""

    def __init__(self, settings: HttpRelay, output: str) -> None:
        self._settings = settings
        self._output = output
        self.pulse_seconds = settings.pulse_seconds if settings.off_url else 0.0
        self._answer: HttpResponse | None = None
        self._who = f'output "{output}": the relay at {http_response.without_secrets(settings.url)}'
        self._on = self._checked(settings.url)
        self._off = self._checked(settings.off_url) if settings.off_url else self._on
        if self._on.origin() != self._off.origin():
            raise ConfigError(
                f'output "{output}": `relay.off_url` has another host than `relay.url`; use the '
                "same device for both"
            )
        self._connection = self._made(settings.total_seconds)
        self._off_connection = self._made(max(settings.total_seconds, OFF_SECONDS))
        self._asked = self._connection

    def _made(self, total_seconds: float) -> SingleRequestConnection:
        settings = self._settings
        return SingleRequestConnection(
            self._on,
            self._who,
            tls=settings.tls,
            auth=settings.auth,
            connect_seconds=settings.connect_seconds,
            total_seconds=total_seconds,
            egress=settings.egress,
        )

    def _checked(self, url: str) -> URL:
        settings = self._settings
        return checked_url(
            self._output, url, settings.tls, egress=settings.egress, secrets_go_to="`relay.auth`"
        )

    @property
    def effect(self) -> Effect:
        if not self._asked.may_have_arrived or (self._answer and refused(self._answer)):
            return Effect.NONE
        good = 200 <= (self._asked.status or 0) < 300
        return Effect.DONE if good and self._holds_what_it_must() else Effect.UNKNOWN

    async def knock(self) -> None:
        await self._connection.open()

    async def turn(self, *, on: bool) -> None:
        settings = self._settings
        self._answer = None
        self._asked = self._connection if on else self._off_connection
        # A new connection each time: one kept for hours may be dead without our knowing.
        await self._asked.open()
        body = (settings.body if on else settings.off_body).encode()
        try:
            self._answer = await self._asked.ask(
                settings.method,
                self._on if on else self._off,
                headers={"Content-Type": settings.content_type} if body else None,
                body=body,
            )
        except Unavailable:
            if self.effect is not Effect.DONE:
                raise
        if self.effect is not Effect.DONE and self._answer is not None:
            raise self._failure(self._answer)

    async def close(self) -> None:
        await self._connection.close()
        await self._off_connection.close()

    def _holds_what_it_must(self) -> bool:
        """Also where the head before it is damaged."""
        text = self._answer.text if self._answer else self._asked.heard.decode("utf-8", "replace")
        return _dense(self._settings.answer_contains) in _dense(text)

    def _failure(self, answer: HttpResponse) -> Unavailable:
        said = " ".join(answer.text.split())[:SHOWN_CHARACTERS]
        remedy = "check `relay.url` and `relay.auth`"
        if refused(answer):
            return Refused(
                f"{self._who} answered {answer.status} {said!r}; {remedy}", status=answer.status
            )
        if not 200 <= answer.status < 300:
            return Unavailable(
                f"{self._who} answered {answer.status} {said!r}, so the relay may have switched; "
                f"{remedy}"
            )
        return Unavailable(
            f"{self._who} answered {said!r}, without {self._settings.answer_contains!r}; check "
            "`relay.answer_contains`, or check the device"
        )


def _dense(text: str) -> str:
    return "".join(text.split())
