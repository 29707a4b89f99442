"""A test event says in every form that it is one, also where nothing may be added to what others
wrote down; where a form has no place for that, no test is sent."""

import json
from xml.etree import ElementTree

import cv2
import msgspec
import numpy as np
import pytest

from platewire.delivery.test_events import entries_to_try, kinds_to_try
from platewire.errors import ConfigError
from platewire.model import Entry, Kind
from platewire.outputs.http.http import HttpSettings
from platewire.outputs.messages.text import DETAILS, TITLE, Texts
from platewire.outputs.tcp.auto_intellect import AutoIntellectSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.test_plate import TEST_PICTURE
from platewire.testing.check_output import SITE
from platewire.wire.numberok import tcp as numberok_tcp
from platewire.wire.vms import auto_intellect, milestone
from tests.outputs.http.http_receiver import receiving as receiving_http
from tests.outputs.http.http_sending import connected, entries
from tests.outputs.http.http_sending import settings as http_settings
from tests.outputs.tcp.test_tcp_push import receiving, settings


def entry_to_try() -> Entry:
    config = msgspec.convert({"type": "http", "name": "x", "url": "http://x"}, HttpSettings)
    return entries_to_try(config, [Kind.NEW], SITE, SystemClock())[0]


@pytest.mark.parametrize("form", ["axis", "numberok-1.0", "numberok-1.6"])
@pytest.mark.parametrize("additions", [True, False])
async def test_numberoks_json_over_tcp(form: str, additions: bool) -> None:
    context, logged = await entries()
    async with receiving() as receiver:
        sender = settings(receiver.address, format=form, additions=additions).build(context)
        for entry in (entry_to_try(), logged[0]):
            await sender.send([entry])
        await sender.close()
        await receiver.arrived(2)
    test, real = map(json.loads, receiver.bodies)
    assert test["testMode"] == "Enabled"
    assert "testMode" not in real
    assert ("eventID" in test) is additions


def test_numberoks_tcp() -> None:
    text = numberok_tcp.event_text(entry_to_try().event, SITE, additions=False)
    assert b"TestMode=Enabled" in text


def test_auto_intellects_xml() -> None:
    told = ElementTree.fromstring(auto_intellect.xml(entry_to_try().event, 1, additions=False))
    assert told.attrib["test"] == "true"
    assert "event-id" not in told.attrib


def test_a_form_without_a_place_for_it_is_not_tested() -> None:
    raw = {"type": "auto_intellect", "name": "ai", "form": "stx"}
    with pytest.raises(
        ConfigError, match=r'"ai" does not send test events: .*format `stx` .*TEST123'
    ):
        kinds_to_try(msgspec.convert(raw, AutoIntellectSettings), ())
    assert kinds_to_try(msgspec.convert({**raw, "form": "xml"}, AutoIntellectSettings), ())


def test_the_line_of_generic_events() -> None:
    line = milestone.generic_line(entry_to_try().event, "ANPR").decode()
    assert line.startswith("ANPR;new;TEST123;")
    assert line.endswith(";test\r\n")


@pytest.mark.parametrize("template", [TITLE, DETAILS, "{{ event.plate.text }} came"])
async def test_texts_for_people(template: str) -> None:
    _, logged = await entries()
    texts = Texts("x", {"text": template, "click": "http://x/"}, SITE)
    test, real = texts.of(entry_to_try()), texts.of(logged[0])
    assert test["text"].startswith("TEST TEST123 ")
    assert test["click"] == "http://x/"
    assert "TEST" not in real["text"]


# --- the picture ---------------------------------------------------------------------------------


def test_the_picture_is_that_which_the_event_names() -> None:
    pixels = cv2.imdecode(np.frombuffer(TEST_PICTURE.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    image = entry_to_try().event.images.plate
    assert image == TEST_PICTURE.image
    assert pixels.shape == (image.height, image.width, 3)
    assert image.bytes == len(TEST_PICTURE.jpeg)


@pytest.mark.parametrize("picture", ["plate", "vehicle", "frame"])
async def test_an_output_that_sends_pictures_sends_it(picture: str) -> None:
    """Whichever picture is selected: there is no larger one."""
    context, _ = await entries()
    async with receiving_http() as receiver:
        config = http_settings(receiver.url, body="multipart", picture=picture)
        async with connected(config, context) as sender:
            await sender.send([entry_to_try()])
    assert receiver.requests[0].parts["image"].content == TEST_PICTURE.jpeg
