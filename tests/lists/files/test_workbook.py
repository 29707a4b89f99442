"""XLSX as it is: written by openpyxl and XlsxWriter, and broken in the ways that files break."""

import io
import random
import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platewire.errors import ConfigError
from platewire.lists.files import workbook
from tests.lists.files.conftest import Importer

HEAD = ["plate", "holder", "valid_to"]


def book(*rows: list[Any], title: str = "Sheet", more: Any = None) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if more:
        more(made)
    return saved(made)


def saved(made: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def changed(content: bytes, part: str, pattern: str, by: str) -> bytes:
    """The workbook with one part of it edited."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == part:
                text = re.sub(pattern, by, text.decode()).encode()
            new.writestr(name, text)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_workbook_is_read_as_it_is(load: Importer) -> None:
    preview = load(
        book(
            HEAD,
            ["B AB 1", "Ada", date(2027, 12, 31)],
            ["B AB 2", 17, datetime(2027, 12, 31, 18, 30)],  # noqa: DTZ001
            [None, None, None],
            ["B AB 3", "Müller", "31.12.2027"],
            [1234567, "a number", None],
        )
    )
    assert (preview.rows, preview.rejected, preview.sheet) == (4, 0, "Sheet")
    assert [(it.plate, it.holder, it.valid_to) for it in load.entries] == [
        ("1234567", "a number", ""),
        ("B AB 1", "Ada", "2027-12-31"),
        ("B AB 2", "17", "2027-12-31T18:30"),
        ("B AB 3", "Müller", "2027-12-31"),
    ]


def test_what_another_writer_writes(load: Importer, tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    made = xlsxwriter.Workbook(path)
    sheet = made.add_worksheet("Zufahrt")
    sheet.write_row(0, 0, ["Kennzeichen", "gültig bis"])
    sheet.write_string(1, 0, "MÜ AB 1")
    sheet.write_number(1, 1, 46387, made.add_format({"num_format": "dd.mm.yyyy"}))
    sheet.write_number(2, 0, 123456, made.add_format({"num_format": "00000000"}))
    made.close()
    load(path.read_bytes())
    assert [(it.plate, it.valid_to) for it in load.entries] == [
        ("00123456", ""),
        ("MÜ AB 1", "2026-12-31"),
    ]


@pytest.mark.parametrize(
    ("value", "shown_as", "said"),
    [
        (date(2026, 9, 10), "d-mmm", "converted it to a date"),
        (time(12, 5), "hh:mm", "converted it to a date or time"),
        (1230000.0, "0.00E+00", "converted it to a number"),
        (123456789012345, "General", "converted it to a number"),
        (12.5, "General", "fraction"),
        (True, "General", "boolean"),
        ("#N/A", "General", "has the error"),
    ],
)
def test_what_the_spreadsheet_made_of_a_plate_is_no_plate(
    load: Importer, value: Any, shown_as: str, said: str
) -> None:
    def form(made: openpyxl.Workbook) -> None:
        sheet = made.active
        assert sheet is not None
        sheet["A2"].number_format = shown_as
        if value == "#N/A":
            sheet["A2"].data_type = "e"

    preview = load(book(HEAD, [value, "x"], ["B AB 1"], more=form), manner="merge")
    assert said in preview.rejected_rows[0].reason
    assert preview.rejected_rows[0].row == 2
    assert load.plates == ["BAB1"]


def test_a_formula_without_its_value_is_no_empty_end(load: Importer) -> None:
    preview = load(book(HEAD, ["B AB 1", "x", "=TODAY()+30"], ["B AB 2", "y"]), manner="merge")
    assert [row.field for row in preview.rejected_rows] == ["valid_to"]
    assert load.plates == ["BAB2"]


def test_the_only_sheet_with_values_is_taken_else_it_is_asked(load: Importer) -> None:
    def second(value: object, state: str = "visible") -> Any:
        def add(made: openpyxl.Workbook) -> None:
            sheet = made.create_sheet("Second")
            sheet["C7"] = value
            sheet.sheet_state = state

        return add

    rows = [["plate"], ["B AB 1"]]
    assert load(book(*rows, more=second(" "))).sheet == "Sheet"
    assert load(book(*rows, more=second("x", "hidden"))).sheet == "Sheet"
    with pytest.raises(ConfigError, match=r"several sheets with values: Sheet, Second.*--sheet"):
        load(book(*rows, more=second("x")))
    assert load(book(*rows, more=second("x")), sheet="Sheet").rejected == 0
    with pytest.raises(ConfigError, match="no sheet 'Third'; sheets: Sheet, Second"):
        load(book(*rows, more=second("x")), sheet="Third")
    with pytest.raises(ConfigError, match="no sheet contains a value"):
        load(book())
    with pytest.raises(ConfigError, match="remove --sheet"):
        load("plate\nA 1\n", sheet="Sheet")


def test_a_size_that_the_sheet_says_wrongly_loses_no_row(load: Importer) -> None:
    content = book(["plate"], ["B AB 1"], ["B AB 2"])
    load(changed(content, SHEET, r'<dimension ref="[^"]*"', '<dimension ref="A1:A2"'))
    assert load.plates == ["BAB1", "BAB2"]


def test_rows_beyond_the_last_are_damage(load: Importer) -> None:
    content = book(["plate"], ["B AB 1"])
    with pytest.raises(ConfigError, match="corrupted"):
        load(changed(content, SHEET, '<row r="2"', '<row r="999999999"'))
    assert load.plates == []


def test_a_workbook_that_unpacks_too_far_is_refused(
    load: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "UNPACKED_BYTES_MAX", 1000)
    with pytest.raises(ConfigError, match="exceeds"):
        load(book(["plate"], ["B AB 1"]))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.integers(0, 1 << 32))
def test_a_damaged_workbook_is_read_or_refused(load: Importer, seed: int) -> None:
    """Bytes of its parts are changed, so that the archive itself is whole."""
    chance = random.Random(seed)
    content = book(HEAD, ["B AB 1", "Ada", date(2027, 12, 31)], ["B AB 2", "=1", None])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        broken = chance.choice(names)
        for name in names:
            part = bytearray(old.read(name))
            if name == broken:
                for _ in range(chance.randint(1, 4)):
                    part[chance.randrange(len(part))] = chance.randrange(256)
            new.writestr(name, bytes(part))
    try:
        preview = load(out.getvalue(), apply=False)
    except ConfigError:
        return
    assert preview.rows == preview.added + preview.same + preview.changed + preview.rejected


def test_a_card_number_that_a_spreadsheet_has_shortened_is_rejected(load: Importer) -> None:
    """Excel keeps 15 digits of a number: those of a long card number would be another's."""
    head = ["plate", "card_number", "card_bits"]
    rows = (["AB 1", 1234567890123456789, 64], ["AB 2", "1234567890123456789", 64], ["AB 3", 5, 64])
    preview = load(book(head, *rows))
    assert [(it.row, it.field, it.reason, it.remedy) for it in preview.rejected_rows] == [
        (2, "card_number", "the spreadsheet has converted it to a number",
         "format the column as text in the spreadsheet and enter the number again"),
    ]  # fmt: skip
    assert [(it.plate, it.card_number) for it in load.entries] == [
        ("AB 2", "1234567890123456789"), ("AB 3", "5"),
    ]  # fmt: skip
