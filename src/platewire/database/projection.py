"""An event as the columns of table `event`: what the views filter, sort and show.

The passage that an event belongs to is projected by the schema's triggers, so that no writer can
forget it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from zlib import crc32

from platewire.model import Attribute, Entry, Image

COLUMNS = (
    "seq", "id", "kind", "passage", "passage_number", "revision",
    "occurred_ms", "first_seen_ms", "last_seen_ms", "recorded_ms",
    "camera", "zone", "direction",
    "plate", "plate_display", "plate_raw", "plate_unicode", "country", "region",
    "plate_confidence",
    "make", "make_confidence", "model", "model_confidence",
    "type", "type_confidence", "color", "color_confidence",
    "reads", "test", "plate_image", "vehicle_image", "frame_image", "body",
)  # fmt: skip
IN_FILE = (*COLUMNS, "body_crc32")
"""In the log's own file; see `bodies`."""
STAMPED = (*IN_FILE, "boot", "boot_seconds")
"""With when it arrived, which is no part of the event and stays when that is written anew."""
ROWS_MAX = 16
"""Events per statement. SQLite runs a statement without the interpreter's lock, and each lock that
is given up may have to be waited for: so rather a few long statements than many short ones."""

Value = str | int | float | bytes | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
"""The unit of all times in the database."""


def _insert(rows: int) -> str:
    row = f"({','.join('?' * len(STAMPED))})"
    return f"INSERT INTO event ({','.join(STAMPED)}) VALUES {','.join([row] * rows)}"  # noqa: S608


_INSERT_HIT = "INSERT INTO list_hit VALUES (?, ?, ?, ?, ?)"
_INSERTS = [_insert(rows) for rows in range(1, ROWS_MAX + 1)]


def inserts(entries: Sequence[Entry]) -> list[tuple[str, tuple[Value, ...]]]:
    """Statements with their values that write these entries into table `event`."""
    statements = []
    for start in range(0, len(entries), ROWS_MAX):
        part = entries[start : start + ROWS_MAX]
        values = tuple(chain.from_iterable(_stamped(entry) for entry in part))
        statements.append((_INSERTS[len(part) - 1], values))
    statements += [
        (_INSERT_HIT, hit) for entry in entries if entry.event.lists for hit in hits(entry)
    ]
    return statements


def hits(entry: Entry) -> list[tuple[int, str, str | None, str, str | None]]:
    """`seq`, list, its kind, how the plate matched and which entry of it; each list once."""
    event = entry.event
    best = {hit.name: hit for hit in reversed(event.lists)}
    return [(event.seq, hit.name, hit.kind, hit.mode, hit.entry) for hit in best.values()]


def columns(entry: Entry) -> tuple[Value, ...]:
    """The values of `COLUMNS`; ValueError for an event that is not numbered."""
    event, body = entry.event, entry.body
    plate, vehicle, images = event.plate, event.vehicle, event.images
    if event.recorded_at is None:
        raise ValueError(f"event {event.id} is not numbered yet: call Event.numbered first")
    return (
        event.seq, str(event.id), event.kind.value, str(event.passage), event.passage_number,
        event.revision,
        _ms(event.occurred_at), _ms(event.first_seen_at), _ms(event.last_seen_at),
        _ms(event.recorded_at),
        event.camera, event.zone, event.direction.value,
        plate.text, plate.display, plate.raw, plate.unicode, plate.country, plate.region,
        plate.confidence,
        *_pair(vehicle.make), *_pair(vehicle.model), *_pair(vehicle.type), *_pair(vehicle.color),
        event.reads, event.test,
        _sha256(images.plate), _sha256(images.vehicle), _sha256(images.frame), body,
    )  # fmt: skip


def in_file(entry: Entry) -> tuple[Value, ...]:
    """The values of `IN_FILE`."""
    return (*columns(entry), crc32(entry.body))


def _stamped(entry: Entry) -> tuple[Value, ...]:
    arrived = entry.arrived
    stamp = (None, None) if arrived is None else (arrived.boot, arrived.seconds)
    return (*in_file(entry), *stamp)


def recorded_ms(entry: Entry) -> int:
    """When the log wrote it; ValueError for an event that is not numbered."""
    recorded_at = entry.event.recorded_at
    if recorded_at is None:
        raise ValueError(f"event {entry.event.id} is not numbered yet: call Event.numbered first")
    return _ms(recorded_at)


def pictures_shown(entry: Entry) -> list[str]:
    """SHA-256 of each picture that the event names."""
    images = entry.event.images
    return [
        image.sha256 for image in (images.plate, images.vehicle, images.frame) if image is not None
    ]


def _ms(moment: datetime) -> int:
    # As clock.milliseconds, at a third of its cost: this runs four times per event.
    return (moment - _EPOCH) // _MILLISECOND


def _pair(attribute: Attribute | None) -> tuple[str | None, float | None]:
    return (None, None) if attribute is None else (attribute.value, attribute.confidence)


def _sha256(image: Image | None) -> str | None:
    return None if image is None else image.sha256
