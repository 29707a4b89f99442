"""Countries and plate forms that a site adds in its configuration."""

from pathlib import Path

import pytest

from platewire.config.load import load
from platewire.country import KNOWN
from platewire.errors import ConfigError
from platewire.recognition.engines.plates import PlatesSettings
from platewire.recognition.settings import OwnCountry, ReadingSettings
from platewire.recognition.text.plausible import understood
from tests.recognition.text.lines import line

KOSOVO = OwnCountry(code="XK", forms=("DD-DDD-LL",), band="RKS")


def settings(*countries: OwnCountry, expected: tuple[str, ...] = ()) -> ReadingSettings:
    return PlatesSettings(country=countries, countries=expected)


def test_a_country_of_the_configuration_is_named_by_its_form(tmp_path: Path) -> None:
    path = tmp_path / "platewire.toml"
    path.write_text(
        '[recognition]\ntype = "plates"\n'
        '[[recognition.country]]\ncode = "XK"\nforms = ["DD-DDD-LL"]\nband = "RKS"\n'
    )
    recognition = load(path).recognition
    assert isinstance(recognition, PlatesSettings)
    found = recognition.forms.understand("01234AB", hint=recognition.expected)
    assert (found.country, found.display) == ("XK", "01-234-AB")


def test_it_counts_as_expected() -> None:
    assert settings(KOSOVO, expected=("DE", "XK")).expected == ("DE", "XK")
    assert settings(KOSOVO).expected == ("XK",)


def test_its_band_is_dropped() -> None:
    found = settings(KOSOVO).forms.understand("RKS01234AB", hint=("XK",))
    assert (found.text, found.country, found.band) == ("01234AB", "XK", "RKS")


def test_a_form_is_added_to_a_country_that_is_known() -> None:
    own = OwnCountry(code="DE", forms=("'BP' DD-DDD",))
    forms = settings(own).forms
    assert forms.understand("BP12345", hint=("DE",)).display == "BP 12-345"
    assert forms.understand("HHAB123", hint=("DE",)).display == "HH-AB 123"


def test_the_engine_understands_a_line_of_it() -> None:
    one = settings(KOSOVO)
    found = understood(line("01-234-AB"), one.expected, one.forms)
    assert found is not None
    assert (found.text, found.country) == ("01234AB", "XK")


def test_without_any_the_table_is_used_as_it_is() -> None:
    assert settings().forms is KNOWN


@pytest.mark.parametrize("form", ["", "DD?LL", "<XX> DDD", "d"])
def test_a_form_that_cannot_be_read_is_named(form: str) -> None:
    with pytest.raises(ConfigError, match=r"recognition\.country XK: form .* is not valid: use L"):
        settings(OwnCountry(code="XK", forms=(form,))).check_countries()


def test_a_country_that_is_added_may_be_expected() -> None:
    settings(KOSOVO, expected=("XK",)).check_countries()
    with pytest.raises(ConfigError, match="no plate forms for XY"):
        settings(KOSOVO, expected=("XY",)).check_countries()
