import json
from pathlib import Path

import pytest

from tests.cli.conftest import Platewire


def plates(said_lines: list[str]) -> list[tuple[str, str]]:
    events = [json.loads(line) for line in said_lines]
    return [(event["camera"], event["plate"]["text"]) for event in events]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["ab12"], [("exit", "AB12CDE"), ("gate", "AB12CDE")]),
        (["АВ-12", "--camera", "gate"], [("gate", "AB12CDE")]),  # in Cyrillic
        (["A812CDE", "--match", "similar", "--camera", "exit"], [("exit", "AB12CDE")]),
        (["BU904", "--match", "one_edit"], [("gate", "BU9042")]),
        (["*90?2"], [("gate", "BU9042")]),
        (["12CD", "--match", "contains", "--limit", "1"], [("exit", "AB12CDE")]),
        (["--until", "2026-01-02T03:04:07Z"], [("gate", "AB12CDE")]),
        (["--day", "2026-01-02", "--color", "blue", "--direction", "in", "--country", "de"],
         [("exit", "AB12CDE"), ("gate", "BU9042"), ("gate", "AB12CDE")]),
        (["--list", "staff", "BU"], [("gate", "BU9042")]),
    ],
)  # fmt: skip
def test_searches(
    platewire: Platewire, filled: Path, arguments: list[str], found: list[tuple[str, str]]
) -> None:
    said = platewire("search", *arguments, "--json", "--config", filled)
    assert (said.code, plates(said.lines)) == (0, found)


def test_for_people(platewire: Platewire, filled: Path) -> None:
    said = platewire("search", "BU", "--config", filled)
    assert said.out.split()[:4] == ["2026-01-02", "03:04:07.678", "gate", "lost"]
    assert (said.code, len(said.lines)) == (0, 1)


@pytest.mark.parametrize("arguments", [["ZZ"], ["--day", "yesterday"], ["--open"], ["--type", "'"]])
def test_nothing_found_is_no(platewire: Platewire, filled: Path, arguments: list[str]) -> None:
    assert platewire("search", *arguments, "--config", filled).code == 1


@pytest.mark.parametrize(
    ("arguments", "said_of"),
    [
        (["%%"], "no letters or digits"),
        (
            ["--since", "whenever"],
            "since: invalid time 'whenever': use 2026-11-30, ",
        ),
        (
            ["--day", "2026-02-30"],
            "day: invalid date '2026-02-30': use 2026-11-30, ",
        ),
        (["--day", "today", "--since", "24h"], "use one of them"),
        (["--since", "2026-01-02", "--until", "2026-01-01"], "is not after"),
        (["--match", "exact"], "match requires plate"),
        (["AB", "--output", "nobody"], 'no PostgreSQL output "nobody"'),
    ],
)
def test_what_cannot_be_meant_is_told(
    platewire: Platewire, filled: Path, arguments: list[str], said_of: str
) -> None:
    said = platewire("search", *arguments, "--config", filled)
    assert said.code == 2
    assert said_of in said.err


def test_without_a_log_the_remedy_is_named(platewire: Platewire, config: Path) -> None:
    said = platewire("search", "AB", "--config", config)
    assert said.code == 3
    assert "`platewire serve` creates it" in said.err
