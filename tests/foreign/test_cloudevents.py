"""CloudEvents of cameras with any name, through the official SDK in both of its interfaces."""

from collections.abc import Callable, Mapping

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.v1.http import from_http
from msgspec import structs

from platewire.model import Entry
from platewire.testing.sample_events import passage_events
from platewire.wire import cloudevents, native

NAMES = ["gate", "North gate", "Süd", "a/b", "50 %", "a%20b", "a b", "a~20b", "Въезд", "入口"]
Seen = tuple[str, str, str]


def by_core(headers: Mapping[str, str], body: bytes) -> Seen:
    event = from_http_event(HTTPMessage(dict(headers), body))
    return event.get_source(), event.get_id(), event.get_subject() or ""


def by_version_1(headers: Mapping[str, str], body: bytes) -> Seen:
    event = from_http(dict(headers), body)
    return event["source"], event["id"], event["subject"]


def as_it_stands(headers: Mapping[str, str], body: bytes) -> Seen:
    """What an SDK has that decodes nothing."""
    return headers["ce-source"], headers["ce-id"], headers["ce-subject"]


def entry(camera: str) -> Entry:
    event = structs.replace(passage_events()[0], camera=camera)
    return Entry(event, native.encode(event))


@pytest.mark.parametrize("read", [by_core, by_version_1])
@pytest.mark.parametrize("name", NAMES)
def test_both_modes_have_the_same_source(
    name: str, read: Callable[[Mapping[str, str], bytes], Seen]
) -> None:
    binary = cloudevents.binary(entry(name), name)
    assert read(*binary) == read(*cloudevents.structured(entry(name), name))
    assert read(*binary) == as_it_stands(*binary)


def test_no_two_names_share_a_source() -> None:
    sources = {cloudevents.attributes(entry(name).event, "site")["source"] for name in NAMES}
    assert len(sources) == len(NAMES)
