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
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
from platewire.transfers.over_http import (
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    TotalSeconds,
)
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
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    total_seconds: TotalSeconds = 30

    def build(self, context: TransferContext) -> "MilestoneSender":
        """ConfigError where the url or a file cannot be used."""
        return MilestoneSender(self, context)


class MilestoneSender(OverHttp[MilestoneTransfer]):
    """Implements `Transfer`."""

    def __init__(self, settings: MilestoneTransfer, context: TransferContext) -> None:
        super().__init__(settings, context, settings.url)

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
            self._judge_event(await self._connection.ask(headers=HEADERS, body=body), message)

    async def _snapshot(self, event: Event) -> Snapshot | None:
        """None where none is wanted, none exists, or retention has taken it."""
        image = self._settings.picture_of(event.images)
        jpeg = await self._context.jpeg(image)
        return Snapshot(image, jpeg) if image is not None and jpeg is not None else None

    def _judge_event(self, answer: Answer, message: str) -> None:
        if answer.status == 403:
            raise Unavailable(
                f"{self._who} answered 403: it takes no events from this computer; add its "
                "address in the Management Client: Tools, Options, Analytics Events"
            )
        self._judge(answer)
        if milestone.MESSAGE_UNKNOWN in answer.text:
            raise Rejected(
                f'{self._who} knows no analytics event "{message}"; define it in the Management '
                "Client: Rules and Events, Analytics Events; or set `message` to one that is there",
                status=answer.status,
                answer=answer.text[: http_answer.KEPT_CHARACTERS],
            )
