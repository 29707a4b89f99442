import csv
import gzip
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Platewire


def test_passages_as_csv(platewire: Platewire, filled: Path) -> None:
    out = filled.parent / "passages.csv"
    said = platewire("export", "passages", out, "--config", filled)
    assert (said.code, said.out) == (0, "")
    assert f"3 passages in {out}" in said.err
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["camera"], row["plate"]) for row in rows] == [
        ("exit", "AB12CDE"), ("gate", "BU9042"), ("gate", "AB12CDE"),
    ]  # fmt: skip
    assert rows[2]["first_seen_at"] == "2026-01-02T03:04:06.678Z"
    assert not out.with_name("passages.csv.part").exists()


def test_semicolon_and_decimal_comma(platewire: Platewire, filled: Path) -> None:
    said = platewire(
        "export", "events", "-", "--format", "csv", "--delimiter", "semicolon", "--decimal-comma",
        "--columns", "seq,plate,plate_confidence", "--config", filled,
    )  # fmt: skip
    assert said.code == 0
    assert said.lines[:2] == ["seq;plate;plate_confidence", "1;AB12CDE;0,875"]


def test_events_zipped_and_filtered(platewire: Platewire, filled: Path) -> None:
    out = filled.parent / "events.jsonl.gz"
    said = platewire("export", "events", out, "--plate", "ab*", "--json", "--config", filled)
    assert json.loads(said.out) == {"file": str(out), "rows": 6}
    with gzip.open(out) as file:
        assert [json.loads(line)["seq"] for line in file] == [1, 2, 3, 7, 8, 9]


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet", "a.csv.gz", "a.jsonl"])
def test_every_format_is_written_and_nothing_is_replaced(
    platewire: Platewire, filled: Path, name: str
) -> None:
    out = filled.parent / name
    assert platewire("export", "passages", out, "--config", filled).code == 0
    first = out.read_bytes()
    said = platewire("export", "passages", out, "--camera", "exit", "--config", filled)
    assert said.code == 2
    assert "--force" in said.err
    assert out.read_bytes() == first
    said = platewire("export", "passages", out, "--camera", "exit", "--force", "--config", filled)
    assert said.code == 0
    assert out.read_bytes() != first


def test_nothing_found_is_no_and_a_file_with_its_header(platewire: Platewire, filled: Path) -> None:
    out = filled.parent / "none.csv"
    assert platewire("export", "passages", out, "--plate", "ZZ", "--config", filled).code == 1
    assert out.read_text().startswith("passage,first_seen_at,")


@pytest.mark.parametrize(
    ("arguments", "said_of"),
    [
        (["passages", "a.txt"], "has no known suffix"),
        (["passages", "a.xlsx.gz"], "remove .gz"),
        (["events", "a.csv", "--open"], "applies to passages only"),
        (["passages", "a.csv", "--plate", "%"], "no letters or digits"),
        (["passages", "-", "--format", "csv", "--json"], "stdout"),
        (["passages", "a.csv", "--columns", "plate,wheels"], "no column 'wheels'; valid columns: "),
        (["passages", "a.csv", "--decimal-comma"], "use the delimiter semicolon"),
        (["passages", "a.jsonl", "--delimiter", "tab"], "delimiter applies to csv only"),
        (["passages", "a.csv", "--delimiter", ";"], "semicolon"),
    ],
)
def test_what_cannot_be_meant_is_told(
    platewire: Platewire, filled: Path, arguments: list[str], said_of: str
) -> None:
    said = platewire("export", *arguments, "--config", filled)
    assert said.code == 2
    assert said_of in said.err


def test_a_folder_that_is_missing_is_named(platewire: Platewire, filled: Path) -> None:
    out = filled.parent / "missing" / "a.csv"
    said = platewire("export", "passages", out, "--config", filled)
    assert said.code == 3
    assert "missing" in said.err
