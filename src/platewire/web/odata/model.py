"""The entity sets: their properties, types, and columns in the database.

Names, order and meaning are those of the views in docs/database.md. Times are kept in milliseconds
beside their text, and are asked for and compared there.
"""

import enum
from dataclasses import dataclass


class Type(enum.StrEnum):
    STRING = "Edm.String"
    GUID = "Edm.Guid"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    DOUBLE = "Edm.Double"
    BOOLEAN = "Edm.Boolean"
    TIME = "Edm.DateTimeOffset"

    @property
    def number(self) -> bool:
        return self in (Type.INT32, Type.INT64, Type.DOUBLE)


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    type: Type = Type.STRING
    nullable: bool = False

    @property
    def column(self) -> str:
        """Of the view; of a time, its milliseconds."""
        return self.name.replace("_at", "_ms") if self.type is Type.TIME else self.name


@dataclass(frozen=True, slots=True)
class EntitySet:
    name: str
    entity: str
    view: str
    key: str
    order: str
    """The property that orders pages: unique, ascending."""
    properties: tuple[Property, ...]

    def find(self, name: str) -> Property | None:
        return next((one for one in self.properties if one.name == name), None)

    @property
    def key_property(self) -> Property:
        return next(one for one in self.properties if one.name == self.key)


def _text(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name) for name in names)


def _open(*names: str, kind: Type = Type.STRING) -> tuple[Property, ...]:
    return tuple(Property(name, kind, True) for name in names)


VEHICLE = tuple(
    one
    for name in ("make", "model", "type", "color")
    for one in (*_open(name), *_open(f"{name}_confidence", kind=Type.DOUBLE))
)
PICTURES = _open("plate_image", "vehicle_image", "frame_image")
NODE_AND_LOCAL_TIME = (
    *_open("node", "camera_id"),
    *_open("utc_offset_minutes", "date_key", kind=Type.INT32),
    *_open("lists"),
)

PASSAGES = EntitySet(
    "Passages",
    "Passage",
    "anpr_passage",
    "passage",
    "first_seq",
    (
        Property("passage", Type.GUID),
        Property("passage_number", Type.INT64),
        *_text("state", "kind"),
        Property("revision", Type.INT32),
        Property("first_seen_at", Type.TIME),
        Property("last_seen_at", Type.TIME),
        *_text("camera"),
        *_open("zone"),
        *_text("direction", "plate", "plate_display", "plate_unicode"),
        *_open("country", "region"),
        Property("plate_confidence", Type.DOUBLE),
        *VEHICLE,
        Property("reads", Type.INT32),
        Property("test", Type.BOOLEAN),
        Property("first_seq", Type.INT64),
        Property("last_seq", Type.INT64),
        Property("last_event", Type.GUID),
        *PICTURES,
        Property("change_seq", Type.INT64),
        *NODE_AND_LOCAL_TIME,
        *_open("dwell_seconds", kind=Type.DOUBLE),
        *_open("plate_link", "vehicle_link", "frame_link"),
    ),
)
EVENTS = EntitySet(
    "Events",
    "Event",
    "anpr_event",
    "id",
    "seq",
    (
        Property("id", Type.GUID),
        Property("seq", Type.INT64),
        *_text("kind"),
        Property("passage", Type.GUID),
        Property("passage_number", Type.INT64),
        Property("revision", Type.INT32),
        Property("occurred_at", Type.TIME),
        Property("first_seen_at", Type.TIME),
        Property("last_seen_at", Type.TIME),
        Property("recorded_at", Type.TIME),
        *_text("camera"),
        *_open("zone"),
        *_text("direction", "plate", "plate_display", "plate_raw", "plate_unicode"),
        *_open("country", "region"),
        Property("plate_confidence", Type.DOUBLE),
        *VEHICLE,
        Property("reads", Type.INT32),
        Property("test", Type.BOOLEAN),
        *PICTURES,
        Property("change_seq", Type.INT64),
        *NODE_AND_LOCAL_TIME,
    ),
)
CAMERAS = EntitySet(
    "Cameras",
    "Camera",
    "anpr_camera",
    "camera",
    "camera",
    (
        *_text("camera"),
        *_open("channel_index", kind=Type.INT32),
        Property("passages", Type.INT64),
        *_open("last_seq", kind=Type.INT64),
        *_open("node", "camera_id"),
    ),
)
SETS = (PASSAGES, EVENTS, CAMERAS)
