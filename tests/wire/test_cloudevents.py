"""CloudEvents as their own SDK reads them."""

import json
import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Entry, Event
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire import cloudevents, native

Form = Callable[[Entry, str], tuple[dict[str, str], bytes]]
FORMS = pytest.mark.parametrize("form", [cloudevents.binary, cloudevents.structured])
EVENTS = [*passage_events(), *odd_events(1)]
NAMES = st.text(min_size=1, max_size=8) | st.text(alphabet='/%" ?#öж\x00😀', min_size=1)


def logged(event: Event) -> Entry:
    return Entry(event, native.encode(event))


def read(form: Form, event: Event, site: str) -> BaseCloudEvent:
    headers, body = form(logged(event), site)
    return from_http_event(HTTPMessage(headers, body))


@FORMS
@pytest.mark.parametrize("event", EVENTS, ids=lambda each: each.kind)
def test_the_sdk_reads_what_we_said(form: Form, event: Event) -> None:
    seen = read(form, event, "North gate")
    assert seen.get_specversion() == "1.0"
    assert seen.get_id() == str(event.id)
    assert seen.get_type() == f"io.platewire.passage.{event.kind}"
    assert seen.get_subject() == str(event.passage)
    assert seen.get_time() == event.occurred_at
    assert seen.get_datacontenttype() == "application/json"
    assert seen.get_data() == json.loads(native.encode(event))


@given(NAMES, NAMES)
def test_any_name_makes_a_source_that_both_modes_share(site: str, camera: str) -> None:
    event = structs.replace(EVENTS[0], camera=camera)
    source = read(cloudevents.binary, event, site).get_source()
    assert source == read(cloudevents.structured, event, site).get_source()
    assert re.fullmatch(r"/platewire/[A-Za-z0-9_.~-]+/[A-Za-z0-9_.~-]+", source)
    assert [unquote(part.replace("~", "%")) for part in source.split("/")[2:]] == [site, camera]


def test_headers_hold_nothing_that_a_header_must_not() -> None:
    for event in EVENTS:
        headers, _ = cloudevents.binary(logged(event), 'a "site" – 50 %')
        for name, value in headers.items():
            assert name == "Content-Type" or re.fullmatch(r"ce-[a-z0-9]{1,20}", name)
            assert re.fullmatch(r"[!#-~]+", value)


def test_binary_mode_sends_the_logged_bytes() -> None:
    entry = logged(EVENTS[0])
    headers, body = cloudevents.binary(entry, "site")
    assert body is entry.body
    assert headers["ce-source"] == "/platewire/site/gate"
    assert headers["ce-time"] == "2026-01-02T03:04:06.678000Z"


def test_structured_mode_holds_the_logged_bytes() -> None:
    entry = logged(EVENTS[0])
    headers, body = cloudevents.structured(entry, "site")
    assert headers == {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
    assert entry.body in body
