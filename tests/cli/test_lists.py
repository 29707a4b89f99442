"""`platewire lists` and `platewire decisions`: what they print, change and answer."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from platewire.access import Decision
from platewire.lists.decisions.book import FILE_NAME, Book
from tests.cli.conftest import Platewire

CONFIG = """
[site]
time_zone = "Europe/Berlin"

[[list]]
name = "staff"
kind = "allow"
mode = "look_alike"

[[list]]
name = "stolen"
kind = "block"

[[camera]]
name = "gate"
source = { type = "file", path = "in.mp4" }

[[output]]
type = "relay"
name = "barrier"
relay = { type = "modbus", host = "127.0.0.1" }
"""


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    path = tmp_path / "platewire.toml"
    path.write_text(CONFIG)
    (tmp_path / "platewire-data").mkdir()
    return path


def test_put_on_shown_checked_and_taken_off(platewire: Platewire, listing: Path) -> None:
    def lists(*words: object) -> list[str]:
        said = platewire("lists", words[0], "--config", listing, *words[1:])
        assert said.code == 0, said.err
        return said.lines

    added = lists("add", "staff", "B AB 108", "--to", "2027-12-31", "--holder", "Ada")
    assert added == ["B AB 108: added on staff"]
    assert lists("add", "staff", "b-ab-108", "--hours", "8:00-18:00")[0].endswith(
        "changed on staff"
    )
    assert lists("show")[0].split() == ["staff", "allow", "look_alike", "1", "entries"]
    assert lists("show", "staff") == ["b-ab-108     08:00-18:00"]
    assert lists("check", "B AB IO8", "--at", "2026-05-04T12:00") == [
        "staff (allow): b-ab-108, look_alike; matches now"
    ]
    lists("add", "staff", "AB 1", "--from", "2026-01-31 08:00Z", "--to", "2027-12-31")
    lists("add", "staff", "AC 1", "--from", "2026-07-31T08:00:00Z")
    assert lists("show", "staff", "--limit", "2") == [
        "AB 1         2026-01-31T09:00..2027-12-31",
        "AC 1         2026-07-31T10:00..",
    ]
    assert lists("show", "staff", "--after", "AC1") == ["b-ab-108     08:00-18:00"]
    assert lists("remove", "staff", "BAB108") == ["1 of 1 removed from staff"]


def test_answers_no_where_nothing_is(platewire: Platewire, listing: Path) -> None:
    platewire("lists", "add", "--config", listing, "staff", "AB 1", "--hours", "08:00-09:00")
    late = platewire("lists", "check", "--config", listing, "AB1", "--at", "2026-05-04T09:00")
    assert late.code == 1
    assert "no match now: valid 08:00-09:00; local time is Monday 09:00" in late.out
    nobody = platewire("lists", "check", "--config", listing, "AB2")
    assert (nobody.code, "AB2 is not on any list" in nobody.err) == (1, True)
    assert platewire("lists", "remove", "--config", listing, "staff", "AB 2").code == 1
    assert platewire("lists", "show", "--config", listing, "stolen").code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "nobody", "AB 1"), 'no list "nobody"; configured lists: staff, stolen'),
        (("add", "staff", "Ж1"), "'Ж' is not a letter of a plate"),
        (("add", "staff", "AB 1", "--cameras", "gte"), "configured cameras: gate"),
        (("check", "..."), "no letters or digits"),
        (("check", "AB 1", "--at", "noon"), "--at: invalid time 'noon': use 2026-11-30, 2026-"),
        (
            ("add", "staff", "AB 1", "--to", "31.12.2027"),
            "valid_to '31.12.2027': invalid time; use",
        ),
        (("add", "staff", "AB 1", "--from", "2027-01-01T08:00:30"), "invalid day or loca"),
        (("import", "staff", "gone.csv"), "cannot be read"),
    ],
)
def test_says_what_is_wrong(
    platewire: Platewire, listing: Path, words: tuple[str, ...], told: str
) -> None:
    said = platewire("lists", words[0], "--config", listing, *words[1:])
    assert said.code == 2
    assert told in said.err


def test_a_file_is_looked_at_first_and_then_taken(
    platewire: Platewire, listing: Path, tmp_path: Path
) -> None:
    source, rejected = tmp_path / "in.csv", tmp_path / "rejected.csv"
    source.write_text("plate;valid_to\nAB 1;2027-01-01\nAB*;\nAB 2;someday\n")
    look = ("lists", "import", "--config", listing, "staff", source)
    said = platewire(*look, "--rejected", rejected)
    assert said.code == 1
    assert "row 3: plate 'AB*': '*' is not allowed; write one whole plate" in said.out
    assert "1 would be added" in said.out
    assert "import the valid rows with --apply" in said.out
    rows = list(csv.DictReader(rejected.read_text("utf-8-sig").splitlines()))
    assert [(row["row"], row["field"]) for row in rows] == [("3", "plate"), ("4", "valid_to")]
    assert platewire("lists", "show", "--config", listing, "staff").code == 1
    applied = json.loads(platewire(*look, "--apply", "--json").out)
    assert (applied["applied"], applied["added"], applied["rejected"]) == (True, 1, 2)


def test_what_is_assumed_is_said_and_what_is_not_certain_is_asked(
    platewire: Platewire, listing: Path, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes("Kennzeichen;Ablauftermin\r\nMÜ AB 1;31.12.2027\r\n".encode("cp1252"))
    look = ("lists", "import", "--config", listing, "staff", source, "--replace")
    said = platewire(*look)
    assert said.code == 1
    assert "assumed: the file does not state its encoding; it is read as cp1252" in said.out
    assert "decision needed: unknown column 'Ablauftermin'" in said.out
    assert "--apply takes" not in said.out
    refused = platewire(*look, "--apply")
    assert (refused.code, "--ignore-column" in refused.err) == (2, True)
    assert platewire("lists", "check", "--config", listing, "MU AB 1").code == 1
    taken = platewire(*look, "--apply", "--column", "valid_to=Ablauftermin")
    assert taken.code == 0
    check = ("lists", "check", "--config", listing, "MÜ AB 1", "--at")
    assert platewire(*check, "2027-12-31T23:59").lines == [
        "staff (allow): MÜ AB 1, exact; matches now"
    ]
    assert platewire(*check, "2028-01-01T00:00").code == 1


def test_the_file_to_import_is_not_written_over(
    platewire: Platewire, listing: Path, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("plate\nA 1\n")
    said = platewire(
        *("lists", "import", "--config", listing, "staff", source, "--rejected", source)
    )
    assert (said.code, "name another file" in said.err) == (2, True)
    assert source.read_text() == "plate\nA 1\n"


def test_what_is_exported_can_be_imported(
    platewire: Platewire, listing: Path, tmp_path: Path
) -> None:
    for number in range(3):
        platewire("lists", "add", "--config", listing, "staff", f"AB {number}", "--note", "a,b")
    out = tmp_path / "out.csv"
    export = ("lists", "export", "--config", listing, "staff")
    said = platewire(*export, out, "--delimiter", "semicolon")
    assert said.lines == [f"3 entries of staff exported to {out}"]
    again = platewire(
        *("lists", "import", "--config", listing, "staff", out, "--replace", "--json")
    )
    assert json.loads(again.out)["same"] == 3
    printed = platewire(*export)
    assert printed.lines[1] == 'AB 0,,,,,,,"a,b",,,,'


def test_exported_workbook_imports_unchanged(
    platewire: Platewire, listing: Path, tmp_path: Path
) -> None:
    add = ("lists", "add", "--config", listing, "staff")
    platewire(*add, "00123", "--note", "=1+1", "--group", "night shift")
    platewire(*add, "1234E5", "--card-bits", "26", "--card-facility", "12", "--card-number", "345")
    shown = platewire("lists", "show", "--config", listing, "staff")
    assert shown.lines[1] == "1234E5       card 12 345 (26 bits)"
    out = tmp_path / "out.XLSX"
    export = ("lists", "export", "--config", listing, "staff", out)
    assert platewire(*export).lines == [f"2 entries of staff exported to {out}"]
    refused = platewire(*export, "--delimiter", "tab")
    assert (refused.code, "is a workbook; remove it" in refused.err) == (2, True)
    again = platewire(
        *("lists", "import", "--config", listing, "staff", out, "--replace", "--json")
    )
    assert json.loads(again.out)["same"] == 2


def test_invalid_card_is_reported(platewire: Platewire, listing: Path) -> None:
    add = ("lists", "add", "--config", listing, "staff", "AB 1", "--card-bits", "26")
    said = platewire(*add, "--card-facility", "256", "--card-number", "1")
    assert said.code == 2
    assert "card_facility '256': it exceeds 8 bits; use 0 to 255 for a 26-bit card" in said.err


def test_decisions_are_shown_with_their_reasons(platewire: Platewire, listing: Path) -> None:
    nothing = platewire("decisions", "--config", listing, "barrier")
    assert (nothing.code, "no decisions yet" in nothing.err) == (1, True)
    assert (
        "configured relay outputs: barrier"
        in platewire("decisions", "--config", listing, "door").err
    )
    at = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
    book = Book(listing.parent / "platewire-data" / FILE_NAME, at)
    for seq, opened in enumerate((True, False, None)):
        book.write(
            Decision(
                output="barrier",
                at=at,
                seq=seq,
                passage=UUID(int=seq),
                camera="gate",
                plate="AB1",
                opened=opened,
                reason="opened",
                detail="it is on the list staff",
            )
        )
    book.close()
    said = platewire("decisions", "--config", listing, "barrier", "--limit", "2")
    assert [line.split()[4] for line in said.lines] == ["no", "?"]
    assert said.lines[0].startswith("2026-05-04 10:30:00.000  gate  AB1")
    assert said.lines[0].endswith("opened: it is on the list staff")
