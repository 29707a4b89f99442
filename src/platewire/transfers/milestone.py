"""Milestone XProtect: analytics events, as XML in HTTP to the event server's port 9090.

The event server knows no users; it takes events from the addresses that its options allow. What
the XML is, `wire.milestone` decides.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, field

from platewire.errors import Rejected, Unavailable
from platewire.model import Entry, Event, Kind
from platewire.transfers import http_answer
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_connection import HttpConnection, checked_url
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
from platewire.transfers.transfer import EventsPreset, TransferContext, TransferSettings
from platewire.wire import milestone
from platewire.wire.milestone import Snapshot

HEADERS = {"Content-Type": "text/xml"}


class MilestoneTransfer(TransferSettings, frozen=True, kw_only=True, tag="milestone"):
    """Analytics events for Milestone XProtect's event server."""

    url: Annotated[
        str,
        Meta(
            description="The event server, such as http://10.0.0.5:9090 (off until it is allowed)"
        ),
    ]
    message: Annotated[
        str,
        Meta(
            min_length=1,
            description="Name of the analytics event, as defined in the Management Client; "
            "{kind} becomes new, updated or lost",
        ),
    ] = "ANPR"
    devices: Annotated[
        dict[str, str],
        Meta(
            description="For each camera of ours the IP address (with `,channel` where it has "
            "several) or the id of XProtect's camera; a camera not named here goes by its own name"
        ),
    ] = field(default_factory=dict)
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="Kinds to send; each is an analytics event of its own"),
    ] = (Kind.NEW,)
    tls: Annotated[Tls, Meta(description="Certificates, for https")] = Tls()
    egress: Annotated[Egress, Meta(description="Where requests may go")] = Egress()
    connect_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a connection")] = 10
    total_seconds: Annotated[
        float, Meta(gt=0, description="Longest wait for the whole of an attempt")
    ] = 30

    def build(self, context: TransferContext) -> "MilestoneSender":
        """ConfigError where the url or a file cannot be used."""
        return MilestoneSender(self, context)


class MilestoneSender:
    """Implements `Transfer`."""

    batch = 1

    def __init__(self, settings: MilestoneTransfer, context: TransferContext) -> None:
        self._settings = settings
        self._context = context
        self._who = f'transfer "{settings.name}": {http_answer.shown(settings.url)}'
        self._connection = HttpConnection(
            checked_url(settings.name, settings.url, settings.tls, egress=settings.egress),
            self._who,
            connect_seconds=settings.connect_seconds,
            total_seconds=settings.total_seconds,
            egress=settings.egress,
        )

    async def connect(self) -> None:
        """Tells a wrong address before any event."""
        await self._connection.open(self._settings.tls)

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            event = entry.event
            message = self._settings.message.replace("{kind}", event.kind.value)
            body = milestone.analytics_event(
                entry,
                self._context.site,
                message=message,
                source=self._settings.devices.get(event.camera, event.camera),
                snapshot=await self._snapshot(event),
            )
            self._judge(await self._connection.ask(headers=HEADERS, body=body), message)

    async def close(self) -> None:
        await self._connection.close()

    async def _snapshot(self, event: Event) -> Snapshot | None:
        """None where none is wanted, none exists, or retention has taken it."""
        image = self._settings.picture_of(event.images)
        jpeg = await self._context.log.picture(image.sha256) if image is not None else None
        return Snapshot(image, jpeg) if image is not None and jpeg is not None else None

    def _judge(self, answer: Answer, message: str) -> None:
        if answer.status == 403:
            raise Unavailable(
                f"{self._who} answered 403: it takes no events from this computer; add its "
                "address in the Management Client: Tools, Options, Analytics Events"
            )
        http_answer.judge(answer, self._who, self._context.clock.now())
        if milestone.MESSAGE_UNKNOWN in answer.text:
            raise Rejected(
                f'{self._who} knows no analytics event "{message}"; define it in the Management '
                "Client: Rules and Events, Analytics Events; or set `message` to one that is there",
                status=answer.status,
                answer=answer.text[: http_answer.KEPT_CHARACTERS],
            )
