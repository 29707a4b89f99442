"""A list exported, saved by a program of others, and imported: nothing changes by itself."""

import io
from datetime import date, datetime
from typing import Any

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platewire.lists.entry import FIELDS, EntryError, ListEntry, list_entry
from platewire.lists.files import writing
from tests.lists.files.conftest import LIST, Importer

SLOW = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
HARD = [
    list_entry(
        {
            "plate": plate,
            "valid_from": "2026-01-31",
            "valid_to": "2027-12-31T00:00",
            "weekdays": "mon-fri",
            "hours": "22:00-06:00",
            "cameras": "gate yard",
            "holder": "=HYPERLINK(1)",
            "note": note,
            "group": "007",
            "card_number": "18446744073709551615",
            "card_bits": "64",
        },
        None,
    )
    for plate, note in {
        "00123": "+49 30 1234",
        "1234E5": "-1",
        "SEP 10": "@home",
        "12-34": "'=1+1",
        "0815": "''",
        "B ÄB 1": "_x0041_ and _x005F_ and _xD800_",
        "2026-01": "31.12.2027",
        "123456789012": '1,5;\t"quoted"',
        "1/2": "'",
        "TRUE 1": "\\n",
    }.items()
]
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["'=1", "''x", "=1", "'", "_x000D_", "1E5", "007", "3/4"]
)
plates = st.text("ABE0123456789 -", min_size=1, max_size=8) | st.sampled_from(
    ["1-1-2000", "10.09.2026", "2026-01-31", "10-Sep-2026", "- 1-1-2000"]
)


@st.composite
def entries(draw: Any) -> list[ListEntry]:
    found: dict[str, ListEntry] = {}
    for plate in draw(st.lists(plates, max_size=5)):
        fields = {name: draw(texts) for name in ("holder", "note", "group")}
        try:
            entry = list_entry({"plate": plate, **fields}, None)
        except EntryError:
            continue
        found[entry.text] = entry
    return list(found.values())


def book_of(given_: list[ListEntry]) -> bytes:
    file = io.BytesIO()
    assert writing.write_workbook(given_, file) == len(given_)
    return file.getvalue()


def resaved(content: bytes, edit: Any = None) -> bytes:
    """As a person's program opens and saves it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    if edit:
        edit(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def fill(load: Importer, given_: list[ListEntry]) -> None:
    with load.store.used() as connection:
        connection.execute("DELETE FROM entry")
    load.store.put(LIST, given_)


@SLOW
@given(entries())
def test_a_workbook_that_nobody_edited_changes_nothing(
    load: Importer, given_: list[ListEntry]
) -> None:
    if not given_:
        return
    fill(load, given_)
    for content in (book_of(given_), resaved(book_of(given_))):
        preview = load(content, apply=False)
        assert (preview.same, preview.rejected, preview.questions) == (len(given_), 0, ())
        assert (preview.added, preview.changed, preview.removed) == (0, 0, 0)


@SLOW
@given(entries())
def test_a_csv_that_nobody_edited_changes_nothing(load: Importer, given_: list[ListEntry]) -> None:
    if not given_:
        return
    fill(load, given_)
    file = io.StringIO()
    writing.write(given_, file)
    preview = load(file.getvalue().encode(), apply=False)
    assert (preview.same, preview.rejected, preview.questions) == (len(given_), 0, ())
    assert (preview.added, preview.changed, preview.removed) == (0, 0, 0)


def test_only_plates_marked_as_text_may_look_like_dates(load: Importer) -> None:
    """A spreadsheet makes dates of plates such as SEP 10, and saves them like this."""
    assert load(b"plate\n10.09.2026\n'1-1-2000\n", apply=False).reasons == {"plate": 1}
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["plate", "note"])
    sheet.append(["1-1-2000", "General"])
    sheet.append(["2-2-2000", "Text"])
    sheet["A3"].number_format = "@"
    sheet.append([date(2026, 9, 10), "Date"])
    file = io.BytesIO()
    book.save(file)
    preview = load(file.getvalue(), apply=False)
    assert [row.row for row in preview.rejected_rows] == [2, 4]


def test_plates_that_look_like_numbers_are_preserved(load: Importer) -> None:
    fill(load, HARD)
    content = resaved(book_of(HARD))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}
    preview = load(content)
    assert (preview.same, preview.rejected, preview.removed) == (len(HARD), 0, 0)
    assert load.entries == sorted(HARD, key=lambda entry: entry.text)


def test_what_was_edited_changes_and_nothing_else(load: Importer) -> None:
    fill(load, HARD)
    first = HARD[0].plate

    def edit(sheet: Any) -> None:
        at = {name: number for number, name in enumerate(FIELDS, 1)}
        row = next(row for row in range(2, sheet.max_row + 1) if sheet.cell(row, 1).value == first)
        sheet.cell(row, at["note"]).value = "first line\nsecond_x000D_\nthird"
        sheet.cell(row, at["valid_from"]).value = date(2026, 2, 1)
        sheet.cell(row, at["valid_to"]).value = datetime(2027, 12, 31, 18, 30)  # noqa: DTZ001
        sheet.append(["00042", None, None, None, None, None, "new"])

    preview = load(resaved(book_of(HARD), edit))
    assert (preview.same, preview.changed, preview.added) == (len(HARD) - 1, 1, 1)
    found = {entry.plate: entry for entry in load.entries}
    assert found[first].note == "first line second third"
    assert (found[first].valid_from, found[first].valid_to) == ("2026-02-01", "2027-12-31T18:30")
    assert found["00042"].holder == "new"


def test_columns_below_the_last_row_are_texts(load: Importer) -> None:
    """What a person types there is not made a number of, before it is even saved."""
    sheet: Any = openpyxl.load_workbook(io.BytesIO(book_of(HARD))).active
    widths = sheet.column_dimensions
    assert {widths[chr(ord("A") + at)].number_format for at in range(len(FIELDS))} == {"@"}
    assert sheet.freeze_panes == "A2"
