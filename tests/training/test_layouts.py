"""The plates that are rendered and the country table say the same of forms, signs and states."""

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from platewire.country import CODES, COUNTRIES, match
from platewire.country.tables import RARE
from platewire.recognition.engines.state_names import NAMES
from training.reader.classes import REGIONS, WITHOUT_CLASS
from training.render import overseas
from training.render.layout import sign_of
from training.render.layouts import BEFORE_MERCOSUR, DRAWN, EUROPE, MERCOSUR, STATES
from training.render.numbers import of_country, of_form

TABLE = {country.code: country for country in COUNTRIES}
seeds = st.integers(0, 2**32 - 1)


def form_of(written: str) -> str:
    """Of a mask or of a state's pattern: L and D without separators."""
    letters = written.removeprefix(RARE).replace("A", "L").replace("1", "D")
    return re.sub("[ .-]", "", letters)


def test_every_country_is_drawn_that_the_reader_shall_know() -> None:
    missing = sorted(CODES - WITHOUT_CLASS - DRAWN)
    assert not missing, (
        f"no layout draws {missing}: add each to EUROPE in training/render/layouts.py, to "
        "OVERSEAS in overseas.py, or to WITHOUT_CLASS in training/reader/classes.py "
        "(see training/README.md, Add a country)"
    )


def test_every_country_that_is_drawn_is_in_the_table() -> None:
    unknown = sorted(DRAWN - CODES)
    assert not unknown, (
        f"training/render/layouts.py draws {unknown}, which platewire.country does not know"
    )


def test_brazil_has_a_design_for_each_of_its_forms() -> None:
    assert set(TABLE["BR"].masks) == {MERCOSUR, BEFORE_MERCOSUR}, (
        "each form of Brazil has its own design: change `brazilian` in training/render/layouts.py"
    )


def test_a_form_that_the_table_lacks_is_not_drawn() -> None:
    with pytest.raises(ValueError, match="BR has no form 'LL-DDD'"):
        of_form("BR", "LL-DDD", np.random.default_rng(1))


@given(seeds, st.sampled_from(sorted(CODES)))
def test_numbers_of_a_country_fit_its_forms(seed: int, country: str) -> None:
    text = of_country(country, np.random.default_rng(seed)).text
    assume(text.isascii())  # Codes with marks are partly made up, see MARKS.
    assert any(one.country == country and one.cost == 0 for one in match(text, hint=(country,)))


@given(seeds)
def test_plates_from_overseas_fit_their_countrys_forms(seed: int) -> None:
    layout = overseas.foreign(np.random.default_rng(seed))
    found = match(layout.number.text, hint=(layout.country,))
    assert any(one.country == layout.country and one.cost == 0 for one in found)


@pytest.mark.parametrize("form", TABLE["US"].regions)
def test_a_form_of_one_state_is_drawn_for_that_state_alone(form: str) -> None:
    state = TABLE["US"].regions[form]
    drawn = {
        code
        for code, one in STATES.items()
        if form_of(form) in map(form_of, one.patterns.split(","))
    }
    assert drawn == {state}, (
        f"the country table names {state} for {form!r}, training/render/layouts.py draws it for "
        f"{sorted(drawn)}: one of them is wrong"
    )


def test_the_states_are_those_that_the_reader_and_the_engine_know() -> None:
    names = {
        code.removeprefix("US-"): name for name, code in NAMES.items() if code.startswith("US-")
    }
    drawn = {code: re.sub("[^A-Z]", "", state.name.upper()) for code, state in STATES.items()}
    assert drawn == names
    assert sorted(STATES) == list(REGIONS)


@pytest.mark.parametrize("country", [code for code in EUROPE if EUROPE[code].band])
def test_a_band_has_the_sign_of_the_table(country: str) -> None:
    assert sign_of(country) == TABLE[country].band[0]


@given(seeds)
def test_an_invented_plate_has_no_country_and_a_number_that_can_be_learned(seed: int) -> None:
    layout = overseas.invented(np.random.default_rng(seed))
    assert layout.country not in CODES
    assert 3 <= len(layout.number.text) <= 12
    assert layout.number.text.isascii()
    assert layout.number.text.isalnum()
