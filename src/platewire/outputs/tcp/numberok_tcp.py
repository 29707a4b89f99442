"""Events in the format of NumberOk's TCP server, for receivers written for NumberOk.

The protocol has no acknowledgement and no position. A client gets events from its subscription on,
as with NumberOk; if configured, events wait in the log while no client is subscribed. `send`
returns when the operating system has accepted the bytes for every client that keeps up. A slow
client gets a bounded queue, and then the configured policy. `wire.numberok.tcp` makes the packets.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import cv2
import numpy as np
from msgspec import Meta

from platewire.errors import Rejected
from platewire.model import Entry, Event
from platewire.outputs.numberok_settings import attempt_at
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.audience import ALL, happened_after
from platewire.outputs.tcp.broadcast import (
    BroadcastOutput,
    BroadcastSettings,
    MaxAgeSeconds,
    MaxClients,
)
from platewire.outputs.tcp.listener import Client
from platewire.outputs.tcp.settings import Listen
from platewire.wire.numberok import tcp as wire

SUBSCRIBE_SECONDS = 1.0
"""A client must have subscribed by then, as NumberOk has it."""
QUEUE_EVENTS_MAX = 1024
"""Events that may wait for one slow client; see QUEUE_BYTES_MAX."""
QUEUE_BYTES_MAX = 16 << 20
"""What may wait for one slow client, whichever comes first."""
WRITE_BYTES = 256 * 1024
"""Packets are joined up to this size for one write."""
SHRINK_ATTEMPTS = 8
"""Times that a picture is compressed again; each aims a tenth below the room, so few are ever
needed."""


class NumberOkTcpSettings(BroadcastSettings, frozen=True, kw_only=True, tag="numberok_tcp"):
    """A TCP server that speaks NumberOk's protocol."""

    listen: Listen = "127.0.0.1:7700"
    max_clients: MaxClients = 4
    max_age_seconds: MaxAgeSeconds = 60.0
    slow_client: Annotated[
        Literal["drop_oldest", "disconnect"],
        Meta(
            description="A client for which 1024 events or 16 MiB wait: `drop_oldest` of them, or "
            "`disconnect` it"
        ),
    ] = "drop_oldest"
    picture_quality: Annotated[
        Annotated[int, Meta(ge=10, le=100)] | None,
        Meta(
            description="JPEG quality for recompressing pictures; default: pictures are sent as "
            "stored",
        ),
    ] = None
    event_class: Annotated[
        bool, Meta(description="Send `EventClass` and `EventType` as the first two pairs")
    ] = True
    additions: Annotated[
        bool,
        Meta(
            description="Append keys that NumberOk does not have, such as `EventId` and `Country`"
        ),
    ] = True
    checkpoints: Annotated[
        dict[str, int],
        Meta(
            description="`Checkpoint` number for each camera; overrides the camera's `checkpoint`"
        ),
    ] = {}  # noqa: RUF012 - msgspec gives each value its own copy

    def build(self, context: OutputContext) -> "NumberOkTcpOutput":
        return NumberOkTcpOutput(self, context)


class NumberOkClient(Client):
    """One client: its subscription and its queue."""

    def __init__(self, server: "NumberOkTcpOutput") -> None:
        super().__init__(server.listener)
        self._server = server
        self._decoder = wire.Decoder(wire.SUBSCRIBE)
        self.since = ALL
        """It gets what came into the log after this `seq`."""
        self.slow = False
        self.taken = asyncio.Event()
        self.taken.set()
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0

    def opened(self) -> None:
        self._server.welcome(self)

    def closed(self) -> None:
        self._server.count_dropped(len(self._queue))
        self.taken.set()

    def data_received(self, data: bytes) -> None:
        try:
            packets = self._decoder.feed(data)
        except wire.FramingError:
            self.drop("noise")
        else:
            if packets and not self.subscribed:
                self.since = self._server.audience.past
                self.served()
                self._server.audience.came()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._flush()

    def put(self, packets: Sequence[bytes]) -> None:
        self._queue.extend(packets)
        self._queued_bytes += sum(map(len, packets))
        self._flush()

    @property
    def overfull(self) -> bool:
        return len(self._queue) > QUEUE_EVENTS_MAX or self._queued_bytes > QUEUE_BYTES_MAX

    def shorten(self) -> int:
        """Takes the oldest packets from an overfull queue; how many."""
        before = len(self._queue)
        while self.overfull:
            self._queued_bytes -= len(self._queue.popleft())
        return before - len(self._queue)

    def _flush(self) -> None:
        while self._queue and self.writable.is_set() and not self.leaving:
            self.transport.write(self._joined())
        if self._queue or not self.writable.is_set():
            self.taken.clear()
        else:
            self.slow = False
            self.taken.set()

    def _joined(self) -> bytes:
        taken: list[bytes] = []
        size = 0
        while self._queue and (not taken or size + len(self._queue[0]) <= WRITE_BYTES):
            taken.append(self._queue.popleft())
            size += len(taken[-1])
        self._queued_bytes -= size
        return b"".join(taken)


