"""2N access units and intercoms: each plate is sent as soon as it is read, and the unit decides.

A gate may open on what is sent here, so nothing old, nothing replayed and no `lost` is; and a unit
that may have opened is told nothing more of that passage, unless it is said to be `idempotent`.
What the bytes are, `wire.two_n` decides.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, cast

from msgspec import Meta

from platewire.errors import ConfigError, PlatewireError, Rejected, Unavailable
from platewire.model import Entry, Event, Kind
from platewire.outputs.http import response as http_response
from platewire.outputs.http.auth import NoAuth
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.over_http import (
    AuthSetting,
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    TotalSeconds,
    UrlReceiver,
)
from platewire.outputs.http.response import HttpResponse
from platewire.outputs.http.tls import Tls
from platewire.outputs.output import EventsPreset, OutputContext, OutputSettings
from platewire.outputs.relay.effect import refused
from platewire.outputs.relay.notification_record import NotificationRecord
from platewire.outputs.relay.single_request import SingleRequestConnection
from platewire.wire import two_n

HEADERS = {"Content-Type": "application/json"}


class TwoNSettings(UrlReceiver, OutputSettings, frozen=True, kw_only=True, tag="two_n"):
    """Sends license plates to a 2N access unit or intercom, which decides about access."""

    opens_something: ClassVar[bool] = True

    url: Annotated[
        str,
        Meta(
            description="URL of the unit, such as https://10.0.0.30",
            examples=["https://192.0.2.30"],
        ),
    ]
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    exits: Annotated[
        tuple[str, ...],
        Meta(description="Cameras at exits (access point 1); all others are at entries (0)"),
    ] = ()
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="`new`, `updated` or both (`parking`); `lost` is not allowed"),
    ] = "parking"
    max_age_seconds: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(
            description="Older events are recorded as expired instead of sent, so that no gate "
            "opens for a vehicle that has left"
        ),
    ] = 10.0
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 5
    total_seconds: TotalSeconds = 10
    idempotent: Annotated[
        bool,
        Meta(
            description="Set to true if the unit may receive the same plate twice without "
            "opening twice: if its response is lost, the plate is sent again until "
            "the event is too old"
        ),
    ] = False

    def matches(self, event: Event) -> bool:
        """Never a partial plate: the text that remains may be that of another vehicle."""
        return not event.plate.partial and super().matches(event)

    def build(self, context: OutputContext) -> "TwoNOutput":
        """ConfigError where the url, a secret or a file cannot be used, or `lost` is asked for."""
        return TwoNOutput(self, context)


class TwoNOutput(OverHttp[TwoNSettings]):
    connection_type = SingleRequestConnection

    def __init__(self, settings: TwoNSettings, context: OutputContext) -> None:
        if Kind.LOST in settings.kinds:
            raise ConfigError(
                f'output "{settings.name}": `events` must not contain `lost`, which would open '
                "a gate after the vehicle has left; use `parking`, or a list of `new` and "
                "`updated`"
            )
        super().__init__(settings, context, settings.url, auth=settings.auth)
        self._plates = self._url.with_path(two_n.PATH)
        self._record = NotificationRecord(settings.name, context)
        self.failure = ""
        """Of the gate: until the unit answers again."""

    async def recover(self) -> None:
        if await self._record.left_by_a_crash():
            self.failure = (
                f"{self._who} may have opened: platewire stopped while it sent a plate; check the "
                "gate"
            )

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await self._tell(entry.event, await self._body(entry.event))

    async def _tell(self, event: Event, body: bytes) -> None:
        number = None if self._settings.idempotent else await self._record.begin(event)
        answer = None
        try:
            answer = await self._connection.ask(url=self._plates, headers=HEADERS, body=body)
            self._judge_plate(answer)
        except PlatewireError as error:
            if self._settings.idempotent or self._is_known(answer):
                await self._record.answered(number)
                raise
            await self._record.unknown(number, "unknown", str(error))
            self.failure = (
                f"{self._who} may have opened for {event.plate.text} at "
                f"{event.last_seen_at:%H:%M:%S} UTC, and does not get it again; check the gate: "
                f"{error}"
            )
            raise Rejected(self.failure) from error
        await self._record.answered(number)
        self.failure = ""

    def _is_known(self, answer: HttpResponse | None) -> bool:
        """Whether the unit was not told, or said itself what came of it."""
        if answer is None:
            return not cast(SingleRequestConnection, self._connection).may_have_arrived
        return refused(answer) or _is_of_a_unit(answer)

    async def _body(self, event: Event) -> bytes:
        if event.replayed:
            raise Rejected(
                f"{self._who} does not accept replayed events, because they could open a gate; "
                "replay to another output"
            )
        if event.plate.partial:
            raise Rejected(
                f"{self._who} does not accept partial plates: only {event.plate.text} of the plate "
                "was seen; the event with the whole plate is sent"
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
        self._context.board.count("output", self._settings.name, pictures_left_out=1)
        return b""

    def _judge_plate(self, answer: HttpResponse) -> None:
        refused_by = self._refusal(answer)
        if refused_by is None:
            self._note_oddity(answer)
            return
        if refused_by.code in two_n.ABOUT_US:
            raise http_response.refusal(
                f"{self._who} rejects every plate: {refused_by}; check that its HTTP API service "
                "Access Control is enabled, and the permissions of `auth`",
                answer,
            )
        raise Rejected(
            f"{self._who} rejected the plate: {refused_by}",
            status=answer.status,
            answer=answer.text[: http_response.KEPT_CHARACTERS],
        )

    def _refusal(self, answer: HttpResponse) -> two_n.Refusal | None:
        """Of a 401 too, which here may hold a code. Other statuses are judged as everywhere."""
        try:
            if answer.status in (200, 401):
                return two_n.refusal(answer.text)
        except two_n.NotUnderstood as error:
            if answer.status == 200:
                raise Unavailable(
                    f"{self._who} sent a response that is not from a 2N unit ({error}); check `url`"
                ) from error
        if answer.status == 401:
            raise http_response.refusal(
                f"{self._who} answered 401: check `auth` and its secret", answer
            )
        self._judge(answer)
        return None


def _is_of_a_unit(answer: HttpResponse) -> bool:
    try:
        two_n.refusal(answer.text)
    except two_n.NotUnderstood:
        return False
    return answer.status == 200
