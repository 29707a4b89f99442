"""Passages of every sort for receivers of others, and the way of them through a real output."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import structs

from platewire.model import (
    Attribute,
    Box,
    CameraFacts,
    Entry,
    Event,
    Images,
    Kind,
    Picture,
    Site,
    Vehicle,
)
from platewire.outputs.output import OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events, picture

PICTURE_BYTES = 8000
"""About as much as a plate's crop has; more than receivers take that read once."""


def heavy(role: str, mark: int) -> Picture:
    """A JPEG of some weight: what is added is a comment in it."""
    small = picture(role, mark=mark)
    comment = b"\xff\xfe" + PICTURE_BYTES.to_bytes(2, "big") + bytes(PICTURE_BYTES - 2)
    jpeg = small.jpeg[:-2] + comment + small.jpeg[-2:]
    sha256 = hashlib.sha256(jpeg).hexdigest()
    image = structs.replace(small.image, sha256=sha256, bytes=len(jpeg))
    return small._replace(image=image, jpeg=jpeg)


PLATE, VEHICLE, FRAME = heavy("plate", 0), heavy("vehicle", 1), heavy("frame", 2)
PICTURES = (PLATE, VEHICLE, FRAME)
IMAGES = Images(plate=PLATE.image, vehicle=VEHICLE.image, frame=FRAME.image)
SITE = Site(
    name="North gate",
    system_id=7,
    latitude=50.418114,
    longitude=30.476213,
    channels={"gate": 0, "yard": 1},
    zones={"gate": ("exit", "entry")},
    checkpoints={"gate": 3},
    cameras={
        "gate": CameraFacts(
            serial_number="ACCC8E000001",
            mac_address="AC:CC:8E:00:00:01",
            ip_address="192.0.2.10",
            model="AXIS P1445-LE",
            view="front",
        )
    },
    time_zone="Europe/Berlin",
)
EVERYTHING = Vehicle(
    make=Attribute("Skoda", 0.9),
    model=Attribute("Rapid", 0.9),
    type=Attribute("car", 0.8),
    color=Attribute("gray", 0.7),
    box=Box(300.2, 10.0, 420.0, 300.6),
)


def events() -> Sequence[Event]:
    """Three of each: with umlauts and a list, Cyrillic with dashes to read, nothing known and no
    zone, all of the vehicle known; the last from a camera of which nothing is configured."""
    known, cyrillic, bare, full = (passage_events(number, images=IMAGES) for number in range(1, 5))
    return [
        *known,
        *(with_plate(each, "AA0047BB", "АА0047ВВ", "АА-0047-ВВ") for each in cyrillic),
        *(
            structs.replace(
                each,
                zone=None,
                vehicle=Vehicle(),
                lists=(),
                plate=structs.replace(each.plate, country=None, unicode=""),
            )
            for each in bare
        ),
        *(structs.replace(each, vehicle=EVERYTHING, camera="yard", zone=None) for each in full),
    ]


def with_plate(event: Event, text: str, unicode: str, display: str) -> Event:
    plate = structs.replace(event.plate, text=text, unicode=unicode, display=display, raw=text)
    return structs.replace(event, plate=plate)


def letters_of(event: Event) -> str:
    return event.plate.unicode or event.plate.text


def time_told(event: Event) -> datetime:
    """A lost packet of the family repeats the time of the new one."""
    return event.occurred_at if event.kind is Kind.UPDATED else event.first_seen_at


async def sent(settings: Any) -> list[Entry]:
    """All `events()` through the output of these settings, which fails as it does live."""
    clock = SystemClock()
    log = MemoryLog(clock)
    logged = list(await log.append("gate", events(), PICTURES))
    output = settings.build(OutputContext(clock=clock, log=log, site=SITE, board=Board(clock)))
    try:
        await output.connect()
        for entry in logged:
            await output.send([entry])
    finally:
        await output.close()
    return logged
