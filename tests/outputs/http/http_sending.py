"""Settings as the configuration file gives them, events in a log, and a sender connected."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from platewire.model import Entry, Images
from platewire.outputs.http.http import HttpOutput, HttpSettings
from platewire.outputs.output import OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events, picture
from platewire.wire import native

PICTURES = [picture("plate"), picture("vehicle", mark=1), picture("frame", mark=2)]
IMAGES = Images(plate=PICTURES[0].image, vehicle=PICTURES[1].image, frame=PICTURES[2].image)


def settings(url: str, **more: object) -> HttpSettings:
    """As the configuration file gives them."""
    raw = {"type": "http", "name": "gate", "url": url, **more}
    return msgspec.convert(raw, HttpSettings, dec_hook=lambda _, value: Path(value))


async def entries(*, images: Images = IMAGES) -> tuple[OutputContext, list[Entry]]:
    clock = SystemClock()
    log = MemoryLog(clock)
    logged = await log.append("gate", passage_events(images=images), PICTURES)
    context = OutputContext(clock=clock, log=log, site=SITE, board=Board(clock))
    return context, list(logged)


@contextlib.asynccontextmanager
async def connected(config: HttpSettings, context: OutputContext) -> AsyncIterator[HttpOutput]:
    sender = config.build(context)
    try:
        await sender.connect()
        yield sender
    finally:
        await sender.close()


async def deliver(config: Any, count: int = 1, **change: Any) -> OutputContext:
    """Sends the first `count` events to the output of these settings, with the given changes."""
    context, logged = await entries()
    sender = config.build(context)
    try:
        await sender.connect()
        for entry in logged[:count]:
            event = structs.replace(entry.event, **change)
            await sender.send([Entry(event, native.encode(event)) if change else entry])
    finally:
        await sender.close()
    return context
