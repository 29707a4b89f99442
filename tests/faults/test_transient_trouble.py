"""What is over by itself does not end the server: it says what it waits for, and loses nothing."""

import json
import resource
import sqlite3
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance import small_road
from tests.acceptance.judging import read_log
from tests.acceptance.ports import free_port
from tests.acceptance.running import Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="lowers the limit of another process"),
]
CONFIG = """
[web]
listen = "127.0.0.1:{port}"
[log]
folder = "{folder}/log"
[recognition]
type = "replay"
path = "{recorded}"
[[camera]]
name = "road"
source = {{ type = "file", path = "{clip}", pace = "real", loop = true }}
passage = {{ lost_after_seconds = 0.5 }}
[[list]]
name = "staff"
kind = "allow"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    clip, recorded = small_road.write(tmp_path)
    config = tmp_path / "platewire.toml"
    known = {"port": free_port(), "folder": tmp_path, "clip": clip, "recorded": recorded}
    config.write_text(CONFIG.format(**known), "utf-8")
    running = Running(config)
    running.wait_for(lambda status: status["log"]["last_seq"] > 3)
    yield running
    running.kill()


@contextmanager
def locked(server: Running, folder: Path) -> Iterator[None]:
    """Also the lists and the book of decisions."""
    names = ("platewire.db", "lists.db", "decisions.db")
    connections = [sqlite3.connect(folder / name, isolation_level=None) for name in names]
    for connection in connections:
        connection.execute("PRAGMA busy_timeout = 20000")
        connection.execute("BEGIN IMMEDIATE")
    yield
    for connection in connections:
        connection.close()


@contextmanager
def pictures_away(server: Running, folder: Path) -> Iterator[None]:
    (folder / "images").rename(folder / "away")
    yield
    (folder / "away").rename(folder / "images")


@contextmanager
def no_descriptors(server: Running, folder: Path) -> Iterator[None]:
    """But those that it has; the page's is open already."""
    limit = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    server.get("/api/v1/status")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, limit[1]))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limit)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (locked, "another program holds a lock on the file"),
        (pictures_away, "restore the folder, or create it"),
        (no_descriptors, "raise the limit of open files"),
    ],
)
def test_it_is_waited_for(
    server: Running,
    tmp_path: Path,
    trouble: Callable[[Running, Path], AbstractContextManager[None]],
    words: str,
) -> None:
    folder = tmp_path / "log"
    with trouble(server, folder):
        server.wait_until_said(words, 60)
        if trouble is not no_descriptors:  # then the page has none either
            said = server.wait_for(lambda status: status["log"]["state"] == "waiting")
            assert words in said["log"]["message"]
            assert health(server) == 503
            assert (
                words
                in server.wait_for(lambda status: status["cameras"][0]["state"] == "waiting")[
                    "cameras"
                ][0]["message"]
            )
    last_seq = read_log(str(folder / "platewire.db"))[-1].seq
    after = server.wait_for(
        lambda status: (
            status["log"]["state"] == "running" and status["log"]["last_seq"] > last_seq + 3
        )
    )
    assert after["cameras"][0]["state"] == "running"
    assert health(server) == 200
    assert server.stop() == 0
    logged = read_log(str(folder / "platewire.db"))
    assert [entry.seq for entry in logged] == list(range(1, len(logged) + 1))
    with closing(sqlite3.connect(folder / "platewire.db")) as connection:
        named = connection.execute("SELECT path FROM image WHERE path <> ''").fetchall()
    assert all((folder / path).exists() for (path,) in named)


def health(server: Running) -> int:
    try:
        with urllib.request.urlopen(server.addresses["page"] + "healthz") as answer:
            json.load(answer)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
