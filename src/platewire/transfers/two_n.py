"""2N access units and intercoms: each plate, as soon as it is read, for the unit to decide.

A gate may open on what is sent here, so nothing old, nothing replayed and no `lost` is. What the
bytes are, `wire.two_n` decides.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.model import Entry, Event, Kind
from platewire.transfers import http_answer
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_auth import NoAuth
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
from platewire.transfers.over_http import (
    AuthSetting,
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    TotalSeconds,
)
from platewire.transfers.transfer import EventsPreset, TransferContext, TransferSettings
from platewire.wire import two_n

HEADERS = {"Content-Type": "application/json"}


class TwoNTransfer(TransferSettings, frozen=True, kw_only=True, tag="two_n"):
    """License plates for a 2N access unit or intercom, which decides whom it lets in."""

    url: Annotated[str, Meta(description="The unit, such as https://10.0.0.30")]
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    exits: Annotated[
        tuple[str, ...],
        Meta(description="Cameras at exits (access point 1); all others are at entries (0)"),
    ] = ()
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="`new`, `updated` or both (`parking`); `lost` is refused"),
    ] = "parking"
    max_age_seconds: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(
            description="Older events are recorded as expired instead of sent, so that no gate "
            "opens for a vehicle that has gone"
        ),
    ] = 10.0
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 5
    total_seconds: TotalSeconds = 10

    def build(self, context: TransferContext) -> "TwoNSender":
        """ConfigError where the url, a secret or a file cannot be used, or `lost` is asked for."""
        return TwoNSender(self, context)


class TwoNSender(OverHttp[TwoNTransfer]):
    """Implements `Transfer`."""

    def __init__(self, settings: TwoNTransfer, context: TransferContext) -> None:
        if Kind.LOST in settings.kinds:
            raise ConfigError(
                f'transfer "{settings.name}": `events` holds `lost`, on which a gate would open '
                "after the vehicle has gone; choose `parking`, or a list of `new` and `updated`"
            )
        super().__init__(settings, context, settings.url, auth=settings.auth)
        self._plates = self._url.with_path(two_n.PATH)

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            body = await self._body(entry.event)
            answer = await self._connection.ask(url=self._plates, headers=HEADERS, body=body)
            self._judge_plate(answer)

    async def _body(self, event: Event) -> bytes:
        if event.replayed:
            raise Rejected(
                f"{self._who} is told of no replayed event, as a gate could open on it; replay to "
                "another transfer"
            )
        leaving = event.camera in self._settings.exits
        try:
            return two_n.license_plate(event, leaving=leaving, jpeg=await self._picture(event))
        except ValueError as error:
            raise Rejected(f"{self._who}: {error}") from error

    async def _picture(self, event: Event) -> bytes:
        """Empty where none is wanted, none exists, retention has taken it, or it is too large."""
        image = self._settings.picture_of(event.images)
        jpeg = await self._context.jpeg(image) or b""
        if two_n.fits(jpeg):
            return jpeg
        self._context.board.count("transfer", self._settings.name, pictures_left_out=1)
        return b""

    def _judge_plate(self, answer: Answer) -> None:
        refused = self._refusal(answer)
        if refused is None:
            return
        if refused.code in two_n.ABOUT_US:
            raise Unavailable(
                f"{self._who} refuses every plate: {refused}; check that its HTTP API service "
                "Access Control is on, and what `auth` may do there"
            )
        raise Rejected(
            f"{self._who} refused the plate: {refused}",
            status=answer.status,
            answer=answer.text[: http_answer.KEPT_CHARACTERS],
        )

    def _refusal(self, answer: Answer) -> two_n.Refusal | None:
        """Of a 401 too, which here may hold a code. Other statuses are judged as everywhere."""
        try:
            if answer.status in (200, 401):
                return two_n.refusal(answer.text)
        except two_n.NotUnderstood as error:
            if answer.status == 200:
                raise Unavailable(
                    f"{self._who} answered with what no 2N unit answers ({error}); check `url`"
                ) from error
        if answer.status == 401:
            raise Unavailable(f"{self._who} answered 401: check `auth` and its secret")
        self._judge(answer)
        return None
