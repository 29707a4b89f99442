"""Discovery as Home Assistant reads it: its topics, its schema, its templates.

The rules are those of Home Assistant's documentation of MQTT discovery and of the event, sensor
and image entities. Its templates are Jinja with `to_json`; Jinja itself renders them here.
"""

import json
import re
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import structs

from platewire.model import Event
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire import native
from platewire.wire.mqtt.home_assistant import Announcement, discovery
from platewire.wire.mqtt.topic import SiteTopics

TOPIC = re.compile(r"(?P<component>\w+)/(?P<node>[a-zA-Z0-9_-]+)/(?P<object>[a-zA-Z0-9_-]+)/config")
SHARED = {"name", "unique_id", "device", "origin", "availability", "icon", "qos"}
ALLOWED = {
    "event": SHARED | {"state_topic", "event_types", "value_template"},
    "sensor": SHARED
    | {"state_topic", "value_template", "json_attributes_topic", "json_attributes_template"},
    "image": SHARED | {"image_topic", "content_type"},
}
DEVICE = {"identifiers", "name", "manufacturer", "model", "sw_version"}
NAMES = st.text(alphabet="aZ0_-.%/+#$ ö\x00😀", min_size=1, max_size=8)


def discovered(
    camera: str = "gate", site: str = "site", picture: str | None = "plate"
) -> list[Announcement]:
    topics = SiteTopics("plates", site)
    return discovery(camera, topics, prefix="homeassistant", picture=picture, version="1.2.3")


def payloads() -> dict[str, Any]:
    return {_component(each): json.loads(each.payload) for each in discovered()}


def _component(announcement: Announcement) -> str:
    match = TOPIC.fullmatch(announcement.topic.removeprefix("homeassistant/"))
    assert match is not None, announcement.topic
    return match["component"]


@given(NAMES, NAMES)
def test_home_assistant_accepts_it_whatever_the_names(camera: str, site: str) -> None:
    for announcement in discovered(camera, site):
        payload = json.loads(announcement.payload)
        assert set(payload) <= ALLOWED[_component(announcement)]
        assert set(payload["device"]) == DEVICE
        assert payload["device"]["identifiers"]
        assert payload["device"]["name"] == camera
        assert payload["origin"]["name"] == "platewire"
        assert payload["qos"] in (0, 1, 2)
        assert payload["unique_id"]
        for key, value in payload.items():
            if key.endswith("_topic"):
                assert not re.search(r"[+#\x00]", value)


def test_one_device_with_three_entities() -> None:
    found = payloads()
    assert list(found) == ["event", "sensor", "image"]
    assert len({json.dumps(each["device"]) for each in found.values()}) == 1
    assert len({each["unique_id"] for each in found.values()}) == 3
    assert found["event"]["event_types"] == ["new", "updated", "lost"]
    assert found["event"]["state_topic"] == "plates/site/gate/event"
    assert found["sensor"]["state_topic"] == "plates/site/gate/last"
    assert found["image"]["image_topic"] == "plates/site/gate/image/plate"
    for each in found.values():
        assert each["availability"] == [{"topic": "plates/site/status"}]


def test_cameras_and_sites_do_not_meet() -> None:
    places = [("a", "b"), ("b", "a"), ("a_b", "c"), ("a", "b_c"), ("a.b", "c"), ("a-b", "c")]
    ids = {
        (each.topic, json.loads(each.payload)["unique_id"])
        for camera, site in places
        for each in discovered(camera, site)
    }
    assert len(ids) == 3 * len(places)


def test_without_pictures_the_image_is_taken_away() -> None:
    image = discovered(picture=None)[-1]
    assert (_component(image), image.payload) == ("image", b"")


# --- the templates -------------------------------------------------------------------------------


def rendered(template: str, event: Event) -> str:
    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    environment.filters["to_json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(template).render(value_json=json.loads(native.encode(event)))


@pytest.mark.parametrize("event", [*passage_events(), *odd_events(1)], ids=lambda each: each.kind)
def test_the_event_fires_with_its_kind_and_details(event: Event) -> None:
    fired = json.loads(rendered(payloads()["event"]["value_template"], event))
    assert fired.pop("event_type") == event.kind
    assert fired["plate"] == event.plate.text
    assert fired["display"] == event.plate.display
    assert fired["country"] == event.plate.country
    assert fired["direction"] == event.direction
    assert fired["lists"] == [hit.name for hit in event.lists]
    assert fired["id"] == str(event.id)
    attributes = json.loads(rendered(payloads()["sensor"]["json_attributes_template"], event))
    assert attributes == {"kind": event.kind, **fired}


@pytest.mark.parametrize("mark", ["replayed", "test"])
def test_what_did_not_happen_now_fires_nothing(mark: str) -> None:
    event = structs.replace(passage_events()[0], **{mark: True})
    assert rendered(payloads()["event"]["value_template"], event).strip() == ""


def test_the_sensor_shows_the_plate() -> None:
    assert rendered(payloads()["sensor"]["value_template"], passage_events()[0]) == "BU9042"
