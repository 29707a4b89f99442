"""Our own event form: round trips, the published schema, and the page that explains it."""

import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.model import Event, Images, ListHit
from platewire.testing.sample_events import odd_events, passage_events, picture
from platewire.wire import native

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = picture().image


def events() -> list[Event]:
    images = Images(plate=SHOWN, frame=SHOWN)
    logged = [event.numbered(7, event.occurred_at) for event in passage_events(3, images=images)]
    return [*logged, *passage_events(2, updates=3), *odd_events(5)]


def validator() -> jsonschema.Draft202012Validator:
    schema = native.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


@pytest.mark.parametrize("event", events(), ids=lambda event: f"{event.kind}-{event.revision}")
def test_events_fit_their_schema_and_come_back(event: Event) -> None:
    body = native.encode(event)
    validator().validate(json.loads(body))
    assert native.decode(body) == event


@given(st.text(max_size=20), st.text(max_size=20), st.floats(0, 1), st.integers(0, 2**63 - 1))
def test_any_text_comes_back(display: str, camera: str, confidence: float, number: int) -> None:
    event = msgspec.structs.replace(passage_events()[1], camera=camera, passage_number=number)
    plate = msgspec.structs.replace(event.plate, display=display, confidence=confidence)
    event = msgspec.structs.replace(event, plate=plate)
    assert native.decode(native.encode(event)) == event


def test_a_hit_of_before_entries_had_cards_is_read() -> None:
    hit = {"name": "staff", "mode": "exact", "kind": "allow", "entry": "BU 9042"}
    body = json.loads(native.encode(passage_events()[0])) | {"lists": [hit]}
    found = native.decode(json.dumps(body).encode()).lists
    assert found == (ListHit("staff", "exact", "allow", "BU 9042"),)


def test_times_are_utc_with_z() -> None:
    body = json.loads(native.encode(passage_events()[0]))
    assert body["occurred_at"] == "2026-01-02T03:04:06.678000Z"


@pytest.mark.parametrize("field", sorted(native.json_schema()["required"]))
def test_an_event_without_a_field_does_not_fit(field: str) -> None:
    body = json.loads(native.encode(passage_events()[0]))
    del body[field]
    assert not validator().is_valid(body)


def test_fields_of_later_versions_are_passed_over() -> None:
    event = passage_events()[0]
    body = json.loads(native.encode(event)) | {"speed_kmh": 50}
    validator().validate(body)
    assert native.decode(json.dumps(body).encode()) == event


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"kind":"gone"}', b"\xff"])
def test_what_is_no_event(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        native.decode(body)


def test_every_field_is_described() -> None:
    schema = native.json_schema()
    for name, part in {"Event": schema, **schema["$defs"]}.items():
        for field, about in part.get("properties", {}).items():
            assert about.get("description"), f"{name}.{field} has no description"


def test_the_page_explains_every_field() -> None:
    page = (DOCS / "event.md").read_text("utf-8")
    sections = dict(re.findall(r"^## `(\w+)`.*?$(.*?)(?=^## |\Z)", page, re.S | re.M))
    schema = native.json_schema()
    for name, part in {"Event": schema, **schema["$defs"]}.items():
        for field in part.get("properties", {}):
            assert f"| `{field}` |" in sections[name], f"{name}.{field} is not explained"


def test_the_example_on_the_page_is_an_event() -> None:
    examples = re.findall(r"```json\n(.*?)```", (DOCS / "event.md").read_text("utf-8"), re.S)
    assert examples
    for example in examples:
        body = json.loads(example)
        validator().validate(body)
        native.decode(example.encode())
