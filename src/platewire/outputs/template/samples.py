"""Sample events that validate templates at the start: all values, no optional values, special
characters.

Plates and names are invented.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import structs

from platewire.model import (
    Attribute,
    Box,
    Candidate,
    Direction,
    Entry,
    Event,
    Image,
    Images,
    Kind,
    ListHit,
    Plate,
    Vehicle,
    picture_path,
)
from platewire.wire import native

SEEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xd9"
SHA256 = "0" * 64


def samples() -> Iterator[Entry]:
    for event in (_known(), _bare(), _strange()):
        yield Entry(event, native.encode(event))


def _known() -> Event:
    """All that can be known."""
    image = Image(url=picture_path(SHA256), sha256=SHA256, width=8, height=8, bytes=len(JPEG))
    return Event(
        id=UUID("019b7cb6-2d88-7000-8000-000000100001"),
        seq=4711,
        kind=Kind.LOST,
        passage=UUID("019b7cb6-2d88-7000-8000-000000000001"),
        passage_number=1_767_323_045_000_001,
        revision=2,
        changed=("direction", "vehicle.color"),
        occurred_at=SEEN + timedelta(seconds=5),
        first_seen_at=SEEN - timedelta(seconds=1),
        last_seen_at=SEEN,
        recorded_at=SEEN + timedelta(seconds=5),
        camera="gate",
        zone="entry",
        direction=Direction.IN,
        plate=Plate(
            text="BU9042",
            display="BÜ 9042",
            raw="BU9O42",
            unicode="BÜ9042",
            country="DE",
            region="NI",
            confidence=0.875,
            characters=(0.875,) * 6,
            candidates=(Candidate("BU9047", 0.25),),
            box=Box(420.0, 180.0, 156.0, 34.0),
        ),
        vehicle=Vehicle(
            make=Attribute("Fiat", 0.75),
            model=Attribute("Panda", 0.5),
            type=Attribute("car", 0.875),
            color=Attribute("blue", 0.75),
        ),
        images=Images(plate=image, vehicle=image, frame=image),
        reads=23,
        lists=(ListHit("staff", "allow"),),
    )


def _bare() -> Event:
    """Nothing known but what each event has."""
    known = _known()
    plate = structs.replace(
        known.plate, country=None, region=None, characters=(), candidates=(), display="", unicode=""
    )
    return structs.replace(
        known,
        kind=Kind.NEW,
        changed=(),
        recorded_at=None,
        zone=None,
        direction=Direction.UNKNOWN,
        plate=plate,
        vehicle=Vehicle(),
        images=Images(),
        lists=(),
    )


def _strange() -> Event:
    """Letters that break forms into which they are written carelessly."""
    known = _known()
    odd = "Я\"'\\ \r\n\t=&<>%{}]]>;,/?#😀"
    return structs.replace(
        known,
        camera="tor-ö",
        zone=odd,
        plate=structs.replace(known.plate, display=odd, raw=odd, unicode=odd, region=odd),
        vehicle=Vehicle(make=Attribute(odd, 0.5)),
        lists=(ListHit(odd, "allow"),),
    )
