"""Settings as the configuration file gives them, events in a log, and a sender connected."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from platewire.model import Entry
from platewire.transfers.mqtt import MqttTransfer
from platewire.transfers.mqtt_sender import MqttSender
from platewire.transfers.transfer import TransferContext
from tests.transfers.http_sending import IMAGES, PICTURES, entries
from tests.transfers.mosquitto import Mosquitto

__all__ = ["BASE", "IMAGES", "PICTURES", "connected", "deliver", "entries", "settings"]

BASE = "platewire/check"
"""Prefix and site of what the tests publish."""


def settings(broker: Mosquitto | int, **more: object) -> MqttTransfer:
    """As the configuration file gives them."""
    port = broker if isinstance(broker, int) else broker.port
    raw = {"type": "mqtt", "name": "home", "host": "127.0.0.1", "port": port, **more}
    return msgspec.convert(raw, MqttTransfer, dec_hook=lambda _, value: Path(value))


@contextlib.asynccontextmanager
async def connected(config: MqttTransfer, context: TransferContext) -> AsyncIterator[MqttSender]:
    sender = config.build(context)
    try:
        await sender.connect()
        yield sender
    finally:
        await sender.close()


async def deliver(config: MqttTransfer, count: int = 1) -> list[Entry]:
    context, logged = await entries()
    async with connected(config, context) as sender:
        await sender.send(logged[:count])
    return logged[:count]
