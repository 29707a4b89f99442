"""No line of a cell becomes an entry: RFC 4180, and what people break of it."""

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS
from tests.lists.files.conftest import Importer


def test_a_line_of_a_note_is_no_entry(load: Importer) -> None:
    preview = load('plate,note\r\nB AB 1234,"old plate was\nXY 999\nreturned"\r\nB AB 1235,ok\r\n')
    assert (preview.rows, preview.rejected) == (2, 0)
    assert load.plates == ["BAB1234", "BAB1235"]
    assert load.entries[0].note == "old plate was XY 999 returned"


BROKEN = {
    "never closed": 'B AB 1,"old plate was\nXY 999\nreturned\nB AB 3,z\n',
    "a quote within that is not doubled": 'B AB 1,"he said "hi" to\nXY 999\nbye"\n',
    "space before the quote": 'B AB 1, "old plate was\nXY 999\nreturned"\n',
    "another space before the quote": 'B AB 1,\xa0"old plate was\nXY 999\nreturned"\n',
    "a quote in the middle of a cell": 'B AB 1,was "old plate\nXY 999\nreturned"\n',
    "a quote after the closing one": 'B AB 1,"old" plate "was\nXY 999\nreturned"\n',
    "closed before the end of its cell": 'B AB 1,"old\nXY 999" plate,x\n',
    "two that are out of place": 'B AB 1,sep"=\nB AB 2,"old\nXY 999\nreturned"\n',
    "a plate's quote": '"B AB 1,x\nXY 999\n',
    "of a line that is too long": 'B AB 1,"' + "x" * 20_000 + '\nXY 999\n"\n',
    "of a cell that is too long": 'B AB 1,"' + "x\n" * 200_000 + "XY 999\n",
}


@pytest.mark.parametrize("rows", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_no_line_of_a_broken_cell_is_an_entry(load: Importer, rows: str, end: str) -> None:
    load(f"plate,note\nA 1,first\n{rows}".replace("\n", end), apply=True, rejected_allowed=True)
    assert "XY999" not in load.plates
    assert "A1" in load.plates


@pytest.mark.parametrize("rows", [BROKEN["never closed"], BROKEN["a plate's quote"]])
def test_where_a_quote_never_closes_the_rest_is_refused(load: Importer, rows: str) -> None:
    preview = load(f"plate,note\nA 1,first\n{rows}B AB 4,last\n", apply=False)
    (rejected,) = preview.rejected_rows
    assert rejected.row == 3
    assert f"lines 3 to {3 + rows.count(chr(10))} are rejected" in rejected.reason
    assert preview.rejected == preview.rows - 1 == rows.count("\n") + 1


def test_rows_after_a_broken_one_go_on_where_its_quotes_are_even(load: Importer) -> None:
    load('plate,note\nA 1,"he said "hi" to\nXY 999\nbye"\nA 2,"x"\n', rejected_allowed=True)
    assert load.plates == ["A2"]


def test_rows_are_numbered_as_lines(load: Importer) -> None:
    preview = load('plate,note\n\nA 1,"a\nb"\n*,x\n', apply=False)
    assert [row.row for row in preview.rejected_rows] == [5]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\r\nplate;holder\r\nB AB 1;x\r\n",
        "\ufeffsep=;\nplate;holder\nB AB 1;x",
        '"sep=;"\nplate;holder\nB AB 1;x',
        "\n\nsep=;\nplate;holder\nB AB 1;x",
        "plate;holder;;;\r\nB AB 1;x;;;\r\n",
        "plate|holder\nB AB 1|x",
        'plate;holder\nB AB 1;"x"\n',
        "plate\tholder\rB AB 1\tx\r",
        "plate;holder\n\u200bB\xa0AB\xa01 ;\u200ex\n",
        "PLATE;Owner\nB AB 1;x\n;;;\n",
    ],
)
def test_what_spreadsheets_write_around_the_cells(load: Importer, content: str) -> None:
    preview = load(content)
    assert (preview.rejected, preview.skipped) == (0, ())
    assert [(entry.text, entry.holder) for entry in load.entries] == [("BAB1", "x")]


def test_a_delimiter_is_told_by_headings_rather_than_by_their_number(load: Importer) -> None:
    load("plate;note\nB AB 1;a, b, c, d\nB AB 2;e, f, g\n")
    assert [entry.note for entry in load.entries] == ["a, b, c, d", "e, f, g"]


def test_a_delimiter_that_is_none_is_refused(load: Importer) -> None:
    with pytest.raises(ConfigError, match="sep=x"):
        load("sep=x\nplatexholder\n")


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")),
    max_size=15,
).filter(lambda text: "\N{REPLACEMENT CHARACTER}" not in text)
LINES = st.lists(WORDS, max_size=3).map("\n".join)
ROWS = st.lists(
    st.tuples(
        st.from_regex(r"[A-Z]{1,3} [A-Z]{1,2} [1-9][0-9]{0,3}", fullmatch=True), LINES, LINES
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row[0].replace(" ", ""),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    ROWS,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
@example([("A A 1", "", '\n"')], ",", "\n", csv.QUOTE_MINIMAL, "utf-8")
@example([("A A 1", ' "', "")], ";", "\r\n", csv.QUOTE_ALL, "utf-16")
def test_what_the_csv_writer_writes_comes_back(
    load: Importer,
    rows: list[tuple[str, str, str]],
    delimiter: str,
    end: str,
    quoting: int,
    encoding: str,
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("plate", "holder", "note"), *rows])
    preview = load(file.getvalue().encode(encoding))
    assert (preview.rejected, preview.delimiter) == (0, delimiter)

    def plain(text: str) -> str:
        text = text.strip()
        return " ".join(
            (text[1:] if text[:1] == "'" and text[1:2] in set("=+-@'") else text).split()
        )

    expected = {row[0]: (plain(row[1]), plain(row[2])) for row in rows}
    assert {it.plate: (it.holder, it.note) for it in load.entries} == expected


PIECES = st.sampled_from(
    ['"', '""', "\n", "\r\n", ",", " ", "AB 1", "XY 999", "x", "\xa0", "=", "sep=;", ";", "\t"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_an_entry_is_a_cell_that_the_csv_reader_sees_too(load: Importer, text: str) -> None:
    """Whatever is taken, is in the plate column for a plain reader too; never within a cell."""
    content = f"plate,note\nA 1,first\n{text}\n"
    load.store.remove("staff", load.plates)
    load(content, rejected_allowed=True)
    rows = csv.DictReader(io.StringIO(content, newline=""), skipinitialspace=True)
    cells = {normalize(row["plate"] or "") for row in rows}
    assert set(load.plates) <= cells


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_preview_or_a_clear_refusal(load: Importer, content: bytes) -> None:
    try:
        preview = load(content, apply=False)
    except ConfigError:
        return
    counted = preview.added + preview.same + preview.changed + preview.rejected
    assert counted == preview.rows
    assert set(preview.columns) <= set(FIELDS)
