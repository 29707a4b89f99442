"""Each format read back with a library of others: the same rows, types and texts."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platewire.database.search.request import RequestError
from platewire.errors import ConfigError
from platewire.exports import excel
from platewire.exports.columns import EVENTS, PASSAGES, Column, Kind, columns_of
from platewire.exports.formats import Format, check_csv_form, format_of, open_rows, require
from platewire.exports.source import Row
from platewire.exports.text import CsvForm, Delimiter, harmless, iso

COLUMNS = (
    Column("text"),
    Column("whole", Kind.INTEGER),
    Column("real", Kind.REAL),
    Column("flag", Kind.BOOLEAN),
    Column("at", Kind.TIME),
    Column("local", Kind.LOCAL),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HARD = ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "a,b", 'a"b', "a\nb", "Ä 12", "京 50-67", "", "007")
moments = st.integers(0, 4_000_000_000_000)
texts = st.none() | st.sampled_from(HARD) | st.text(st.characters(codec="utf-8"), max_size=8)
rows = st.lists(
    st.tuples(
        texts,
        st.none() | st.integers(-(2**53), 2**53),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from([0, 1, False, True]),
        st.none() | moments,
        st.none() | moments,
    ),
    max_size=5,
)


def written(format_: Format, blocks: Sequence[Sequence[Row]], **more: Any) -> bytes:
    file = io.BytesIO()
    writing = open_rows(format_, file, COLUMNS, **more)
    for block in blocks:
        writing.add(block)
    writing.close()
    return file.getvalue()


def moment(ms: int | None) -> datetime | None:
    return None if ms is None else EPOCH + timedelta(milliseconds=ms)


@given(rows)
def test_csv(given_rows: list[Row]) -> None:
    content = written(Format.CSV, [part for part in (given_rows[:2], given_rows[2:]) if part])
    head, *found = csv.reader(io.StringIO(content.decode(), newline=""))
    assert head == [column.name for column in COLUMNS]
    assert found == [
        [
            harmless(text) or "",
            "" if whole is None else str(whole),
            "" if real is None else repr(real),
            "true" if flag else "false",
            "" if at is None else f"{iso(at)}Z",
            iso(local) or "",
        ]
        for text, whole, real, flag, at, local in given_rows
    ]
    times = [row[4] for row in found]
    assert [datetime.fromisoformat(it) if it else None for it in times] == [
        moment(row[4]) for row in given_rows
    ]


@given(rows, st.sampled_from([Delimiter.SEMICOLON, Delimiter.TAB]))
def test_csv_with_decimal_commas(given_rows: list[Row], delimiter: Delimiter) -> None:
    """DuckDB reads the same values with the same words: `delim` and `decimal_separator`."""
    content = written(
        Format.CSV, [given_rows] if given_rows else [], form=CsvForm(delimiter, decimal_comma=True)
    )
    reader = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter.character)
    _, *found = reader
    assert [row[2] for row in found] == [
        "" if real is None else repr(real).replace(".", ",") for _, _, real, *_ in given_rows
    ]
    assert all("," not in cell for row in found for cell in (row[1], *row[3:]))


def test_a_decimal_comma_is_a_number_to_others(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [("00123", 1, 0.875, 1, 0, 0), ("1234E5", -2, -12.5, 0, 0, 0)]
    path.write_bytes(
        written(Format.CSV, [rows], form=CsvForm(Delimiter.SEMICOLON, decimal_comma=True))
    )
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT text, real FROM read_csv('{path}', delim=';', decimal_separator=',', "
            "types={'text': 'VARCHAR', 'real': 'DOUBLE'})"
        ).fetchall()
    assert found == [("00123", 0.875), ("1234E5", -12.5)]


def test_unsupported_settings_of_a_format_are_reported() -> None:
    with pytest.raises(RequestError, match="use the delimiter semicolon"):
        check_csv_form(Format.CSV, CsvForm(decimal_comma=True))
    with pytest.raises(RequestError, match="delimiter applies to csv only, but the format is xlsx"):
        check_csv_form(Format.XLSX, CsvForm(Delimiter.TAB))


@pytest.mark.parametrize("names", ["plat", "", "plate,", "plate,plate", "plate;camera", "dwell"])
def test_unknown_columns_are_reported(names: str) -> None:
    with pytest.raises(RequestError, match=r"columns = ") as told:
        columns_of("events", names)
    assert told.value.name == "columns"
    assert [it.name for it in columns_of("passages", "plate, dwell_seconds")] == [
        "plate", "dwell_seconds",
    ]  # fmt: skip


@given(st.text(max_size=9))
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    content = written(Format.CSV, [[(text, 1, 1.0, 1, 0, 0)]])
    (_, row) = csv.reader(io.StringIO(content.decode(), newline=""))
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row[0].removeprefix("'") == text.removeprefix("'")


def test_the_mark_for_excel() -> None:
    assert written(Format.CSV, [], form=CsvForm(bom=True)).startswith(b"\xef\xbb\xbftext,")
    assert written(Format.CSV, []).startswith(b"text,")


@given(rows)
def test_json_lines(given_rows: list[Row]) -> None:
    lines = written(Format.JSONL, [given_rows] if given_rows else []).splitlines()
    found = [json.loads(line) for line in lines]
    assert found == [
        {
            "text": text,
            "whole": whole,
            "real": real,
            "flag": bool(flag),
            "at": None if at is None else f"{iso(at)}Z",
            "local": iso(local),
        }
        for text, whole, real, flag, at, local in given_rows
    ]


@settings(max_examples=30)
@given(given_rows=rows)
def test_parquet(given_rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    path.write_bytes(written(Format.PARQUET, [given_rows]))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.read_parquet(str(path))
        assert [str(kind) for kind in relation.types] == [
            "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP",
        ]  # fmt: skip
        found = connection.execute(
            f"SELECT text, whole, real, flag, epoch_ms(\"at\"), epoch_ms(local) FROM '{path}'"
        ).fetchall()
    assert found == [(*row[:3], bool(row[3]), *row[4:]) for row in given_rows]


SHEET_ROWS: list[Row] = [
    (text, number, number / 4, number % 2, 1_767_323_045_678 + number, None)
    for number, text in enumerate(HARD)
]


def read_sheet(content: bytes) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(row) for sheet in book for row in sheet.iter_rows()]


def test_xlsx() -> None:
    content = written(Format.XLSX, [SHEET_ROWS[:3], SHEET_ROWS[3:]])
    head, *found = read_sheet(content)
    assert [cell.value for cell in head] == [column.name for column in COLUMNS]
    for cells, (text, whole, real, flag, at, _) in zip(found, SHEET_ROWS, strict=True):
        assert (cells[0].value or "") == text.replace("\r", "_x000D_"), (
            "as Office Open XML spells it"
        )
        assert cells[0].data_type in ("s", "n"), "never a formula"
        assert text == "" or cells[0].data_type == "s"
        assert (cells[1].value, cells[2].value, cells[3].value) == (whole, real, bool(flag))
        shown = cells[4].value
        assert isinstance(shown, datetime), "a real date"
        assert abs(shown.replace(tzinfo=UTC) - (moment(at) or EPOCH)) < timedelta(milliseconds=2)
        assert cells[5].value is None
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert sheet.freeze_panes == "A2"


def test_a_full_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "ROWS_MAX", 5)
    content = written(Format.XLSX, [SHEET_ROWS])
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert [sheet.max_row for sheet in book] == [5, 5, 5, 2]
    assert all(sheet["A1"].value == "text" for sheet in book)


def test_formats_by_suffix() -> None:
    names = {"a.csv": "csv", "b.CSV.gz": "csv", "c.jsonl": "jsonl", "d.xlsx": "xlsx"}
    assert {name: format_of(name).value for name in names} == names
    for name in ("a", "a.gz", "a.txt", "-"):
        with pytest.raises(ConfigError, match="--format"):
            format_of(name)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platewire.exports.formats.find_spec", lambda name: None)
    for format_ in (Format.XLSX, Format.PARQUET):
        with pytest.raises(ConfigError, match=r"pip install 'platewire\["):
            require(format_)
    require(Format.CSV)


def test_columns_are_named_once() -> None:
    for columns in (PASSAGES, EVENTS):
        names = [column.name for column in columns]
        assert len(set(names)) == len(names)
