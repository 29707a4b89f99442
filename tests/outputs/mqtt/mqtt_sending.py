"""Settings as the configuration file gives them, events in a log, and a sender connected."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from platewire.model import Entry
from platewire.outputs.mqtt.mqtt import MqttSettings
from platewire.outputs.mqtt.publisher import MqttOutput
from platewire.outputs.output import OutputContext
from tests.outputs.http.http_sending import IMAGES, PICTURES, entries
from tests.outputs.mqtt.mosquitto import Mosquitto

__all__ = ["BASE", "IMAGES", "PICTURES", "connected", "deliver", "entries", "settings"]

BASE = "platewire/check"
"""Prefix and site of what the tests publish."""


def settings(broker: Mosquitto | int, **more: object) -> MqttSettings:
    """As the configuration file gives them."""
    port = broker if isinstance(broker, int) else broker.port
    raw = {"type": "mqtt", "name": "home", "host": "127.0.0.1", "port": port, **more}
    return msgspec.convert(raw, MqttSettings, dec_hook=lambda _, value: Path(value))


@contextlib.asynccontextmanager
async def connected(config: MqttSettings, context: OutputContext) -> AsyncIterator[MqttOutput]:
    sender = config.build(context)
    try:
        await sender.connect()
        yield sender
    finally:
        await sender.close()


async def deliver(config: MqttSettings, count: int = 1) -> list[Entry]:
    context, logged = await entries()
    async with connected(config, context) as sender:
        await sender.send(logged[:count])
    return logged[:count]
