"""Files into lists and out again: what spreadsheets write, what people break, and large ones."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS, ListEntry, list_entry
from platewire.lists.file_import import SHOWN, Import, Preview, Reading, RejectedRow
from platewire.lists.files import delimited, writing
from platewire.lists.files.encodings import REPLACED
from platewire.lists.store import Store

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
CAMERAS = ("gate", "yard")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "lists.db", NOW)
    yield made
    made.close()


def run(store: Store, content: str | bytes, *, apply: bool = True, **more: Any) -> Preview:
    path = store.path.with_name("in.csv")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    reading = Reading(**{name: more.pop(name) for name in Reading._fields if name in more})
    return Import(store, "staff", CAMERAS, **more).run(path, apply=apply, reading=reading)


def entries(store: Store) -> list[ListEntry]:
    return store.page("staff", after="", limit=10_000)


def plates(store: Store) -> list[str]:
    return [entry.text for entry in entries(store)]


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        ("plate,holder\nА123ВС77,Юрий\n".encode(), "utf-8", ","),
        ("plate;holder\r\nА123ВС77;Юрий\r\n".encode("utf-8-sig"), "utf-8-sig", ";"),
        ("номер;владелец\r\nА123ВС77;Юрий\r\n".encode("cp1251"), "cp1251", ";"),
        ("Plate\tOwner\nА123ВС77\tЮрий\n".encode("utf-16"), "utf-16", "\t"),
        ("sep=;\nplate;holder\nА123ВС77;Юрий".encode(), "utf-8", ";"),
    ],
)
def test_what_spreadsheets_write(
    store: Store, content: bytes, encoding: str, delimiter: str
) -> None:
    preview = run(store, content)
    assert (preview.encoding, preview.delimiter, preview.added) == (encoding, delimiter, 1)
    assert entries(store) == [ListEntry(plate="А123ВС77", holder="Юрий")]


def test_a_plain_column_of_plates_needs_no_header(store: Store) -> None:
    preview = run(store, "B AB 1\nB AB 2\n\n")
    assert (preview.columns, preview.rows) == (("plate",), 2)
    assert plates(store) == ["BAB1", "BAB2"]


REJECTED = [
    (",x", "plate", "no plate"),
    ("AB*,x", "plate", "'*' is not allowed"),
    ("---,x", "plate", "no letters or digits"),
    ("Ж123,x", "plate", "'Ж' is not a letter of a plate"),
    ("ABCDEFGHIJ1234567890X,x", "plate", "21 characters"),
    ('"AB 9"x,y', "", "unbalanced quotes"),
    ('AB 9,"old\nAB 8\n" "plate"', "", "lines 3 to 5 are rejected"),
    ('"AB 8\nAB 9",x', "plate", "several plates"),
    ('"AB 8, AB 9",x', "plate", "',' is not allowed"),
    ("AB 8/CD 9,x", "plate", "several plates"),
    ("10.09.2026,x", "plate", "it is a date"),
    ("AB 9,x,,,,,,,extra", "", "9 cells"),
    ("AB 1,again", "plate", "row 2 has the same plate"),
    ("AB 9,x,yesterday", "valid_to", "invalid day"),
    ("AB 9,x,2026-01-01,2026-02-01", "valid_to", "before valid_from"),
    ("AB 9,x,,,someday", "weekdays", "invalid weekdays"),
    ("AB 9,x,,,,8-5", "hours", "invalid hours"),
    ("AB 9,x,,,,,gte", "cameras", "unknown camera"),
    ("AB 9,bell\x07", "holder", "not printable"),
]
HEADER = "plate,holder,valid_to,valid_from,weekdays,hours,cameras,note\n"


@pytest.mark.parametrize(("row", "field", "reason"), REJECTED, ids=[row[0] for row in REJECTED])
def test_a_row_that_cannot_be_an_entry(store: Store, row: str, field: str, reason: str) -> None:
    preview = run(store, f"{HEADER}AB 1,first\n{row}\nAB 2,last\n")
    (rejected,) = preview.rejected_rows
    assert (rejected.row, rejected.field) == (3, field)
    assert reason in rejected.reason
    assert rejected.remedy
    assert plates(store) == ["AB1", "AB2"]


def test_a_preview_changes_nothing(store: Store) -> None:
    run(store, "plate,holder\nA 1,one\nA 2,two\nA 3,three\n")
    before = entries(store)
    preview = run(
        store, "plate,holder\nA 1,one\nA 2,other\nA 9,\n*,\n", apply=False, manner="replace"
    )
    assert entries(store) == before
    counts = (preview.added, preview.changed, preview.same, preview.removed, preview.rejected)
    assert counts == (1, 1, 1, 1, 1)
    assert not preview.applied
    assert preview.reasons == {"plate": 1}


def test_merging_keeps_and_replacing_removes(store: Store) -> None:
    run(store, "plate\nA 1\nA 2\n")
    assert run(store, "plate\nA 2\nA 3\n").removed == 0
    assert plates(store) == ["A1", "A2", "A3"]
    assert run(store, "plate\nA 2\nA 4\n", manner="replace").removed == 2
    assert plates(store) == ["A2", "A4"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("plate,holder\n", "contains no valid row"),
        ("plate\n*\n", "contains no valid row"),
        ("holder,note\nme,x\n", "no column of plates found"),
        ("plate,number\nA,B\n", "several columns mean plate"),
    ],
)
def test_a_file_that_would_empty_a_list_is_refused(store: Store, content: str, said: str) -> None:
    run(store, "plate\nA 1\n")
    with pytest.raises(ConfigError, match=said):
        run(store, content, manner="replace")
    assert plates(store) == ["A1"]


def test_a_list_is_not_replaced_when_most_rows_are_rejected(store: Store) -> None:
    run(store, "plate\nA 1\nA 2\n")
    garbled = "plate,valid_to\nA 3,\nA 4,someday\nA 5,someday\n"
    looked = run(store, garbled, apply=False, manner="replace")
    assert "2 of 3 rows are rejected" in looked.questions[0]
    with pytest.raises(ConfigError, match="--allow-rejected"):
        run(store, garbled, manner="replace")
    assert plates(store) == ["A1", "A2"]
    run(store, garbled)
    assert plates(store) == ["A1", "A2", "A3"]
    run(store, garbled, manner="replace", rejected_allowed=True)
    assert plates(store) == ["A3"]


def test_what_is_not_in_the_encoding_is_rejected(store: Store) -> None:
    preview = run(store, b"plate\nA 1\n\xff\xff\n", encoding="utf-8")
    assert [row.reason for row in preview.rejected_rows] == ["it contains bytes that are not utf-8"]
    with pytest.raises(ConfigError, match="unknown encoding"):
        run(store, "plate\nA 1\n", encoding="klingon")


def test_a_line_without_end_takes_no_memory(store: Store) -> None:
    preview = run(store, "plate\nA 1\n" + "x" * 3_000_000 + "\nA 2\n")
    assert plates(store) == ["A1", "A2"]
    assert "longer than" in preview.rejected_rows[0].reason
    assert len(preview.rejected_rows[0].value) < 100


def test_a_file_that_goes_away_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.csv cannot be read"):
        Import(store, "staff", ()).run(tmp_path / "gone.csv", apply=True)


def test_many_rows_of_which_some_are_broken(store: Store) -> None:
    """All broken ones are told, few are kept in memory, all good ones arrive."""
    told: list[RejectedRow] = []
    done: list[int] = []
    rows = ["*" if number % 50 == 0 else f"AB {number}" for number in range(10_000)]
    path = store.path.with_name("many.csv")
    path.write_text("plate\n" + "\n".join(rows) + "\n")
    preview = Import(store, "staff", (), progress=done.append, reject=told.append).run(
        path, apply=True
    )
    assert (preview.rows, preview.added, preview.rejected) == (10_000, 9_800, 200)
    assert len(preview.rejected_rows) == SHOWN
    assert [row.row for row in told] == [number + 2 for number in range(0, 10_000, 50)]
    assert done == sorted(done)
    assert len(done) == 10
    assert store.count("staff") == 9_800


def test_an_import_that_fails_leaves_the_list_as_it_was(store: Store) -> None:
    run(store, "plate\nA 1\n")
    with store.used() as connection:
        connection.execute(
            "CREATE TEMP TRIGGER refuse BEFORE INSERT ON entry WHEN NEW.plate = 'A9' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(Exception, match="no"):
        run(store, "plate\nA 8\nA 9\n", manner="replace")
    assert plates(store) == ["A1"]
    with store.used() as connection:
        connection.execute("DROP TRIGGER refuse")
    run(store, "plate\nA 8\nA 9\n", manner="replace")
    assert plates(store) == ["A8", "A9"]


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")),
    max_size=12,
).filter(lambda text: REPLACED not in text)
FIELD_VALUES = {
    "plate": st.text("ABÖА019 -.", min_size=1, max_size=9).filter(lambda text: text.strip(" -.")),
    "valid_from": st.dates(date(2000, 1, 1), date(2020, 1, 1)).map(str),
    "valid_to": st.datetimes(
        datetime.fromisoformat("2021-01-01"), datetime.fromisoformat("2050-01-01")
    ).map(lambda moment: moment.isoformat(timespec="minutes")),
    "weekdays": st.sampled_from(["", "mon-fri", "sat,sun", "wed"]),
    "hours": st.sampled_from(["", "08:00-18:00", "22:00-06:00"]),
    "cameras": st.sampled_from(["", "gate", "gate yard"]),
    "holder": WORDS | st.sampled_from(["=1+1", "'=x", "''", '"', "a;b,c\td", "@x", "-1"]),
    "note": WORDS,
}
ENTRIES = st.lists(
    st.fixed_dictionaries(FIELD_VALUES).map(lambda fields: list_entry(fields, CAMERAS)),
    unique_by=lambda entry: entry.text,
    min_size=1,
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(ENTRIES, st.sampled_from(delimited.DELIMITERS[:3]), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_what_is_exported_comes_back(
    store: Store, given_: list[ListEntry], delimiter: str, encoding: str
) -> None:
    file = io.StringIO()
    assert writing.write(given_, file, delimiter) == len(given_)
    preview = run(store, file.getvalue().encode(encoding), manner="replace")
    assert preview.rejected == 0
    assert entries(store) == sorted(given_, key=lambda entry: entry.text)
    again = run(store, file.getvalue().encode(encoding), apply=False, manner="replace")
    assert again.same == len(given_)


def test_no_cell_is_a_formula() -> None:
    file = io.StringIO()
    writing.write([ListEntry(plate="AB 1", holder="=HYPERLINK()", note="@x")], file)
    row = file.getvalue().splitlines()[1].split(",")
    assert dict(zip(FIELDS, row, strict=True))["holder"] == "'=HYPERLINK()"
    assert dict(zip(FIELDS, row, strict=True))["note"] == "'@x"


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_rows_or_rejected(store: Store, content: bytes) -> None:
    try:
        preview = run(store, b"plate,note\n" + content, apply=False)
    except ConfigError:
        return
    assert preview.added + preview.same + preview.changed + preview.rejected == preview.rows


def test_groups_and_cards_are_imported(store: Store) -> None:
    preview = run(
        store,
        "plate;Gruppe;Facility code;Kartennummer;card_bits\n"
        "AB 1;night shift;012;00345;26\nAB 2;;;18446744073709551615;64\nAB 3;;;;\n"
        "AB 4;;256;1;26\nAB 5;;1;1.8E+19;34\nAB 6;;1;1;\n",
    )
    assert preview.columns == ("plate", "group", "card_facility", "card_number", "card_bits")
    assert [(it.row, it.field, it.value) for it in preview.rejected_rows] == [
        (5, "card_facility", "256"), (6, "card_number", "1.8E+19"), (7, "card_bits", ""),
    ]  # fmt: skip
    assert [
        (it.plate, it.group, it.card_facility, it.card_number, it.card_bits)
        for it in entries(store)
    ] == [
        ("AB 1", "night shift", "12", "345", "26"),
        ("AB 2", "", "", "18446744073709551615", "64"),
        ("AB 3", "", "", "", ""),
    ]


def test_card_number_without_bits_is_ignored_unless_mapped(store: Store) -> None:
    """As a file of before entries had cards has it."""
    content = "plate,Card Number\nAB 1,345\n"
    preview = run(store, content)
    assert (preview.added, preview.skipped) == (1, ("Card Number",))
    named = run(store, content, columns=["card_number=Card Number"], apply=False)
    assert [(it.field, it.remedy) for it in named.rejected_rows] == [
        ("card_bits", "set the number of bits of the card: 26, 34 or 64")
    ]
