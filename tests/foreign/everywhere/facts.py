"""200 events of every kind there may be, and what each of them says: the truth to compare with.

Nothing here uses what writes or reads the formats, so a mistake there cannot hide here.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from platewire.model import (
    Attribute,
    Box,
    Direction,
    Event,
    Images,
    Kind,
    ListHit,
    Plate,
    Site,
    Vehicle,
)
from platewire.testing.sample_events import picture

COUNT = 200
START = datetime(2026, 3, 28, 22, 0, 0, 123_000, tzinfo=UTC)
"""Some hours before clocks go forward in Europe."""
SITE = Site(
    name="Süd 1",
    system_id=7,
    latitude=50.418114,
    longitude=30.476213,
    channels={"gate": 0, "yard": 2},
    zones={"gate": ("entry", "exit")},
)
PICTURES = [picture("plate"), picture("vehicle", mark=1), picture("frame", mark=2)]
IMAGES = Images(plate=PICTURES[0].image, vehicle=PICTURES[1].image, frame=PICTURES[2].image)

Facts = dict[str, Any]
"""What one event says, under names of our own; a reader gives those that its format has."""


class Sample(NamedTuple):
    text: str
    own_letters: str
    display: str
    country: str | None
    alpha3: str


PLATES = (
    Sample("BU9042", "BÜ9042", "BÜ 9042", "DE", "DEU"),
    Sample("OO123A", "ÖÖ123Å", "ÖÖ-123 Å", "SE", "SWE"),
    Sample("AB123C77", "АВ123С77", "АВ 123 С\n77", "RU", "RUS"),  # two lines, Cyrillic letters
    Sample("AA1234BB", "АА1234ВВ", "АА 1234 ВВ", "UA", "UKR"),
    Sample("47KRB9", "47KRB9", "47-KRB-9", "NL", "NLD"),
    Sample("00123", "00123", "00123", None, ""),
    Sample("1234E5", "1234E5", "1234 E5", "CZ", "CZE"),
)
VEHICLES = (
    Vehicle(),
    Vehicle(color=Attribute("blue", 0.75)),
    Vehicle(
        make=Attribute("Škoda", 0.875),
        model=Attribute("Octavia & Co", 0.5),
        type=Attribute("car", 0.9375),
        color=Attribute("white", 0.625),
        box=Box(300, 100, 400, 300),
    ),
)


def events() -> list[Event]:
    """Passages of three to five events each; the last one is cut off."""
    made: list[Event] = []
    chance = random.Random(19)  # the same events each time
    number = 0
    while len(made) < COUNT:
        made += _passage(number, chance)
        number += 1
    return made[:COUNT]


def _passage(number: int, chance: random.Random) -> Iterator[Event]:
    sample = PLATES[number % len(PLATES)]
    camera = ("gate", "yard")[number % 2]
    zone = None if camera == "yard" else (None, "entry", "exit")[number % 3]
    first = START + timedelta(minutes=5 * number, milliseconds=chance.randrange(1000))
    kinds = [Kind.NEW, *[Kind.UPDATED] * chance.randrange(1, 4), Kind.LOST]
    direction = chance.choice(list(Direction))
    for revision, kind in enumerate(kinds):
        last = first + timedelta(milliseconds=137 * revision)
        silence = timedelta(seconds=5) if kind is Kind.LOST else timedelta()
        yield Event(
            id=UUID(int=0x019B7CB6_2D88_7000_8000_000000000000 + number * 16 + revision),
            kind=kind,
            passage=UUID(int=0x019B7CB6_2D88_7000_9000_000000000000 + number),
            passage_number=1_767_323_045_000_000 + number,
            revision=revision,
            changed=("direction",) if kind is Kind.UPDATED else (),
            occurred_at=last + silence,
            first_seen_at=first,
            last_seen_at=last,
            camera=camera,
            zone=zone,
            direction=Direction.UNKNOWN if kind is Kind.NEW else direction,
            plate=Plate(
                text=sample.text,
                display=sample.display,
                raw=sample.text.replace("0", "O"),
                unicode=sample.own_letters,
                country=sample.country,
                confidence=chance.randrange(32, 65) / 64,  # six digits tell it
                box=Box(420, 180, 156, 34),
            ),
            vehicle=VEHICLES[(number + revision) % len(VEHICLES)],
            images=IMAGES,
            reads=revision + 2,
            lists=(ListHit("staff", "exact", "allow", sample.text),) if number % 4 == 0 else (),
        )


def facts(event: Event) -> Facts:
    """All that the event says."""
    sample = next(each for each in PLATES if each.text == event.plate.text)
    zones = SITE.zones.get(event.camera, ())
    vehicle = event.vehicle
    return {
        "kind": event.kind.value,
        "id": str(event.id),
        "passage": str(event.passage),
        "number": event.passage_number,
        "revision": event.revision,
        "plate": sample.text,
        "raw": event.plate.raw,
        "own letters": sample.own_letters,
        "country": sample.country or "",
        "country alpha3": sample.alpha3,
        "confidence": event.plate.confidence,
        "direction": event.direction.value,
        "camera": event.camera,
        "channel": SITE.channels[event.camera],
        "zone": event.zone or "",
        "zone index": zones.index(event.zone) if event.zone else 0,
        "box": (420, 180, 156, 34),
        "occurred": _ms(event.occurred_at),
        "first seen": _ms(event.first_seen_at),
        "last seen": _ms(event.last_seen_at),
        "make": _value(vehicle.make),
        "model": _value(vehicle.model),
        "type": _value(vehicle.type),
        "color": _value(vehicle.color),
        "lists": [hit.name for hit in event.lists],
        "reads": event.reads,
        # The same in the terms of formats that say less, or otherwise.
        "packet time": _ms(
            event.occurred_at if event.kind is Kind.UPDATED else event.first_seen_at
        ),
        "frame": _ms(event.last_seen_at),
        "occurred second": _ms(event.occurred_at) // 1000,
        "percent": round(100 * event.plate.confidence),
        "score": round(event.plate.confidence, 3),
        "likelihood": round(event.plate.confidence, 4),
        "number of 31 bits": event.passage_number % (1 << 31),
        "sensor": event.camera,
        "list": event.lists[0].name if event.lists else "",
        "is listed": bool(event.lists),
    }


def _value(attribute: Attribute | None) -> str:
    return "" if attribute is None else attribute.value


def _ms(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
