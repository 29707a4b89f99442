"""Plates for receivers written for AxxonSoft's Auto-Intellect: a TCP server.

A client gets events from its connection on. There is no acknowledgement and no position; if
configured, events wait in the log while no client is connected. `send` returns when the operating
system has accepted the bytes for every client. A client that accepts nothing for a second is
disconnected, so nothing piles up. `wire.vms.auto_intellect` makes the bytes.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, field

from platewire.errors import Rejected
from platewire.model import Entry, Event, Image, Kind
from platewire.outputs.output import EventsPreset, OutputContext
from platewire.outputs.tcp.audience import happened_after
from platewire.outputs.tcp.broadcast import (
    BroadcastOutput,
    BroadcastSettings,
    MaxAgeSeconds,
    MaxClients,
)
from platewire.outputs.tcp.listener import Client
from platewire.outputs.tcp.settings import Listen
from platewire.outputs.time_zone import time_zone_of
from platewire.wire.vms import auto_intellect as wire


class AutoIntellectSettings(BroadcastSettings, frozen=True, kw_only=True, tag="auto_intellect"):
    """A TCP server that sends plates in the format of Auto-Intellect."""

    listen: Listen = "127.0.0.1:35555"
    max_clients: MaxClients = 10
    form: Annotated[
        Literal["xml", "stx"],
        Meta(
            description="`xml`: with pictures, Auto-Intellect's port 35555; `stx`: time, camera "
            "and plate between two control characters, its port 55555"
        ),
    ] = "xml"
    camera_ids: Annotated[
        dict[str, Annotated[int, Meta(ge=0)]],
        Meta(
            description="Number of each camera, at most 99 for `stx`; default: its position "
            "among the cameras of the file, from 1"
        ),
    ] = field(default_factory=dict)
    time_zone: Annotated[
        str | None,
        Meta(
            description=(
                "Time zone of times, which have no offset in this format, e.g. "
                "Europe/Berlin; default: UTC"
            )
        ),
    ] = None
    additions: Annotated[
        bool,
        Meta(description=("Add platewire's attributes to the XML: `event-id`, `kind`, `passage`")),
    ] = True
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="Kinds to send; the format does not distinguish them, so choose one"),
    ] = (Kind.NEW,)
    max_age_seconds: MaxAgeSeconds = 60.0

    @property
    def why_no_tests(self) -> str:
        return "the format `stx` cannot mark test events" if self.form == "stx" else ""

    def build(self, context: OutputContext) -> "AutoIntellectOutput":
        """ConfigError where the address, a camera's number or the time zone cannot be one."""
        return AutoIntellectOutput(self, context)

    def zone(self) -> ZoneInfo | None:
        """ConfigError for a zone that is not known."""
        return time_zone_of(self.name, self.time_zone)


class AutoIntellectClient(Client):
    """One client. Data that it sends is ignored."""

    def __init__(self, server: "AutoIntellectOutput") -> None:
        super().__init__(server.listener)
        self._server = server
        self.since = server.audience.past
        """It gets what came into the log after this `seq`."""

    def opened(self) -> None:
        self.served()
        self._server.audience.came()


class AutoIntellectOutput(BroadcastOutput[AutoIntellectClient]):
    def __init__(self, settings: AutoIntellectSettings, context: OutputContext) -> None:
        self._settings = settings
        self._context = context
        self._zone = settings.zone()
        super().__init__(settings, context, lambda: AutoIntellectClient(self))

    async def _write(
        self, clients: Sequence[AutoIntellectClient], encoded: Sequence[tuple[Entry, bytes]]
    ) -> None:
        for client in clients:
            due = [data for entry, data in encoded if happened_after(client.since, entry)]
            client.transport.write(b"".join(due))
        for client in await self.listener.laggards(clients):
            client.drop("slow")

    # --- what is sent --------------------------------------------------------------------------

    async def _encode(self, entry: Entry) -> bytes:
        event = entry.vendor_event
        camera = self._camera(event.camera)
        if self._settings.form == "xml":
            return wire.xml(
                event,
                camera,
                plate=await self._jpeg(self._plate(event)),
                vehicle=await self._jpeg(self._vehicle(event)),
                zone=self._zone,
                additions=self._settings.additions,
            )
        try:
            return wire.line(event, camera, zone=self._zone)
        except ValueError as error:
            raise Rejected(
                f'output "{self._settings.name}": camera "{event.camera}": {error}; set a '
                "number up to 99 in `camera_ids`"
            ) from error

    def _camera(self, name: str) -> int:
        """0 for one that the configuration no longer knows."""
        return self._settings.camera_ids.get(name, self._context.site.channels.get(name, -1) + 1)

    def _plate(self, event: Event) -> Image | None:
        return event.images.plate if self._settings.picture != "none" else None

    def _vehicle(self, event: Event) -> Image | None:
        """The chosen picture, unless that is the plate's again."""
        chosen = self._settings.picture_of(event.images)
        return None if chosen == event.images.plate else chosen

    async def _jpeg(self, image: Image | None) -> bytes:
        """Empty where none is wanted, none exists, or retention has taken it."""
        return await self._context.jpeg(image) or b""
