import json
import os
import signal
import subprocess
from pathlib import Path

from tests.acceptance.running import PLATEWIRE
from tests.cli.conftest import Platewire


def seqs(lines: list[str]) -> list[int]:
    return [json.loads(line)["seq"] for line in lines]


def test_events_stand_in_order_with_day_and_plate(platewire: Platewire, filled: Path) -> None:
    said = platewire("events", "list", "--config", filled)
    assert said.code == 0
    assert [int(line.split()[0]) for line in said.lines] == list(range(1, 10))
    assert said.lines[0].split()[1:6] == ["2026-01-02", "03:04:06.678", "gate", "new", "AB12CDE"]
    assert said.err == ""


def test_as_json_they_are_whole(platewire: Platewire, filled: Path) -> None:
    said = platewire("events", "list", "--json", "--config", filled)
    assert seqs(said.lines) == list(range(1, 10))
    assert json.loads(said.lines[0])["schema"] == "platewire.event/1"


def test_filters(platewire: Platewire, filled: Path) -> None:
    def listed(*more: str) -> list[int]:
        return seqs(platewire("events", "list", "--json", *more, "--config", filled).lines)

    assert listed("--limit", "2") == [8, 9]
    assert listed("--limit", "2", "--before", "8") == [6, 7]
    assert listed("--limit", "2", "--after", "3") == [4, 5]
    assert listed("--camera", "exit") == [7, 8, 9]
    assert listed("--kind", "lost") == [3, 6, 9]
    assert listed("--plate", "bu 90") == [4, 5, 6]
    assert listed("--plate", "ab12", "--kind", "new", "--camera", "gate") == [1]


def test_one_way_to_page_at_a_time(platewire: Platewire, filled: Path) -> None:
    said = platewire("events", "list", "--before", 8, "--after", 3, "--config", filled)
    assert (said.code, "--before and --after exclude each other" in said.err) == (2, True)


def test_nothing_found_is_told_and_is_no(platewire: Platewire, filled: Path) -> None:
    said = platewire("events", "list", "--camera", "absent", "--config", filled)
    assert (said.code, said.out) == (1, "")
    assert "no matching events" in said.err


def test_without_a_log_the_remedy_is_named(platewire: Platewire, config: Path) -> None:
    said = platewire("events", "list", "--config", config)
    assert said.code == 3
    assert "`platewire serve` creates it" in said.err


def test_a_damaged_log_is_named(platewire: Platewire, filled: Path) -> None:
    database = filled.parent / "platewire-data" / "platewire.db"
    database.write_bytes(os.urandom(8192))
    said = platewire("events", "list", "--config", filled)
    assert said.code == 3
    assert f"{database} is not an SQLite database" in said.err


def test_tail_shows_the_last_and_goes_on_until_interrupted(filled: Path) -> None:
    command = ["events", "tail", "--limit", "2", "--json", "--config", str(filled)]
    with subprocess.Popen(
        [*PLATEWIRE, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        first = [tail.stdout.readline().decode(), tail.stdout.readline().decode()]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 130
        assert tail.stderr.read() == b""
    assert seqs(first) == [8, 9]
