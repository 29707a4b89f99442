"""Events as a camera would make them, for checks and tests of whatever carries events on.

All plates are invented, all values fixed: the same arguments give the same events.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import structs

from platewire.model import (
    Attribute,
    Box,
    Candidate,
    Direction,
    Event,
    Image,
    Images,
    Kind,
    ListHit,
    Picture,
    Plate,
    Vehicle,
    picture_path,
)
from platewire.runtime.identity import uuid7

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)

# 8 x 8 pixels of one gray, as small as a baseline JPEG can be.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "01" * 64 + "ffc0000b080008000801011100"
    "ffc40014000100000000000000000000000000000000ffc4001410010000000000000000000000000000000000"
    "ffda0008010100003f0000ffd9"
)


def picture(role: str = "plate", *, mark: int = 0) -> Picture:
    """A JPEG; another `mark` gives another hash."""
    jpeg = JPEG[:-2] + b"\xff\xfe\x00\x06" + mark.to_bytes(4, "big") + JPEG[-2:]
    digest = hashlib.sha256(jpeg).hexdigest()
    image = Image(url=picture_path(digest), sha256=digest, width=8, height=8, bytes=len(jpeg))
    if role == "frame":
        return Picture("frame", image, jpeg)
    return Picture("vehicle" if role == "vehicle" else "plate", image, jpeg)


def passage_events(
    number: int = 1,
    *,
    camera: str = "gate",
    updates: int = 1,
    text: str = "BU9042",
    start: datetime = START,
    images: Images | None = None,
) -> Sequence[Event]:
    """One `new`, some `updated`, one `lost`; ids, times and numbers follow from `number`."""
    first_seen_at = start + timedelta(seconds=number)
    return [
        _event(number, revision, kind, camera, text, first_seen_at, images or Images())
        for revision, kind in enumerate([Kind.NEW, *[Kind.UPDATED] * updates, Kind.LOST])
    ]


def odd_events(number: int) -> Iterator[Event]:
    """What is allowed but rare: nothing known, strange letters, edges beyond the picture."""
    plain = passage_events(number)[0]
    plate = structs.replace(plain.plate, country=None, display="", unicode="", candidates=())
    yield structs.replace(plain, plate=plate, vehicle=Vehicle(), zone=None, reads=1)
    strange = structs.replace(
        passage_events(number + 1)[0].plate,
        display='Я"\\ \x00\x05\r\n=&<>',
        unicode="Я123😀",
        region="Ünterland\u2028",
        box=Box(-3.5, -2.0, 1e6, 0.0),
        confidence=1.0,
    )
    yield structs.replace(passage_events(number + 1)[0], plate=strange, camera="tor-ö", zone="зона")


def _event(
    number: int,
    revision: int,
    kind: Kind,
    camera: str,
    text: str,
    first_seen_at: datetime,
    images: Images,
) -> Event:
    last_seen_at = first_seen_at + timedelta(milliseconds=100 * revision)
    silence = timedelta(seconds=5) if kind is Kind.LOST else timedelta()
    known = revision > 0
    return Event(
        id=uuid7(1_767_323_045_000 + number * 1000 + revision, number << 20 | revision),
        kind=kind,
        passage=uuid7(1_767_323_045_000 + number * 1000, number),
        passage_number=1_767_323_045_000_000 + number,
        revision=revision,
        changed=() if not known else ("direction",) if revision == 1 else ("plate.confidence",),
        occurred_at=last_seen_at + silence,
        first_seen_at=first_seen_at,
        last_seen_at=last_seen_at,
        camera=camera,
        zone="entry",
        direction=Direction.IN if known else Direction.UNKNOWN,
        plate=Plate(
            text=text,
            display=f"{text[:2]} {text[2:]}",
            raw=text.replace("0", "O"),
            unicode=text.replace("U", "Ü"),
            country="DE",
            region=None,
            confidence=0.875,
            characters=(0.875,) * len(text),
            candidates=(Candidate(text[:-1] + "7", 0.25),),
            box=Box(420.4, 180.0, 156.0, 33.6),
        ),
        vehicle=Vehicle(color=Attribute("blue", 0.75)) if known else Vehicle(),
        images=images,
        reads=revision + 2,
        lists=(ListHit("staff", "exact", "allow", "BU 9042"),) if known else (),
    )
