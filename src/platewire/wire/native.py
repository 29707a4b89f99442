"""Our own form of an event: JSON, named in its `schema` field, encoded once when it is logged.

Those bytes are stored, signed and sent. Fields are added with defaults, never renamed or retyped,
so an old receiver reads new events and a new platewire reads old logs.
"""

import msgspec

from platewire.model import Event, JsonObject

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    return _encoder.encode(event)


def decode(body: bytes) -> Event:
    """Raises msgspec.ValidationError or DecodeError for what is no event."""
    return _decoder.decode(body)


def json_schema() -> JsonObject:
    """JSON Schema 2020-12 of the event."""
    (schema,), components = msgspec.json.schema_components([Event], ref_template="#/$defs/{name}")
    root = components.pop("Event", schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "$defs": components,
    }
