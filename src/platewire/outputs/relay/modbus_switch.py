"""A relay on Modbus TCP: a coil is switched on, and off after the pulse.

A connection for each write: relays take few at a time and drop idle ones without a word.
"""

import asyncio
import contextlib
from typing import Annotated

from msgspec import Meta, Struct

from platewire.errors import Refused, Unavailable
from platewire.outputs.relay.effect import OFF_SECONDS, Effect, IdempotentSetting
from platewire.runtime.system_error import in_words
from platewire.wire import modbus

PORT = 502
"""The registered port of Modbus TCP."""


class ModbusRelay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="modbus"):
    """A coil of a Modbus TCP device."""

    host: Annotated[
        str,
        Meta(
            min_length=1, description="Host name or address of the device", examples=["192.0.2.31"]
        ),
    ]
    port: Annotated[int, Meta(ge=1, le=65535, description="TCP port")] = PORT
    unit: Annotated[
        int, Meta(ge=0, le=255, description="Unit (slave) id, for a device behind a gateway")
    ] = 1
    coil: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description=("Address of the coil, counted from 0; coil 1 in a manual is 0"),
        ),
    ] = 0
    pulse_seconds: Annotated[
        float,
        Meta(ge=0, le=60, description="Pulse length; 0: the device switches off by itself"),
    ] = 1.0
    connect_seconds: Annotated[float, Meta(gt=0, description="Timeout for connecting")] = 2
    total_seconds: Annotated[float, Meta(gt=0, description="Timeout for a response")] = 3
    idempotent: IdempotentSetting = False

    @property
    def display(self) -> str:
        """For display."""
        return f"{self.host}:{self.port}"

    def switch(self, output: str) -> "ModbusSwitch":
        return ModbusSwitch(self, output)


class ModbusSwitch:
    """Implements `Switch`."""

    def __init__(self, settings: ModbusRelay, output: str) -> None:
        self._settings = settings
        self.pulse_seconds = settings.pulse_seconds
        self.effect = Effect.NONE
        self._who = f'output "{output}": the relay at {settings.host}:{settings.port}'
        self._transaction = 0

    async def knock(self) -> None:
        _, writer = await self._connected()
        await _closed(writer)

    async def turn(self, *, on: bool) -> None:
        self.effect = Effect.NONE
        self._transaction = (self._transaction + 1) % 65536
        settings = self._settings
        request = modbus.write_coil(self._transaction, settings.unit, settings.coil, on=on)
        seconds = settings.total_seconds if on else max(settings.total_seconds, OFF_SECONDS)
        reader, writer = await self._connected()
        self.effect = Effect.UNKNOWN
        try:
            async with asyncio.timeout(seconds):
                writer.write(request)
                await writer.drain()
                answer = await _answer(reader)
                refused = modbus.check_answer(request, answer)
        except TimeoutError as error:
            raise Unavailable(
                f"{self._who} did not answer within {seconds:g} s; check `unit` {settings.unit}"
            ) from error
        except (OSError, EOFError) as error:
            raise Unavailable(f"{self._who} closed the connection without a response") from error
        except modbus.NotUnderstood as error:
            raise Unavailable(f"{self._who}: {error}; check `host` and `port`") from error
        finally:
            await _closed(writer)
        if not refused:
            self.effect = Effect.DONE
            return
        if modbus.may_write_yet(answer):
            raise Unavailable(f"{self._who} does not confirm that it wrote the coil: {refused}")
        self.effect = Effect.NONE
        raise Refused(f"{self._who} rejected coil {settings.coil}: {refused}; check `coil`")

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        settings = self._settings
        try:
            async with asyncio.timeout(settings.connect_seconds):
                return await asyncio.open_connection(settings.host, settings.port)
        except TimeoutError as error:
            raise Unavailable(
                f"{self._who} cannot be reached: no connection within {settings.connect_seconds:g} "
                "s"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._who} cannot be reached: {in_words(error)}; check `host`, `port` "
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
