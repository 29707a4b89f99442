"""Our own form of an event: JSON, named in its `schema` field, encoded once when it is logged.

Those bytes are stored, signed and sent. Fields are added with defaults, never renamed or retyped,
so an old receiver reads new events and a new platewire reads old logs.
"""

import msgspec

from platewire.model import Event, JsonObject

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)

SCHEMA_ID = "platewire.event/1"

# What the types leave to their docstrings, said per field for whoever reads the schema alone.
_MEANINGS = {
    "Event.plate": "The plate, combined from the reads of the passage",
    "Event.vehicle": "Attributes of the vehicle",
    "Event.images": "The pictures of the event",
    "Candidate.text": "Another possible text of the plate",
    "Candidate.confidence": "0 to 1 for that text",
    "Vehicle.make": "Make, or null",
    "Vehicle.model": "Model, or null",
    "Vehicle.type": "Kind of vehicle, or null",
    "Vehicle.color": "Main color, or null",
    "Vehicle.box": "Left, top, width, height of the vehicle in pixels of the frame, or null",
    "Attribute.value": "Value of the attribute",
    "Attribute.confidence": "0 to 1",
    "Images.plate": "The crop that was read, or null",
    "Images.vehicle": "The vehicle, or null",
    "Images.frame": "The whole frame, or null",
    "ListHit.name": "Name of the list",
    "ListHit.mode": "How the plate matched: exact, look_alike or one_edit",
    "ListHit.kind": "Kind of the list: allow, block or watch; or null",
    "ListHit.entry": "The plate as written on the list, or null",
    "ListHit.holder": "Holder of the entry; null unless the list's event_fields includes it",
    "ListHit.note": "Note of the entry; null unless the list's event_fields includes it",
    "ListHit.group": "Group of the entry, such as a department, or null",
    "ListHit.card_facility": "Facility code of the access card, or null",
    "ListHit.card_number": "Number of the access card as decimal digits, or null",
    "ListHit.card_bits": "Wiegand bits of the card: 26, 34 or 64; or null",
}


def encode(event: Event) -> bytes:
    return _encoder.encode(event)


def decode(body: bytes) -> Event:
    """Raises msgspec.ValidationError or DecodeError for what is no event."""
    return _decoder.decode(body)


def json_schema() -> JsonObject:
    """JSON Schema 2020-12 of the event as this version writes it.

    Every field of today is required, as none is ever left out; unknown fields are allowed, as
    later versions add some.
    """
    (schema,), components = msgspec.json.schema_components([Event], ref_template="#/$defs/{name}")
    components = {name: _explained(name, part) for name, part in sorted(components.items())}
    root = components.pop("Event", schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": f"{SCHEMA_ID}: one change of one passage",
        "$defs": components,
    }


def _explained(name: str, part: JsonObject) -> JsonObject:
    if "properties" not in part:
        return part
    properties = {
        field: _field(f"{name}.{field}", about) for field, about in part["properties"].items()
    }
    return {**part, "properties": properties, "required": list(properties)}


def _field(path: str, about: JsonObject) -> JsonObject:
    about = {key: value for key, value in about.items() if key != "default"}
    if path.endswith("_at"):
        about = _as_time(about)
    if path in _MEANINGS:
        return {"description": _MEANINGS[path], **about}
    return about


def _as_time(about: JsonObject) -> JsonObject:
    """msgspec names the format only where a type insists on a time zone; ours always have one."""
    if about.get("type") == "string":
        return {**about, "format": "date-time"}
    if "anyOf" in about:
        return {**about, "anyOf": [_as_time(choice) for choice in about["anyOf"]]}
    return about