class NumberOkTcpOutput(BroadcastOutput[NumberOkClient]):
    def __init__(self, settings: NumberOkTcpSettings, context: OutputContext) -> None:
        self._settings = settings
        self._clock = context.clock
        self._log = context.log
        self._site = context.site
        self._shrinking = ThreadPoolExecutor(1, thread_name_prefix=f"{settings.name}-pictures")
        super().__init__(
            settings,
            context,
            lambda: NumberOkClient(self),
            remedy="start the receiver"
            + (", or set `wait_for_client` to false" if settings.wait_for_client else ""),
        )

    async def close(self) -> None:
        await super().close()
        self._shrinking.shutdown(wait=False, cancel_futures=True)

    def welcome(self, client: NumberOkClient) -> None:
        self.listener.spawn(self._expect_subscription(client))

    def count_dropped(self, events: int) -> None:
        if events:
            self.listener.count(events_dropped=events)

    # --- clients -------------------------------------------------------------------------------

    async def _write(
        self, clients: Sequence[NumberOkClient], encoded: Sequence[tuple[Entry, bytes]]
    ) -> None:
        for client in clients:
            client.put([packet for entry, packet in encoded if happened_after(client.since, entry)])
        for client in await self.listener.laggards(each for each in clients if not each.slow):
            client.slow = True
        for client in clients:
            self._apply_policy(client)

    async def _expect_subscription(self, client: NumberOkClient) -> None:
        await self._clock.sleep(SUBSCRIBE_SECONDS)
        if not client.subscribed:
            client.drop("late")

    def _apply_policy(self, client: NumberOkClient) -> None:
        if not (client.slow and client.overfull):
            return
        if self._settings.slow_client == "disconnect":
            client.drop("slow")
        else:
            self.count_dropped(client.shorten())

    # --- packets -------------------------------------------------------------------------------

    async def _encode(self, entry: Entry) -> bytes:
        event = entry.vendor_event
        text = wire.event_text(
            event,
            self._site,
            checkpoint=self._checkpoint(event.camera),
            attempt=attempt_at(entry, self._clock),
            class_and_type=self._settings.event_class,
            additions=self._settings.additions,
        )
        try:
            return wire.packet(text, await self._picture(event, wire.BODY_BYTES_MAX - len(text)))
        except ValueError as error:
            raise Rejected(f'output "{self._settings.name}": event {event.id}: {error}') from error

    def _checkpoint(self, camera: str) -> int:
        return {**self._site.checkpoints, **self._settings.checkpoints}.get(camera, 0)

    async def _picture(self, event: Event, room: int) -> bytes:
        """At most `room` bytes; empty, and counted, where a picture cannot go along."""
        image = self._settings.picture_of(event.images)
        if image is None:
            return b""
        jpeg = await self._log.picture(image.sha256) or b""
        quality = self._settings.picture_quality
        if jpeg and (quality is not None or len(jpeg) > room):
            loop = asyncio.get_running_loop()
            jpeg = await loop.run_in_executor(self._shrinking, fit_jpeg, jpeg, room, quality)
        if not jpeg:
            self.listener.count(pictures_left_out=1)
        return jpeg


def fit_jpeg(jpeg: bytes, room: int, quality: int | None) -> bytes:
    """Compressed again, and scaled down as far as needed; empty where nothing helps."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        return b""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality or 75]
    for _ in range(SHRINK_ATTEMPTS):
        _, data = cv2.imencode(".jpg", pixels, options)
        if data.size <= room:
            return data.tobytes()
        factor = 0.9 * math.sqrt(max(room, 1) / data.size)
        height, width = (max(1, int(edge * factor)) for edge in pixels.shape[:2])
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return b""
