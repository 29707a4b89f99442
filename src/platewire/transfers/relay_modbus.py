"""A relay on Modbus TCP: a coil is written on, and off again after the pulse.

A connection for each write: relays take few at a time and drop idle ones without a word.
"""

import asyncio
import contextlib
from typing import Annotated

from msgspec import Meta, Struct

from platewire.errors import Unavailable
from platewire.wire import modbus

PORT = 502


class ModbusRelay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="modbus"):
    """A coil of a Modbus TCP device."""

    host: Annotated[str, Meta(min_length=1, description="The device: a name or an address")]
    port: Annotated[int, Meta(ge=1, le=65535, description="Its TCP port")] = PORT
    unit: Annotated[
        int, Meta(ge=0, le=255, description="Unit (slave) number, of a device behind a gateway")
    ] = 1
    coil: Annotated[
        int, Meta(ge=0, le=65535, description="Address of the coil from 0; coil 1 of a manual is 0")
    ] = 0
    pulse_seconds: Annotated[
        float,
        Meta(ge=0, le=60, description="How long it stays on; 0: the device switches off by itself"),
    ] = 1.0
    connect_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a connection")] = 2
    total_seconds: Annotated[float, Meta(gt=0, description="Longest wait for an answer")] = 3

    def switch(self, transfer: str) -> "ModbusSwitch":
        return ModbusSwitch(self, transfer)


class ModbusSwitch:
    """Implements `Switch`."""

    def __init__(self, settings: ModbusRelay, transfer: str) -> None:
        self._settings = settings
        self.pulse_seconds = settings.pulse_seconds
        self.touched = False
        self._who = f'transfer "{transfer}": the relay at {settings.host}:{settings.port}'
        self._transaction = 0

    async def knock(self) -> None:
        _, writer = await self._connected()
        await _closed(writer)

    async def turn(self, *, on: bool) -> None:
        self.touched = False
        self._transaction = (self._transaction + 1) % 65536
        settings = self._settings
        asked = modbus.write_coil(self._transaction, settings.unit, settings.coil, on=on)
        reader, writer = await self._connected()
        self.touched = True
        try:
            async with asyncio.timeout(settings.total_seconds):
                writer.write(asked)
                await writer.drain()
                refused = modbus.check_answer(asked, await _answer(reader))
        except TimeoutError as error:
            raise Unavailable(
                f"{self._who} did not answer within {settings.total_seconds:g} s; is `unit` "
                f"{settings.unit} right?"
            ) from error
        except (OSError, EOFError) as error:
            raise Unavailable(f"{self._who} closed the connection without an answer") from error
        except modbus.NotUnderstood as error:
            raise Unavailable(f"{self._who}: {error}; check `host` and `port`") from error
        finally:
            await _closed(writer)
        if refused:
            raise Unavailable(f"{self._who} refused coil {settings.coil}: {refused}; check `coil`")

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        settings = self._settings
        try:
            async with asyncio.timeout(settings.connect_seconds):
                return await asyncio.open_connection(settings.host, settings.port)
        except TimeoutError as error:
            raise Unavailable(
                f"{self._who} is not there: no connection within {settings.connect_seconds:g} s"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._who} cannot be reached ({error.strerror or error}); check `host`, `port` "
                "and the device"
            ) from error


async def _answer(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(modbus.HEADER_BYTES)
    return header + await reader.readexactly(modbus.rest_of(header))


async def _closed(writer: asyncio.StreamWriter) -> None:
    """At once: what is not written yet must not arrive later."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
