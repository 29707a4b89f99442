"""What 1C gets fits its types, and what it answers is understood."""

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Event
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire import one_c

MOSCOW = ZoneInfo("Europe/Moscow")
EVENTS = [*passage_events(), *odd_events(7)]


def told(event: Event, jpeg: bytes = b"", zone: Any = None) -> dict[str, Any]:
    packet = json.loads(one_c.encode([(event, jpeg)], site="Склад", zone=zone))
    assert packet["format"] == "platewire.1c/1"
    assert packet["site"] == "Склад"
    (passage,) = packet["passages"]
    return dict(passage)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_names_and_types_are_those_of_1c(event: Event) -> None:
    passage = told(event)
    for name, value in passage.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert isinstance(value, str | int | float), f"{name} is {value!r}"
    assert passage["passage"] == str(event.passage)
    assert passage["passage_number"] == event.passage_number
    assert len(str(passage["passage_number"])) <= 38


def test_all_events_have_the_same_names() -> None:
    assert len({tuple(told(event)) for event in EVENTS}) == 1


def test_dates_are_local_and_have_no_offset() -> None:
    event = structs.replace(
        EVENTS[0], first_seen_at=datetime(2026, 1, 2, 23, 59, 59, 999_000, tzinfo=UTC)
    )
    assert told(event)["first_seen_at"] == "2026-01-02T23:59:59"
    assert told(event, zone=MOSCOW)["first_seen_at"] == "2026-01-03T02:59:59"


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_any_date_comes_back_to_the_second(at: datetime) -> None:
    back = datetime.fromisoformat(one_c.date(at, MOSCOW)).replace(tzinfo=MOSCOW, fold=at.fold)
    difference = abs((at - back).total_seconds())
    assert difference < 1 or difference // 3600 >= 1, "but in the hour that the clocks go back"


@given(st.text(), st.binary(max_size=40))
def test_any_text_and_picture_goes_along(text: str, jpeg: bytes) -> None:
    plate = structs.replace(EVENTS[0].plate, region=text)
    passage = told(structs.replace(EVENTS[0], plate=plate), jpeg)
    assert passage["region"].isprintable() or set(passage["region"]) & {"\t", "\n"}
    assert [each for each in text if each.isprintable()] == [
        each for each in passage["region"] if each.isprintable()
    ]
    assert base64.b64decode(passage["picture"]) == jpeg


# --- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "\ufeff", "OK", "принято", "{}", '\ufeff{"other": 1}'])
def test_answers_that_take_all(text: str) -> None:
    assert one_c.parse_response(text) == one_c.DeliveryResponse(None, {})


@given(st.lists(st.uuids(), unique=True), st.lists(st.uuids(), unique=True), st.booleans())
def test_answers_one_by_one(accepted: list[Any], rejected: list[Any], bom: bool) -> None:
    refusals = [{"id": str(each).upper(), "reason": "нет договора"} for each in rejected]
    answer = json.dumps({"accepted": [str(each) for each in accepted], "rejected": refusals})
    told = one_c.parse_response(("\ufeff" if bom else "") + answer)
    assert all(told.refused(each) == "нет договора" for each in rejected)
    assert told.left_out([*accepted, *rejected]) == []
    stranger = EVENTS[0].id
    assert told.left_out([stranger]) == [stranger]


@given(st.text())
def test_any_answer_is_understood_or_not(text: str) -> None:
    try:
        one_c.parse_response(text)
    except one_c.NotUnderstood:
        return
    assert isinstance(one_c.complaint(text), str)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ' + "[" * 15_000,
        "<!DOCTYPE html><html>",
        '{"accepted": 1}',
        '{"rejected": [1]}',
        "{",
        '{"accepted": [null]}',
    ],
)
def test_answers_of_something_else(text: str) -> None:
    with pytest.raises(one_c.NotUnderstood):
        one_c.parse_response(text)


EXCEPTION = (
    '<?xml version="1.0" encoding="UTF-8"?><exception xmlns="http://v8.1c.ru/8.2/virtual-resource-'
    'system" clsid="580392e6-ba49-4280-ac67-fcd6f2180121" reason="406">'
    '<descr xmlns="http://v8.1c.ru/8.1/data/core">Истекло &quot;время&quot; ожидания</descr>'
    "</exception>"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (EXCEPTION, 'Истекло "время" ожидания'),
        ("<html><head><title>x</title></head><body><h1>Not\nFound</h1></body>", "Not Found"),
        (
            "{HTTPСервис.platewire.Модуль(7)}: Поле не найдено",
            "{HTTPСервис.platewire.Модуль(7)}: Поле не найдено",
        ),
        ("", ""),
    ],
)
def test_complaints_are_found_in_the_page(text: str, words: str) -> None:
    assert one_c.complaint(text) == words
