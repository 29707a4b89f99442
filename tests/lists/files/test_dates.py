"""Days and times as spreadsheets, databases and 1C write them."""

import pytest

from platewire.errors import ConfigError
from platewire.lists.files import dates
from platewire.lists.files.dates import bound, evidence, is_date, is_time_or_date
from tests.lists.files.conftest import Importer

AS_END = [
    ("31.12.2027", "2027-12-31"),
    ("31.12.2027 0:00:00", "2027-12-31"),
    ("31.12.2027 23:59:59", "2027-12-31"),
    ("2027-12-31 23:59:59.997", "2027-12-31"),
    ("31.12.2027 18:30", "2027-12-31T18:30"),
    ("31.12.2027 18:30:59", "2027-12-31T18:30"),
    ("31.12.27", "2027-12-31"),
    ("31/12/2027", "2027-12-31"),
    ("31-12-27", "2027-12-31"),
    ("31-Dec-2027", "2027-12-31"),
    ("31 December 2027", "2027-12-31"),
    ("1.2.2027", "2027-02-01"),
    ("2027/12/31", "2027-12-31"),
    ("2027-12-31 00:00:00", "2027-12-31"),
    ("2027-12-31", "2027-12-31"),
    ("2027-12-31T00:00", "2027-12-31T00:00"),
    ("46752", "2027-12-31"),
    ("46752.75", "2027-12-31T18:00"),
]


@pytest.mark.parametrize(("text", "spelled"), AS_END)
def test_an_end(text: str, spelled: str) -> None:
    assert bound(text, "day-first", end=True) == spelled


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("01.01.2026 0:00:00", "2026-01-01"),
        ("01.01.2026 08:00:01", "2026-01-01T08:01"),
        ("31.12.2026 23:59:59", "2027-01-01T00:00"),
        ("12/31/2026 12:00 AM", "2026-12-31"),
        ("12/31/2026 1:05:00 p.m.", "2026-12-31T13:05"),
    ],
)
def test_a_beginning(text: str, spelled: str) -> None:
    order: dates.Order = "month-first" if "/" in text else "day-first"
    assert bound(text, order, end=False) == spelled


@pytest.mark.parametrize(
    "text",
    [
        *("31.02.2027", "31.12.99", "31.13.2027", "12/31/2027", "31.12.2027 25:00", "31.12.9999"),
        *("2027", "someday", "31.12.2027 13:00 PM", "2027-12-31T08:00Z", "1", "999999", "10.2027"),
    ],
)
def test_what_is_not_understood_is_left_as_it_is(text: str) -> None:
    assert bound(text, "day-first", end=True) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("31/12/2027", "day-first"),
        ("12/31/2027", "month-first"),
        ("01/02/2027", "either"),
        ("01-02-27", "either"),
        ("02/02/2027", ""),
        ("01.02.2027", ""),
        ("2027-01-02", ""),
    ],
)
def test_what_a_date_says_of_its_order(text: str, said: str) -> None:
    assert evidence(text) == said


def test_what_is_a_date_and_what_a_plate() -> None:
    assert all(map(is_date, ("10.09.2026", "2026-09-10", "10-Sep-2026", "9/10/2026 12:00")))
    assert not any(map(is_date, ("B AB 1", "12-345-67", "12-34-AB", "123-45-678", "31.12.27", "")))
    assert all(map(is_time_or_date, ("8:00", "08:00-17:30", "31.12.27")))
    assert not any(map(is_time_or_date, ("17", "0171 234567", "1.2", "06.12.34.56")))


def valid_to(load: Importer) -> list[str]:
    return [entry.valid_to for entry in load.entries]


def test_day_and_month_are_told_by_the_column(load: Importer) -> None:
    preview = load("plate,valid_to\nA 1,01/02/2027\nA 2,12/31/2027\n")
    assert valid_to(load) == ["2027-01-02", "2027-12-31"]
    assert "month-first, because row 3 has '12/31/2027'" in preview.assumed[0]
    load("plate,valid_from,valid_to\nA 1,01/02/2027,\nA 2,,31/12/2027\n")
    assert load.entries[0].valid_from == "2027-02-01"


@pytest.mark.parametrize(
    "rows", ["A 1,01/02/2027\nA 2,03/04/2027\n", "A 1,12/31/2027\nA 2,31/12/2027\n"]
)
def test_day_and_month_that_nothing_tells_are_asked(load: Importer, rows: str) -> None:
    content = f"plate,valid_to\n{rows}"
    assert "--date-order" in load(content, apply=False).questions[0]
    with pytest.raises(ConfigError, match="--date-order"):
        load(content)
    assert load.plates == []
    assert load(content, manner="merge", date_order="month-first").added > 0


def test_what_is_assumed_of_dates_is_said(load: Importer) -> None:
    preview = load(
        "plate,valid_from,valid_to\nA 1,01.01.26,31.12.2027 0:00:00\n"
        "A 2,01.01.2026 0:00:00,46752\nA 3,,31.12.2027 18:00:30\n"
    )
    assert set(preview.assumed) == {
        dates.TWO_DIGITS,
        dates.MIDNIGHT,
        dates.COUNTED,
        dates.SECONDS,
    }
    assert valid_to(load) == ["2027-12-31", "2027-12-31", "2027-12-31T18:00"]
