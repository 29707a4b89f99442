"""Stills: one picture for each vehicle, as a camera uploads them. One look is all there is."""

import pytest

from platewire.passage.settings import PassageSettings
from tests.passage.scene import Camera, read_of


def stills(**settings: object) -> Camera:
    return Camera(PassageSettings(stills=True, **settings))  # type: ignore[arg-type]


def test_one_look_is_reported() -> None:
    camera = stills()
    camera.watch([read_of("ZZ0123QQ")])
    camera.end()
    assert camera.story == [("new", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]


def test_a_number_that_is_set_counts_for_stills_too() -> None:
    camera = stills(hold_back=1)
    camera.watch([read_of("ZZ0123QQ")])
    camera.end()
    assert camera.story == []


@pytest.mark.parametrize("other", ["ZZ0124QQ", "ZZ0123Q", "ZZ0128QX"])
def test_another_text_is_another_vehicle_however_near(other: str) -> None:
    camera = stills(distance=2)
    camera.watch([read_of("ZZ0123QQ"), read_of(other, 1000)])
    assert camera.story == [("new", "ZZ0123QQ"), ("new", other)]


@pytest.mark.parametrize("again", ["ZZ0123QQ", "ZZO123QQ", "2Z01Z3QQ"])
def test_an_equal_or_look_alike_text_is_the_same_vehicle_anywhere(again: str) -> None:
    camera = stills()
    camera.watch([read_of("ZZ0123QQ"), read_of(again, 2000, x=100, y=100, width=300)])
    assert [kind for kind, _ in camera.story].count("new") == 1
    assert len(camera.passages.open) == 1


def test_look_alike_plates_of_one_picture_stay_two() -> None:
    camera = stills()
    camera.see(0, read_of("ZZ0123QQ", x=200), read_of("ZZO123QQ", x=900))
    assert len(camera.passages.open) == 2


def test_a_text_held_back_is_no_misreading_of_the_next_picture() -> None:
    camera = stills(hold_back=1)
    camera.watch([read_of("ZZ0123QQ"), read_of("ZZ0124QQ", 500), read_of("ZZ0124QQ", 900)])
    assert [each.text for each in camera.passages.open] == ["ZZ0123QQ", "ZZ0124QQ"]


# --- read, never confirmed ---------------------------------------------------------------------


def test_what_was_read_and_never_confirmed_is_counted() -> None:
    camera = Camera(PassageSettings())
    camera.watch([read_of("ZZ0123QQ")])
    assert camera.passages.unconfirmed == 0
    camera.pause(6000)
    camera.watch([read_of("AB1234CD", 7000)])
    camera.end()
    assert camera.passages.unconfirmed == 2
    assert camera.passages.last_unconfirmed == "AB1234CD"


@pytest.mark.parametrize("settings", [{"hold_back": 0}, {"unconfirmed": "lost"}, {"stills": True}])
def test_what_was_reported_is_not(settings: dict[str, object]) -> None:
    camera = Camera(PassageSettings(**settings))  # type: ignore[arg-type]
    camera.watch([read_of("ZZ0123QQ")])
    camera.end()
    assert camera.passages.unconfirmed == 0
