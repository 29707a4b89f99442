"""What is said to Nx servers, and what their answers mean."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Attribute, Vehicle
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.vms import nx
from platewire.wire.vms.nx import Device, NotUnderstood

EVENT = passage_events()[2]


@given(st.text())
def test_no_answer_is_worse_than_not_understood(answer: str) -> None:
    for read in (nx.token, nx.devices, nx.refusal):
        with contextlib.suppress(NotUnderstood):
            read(answer)


@pytest.mark.parametrize("answer", ['{"a": ' + "[" * 15_000, '{"token": "a\\nX: b"}'])
def test_an_answer_without_end_or_a_token_for_no_header_is_not_understood(answer: str) -> None:
    with pytest.raises(NotUnderstood):
        nx.token(answer)


@given(st.lists(st.builds(Device, st.text(), st.text(), st.text())), st.text())
def test_a_device_is_found_by_what_it_has(known: list[Device], wanted: str) -> None:
    found = nx.find(known, wanted)
    assert all(each in known for each in found)
    if any(each.name == wanted for each in known):
        assert found


@pytest.mark.parametrize(
    "url", ["10.0.0.7", "10.0.0.7:8080", "http://10.0.0.7", "rtsp://u:p@10.0.0.7:554/a?b"]
)
def test_the_address_within_a_url(url: str) -> None:
    device = Device("{1}", "name", url)
    assert nx.find([device], "10.0.0.7") == [device]


def test_an_id_goes_before_an_address_and_an_address_before_a_name() -> None:
    named = Device("1", "10.0.0.7", "10.0.0.9")
    there = Device("2", "2", "10.0.0.7")
    assert nx.find([named, there], "10.0.0.7") == [there]
    assert nx.find([named, there], "1") == [named]


@pytest.mark.parametrize("answer", ['{"error": "0"}', '{"error": 0, "reply": {}}'])
def test_taken(answer: str) -> None:
    assert nx.refusal(answer) is None


def test_refused() -> None:
    assert nx.refusal('{"error": "2", "errorString": "no caption"}') == "error 2 no caption"


def test_a_bookmark_without_the_server_it_is_kept_on() -> None:
    body = json.loads(nx.bookmark(EVENT, Device("{AB}")))
    assert "serverId" not in body
    assert nx.bookmarks_path(Device("{AB}")) == "/rest/v2/devices/ab/bookmarks"


def test_the_description_says_what_is_known_and_what_is_a_test() -> None:
    vehicle = Vehicle(
        make=Attribute("VW", 0.9), model=Attribute("Golf", 0.9), color=Attribute("blue", 0.9)
    )
    event = structs.replace(EVENT, vehicle=vehicle, test=True, replayed=True)
    words = "test, replayed, lost, DE, in, blue VW Golf, list staff, passage 1767323045000001"
    assert nx.description(event) == words


def test_odd_events_can_be_said() -> None:
    for event in odd_events(7):
        assert nx.event_query(event, Device("1"))["caption"] == event.plate.text
        assert json.loads(nx.bookmark(event, Device("1")))["durationMs"] >= nx.BOOKMARK_MS_MIN
