"""Milestone XProtect: analytics events, as XML over HTTP to port 9090 of the event server.

The event server knows no users; it takes events from the addresses that its options allow. What
the XML is, `wire.milestone` decides.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, field

from platewire.errors import Rejected
from platewire.model import Entry, Event, Kind
from platewire.outputs.http import response as http_response
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.over_http import (
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
from platewire.wire.vms import milestone
from platewire.wire.vms.milestone import Snapshot

HEADERS = {"Content-Type": "text/xml"}


class MilestoneSettings(UrlReceiver, OutputSettings, frozen=True, kw_only=True, tag="milestone"):
    """Sends analytics events to Milestone XProtect's event server."""

    url: Annotated[
        str,
        Meta(
            description=(
                "URL of the event server, such as http://10.0.0.5:9090; analytics events "
                "must be enabled there"
            ),
            examples=["http://192.0.2.5:9090"],
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
            description="IP address (with `,channel` for multi-channel devices) or XProtect "
            "camera id, by camera; default: the name of the camera"
        ),
    ] = field(default_factory=dict)
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="Kinds to send; each is a separate analytics event"),
    ] = (Kind.NEW,)
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    total_seconds: TotalSeconds = 30

    def build(self, context: OutputContext) -> "MilestoneOutput":
        """ConfigError where the url or a file cannot be used."""
        return MilestoneOutput(self, context)


class MilestoneOutput(OverHttp[MilestoneSettings]):
    def __init__(self, settings: MilestoneSettings, context: OutputContext) -> None:
        super().__init__(settings, context, settings.url)

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            event = entry.vendor_event
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

    def _judge_event(self, answer: HttpResponse, message: str) -> None:
        if answer.status == 403:
            raise http_response.refusal(
                f"{self._who} answered 403: it does not accept events from this computer; add its "
                "address in the Management Client: Tools, Options, Analytics Events",
                answer,
            )
        self._judge(answer)
        if milestone.MESSAGE_UNKNOWN in answer.text:
            raise Rejected(
                f'{self._who} has no analytics event "{message}"; define it in the Management '
                "Client: Rules and Events, Analytics Events; or set `message` to an existing one",
                status=answer.status,
                answer=answer.text[: http_response.KEPT_CHARACTERS],
            )
