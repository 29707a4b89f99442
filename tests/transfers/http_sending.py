"""Settings as the configuration file gives them, events in a log, and a sender connected."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from platewire.clock import SystemClock
from platewire.model import Entry, Images
from platewire.status import Board
from platewire.testing.check_transfer import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events, picture
from platewire.transfers.http import HttpSender, HttpTransfer
from platewire.transfers.transfer import TransferContext

PICTURES = [picture("plate"), picture("vehicle", mark=1), picture("frame", mark=2)]
IMAGES = Images(plate=PICTURES[0].image, vehicle=PICTURES[1].image, frame=PICTURES[2].image)


def settings(url: str, **more: object) -> HttpTransfer:
    """As the configuration file gives them."""
    raw = {"type": "http", "name": "gate", "url": url, **more}
    return msgspec.convert(raw, HttpTransfer, dec_hook=lambda _, value: Path(value))


async def entries(*, images: Images = IMAGES) -> tuple[TransferContext, list[Entry]]:
    clock = SystemClock()
    log = MemoryLog(clock)
    logged = await log.append("gate", passage_events(images=images), PICTURES)
    context = TransferContext(clock=clock, log=log, site=SITE, board=Board(clock))
    return context, list(logged)


@contextlib.asynccontextmanager
async def connected(config: HttpTransfer, context: TransferContext) -> AsyncIterator[HttpSender]:
    sender = config.build(context)
    try:
        await sender.connect()
        yield sender
    finally:
        await sender.close()


async def deliver(config: HttpTransfer, count: int = 1) -> None:
    context, logged = await entries()
    async with connected(config, context) as sender:
        for entry in logged[:count]:
            await sender.send([entry])
