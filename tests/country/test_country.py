"""Every country's plates are known, shown as they are written, and put right where misread."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.country import (
    CODES,
    COUNTRIES,
    breaks_of,
    confusion,
    keep_letters,
    match,
    normalize,
    understand,
)

EXAMPLES = {
    "AL": ("AB 123 CD", "AC 904 KX"),
    "AT": ("W-12345X", "GU-123AB", "KI-987ZA"),
    "BA": ("A12-K-345", "M98-O-765"),
    "BE": ("1-ABC-234", "2-XYZ-907", "ABC-123", "123-ABC"),
    "BG": ("CB 1234 AB", "B 9876 KH"),
    "BR": ("ABC-1234", "ABC1D23"),
    "BY": ("1234 AB-7", "9876 EX-1"),
    "CH": ("ZH 123456", "GE 98765", "TI 4321"),
    "CY": ("KAB 123", "HEZ 904"),
    "CZ": ("1A2 3456", "4BC 7890", "EL 123 AB"),
    "DE": ("B-XY 1234", "HH-AB 123", "GER-K 42", "M-E 4711", "HH-AB 123E"),
    "DK": ("AB 12 345", "XY 98 765"),
    "EE": ("123 ABC", "904 KLM"),
    "ES": ("1234 BCD", "9876 KLM", "M-1234-AB"),
    "FI": ("ABC-123", "XYZ-904"),
    "FR": ("AB-123-CD", "GH-904-XZ", "1234 AB 75"),
    "GB": ("AB12 CDE", "MT09 HFK", "A123 BCD", "DXZ 6057"),
    "GR": ("ABE-1234", "IKM-9876"),
    "HR": ("ZG 1234-AB", "ST 987-K", "RI 123-XY"),
    "HU": ("ABC-123", "AA BC-123"),
    "IE": ("131-D-12345", "02-TN-1565", "241-C-987"),
    "IN": ("MH 12 AB 1234", "DL 7 CN 5617", "KL 65 H 4383", "DL 49 AK 49"),
    "IS": ("AB-C12", "XY-987"),
    "IT": ("AB 123CD", "GH 904XZ"),
    "LI": ("FL 12345", "FL 987"),
    "LT": ("ABC 123", "KLM 904"),
    "LU": ("AB 1234", "XY 9876"),
    "LV": ("AB-1234", "KL-987"),
    "MD": ("ABC 123", "CN AB 123"),
    "ME": ("PG AB123", "BD XY987"),
    "MK": ("SK 1234-AB", "BT 987-KL"),
    "MT": ("ABC 123", "KLM 904"),
    "NL": ("12-BDF-3", "BD-123-F", "X-987-ZT", "GB-12-34", "12-BD-FG"),
    "NO": ("AB 12345", "DN 98765"),
    "PL": ("WI 027HJ", "KR 12345", "WGM 12AC"),
    "PT": ("AB-12-CD", "12-AB-34", "12-34-AB"),
    "RO": ("B 123 ABC", "SB 90 TZI", "IF 05 TAC"),
    "RS": ("BG 1234-AB", "NS 987-KL"),
    "RU": ("A 123 BC 77", "K 987 MH 199"),
    "SE": ("ABC 123", "KLM 12A"),
    "SI": ("LJ AB-123", "MB 1C-234"),
    "SK": ("BA-123AB", "KE-987XY"),
    "TR": ("34 AB 1234", "06 K 9876", "35 ABC 12"),
    "UA": ("AA 1234 BB", "KA 9876 XT"),
    "US": ("ABC-1234", "8ABC123", "K12-LMN"),
    "AR": ("ABC 123", "AB 123 CD"),
    "AU": ("ABC-123", "1AB-2CD", "AB-12-CD", "S123-ABC"),
    "CA": ("ABCD-123", "ABC-1234", "AB1 23C"),
    "CL": ("BCDF-12", "BC-1234"),
    "CN": ("A-12345", "B-D12345", "A-1B234"),
    "CO": ("ABC 123", "ABC 12D"),
    "IL": ("12-345-67", "123-45-678"),
    "MX": ("ABC-123-D", "A12-BCD", "AB-12-345"),
    "NZ": ("ABC123", "AB1234"),
    "PK": ("ABC 123", "LEA 1234", "LEA 07 1234", "AB 123"),
    "AE": ("A 12345", "AA 12345", "12 34567", "5 12345"),
    "AM": ("34 LL 123", "123 AB 34"),
    "AZ": ("10-AA-123", "99-XY-987"),
    "BO": ("1234 ABC", "904 XYZ"),
    "CR": ("BCD-123", "123456"),
    "DZ": ("123456 116 16", "04521 109 31"),
    "EC": ("PBA-1234", "GHI-987", "AB123C"),
    "GE": ("AB-123-CD", "ABC-123"),
    "GH": ("GR 1234-20", "AS 987-14", "GE 1234 Z"),
    "GY": ("PAA 1234", "HAB 9876"),
    "ID": ("B 1234 ABC", "AB 12 CD", "D 987 X"),
    "KE": ("KCA 123A", "KAB 987", "KMDA 123B"),
    "KW": ("1 23456", "12 34567"),
    "KZ": ("123 ABC 02", "987 AB 01", "A 123 BCD"),
    "MY": ("ABC 1234", "WA 1234 B", "QAA 12 C", "JK 7"),
    "NG": ("ABC-123DE", "AB 123-CDE"),
    "PE": ("ABC-123", "A1B-234", "1234-AB"),
    "PH": ("ABC 1234", "ABC 123", "123 ABC"),
    "PY": ("ABCD 123", "ABC 123", "123 ABCD"),
    "QA": ("123456", "9876"),
    "SA": ("1234 ABD", "7 XVZ"),
    "SG": ("SBA 1234 A", "GB 987 K", "FBC 12 T"),
    "SR": ("PA 12-34", "P 98-76"),
    "TN": ("123 4567", "98 7654"),
    "TW": ("ABC-1234", "1234-AB", "AB-1234", "ABC-123"),
    "UY": ("SAB 1234", "BCD 9876"),
    "VE": ("AB 123 CD", "A12 BC 3D", "ABC 12D"),
    "VN": ("51F-123.45", "30A-1234", "59-X1 123.45", "29-AA 123.45"),
    "ZA": ("AB 12 CD GP", "ABC 123 GP", "CA 123 456", "ND 123 456"),
}


def written() -> list[tuple[str, str]]:
    return [(code, plate) for code, plates in EXAMPLES.items() for plate in plates]


def test_every_country_has_examples() -> None:
    assert {country.code for country in COUNTRIES} == CODES
    assert set(EXAMPLES) == CODES, f"EXAMPLES: add or remove {sorted(set(EXAMPLES) ^ CODES)}"


def test_the_page_lists_every_country_with_its_examples() -> None:
    page = (Path(__file__).parents[2] / "docs" / "countries.md").read_text("utf-8")
    for country in COUNTRIES:
        examples = " · ".join(EXAMPLES[country.code])
        row = f"| {country.code} | {country.name} | {examples} |"
        assert row in page, f"docs/countries.md, Known countries: add the row {row}"


@pytest.mark.parametrize(("code", "plate"), written())
def test_a_plate_is_known_and_shown_as_written(code: str, plate: str) -> None:
    found = match(normalize(plate), hint=(code,))
    shown = {one.display for one in found if one.country == code and one.cost == 0}
    assert plate in shown


@pytest.mark.parametrize(("code", "plate"), written())
def test_a_country_that_is_expected_is_named(code: str, plate: str) -> None:
    found = understand(normalize(plate), hint=(code,), breaks=breaks_of(plate))
    assert (found.text, found.country, found.cost) == (normalize(plate), code, 0)


@pytest.mark.parametrize(
    ("plate", "code"),
    [
        ("62-PB-VT", "NL"),
        ("28-RBN-4", "NL"),
        ("MT09 HFK", "GB"),
        ("SB 90 TZI", "RO"),
        ("8ABC123", "US"),
        ("1-ABC-234", "BE"),
        ("34 AB 1234", "TR"),
        ("WI 027HJ", "PL"),
        ("W-12345X", "AT"),
        ("131-D-12345", "IE"),
        ("AA 1234 BB", "UA"),
        ("1234 BCD", "ES"),
    ],
)
def test_a_form_of_one_country_names_it_without_a_hint(plate: str, code: str) -> None:
    assert understand(normalize(plate), breaks=breaks_of(plate)).country == code


@pytest.mark.parametrize("plate", ["ABC 123", "AB-123-CD", "ABC-1234"])
def test_a_form_of_many_countries_names_none(plate: str) -> None:
    found = understand(normalize(plate))
    assert (found.country, found.text, found.known) == (None, normalize(plate), True)


def test_forms_overseas_count_only_where_something_speaks_for_them() -> None:
    assert "IL" not in {one.country for one in match("1234567")}
    assert understand("1234567", seen={"IL": 0.9}).country == "IL"
    assert understand("1234567", hint=("IL",)).display == "12-345-67"
    assert {"AU", "PK"}.isdisjoint(one.country for one in match("ABC123", seen={"DE": 0.9}))
    assert understand("LZF4113", seen={"PK": 0.9, "US": 0.05}).country == "PK"


@pytest.mark.parametrize("text", ["KD075", "HHAB012"])
def test_german_numbers_do_not_begin_with_zero(text: str) -> None:
    assert "DE" not in {one.country for one in match(text) if one.cost == 0}


def test_gaps_that_were_seen_are_shown_where_the_country_is_open() -> None:
    assert understand("ABC123", breaks=frozenset({3})).display == "ABC 123"


@pytest.mark.parametrize(
    ("read", "code", "meant"),
    [
        ("6ZPBVT", "NL", "62PBVT"),
        ("MTO9HFK", "GB", "MT09HFK"),
        ("8123ABC", "RO", "B123ABC"),
        ("AB12SCD", "FR", "AB125CD"),
        ("ABC12S4", "BR", "ABC1254"),
        ("KLG7CA86G5", "IN", "KL67CA8665"),
    ],
)
def test_look_alikes_are_repaired_by_position(read: str, code: str, meant: str) -> None:
    found = understand(read, hint=(code,))
    assert (found.text, found.country) == (meant, code)


def test_what_fits_as_it_is_is_not_repaired_for_a_country_nobody_named() -> None:
    assert understand("AB12CDE").text == "AB12CDE"


@pytest.mark.parametrize(("sure", "meant", "code"), [(0.95, "B57ZFA", "RO"), (0.8, "B572FA", "AT")])
def test_what_fits_as_it_is_is_repaired_for_a_country_it_surely_looks_like(
    sure: float, meant: str, code: str
) -> None:
    """Austria has this form, Romania one with a letter for the 2."""
    found = understand("B572FA", seen={"RO": sure, "AT": 0.05})
    assert (found.text, found.country) == (meant, code)


def test_a_repair_beyond_reason_is_not_made() -> None:
    found = understand("GGBBSS")
    assert (found.text, found.country, found.known) == ("GGBBSS", None, False)


def test_an_unsure_character_is_cheaper_to_replace() -> None:
    sure = understand("6ZPBVT", (1,) * 6, ("NL",)).cost
    unsure = understand("6ZPBVT", (1, 0.1, 1, 1, 1, 1), ("NL",)).cost
    assert 0 < unsure < sure


@pytest.mark.parametrize(
    ("read", "text", "code", "band"),
    [
        ("NL62PBVT", "62PBVT", "NL", "NL"),
        ("FAB123CD", "AB123CD", "FR", "F"),
        ("ROSB90TZI", "SB90TZI", "RO", "RO"),
        ("PLWI027HJ", "WI027HJ", "PL", "PL"),
    ],
)
def test_the_sign_of_the_band_is_dropped(read: str, text: str, code: str, band: str) -> None:
    found = understand(read)
    assert (found.text, found.country, found.band) == (text, code, band)
    assert read == found.band + found.text


def test_looks_repair_nothing_where_owners_choose() -> None:
    assert understand("GOLDIO", seen={"US": 0.99}).text == "GOLDIO"


@pytest.mark.parametrize(("sure", "meant"), [(0.95, "JAM1G"), (0.8, "JAMIG")])
def test_a_rare_form_is_repaired_for_a_country_that_the_plate_surely_looks_like(
    sure: float, meant: str
) -> None:
    """Great Britain's plates draw I and 1 alike; JAM 1G is of 1968."""
    assert understand("JAMIG", seen={"GB": sure}).text == meant


