"""Events pushed to a TCP server, like the cameras of NumberOk's family.

One connection for each event: the JSON, a newline, and the end. Nothing in the protocol says that
an event has arrived; that the receiver closes its side in order is the most there is, and is waited
for. One that closes with something unread resets the connection, which is noticed, unless it ends
its own side first: then that end is all there is to see. What the JSON is, `wire.numberok_json`
decides.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from platewire.errors import ConfigError, Unavailable
from platewire.model import Entry, Event
from platewire.outputs.numberok_settings import NumberOkSettings, attempt_at
from platewire.outputs.output import Output, OutputContext, PictureChoice
from platewire.outputs.tcp.transport import pause_beyond
from platewire.runtime.system_error import in_words
from platewire.wire.numberok import json as numberok_json
from platewire.wire.numberok.json import AttachedPicture

ANSWER_BYTES = 4096
"""What a receiver says is read in pieces of this size, and thrown away."""

Address = Annotated[
    str,
    Meta(
        pattern=r"^(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]+):\d{1,5}\Z",
        description="The receiver, as `host:port` or `[ipv6]:port`",
        examples=["192.0.2.20:5000"],
    ),
]


class TcpPushSettings(NumberOkSettings, frozen=True, kw_only=True, tag="tcp_push"):
    """Connects to a TCP server for each event and sends it NumberOk's JSON."""

    address: Address
    format: Annotated[
        Literal["axis", "numberok-1.0", "numberok-1.6"],
        Meta(description="As in the `http` output; only `axis` contains pictures"),
    ] = "axis"
    picture: Annotated[
        PictureChoice,
        Meta(
            description="Picture to send, in `axis` only. With a picture, packets are too long for "
            "receivers that read only 4,096 bytes"
        ),
    ] = "none"
    connect_seconds: Annotated[float, Meta(gt=0, description="Timeout for connecting")] = 10
    send_seconds: Annotated[float, Meta(gt=0, description="Timeout for sending an event")] = 30
    close_seconds: Annotated[
        float,
        Meta(
            ge=0,
            description="Timeout for the receiver to close the connection after an event; the "
            "event counts as delivered in any case; 0 does not wait",
        ),
    ] = 2

    @property
    def receiver(self) -> str:
        return self.address

    def build(self, context: OutputContext) -> "TcpPushOutput":
        """ConfigError where the address or the time zone cannot be one."""
        return TcpPushOutput(self, context)


class TcpPushOutput(Output):
    def __init__(self, settings: TcpPushSettings, context: OutputContext) -> None:
        self._settings = settings
        self._context = context
        self._dialect = settings.dialect(settings.format)
        self._who = f'output "{settings.name}": {settings.address}'
        self._packets = 0
        host, _, port = settings.address.rpartition(":")
        if not 0 < int(port) < 65536:
            raise ConfigError(f"{self._who}: invalid port {port}; use 1 to 65535")
        self._host, self._port = host.strip("[]"), int(port)

    async def connect(self) -> None:
        """Opens and closes a connection: tells a wrong address before any event."""
        _, writer = await self._open()
        await _end(writer)

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await self._push(await self._packet(entry))
            self._packets += 1

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _packet(self, entry: Entry) -> bytes:
        packet = numberok_json.encode(
            entry.vendor_event,
            self._context.site,
            self._dialect,
            packet_counter=self._packets + 1,
            attached=await self._pictures(entry.event),
            embed=True,
            attempt=attempt_at(entry, self._context.clock),
        )
        return packet + b"\n"

    async def _pictures(self, event: Event) -> Sequence[AttachedPicture]:
        """None where none is wanted or can go along, none exists, or retention has taken it."""
        image = self._settings.picture_of(event.images)
        if image is None or self._settings.format != "axis":
            return []
        jpeg = await self._context.jpeg(image)
        chosen = AttachedPicture(numberok_json.image_type(event, image), jpeg) if jpeg else None
        second = event.images.plate if self._settings.second_picture else None
        return numberok_json.pictures(chosen, await self._context.jpeg(second))

    async def _push(self, packet: bytes) -> None:
        reader, writer = await self._open()
        try:
            async with asyncio.timeout(self._settings.send_seconds):
                pause_beyond(writer.transport)  # `drain` then waits until the system has all of it
                writer.write(packet)
                writer.write_eof()
                await writer.drain()
            await self._closed_by_receiver(reader)
        except TimeoutError as error:
            raise Unavailable(
                f"{self._who} did not accept an event of {len(packet)} bytes within "
                f"{self._settings.send_seconds:g} s; check the receiver"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._who} closed the connection before it had read the whole event "
                f"({in_words(error)}); "
                "check the receiver, and if it always does so, set `close_seconds` to 0"
            ) from error
        finally:
            await _end(writer)

    async def _closed_by_receiver(self, reader: asyncio.StreamReader) -> None:
        if not self._settings.close_seconds:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.close_seconds):
                while await reader.read(ANSWER_BYTES):
                    pass

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        seconds = self._settings.connect_seconds
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.open_connection(self._host, self._port)
        except TimeoutError as error:
            raise Unavailable(
                f"{self._who} did not answer within {seconds:g} s; check `address`, and that no "
                "firewall blocks the connection"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._who} cannot be reached: {in_words(error)}; check `address`, and "
                "that the receiver is running"
            ) from error


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()  # what the system has taken still arrives
    with contextlib.suppress(OSError):
        await writer.wait_closed()
