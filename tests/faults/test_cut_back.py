"""The log is taken away or put back to an older state, under a running server and between runs."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from platewire.cli.main import main
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_eventlog import several
from tests.acceptance.running import Running

CONFIG = """
[log]
folder = "{folder}"
[web]
listen = "127.0.0.1:0"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
"""

Start = Callable[[], Running]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "platewire.toml"
    path.write_text(CONFIG.format(folder=tmp_path / "log"))
    return path


@pytest.fixture
def start(config: Path) -> Iterator[Start]:
    running: list[Running] = []

    def start() -> Running:
        running.append(Running(config))
        return running[-1]

    yield start
    for each in running:
        each.kill()


async def write(folder: Path, first: int, count: int) -> list[dict[str, Any]]:
    """So many passages, by another run; their events."""
    clock = SystemClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    entries = await log.append("gate", several(first, count))
    await log.close()
    return [json.loads(entry.body) for entry in entries]


def asked(server: Running, request: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The first lines that a client gets for its request."""
    with socket.create_connection(("127.0.0.1", server.port("lines")), timeout=20) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            return [json.loads(next(lines)) for _ in range(count)]


def position(event: dict[str, Any]) -> dict[str, Any]:
    return {"resume": event["seq"], "id": event["id"]}


async def test_a_database_deleted_under_the_server_ends_it_and_no_number_is_given_twice(
    config: Path, tmp_path: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "log"
    events = await write(folder, 1, 3)
    server = start()
    assert server.get("/healthz")["healthy"]
    for end in ("", "-wal", "-shm"):
        (folder / f"platewire.db{end}").unlink(missing_ok=True)
    assert server.wait() == 3
    assert "was deleted or replaced by another file" in server.diagnostics
    assert "platewire.rescued" in server.diagnostics

    again = start()
    health = again.get("/healthz")
    assert (health["healthy"], health["log"]["epoch"]) == (True, 2)
    assert "epoch 2 began" in health["warnings"][0]
    hello, gap = asked(again, position(events[3]), 2)
    assert (hello["hello"]["epoch"], hello["hello"]["log_id"]) == (2, health["log"]["log_id"])
    assert gap == {"gap": {"first": 5, "last": 9, "count": 5, "reason": "cut_back"}}
    assert again.stop() == 0
    assert [event["seq"] for event in await write(folder, 9, 1)] == [10, 11, 12]
    assert main(["database", "verify", "--config", str(config)]) == 0
    said = capsys.readouterr().out
    assert "seq 1 to 9 are not used" in said
    assert f"log {health['log']['log_id']}, epoch 2" in said


async def test_a_whole_folder_put_back_is_told_to_who_has_other_events(
    tmp_path: Path, start: Start
) -> None:
    """The mark went back with it, so numbers are given twice; a receiver's event id tells."""
    folder = tmp_path / "log"
    await write(folder, 1, 1)
    shutil.copytree(folder, tmp_path / "copy")
    lost = await write(folder, 2, 2)
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "copy", folder)
    server = start()
    (ahead,) = asked(server, position(lost[-1]), 1)
    assert "rolled back to an older state" in ahead["error"]
    assert server.stop() == 0
    others = await write(folder, 50, 2)
    assert [event["seq"] for event in others] == [event["seq"] for event in lost]
    server = start()
    (other,) = asked(server, position(lost[-1]), 1)
    assert f"seq 9 is event {others[-1]['id']} in this log, not {lost[-1]['id']}" in other["error"]
    assert '{"resume": "beginning"}' in other["error"]
    _, *same = asked(server, position(others[2]), 4)
    assert [event["seq"] for event in same] == [7, 8, 9]
    _, *old = asked(server, {"resume": 8}, 2)
    assert [event["seq"] for event in old] == [9], "who sends the number alone is served as before"


async def test_verify_says_what_was_done_to_a_log_that_lies_there(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "log"
    await write(folder, 1, 1)
    shutil.copy(folder / "platewire.db", tmp_path / "older")
    await write(folder, 2, 2)
    shutil.copy(tmp_path / "older", folder / "platewire.db")
    assert main(["database", "verify", "--config", str(config)]) == 1
    said = capsys.readouterr().out
    assert "the log was rolled back" in said
    assert "ends at seq 3 in epoch 1" in said
    assert "seq 9 in epoch 1 was assigned" in said


async def test_verify_names_what_is_remembered_beyond_the_end(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "log"
    clock = SystemClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    await log.append("gate", several(1, 1))
    await log.deliveries.set_cursor("erp", 7)
    await log.deliveries.set_cursor("barrier", 3, ((5, 6),))
    await log.deliveries.set_cursor("fine", 3)
    await log.close()
    (folder / "lists.db").touch()
    assert main(["database", "verify", "--config", str(config)]) == 1
    said = capsys.readouterr().out
    assert 'output "erp": its cursor at seq 7 is beyond the last event, seq 3' in said
    assert 'output "barrier": its cursor at seq 6' in said
    assert '"fine"' not in said
    assert "lists.db is empty" in said
