"""The classes of the reader network: those of the model that ships, unless somebody retrains it."""

import json
from pathlib import Path

import onnx
import pytest

import platewire.recognition
from platewire.country import CODES
from training.reader.classes import (
    CLASSES,
    COUNTRIES,
    UNKNOWN_COUNTRY,
    WITHOUT_CLASS,
    matching_rows,
)
from training.render.layouts import DRAWN

MODEL = Path(platewire.recognition.__file__).parent / "networks" / "models" / "plate_reader.onnx"
KNOWN = set(COUNTRIES) - {UNKNOWN_COUNTRY}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_the_shipped_model_has_the_classes_of_the_training(name: str) -> None:
    shipped = {one.key: json.loads(one.value) for one in onnx.load(MODEL).metadata_props}
    assert shipped[name] == list(CLASSES[name]), (
        f"{MODEL.name} was trained with other {name} than training/reader/classes.py lists: "
        "retrain and export it (see training/README.md), or take the change back"
    )


def test_a_country_of_the_table_is_a_class_or_said_to_be_none() -> None:
    missing = sorted(CODES - KNOWN - WITHOUT_CLASS)
    assert not missing, (
        f"the country table has {missing}, which the reader network does not know. Add them to "
        "WITHOUT_CLASS in training/reader/classes.py: they are then named by the form of the text "
        "alone. To name them by appearance, retrain (see training/README.md, Add a country)"
    )


def test_a_class_is_a_country_of_the_table() -> None:
    gone = sorted(KNOWN - CODES)
    assert not gone, (
        f"the reader network knows {gone}, which the country table does not: plates that look like "
        "them would name a country without forms. Keep their lines in platewire.country, or retrain"
    )


def test_a_country_without_a_class_is_in_the_table_and_no_class() -> None:
    assert WITHOUT_CLASS <= CODES
    assert not WITHOUT_CLASS & KNOWN, "these have a class: take them out of WITHOUT_CLASS"


def test_the_network_is_shown_every_class() -> None:
    assert DRAWN >= KNOWN, f"no layout draws {sorted(KNOWN - DRAWN)}"


def test_weights_follow_the_class_and_not_its_place() -> None:
    assert matching_rows(["", "AT", "DE"], ["", "AT", "CH", "DE"]) == [(0, 0), (1, 1), (2, 3)]
    assert matching_rows(["", "AT", "DE"], ["", "DE"]) == [(0, 0), (2, 1)]
