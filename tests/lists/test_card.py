"""Access cards: what each number of bits can hold, and what is wrong in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.lists import card
from platewire.lists.card import FIELDS, LAYOUTS, Fault, spelled
from platewire.lists.entry import EntryError, list_entry

bits = st.sampled_from(sorted(LAYOUTS))
anything = st.text("0123456789 -+.,eExX٣²", max_size=24) | st.integers(0, 2**70).map(str)


def of(facility: str, number: str, size: str) -> dict[str, str]:
    return dict(zip(FIELDS, (facility, number, size), strict=True))


@given(bits, st.data(), st.integers(0, 3))
def test_maximum_values_are_accepted(size: int, data: st.DataObject, zeros: int) -> None:
    layout = LAYOUTS[size]
    number = data.draw(st.integers(0, 2**layout.number_bits - 1))
    facility = ""
    if layout.facility_bits:
        facility = str(data.draw(st.integers(0, 2**layout.facility_bits - 1)))
    expected = of(facility, str(number), str(size))
    assert spelled(expected) == expected
    padded = of(facility and "0" * zeros + facility, "0" * zeros + str(number), str(size))
    assert spelled(padded) == expected, "leading zeros are not another card"


@given(bits, st.data())
def test_values_above_the_maximum_are_refused(size: int, data: st.DataObject) -> None:
    layout = LAYOUTS[size]
    beyond = 2**layout.number_bits + data.draw(st.integers(0, 2**70))
    facility = "0" if layout.facility_bits else ""
    found = spelled(of(facility, str(beyond), str(size)))
    assert isinstance(found, Fault)
    assert (found.field, found.reason) == (
        "card_number", f"it exceeds {layout.number_bits} bits",
    )  # fmt: skip


@given(anything, anything, anything | bits.map(str))
def test_other_values_are_refused_with_a_remedy(facility: str, number: str, size: str) -> None:
    found = spelled(of(facility, number, size))
    if isinstance(found, Fault):
        assert found.field in FIELDS
        assert found.reason
        assert found.remedy
        return
    assert spelled(found) == found, "one spelling"
    if any(found.values()):
        layout = LAYOUTS[int(found["card_bits"])]
        assert int(found["card_number"]) < 2**layout.number_bits
        assert (found["card_facility"] != "") == (layout.facility_bits > 0)


def test_the_ranges_are_those_of_wiegand() -> None:
    """26 and 34 bits are parity, facility, number, parity; 64 are a number alone."""
    assert {size: tuple(layout) for size, layout in LAYOUTS.items()} == {
        26: (8, 16), 34: (16, 16), 64: (0, 64),
    }  # fmt: skip
    assert all(sum(LAYOUTS[size]) + 2 == size for size in (26, 34))


@pytest.mark.parametrize(
    ("facility", "number", "size", "field", "said"),
    [
        ("256", "1", "26", "card_facility", "it exceeds 8 bits; use 0 to "
         "255 for a 26-bit card"),
        ("1", "65536", "26", "card_number", "use 0 to 65535 for a 26-bit card"),
        ("65536", "1", "34", "card_facility", "it exceeds 16 bits"),
        ("", "1", "34", "card_facility", "it is missing; use 0 to"),
        ("1", "", "26", "card_number", "it is missing"),
        ("1", "5", "64", "card_facility", "a 64-bit card has no facility code; leave it empty"),
        ("", "18446744073709551616", "64", "card_number", "it exceeds 64 bits"),
        ("", "9" * 5000, "64", "card_number", "it exceeds 64 bits"),
        ("1", "5", "", "card_bits", "it is missing, but the entry has a card; set the"),
        ("1", "5", "37", "card_bits", "not a supported card length; set the number of bits of the "
         "card: 26, 34 or 64"),
        ("", "1.84467E+19", "64", "card_number", "a spreadsheet has rounded it, so digits are "
         "lost; format the column as text in the spreadsheet"),
        ("", "04A2B3C4", "64", "card_number", "it is not a whole number; use decimal digits"),
        ("-1", "1", "26", "card_facility", "it is not a whole number"),
        ("1", "٣", "26", "card_number", "it is not a whole number"),
    ],
)  # fmt: skip
def test_errors_name_field_value_and_remedy(
    facility: str, number: str, size: str, field: str, said: str
) -> None:
    with pytest.raises(EntryError) as told:
        list_entry({"plate": "AB 1", **of(facility, number, size)}, None)
    assert told.value.field == field
    assert said in str(told.value)


def test_no_card_is_no_fault() -> None:
    entry = list_entry({"plate": "AB 1"}, None)
    assert {getattr(entry, name) for name in card.FIELDS} == {""}
