"""Home Assistant's MQTT discovery: one device for each camera, with three entities.

    event    Passage        fires for each event that is neither replayed nor a test
    sensor   Last plate     the plate of the last passage, its details as attributes
    image    Last picture   the picture of the last passage

The templates are Home Assistant's Jinja; they read platewire's own JSON as it is published.
Forms: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and, for the entities,
/integrations/event.mqtt, /integrations/sensor.mqtt and /integrations/image.mqtt there.
"""

from typing import NamedTuple

import msgspec

from platewire.model import JsonObject
from platewire.wire.mqtt.topic import SiteTopics, identifier

ONLINE = b"online"
OFFLINE = b"offline"
"""What Home Assistant takes for available and unavailable unless it is told otherwise."""
EVENT_TYPES = ("new", "updated", "lost")

_DETAILS = (
    "'plate': value_json.plate.text, 'display': value_json.plate.display, "
    "'country': value_json.plate.country, 'confidence': value_json.plate.confidence, "
    "'direction': value_json.direction, 'zone': value_json.zone, "
    "'lists': value_json.lists | map(attribute='name') | list, "
    "'camera': value_json.camera, 'occurred_at': value_json.occurred_at, "
    "'passage': value_json.passage, 'id': value_json.id"
)
EVENT_TEMPLATE = (
    "{% if not (value_json.replayed or value_json.test) %}"
    "{{ {'event_type': value_json.kind, " + _DETAILS + "} | to_json }}"
    "{% endif %}"
)
"""Home Assistant passes over what renders to nothing."""
ATTRIBUTES_TEMPLATE = "{{ {'kind': value_json.kind, " + _DETAILS + "} | to_json }}"
STATE_TEMPLATE = "{{ value_json.plate.text }}"


class Announcement(NamedTuple):
    """A message to publish, retained."""

    topic: str
    payload: bytes


def status_topic(prefix: str) -> str:
    """Where Home Assistant says `online` when it has started."""
    return f"{prefix}/status"


def discovery(
    camera: str, topics: SiteTopics, *, prefix: str, picture: str | None, version: str
) -> list[Announcement]:
    """What makes Home Assistant show `camera`.

    `picture` is the role under which pictures are published, None where none are: the image
    entity is then taken away, should it be there.
    """
    shared: JsonObject = {
        "availability": [{"topic": topics.status}],
        "device": {
            "identifiers": [f"platewire__{identifier(topics.prefix, topics.site, camera)}"],
            "name": camera,
            "manufacturer": "platewire",
            "model": "Camera",
            "sw_version": version,
        },
        "origin": {"name": "platewire", "sw_version": version},
    }
    entities = {
        "event": _event(topics.event(camera)),
        "sensor": _sensor(topics.last(camera)),
        "image": _image(topics.image(camera, picture)) if picture else None,
    }
    node = identifier(topics.prefix, topics.site, camera)
    return [
        Announcement(
            f"{prefix}/{component}/platewire__{node}/{component}/config",
            _payload(own, shared, f"platewire__{node}__{component}"),
        )
        for component, own in entities.items()
    ]


def _payload(own: JsonObject | None, shared: JsonObject, unique_id: str) -> bytes:
    """Nothing at all takes an entity away."""
    if own is None:
        return b""
    return msgspec.json.encode({**own, "unique_id": unique_id, **shared})


def _event(topic: str) -> JsonObject:
    return {
        "name": "Passage",
        "icon": "mdi:car",
        "state_topic": topic,
        "event_types": EVENT_TYPES,
        "value_template": EVENT_TEMPLATE,
        "qos": 1,
    }


def _sensor(topic: str) -> JsonObject:
    return {
        "name": "Last plate",
        "icon": "mdi:card-text-outline",
        "state_topic": topic,
        "value_template": STATE_TEMPLATE,
        "json_attributes_topic": topic,
        "json_attributes_template": ATTRIBUTES_TEMPLATE,
        "qos": 1,
    }


def _image(topic: str) -> JsonObject:
    return {
        "name": "Last picture",
        "image_topic": topic,
        "content_type": "image/jpeg",
        "qos": 1,
    }