def test_no_sign_is_dropped_from_a_number_of_its_own_country() -> None:
    """Darmstadt's sign is DA; without the D an Augsburg number is left, A-JG 1749."""
    found = understand("DAJG1749")
    assert (found.text, found.country, found.band) == ("DAJG1749", "DE", "")


def test_indian_numbers_count_from_one() -> None:
    found = understand("DL49AK49", seen={"GB": 0.9, "IN": 0.05})
    assert (found.country, found.region, found.display) == ("IN", "DL", "DL 49 AK 49")


@pytest.mark.parametrize(
    ("plate", "code", "region"),
    [
        ("ZH 123456", "CH", "ZH"),
        ("SB 90 TZI", "RO", "SB"),
        ("34 AB 1234", "TR", "34"),
        ("8ABC123", "US", "CA"),
        ("ABC 1234", "US", None),
        ("62-PB-VT", "NL", None),
    ],
)
def test_a_region_is_named_where_the_form_tells(plate: str, code: str, region: str | None) -> None:
    assert understand(normalize(plate), hint=(code,)).region == region


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("b-öl 12", "BOL12"),
        ("АВ 1234 СЕ", "AB1234CE"),
        ("ΑΒΕ-1234", "ABE1234"),
        ("zg·1234-čš", "ZG1234CS"),
        ("１２ＡＢ", "12AB"),
        ("--", ""),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert normalize(text) == normal


