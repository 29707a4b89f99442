"""Plates to receivers that were written for AxxonSoft's Auto-Intellect: a TCP server.

Whoever connects gets what comes from then on. There is no acknowledgement and no position, so
while nobody is connected events wait in the log, and `send` returns when the system has taken the
bytes for every client. One that takes nothing for a second is let go, so nothing piles up. What
the bytes are, `wire.auto_intellect` decides.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, field

from platewire.errors import Rejected
from platewire.model import Entry, Event, Image, Kind
from platewire.transfers.tcp_audience import Audience
from platewire.transfers.tcp_listener import (
    PATIENCE_SECONDS,
    Client,
    Listen,
    Listener,
    TcpSettings,
    all_set,
)
from platewire.transfers.time_zone import time_zone_of
from platewire.transfers.transfer import EventsPreset, TransferContext
from platewire.wire import auto_intellect as wire


class AutoIntellectTransfer(TcpSettings, frozen=True, kw_only=True, tag="auto_intellect"):
    """A TCP server that sends plates as Auto-Intellect does."""

    listen: Listen = "127.0.0.1:35555"
    max_clients: Annotated[
        int, Meta(ge=1, le=1000, description="One more is accepted and closed at once")
    ] = 10
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
            description="Number of each camera, at most 99 for `stx`; a camera not named here has "
            "its place among the file's cameras, from 1"
        ),
    ] = field(default_factory=dict)
    time_zone: Annotated[
        str | None,
        Meta(description="Zone of the times, which have none, e.g. Europe/Berlin; not set: UTC"),
    ] = None
    additions: Annotated[
        bool, Meta(description="Attributes of ours in the XML: `event-id`, `kind`, `passage`")
    ] = True
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="Kinds to send; the form does not tell them apart, so choose one"),
    ] = (Kind.NEW,)
    max_age_seconds: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(
            description="Older events are recorded as expired instead of sent; bounds what a "
            "receiver gets that comes back late",
        ),
    ] = 60.0

    def build(self, context: TransferContext) -> "AutoIntellectServer":
        """ConfigError where the address, a camera's number or the time zone cannot be one."""
        return AutoIntellectServer(self, context)

    def zone(self) -> ZoneInfo | None:
        """ConfigError for a zone that is not known."""
        return time_zone_of(self.name, self.time_zone)


class AutoIntellectClient(Client):
    """One receiver. What it says is not looked at."""

    def __init__(self, server: "AutoIntellectServer") -> None:
        super().__init__(server.listener)
        self._server = server

    def opened(self) -> None:
        # From 0 on the transport says when the system takes no more, and when it took all.
        self.transport.set_write_buffer_limits(high=0)
        self._server.audience.came()


class AutoIntellectServer:
    """Implements `Transfer`."""

    batch = 32

    def __init__(self, settings: AutoIntellectTransfer, context: TransferContext) -> None:
        self._settings = settings
        self._context = context
        self._zone = settings.zone()
        self.audience = Audience(
            settings.name,
            context.board,
            f'transfer "{settings.name}": nobody is connected to {settings.listen}; start the '
            "receiver",
        )
        self.listener: Listener[AutoIntellectClient] = Listener(
            settings, context, lambda: AutoIntellectClient(self)
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where it listens."""
        return self.listener.address

    async def connect(self) -> None:
        """Listens. Once `send` has found nobody, returns only when somebody has connected."""
        await self.listener.reopen()
        await self.audience.wait_if_missed(self._connected())

    async def send(self, entries: Sequence[Entry]) -> None:
        """Unavailable where no client took the entries."""
        self.listener.check()
        self.audience.require(self._connected())
        data = b"".join([await self._encoded(entry.event) for entry in entries])
        clients = self._connected()
        for client in clients:
            client.transport.write(data)
        await all_set((each.writable for each in clients), self._context.clock, PATIENCE_SECONDS)
        for client in clients:
            if not client.writable.is_set():
                client.drop("slow")
        self.audience.require(
            [each for each in clients if each.writable.is_set() and not each.gone]
        )

    async def close(self) -> None:
        await self.listener.close()

    def _connected(self) -> list[AutoIntellectClient]:
        return [each for each in self.listener.clients if not each.transport.is_closing()]

    # --- what is sent --------------------------------------------------------------------------

    async def _encoded(self, event: Event) -> bytes:
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
                f'transfer "{self._settings.name}": camera "{event.camera}": {error}; give it a '
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
