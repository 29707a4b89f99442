"""`platewire lists` and `platewire decisions`: what they print, change and answer."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from platewire.lists.decisions.book import FILE_NAME, Book
from platewire.model import Decision
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

[[transfer]]
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
        "staff (allow): b-ab-108, look_alike; holds"
    ]
    assert lists("remove", "staff", "BAB108") == ["1 of 1 were on staff and are off it now"]


def test_answers_no_where_nothing_is(platewire: Platewire, listing: Path) -> None:
    platewire("lists", "add", "--config", listing, "staff", "AB 1", "--hours", "08:00-09:00")
    late = platewire("lists", "check", "--config", listing, "AB1", "--at", "2026-05-04T09:00")
    assert late.code == 1
    assert "not here and now: it holds 08:00-09:00, and at the site it is Monday 09:00" in late.out
    nobody = platewire("lists", "check", "--config", listing, "AB2")
    assert (nobody.code, "AB2 is on no list" in nobody.err) == (1, True)
    assert platewire("lists", "remove", "--config", listing, "staff", "AB 2").code == 1
    assert platewire("lists", "show", "--config", listing, "stolen").code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "nobody", "AB 1"), 'there is no list "nobody"; there are: staff, stolen'),
        (("add", "staff", "Ж1"), "'Ж' is on no plate"),
        (("add", "staff", "AB 1", "--cameras", "gte"), "there are: gate"),
        (("check", "..."), "neither letter nor digit"),
        (("check", "AB 1", "--at", "noon"), "write it like 2026-01-31T08:00"),
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
    assert "row 3: plate 'AB*': '*' has no meaning here; write one whole plate" in said.out
    assert "1 would be added" in said.out
    assert "--apply takes the good rows" in said.out
    rows = list(csv.DictReader(rejected.read_text("utf-8-sig").splitlines()))
    assert [(row["row"], row["field"]) for row in rows] == [("3", "plate"), ("4", "valid_to")]
    assert platewire("lists", "show", "--config", listing, "staff").code == 1
    applied = json.loads(platewire(*look, "--apply", "--json").out)
    assert (applied["applied"], applied["added"], applied["rejected"]) == (True, 1, 2)


def test_what_is_exported_can_be_imported(
    platewire: Platewire, listing: Path, tmp_path: Path
) -> None:
    for number in range(3):
        platewire("lists", "add", "--config", listing, "staff", f"AB {number}", "--note", "a,b")
    out = tmp_path / "out.csv"
    export = ("lists", "export", "--config", listing, "staff")
    said = platewire(*export, out, "--delimiter", "semicolon")
    assert said.lines == [f"3 entries of staff are in {out}"]
    again = platewire(
        *("lists", "import", "--config", listing, "staff", out, "--replace", "--json")
    )
    assert json.loads(again.out)["same"] == 3
    printed = platewire(*export)
    assert printed.lines[1] == 'AB 0,,,,,,,"a,b"'


def test_decisions_are_shown_with_their_reasons(platewire: Platewire, listing: Path) -> None:
    nothing = platewire("decisions", "--config", listing, "barrier")
    assert (nothing.code, "decided nothing" in nothing.err) == (1, True)
    assert "there are: barrier" in platewire("decisions", "--config", listing, "door").err
    at = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
    book = Book(listing.parent / "platewire-data" / FILE_NAME, at)
    for seq, opened in enumerate((True, False, None)):
        book.write(
            Decision(
                transfer="barrier",
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
    assert said.lines[0].startswith("2026-05-04 08:30:00.000  gate  AB1")
    assert said.lines[0].endswith("opened: it is on the list staff")
