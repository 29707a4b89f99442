"""What lettering says of make and model: precision before recall."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.recognition.vehicle.makes import Badges, Spoken, badges_of, key_of, shipped, split

SURE = 0.97


def said(*lines: str, confidence: float = SURE) -> tuple[str | None, str | None]:
    found = badges_of([Spoken(line, confidence) for line in lines])
    return (found.make.value if found.make else None, found.model.value if found.model else None)


@pytest.mark.parametrize(
    ("lines", "make", "model"),
    [
        (["RENAULT", "Clio"], "Renault", "Clio"),
        (["MEGANE"], "Renault", "Megane"),
        (["CITROËN", "C5"], "Citroën", "C5"),
        (["CITROENC5"], "Citroën", "C5"),
        (["Ford", "Focus"], "Ford", "Focus"),
        (["BMW", "320d"], "BMW", "320d"),
        (["Mercedes-Benz", "E 220 CDI"], "Mercedes-Benz", "E220"),
        (["Golf TDI"], "Volkswagen", "Golf"),
        (["RANGE ROVER"], "Land Rover", "Range Rover"),
        (["SEAT", "Ibiza"], "Seat", "Ibiza"),
        (["IBIZA"], "Seat", "Ibiza"),
        (["VW"], "Volkswagen", None),
        (["quattro"], "Audi", None),
        (["TOYOTA COROLLA ALTIS"], "Toyota", "Corolla Altis"),
    ],
)
def test_badges_say_make_and_model(lines: list[str], make: str, model: str | None) -> None:
    assert said(*lines) == (make, model)


@pytest.mark.parametrize(
    "line",
    [
        *("TAXI", "POLIZEI", "AMBULANCE", "www.auto.nl", "0900-1234", "CarSure", "Main entrance"),
        *("AUTOHAUS FORD MAYER", "Van Dijk Renault", "TOYOTA OF SPRINGFIELD", "gettyimages"),
        *("C5", "A4", "320d", "i30", "500", "911", "ZS", "FUSION", "FOCUS", "EXPERT", "SPORT"),
        *("SEAT", "MINI", "SMART", "MAN", "models", "XENON", "CORSA", "TDI", "", "  ", "-"),
    ],
)
def test_what_is_no_certain_badge_says_nothing(line: str) -> None:
    assert badges_of([Spoken(line, 1.0)]) == Badges()


def test_two_makes_contradict_each_other() -> None:
    assert said("TOYOTA", "FORD") == (None, None)
    assert said("MEGANE", "PASSAT") == (None, None)
    assert said("VOLVO", "Qashqai") == (None, None)


def test_a_model_of_several_makes_goes_with_the_make_that_is_read() -> None:
    assert said("OPEL", "CORSA") == ("Opel", "Corsa")
    assert said("VAUXHALL", "CORSA") == ("Vauxhall", "Corsa")


def test_two_models_that_do_not_belong_together_are_none() -> None:
    assert said("FORD", "Fiesta", "Mondeo") == ("Ford", None)
    assert said("FORD", "Focus", "Focus C-Max") == ("Ford", "Focus C-Max")


def test_what_is_read_unsurely_says_nothing() -> None:
    assert said("FORD", confidence=0.85) == (None, None)
    assert said("VOLKSWAGEN", confidence=0.7) == (None, None)


def test_look_alike_letters_are_understood() -> None:
    assert said("F0RD") == ("Ford", None)
    assert said("JACUAR") == ("Jaguar", None)
    assert said("VOLKSWAGFN") == ("Volkswagen", None)


def test_several_badges_of_one_make_are_surer_than_one() -> None:
    one = badges_of([Spoken("RENAULT", 0.9)])
    both = badges_of([Spoken("RENAULT", 0.9), Spoken("TWINGO", 0.9)])
    assert one.make is not None
    assert both.make is not None
    assert one.make.confidence < both.make.confidence <= 1


def test_the_list_is_well_formed() -> None:
    listed = tomllib.loads(
        files("platewire.recognition.vehicle").joinpath("makes.toml").read_text("utf-8")
    )
    makes = set(listed["models"])
    assert len(makes) >= 70
    assert sum(len(split(models)) for models in listed["models"].values()) >= 900
    assert set(listed["aliases"].values()) <= makes
    assert set(listed["marks"].values()) <= makes
    assert set(split(listed["words"]["makes"])) <= makes
    models = {key_of(model) for line in listed["models"].values() for model in split(line)}
    assert {key_of(word) for word in split(listed["words"]["models"])} <= models
    assert all(key_of(make) for make in makes)


def test_every_strong_make_is_known_by_its_own_name() -> None:
    known = shipped()
    makes = {name.make for names in known.names.values() for name in names if name.make}
    for make in makes - known.weak_makes:
        assert said(make, confidence=1.0)[0] == make


@given(st.lists(st.text(max_size=40), max_size=6), st.floats(0, 1))
def test_any_text_is_taken(lines: list[str], confidence: float) -> None:
    found = badges_of([Spoken(line, confidence) for line in lines])
    assert found.model is None or found.make is not None


@given(st.from_regex(r"[A-Z]{2}[0-9]{2,3}[A-Z]{2,3}", fullmatch=True))
def test_a_plate_s_text_is_no_make(text: str) -> None:
    assert said(text) == (None, None)
