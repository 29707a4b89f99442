"""What is over by itself does not keep the server from starting, only from starting at once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.ports import free_port
from tests.acceptance.running import PLATEWIRE, ROOT, Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="sends signals"),
]
CONFIG = """
[web]
listen = "127.0.0.1:{port}"
[log]
folder = "{folder}/log"
[recognition]
type = "replay"
path = "{folder}/reads.jsonl"
[[list]]
name = "staff"
kind = "allow"
"""
DATABASES = ["platewire.db", "lists.db", "decisions.db"]
WAITS = "cannot start yet"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a site that has run before."""
    (tmp_path / "reads.jsonl").touch()
    path = tmp_path / "platewire.toml"
    path.write_text(CONFIG.format(port=free_port(), folder=tmp_path), "utf-8")
    stop(Running(path))
    return path


def stop(server: Running) -> None:
    code = server.stop()
    server.kill()  # closes what the test holds of it
    assert code == 0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN IMMEDIATE")
        yield


def until_said(config: Path, words: str, *, times: int = 1) -> None:
    said = config.with_suffix(".diagnostics")
    end = time.monotonic() + 60
    while not said.exists() or said.read_text("utf-8").count(words) < times:
        assert time.monotonic() < end, f"{words!r} was not said: {said.read_text('utf-8')}"
        time.sleep(0.02)


@pytest.mark.parametrize("name", DATABASES)
def test_a_locked_file_is_waited_for(config: Path, name: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with locked(config.parent / "log" / name):
            starting = pool.submit(Running, config)
            until_said(config, WAITS)
        server = starting.result(60)
    said = server.diagnostics
    assert "another program holds a lock on the file" in said
    assert name in said
    assert said.count(WAITS) == 1
    stop(server)


def started(config: Path) -> "subprocess.Popen[bytes]":
    with config.with_suffix(".diagnostics").open("ab") as said:
        return subprocess.Popen(
            [*PLATEWIRE, "serve", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=said,
            cwd=ROOT,
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(config: Path, number: signal.Signals) -> None:
    with locked(config.parent / "log" / "platewire.db"):
        process = started(config)
        until_said(config, WAITS)
        process.send_signal(number)
        assert process.wait(60) == 0
    assert "Traceback" not in config.with_suffix(".diagnostics").read_text("utf-8")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_right_that_lacks_is_final(config: Path) -> None:
    (config.parent / "log").chmod(0o500)
    assert started(config).wait(60) == 3


def test_damage_and_another_server_are_final(config: Path) -> None:
    server = Running(config)
    assert started(config).wait(60) == 3
    stop(server)
    (config.parent / "log" / "decisions.db").write_bytes(b"no database" * 1000)
    assert started(config).wait(60) == 3
    said = config.with_suffix(".diagnostics").read_text("utf-8")
    assert WAITS not in said