def test_letters_of_other_alphabets_are_kept_apart_from_the_normal_form() -> None:
    assert keep_letters("b-öl 12") == "BÖL12"
    assert keep_letters("АВ 12") == "АВ12"


def test_gaps_are_counted_in_the_normal_form() -> None:
    assert breaks_of("-AB 12·CD-") == {2, 4}
    assert breaks_of("AB12CD") == frozenset()


plates = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=11)
hints = st.lists(st.sampled_from(sorted(CODES)), max_size=3)


@given(st.text())
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    normal = normalize(text)
    assert normalize(normal) == normal
    assert normal == "" or (normal.isascii() and normal.isalnum() and normal == normal.upper())


@given(plates, hints)
def test_only_look_alikes_change_and_only_a_band_falls_away(text: str, hint: list[str]) -> None:
    found = understand(text, hint=hint)
    rest = text.removeprefix(found.band)
    assert len(rest) == len(found.text)
    assert text[found.start :] == rest
    pairs = [(seen, meant) for seen, meant in zip(rest, found.text, strict=True) if seen != meant]
    assert all(confusion(*pair) is not None for pair in pairs)
    assert (found.cost > 0) == bool(pairs)


@given(plates, hints)
def test_a_repaired_text_is_not_repaired_again(text: str, hint: list[str]) -> None:
    found = understand(text, hint=hint)
    if found.country in hint and not found.band:
        again = understand(found.text, hint=[found.country])
        assert (again.text, again.cost) == (found.text, 0)


@given(plates, hints)
def test_the_display_shows_the_text(text: str, hint: list[str]) -> None:
    found = understand(text, hint=hint, breaks=frozenset({1, 3}))
    assert normalize(found.display) == found.text


@given(plates)
def test_the_best_match_comes_first_and_costs_rise_with_doubt(text: str) -> None:
    weights = [one.weight for one in match(text)]
    assert weights == sorted(weights, reverse=True)


@given(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), st.sampled_from("OIBSZ01852"))
def test_confusion_knows_no_direction(one: str, other: str) -> None:
    assert confusion(one, other) == confusion(other, one)
