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
from platewire.lists import csv_text
from platewire.lists.csv_import import SHOWN, Import, Preview, RejectedRow
from platewire.lists.entry import FIELDS, ListEntry, checked
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
    encoding = more.pop("encoding", None)
    return Import(store, "staff", CAMERAS, **more).run(path, apply=apply, encoding=encoding)


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
    (",x", "plate", "there is no plate"),
    ("AB*,x", "plate", "'*' has no meaning here"),
    ("---,x", "plate", "neither letter nor digit"),
    ("Ж123,x", "plate", "'Ж' is on no plate"),
    ("ABCDEFGHIJ1234567890X,x", "plate", "21 characters"),
    ('"AB 9,x', "", "quote is opened"),
    ("AB 9,x,,,,,,,extra", "", "9 cells"),
    ("AB 1,again", "plate", "row 2 has the same plate"),
    ("AB 9,x,yesterday", "valid_to", "not a day"),
    ("AB 9,x,2026-01-01,2026-02-01", "valid_to", "before valid_from"),
    ("AB 9,x,,,someday", "weekdays", "not weekdays"),
    ("AB 9,x,,,,8-5", "hours", "not hours"),
    ("AB 9,x,,,,,gte", "cameras", "no camera of that name"),
    ("AB 9,bell\x07", "holder", "cannot be shown"),
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
        ("plate,holder\n", "no row that can be an entry"),
        ("plate\n*\n", "no row that can be an entry"),
        ("holder,note\nme,x\n", "no column is called plate"),
        ("plate,number\nA,B\n", "two columns are plate"),
    ],
)
def test_a_file_that_would_empty_a_list_is_refused(store: Store, content: str, said: str) -> None:
    run(store, "plate\nA 1\n")
    with pytest.raises(ConfigError, match=said):
        run(store, content, manner="replace")
    assert plates(store) == ["A1"]


def test_what_is_not_in_the_encoding_is_rejected(store: Store) -> None:
    preview = run(store, b"plate\nA 1\n\xff\xff\n", encoding="utf-8")
    assert [row.reason for row in preview.rejected_rows] == ["it is not written in utf-8"]
    with pytest.raises(ConfigError, match="not known"):
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
    store.connection.execute(
        "CREATE TEMP TRIGGER refuse BEFORE INSERT ON entry WHEN NEW.plate = 'A9' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(Exception, match="no"):
        run(store, "plate\nA 8\nA 9\n", manner="replace")
    assert plates(store) == ["A1"]
    store.connection.execute("DROP TRIGGER refuse")
    run(store, "plate\nA 8\nA 9\n", manner="replace")
    assert plates(store) == ["A8", "A9"]


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")),
    max_size=12,
).filter(lambda text: csv_text.REPLACED not in text)
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
    st.fixed_dictionaries(FIELD_VALUES).map(lambda fields: checked(fields, CAMERAS)),
    unique_by=lambda entry: entry.text,
    min_size=1,
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(ENTRIES, st.sampled_from(csv_text.DELIMITERS), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_what_is_exported_comes_back(
    store: Store, given_: list[ListEntry], delimiter: str, encoding: str
) -> None:
    file = io.StringIO()
    assert csv_text.write(given_, file, delimiter) == len(given_)
    preview = run(store, file.getvalue().encode(encoding), manner="replace")
    assert preview.rejected == 0
    assert entries(store) == sorted(given_, key=lambda entry: entry.text)
    again = run(store, file.getvalue().encode(encoding), apply=False, manner="replace")
    assert again.same == len(given_)


def test_no_cell_is_a_formula() -> None:
    file = io.StringIO()
    csv_text.write([ListEntry(plate="AB 1", holder="=HYPERLINK()", note="@x")], file)
    row = file.getvalue().splitlines()[1].split(",")
    assert dict(zip(FIELDS, row, strict=True))["holder"] == "'=HYPERLINK()"
    assert row[-1] == "'@x"


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_rows_or_rejected(store: Store, content: bytes) -> None:
    try:
        preview = run(store, b"plate,note\n" + content, apply=False)
    except ConfigError:
        return
    assert preview.added + preview.same + preview.changed + preview.rejected == preview.rows
