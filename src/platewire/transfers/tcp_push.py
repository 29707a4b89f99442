"""Events to a TCP server, as the cameras of NumberOk's family push them.

One connection for each event: the JSON, a newline, and the end. Nothing in the protocol says that
an event has arrived; that the receiver closes its side in order, after having read all, is the
most there is, and is waited for. What the JSON is, `wire.numberok_json` decides.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from platewire.errors import ConfigError, Unavailable
from platewire.model import Entry, Event
from platewire.transfers.numberok_settings import NumberOkSettings
from platewire.transfers.transfer import TransferContext
from platewire.wire import numberok_json
from platewire.wire.numberok_json import Shown

ANSWER_BYTES = 4096
"""What a receiver says is read in pieces of this size, and thrown away."""

Address = Annotated[
    str,
    Meta(
        pattern=r"^(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]+):\d{1,5}$",
        description="The receiver, as `host:port` or `[ipv6]:port`",
    ),
]


class TcpPushTransfer(NumberOkSettings, frozen=True, kw_only=True, tag="tcp_push"):
    """Connects to a TCP server for each event and sends it NumberOk's JSON."""

    address: Address
    format: Annotated[
        Literal["axis", "numberok-1.0", "numberok-1.6"],
        Meta(description="As of the `http` transfer; only `axis` carries pictures"),
    ] = "axis"
    connect_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a connection")] = 10
    send_seconds: Annotated[
        float, Meta(gt=0, description="Longest wait for the receiver to take an event")
    ] = 30
    close_seconds: Annotated[
        float,
        Meta(
            ge=0,
            description="Longest wait for the receiver to close the connection after an event; "
            "if it does not, the event counts as delivered all the same; 0 does not wait",
        ),
    ] = 2

    def build(self, context: TransferContext) -> "TcpPusher":
        """ConfigError where the address or the time zone cannot be one."""
        return TcpPusher(self, context)


class TcpPusher:
    """Implements `Transfer`."""

    batch = 1

    def __init__(self, settings: TcpPushTransfer, context: TransferContext) -> None:
        self._settings = settings
        self._context = context
        self._dialect = settings.dialect(settings.format)
        self._who = f'transfer "{settings.name}": {settings.address}'
        self._packets = 0
        host, _, port = settings.address.rpartition(":")
        if not 0 < int(port) < 65536:
            raise ConfigError(f"{self._who}: port {port} does not exist; the last is 65535")
        self._host, self._port = host.strip("[]"), int(port)

    async def connect(self) -> None:
        """Opens and closes a connection: tells a wrong address before any event."""
        _, writer = await self._open()
        await _end(writer)

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await self._push(await self._packet(entry.event))
            self._packets += 1

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _packet(self, event: Event) -> bytes:
        packet = numberok_json.encode(
            event,
            self._context.site,
            self._dialect,
            packet_counter=self._packets + 1,
            picture=await self._picture(event),
            embed=True,
        )
        return packet + b"\n"

    async def _picture(self, event: Event) -> Shown | None:
        """None where none is wanted or can go along, none exists, or retention has taken it."""
        image = self._settings.picture_of(event.images)
        if image is None or self._settings.format != "axis":
            return None
        jpeg = await self._context.log.picture(image.sha256)
        return None if jpeg is None else Shown(numberok_json.image_type(event, image), jpeg)

    async def _push(self, packet: bytes) -> None:
        reader, writer = await self._open()
        try:
            async with asyncio.timeout(self._settings.send_seconds):
                writer.transport.set_write_buffer_limits(high=0)  # `drain` then waits for all of it
                writer.write(packet)
                writer.write_eof()
                await writer.drain()
            await self._closed_by_receiver(reader)
        except TimeoutError as error:
            raise Unavailable(
                f"{self._who} did not take an event of {len(packet)} bytes within "
                f"{self._settings.send_seconds:g} s; look at the receiver"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._who} broke the connection off before it had read all of an event "
                f"({error.strerror or error}); look at the receiver, and if it always does so, set "
                "`close_seconds` to 0"
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
                f"{self._who} did not answer within {seconds:g} s; check `address`, and that "
                "nothing between here and there holds connections back"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._who} cannot be reached ({error.strerror or error}); check `address`, and "
                "that the receiver is running"
            ) from error


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()  # what the system has taken still arrives
    with contextlib.suppress(OSError):
        await writer.wait_closed()
