"""How often the slower networks are asked, and what they answer on a plate."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from platewire.model import Box
from platewire.recognition.engines.second_opinion import REMEMBERED, RecentRequests, SecondOpinion
from platewire.recognition.text.plausible import text_of
from tests.recognition.drawing import scene_with, wall

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HERE, THERE = Box(100, 100, 60, 15), Box(400, 100, 60, 15)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_one_place_is_asked_once_a_second() -> None:
    asked = RecentRequests()
    answers = [asked.may_ask("gate", after(tenth / 10), HERE) for tenth in range(25)]
    assert [index for index, yes in enumerate(answers) if yes] == [0, 10, 20]


def test_how_far_questions_are_apart_may_be_told() -> None:
    asked = RecentRequests(timedelta(milliseconds=200))
    answers = [asked.may_ask("gate", after(tenth / 10), HERE) for tenth in range(6)]
    assert [index for index, yes in enumerate(answers) if yes] == [0, 2, 4]


def test_a_vehicle_that_moves_on_is_the_same_place() -> None:
    asked = RecentRequests()
    assert asked.may_ask("gate", NOW, HERE)
    assert not asked.may_ask("gate", after(0.1), HERE._replace(x=130))


def test_another_place_or_camera_is_asked_too() -> None:
    asked = RecentRequests()
    assert asked.may_ask("gate", NOW, HERE)
    assert asked.may_ask("gate", NOW, THERE)
    assert asked.may_ask("yard", NOW, HERE)


def test_a_recording_that_begins_again_is_asked_again() -> None:
    asked = RecentRequests()
    for _ in range(2):
        answers = []
        for tenth in range(15):
            asked.begin("gate", after(tenth / 10))
            answers.append(asked.may_ask("gate", after(tenth / 10), HERE))
        assert [index for index, yes in enumerate(answers) if yes] == [0, 10]


def test_two_plates_of_one_frame_are_both_asked_for() -> None:
    asked = RecentRequests()
    asked.begin("gate", NOW)
    assert asked.may_ask("gate", NOW, HERE)
    assert asked.may_ask("gate", NOW, THERE)
    asked.begin("gate", after(0.1))
    assert not asked.may_ask("gate", after(0.1), HERE)


def test_what_is_remembered_is_bounded() -> None:
    asked = RecentRequests()
    for index in range(5 * REMEMBERED):
        assert asked.may_ask("gate", NOW, Box(1000.0 * index, 0, 60, 15))
    assert len(asked._by_camera["gate"]) == REMEMBERED


@pytest.fixture(scope="module")
def second() -> SecondOpinion:
    return SecondOpinion(threads=2)


def test_a_plate_is_read(second: SecondOpinion) -> None:
    frame = scene_with("MT09 HFK")
    line = second.ask(
        frame.pixels, np.array([[190, 205], [450, 205], [450, 275], [190, 275]], "f4")
    )
    assert line is not None
    assert text_of(line) == "MT09HFK"


def test_of_a_wall_nothing_is_said(second: SecondOpinion) -> None:
    quad = np.array([[190, 205], [450, 205], [450, 275], [190, 275]], "f4")
    assert second.ask(wall(), quad) is None
