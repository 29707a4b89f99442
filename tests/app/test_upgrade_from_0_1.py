"""A log folder that version 0.1 has written, where an output was called a transfer.

It was made by `platewire serve` of 0.1 with four transfers: `ok` had delivered all six events,
`refuses` was answered 422 to each, `later` was answered 503 for one passage and then paused,
`barrier` is a relay that opened for nobody.
"""

import json
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from platewire.config.load import load
from platewire.errors import ConfigError
from tests.acceptance import small_road
from tests.acceptance.running import Running

LOG = Path(__file__).with_name("log_of_0_1.zip")
CONFIG = """
[web]
listen = "127.0.0.1:0"
[log]
folder = "log"
[recognition]
type = "replay"
path = "small.reads.jsonl"
[[list]]
name = "staff"
kind = "allow"
"""
HTTP = '[[{}]]\nname = "{}"\ntype = "http"\nurl = "{}{}"\nstart = "beginning"\n'
RELAY = """
[[{}]]
name = "barrier"
type = "relay"
relay = {{ type = "http", url = "{}relay" }}
lists = ["staff"]
start = "beginning"
"""


class Receiver:
    """Takes everything; keeps what came where, with its attempt."""

    def __init__(self) -> None:
        self.came: list[tuple[str, int, int]] = []
        self._more = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                attempt = int(self.headers["platewire-attempt"])
                with receiver._more:
                    receiver.came.append((self.path, json.loads(body)["seq"], attempt))
                    receiver._more.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_for(self, count: int) -> list[tuple[str, int, int]]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.came) >= count, 60), self.came
            return sorted(self.came)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def written(folder: Path, url: str, table: str = "output") -> Path:
    """The configuration, beside the log of 0.1."""
    with zipfile.ZipFile(LOG) as archive:
        archive.extractall(folder)
    small_road.write(folder)
    outputs = [HTTP.format(table, name, url, name) for name in ("ok", "refuses", "later")]
    path = folder / "platewire.toml"
    path.write_text(CONFIG + "".join(outputs) + RELAY.format(table, url), "utf-8")
    return path


@pytest.fixture
def upgraded(tmp_path: Path, receiver: Receiver) -> Iterator[Running]:
    running = Running(written(tmp_path, receiver.url))
    yield running
    assert running.stop() == 0
    running.kill()


def asked(running: Running, path: str, body: dict[str, str]) -> Any:
    request = urllib.request.Request(
        f"{running.addresses['page'].rstrip('/')}/api/v1{path}",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_cursors_dead_letters_attempts_and_decisions_are_kept(upgraded: Running) -> None:
    outputs = {each["name"]: each for each in upgraded.get("/api/v1/outputs")["outputs"]}
    assert {name: each["counters"]["cursor"] for name, each in outputs.items()} == {
        "ok": 6, "refuses": 6, "later": 6, "barrier": 6,
    }  # fmt: skip
    assert outputs["later"]["state"] == "paused"
    assert outputs["later"]["counters"]["parked"] == 2
    dead = upgraded.get("/api/v1/outputs/refuses/dead")
    assert [(each["seq"], each["status"]) for each in dead["dead_letters"]] == [
        (seq, 422) for seq in (6, 5, 4, 3, 2, 1)
    ]
    attempts = upgraded.get("/api/v1/outputs/later/attempts?seq=2")["attempts"]
    assert [(each["number"], each["status"]) for each in attempts] == [(3, 503), (2, 503), (1, 503)]
    decisions = upgraded.get("/api/v1/outputs/barrier/decisions")["decisions"]
    assert [(each["decision"]["output"], each["decision"]["plate"]) for each in decisions] == [
        ("barrier", plate) for plate in ("BU9042", "KRA48PT", "AB12CDE")
    ]


def test_only_what_was_not_delivered_is_sent(upgraded: Running, receiver: Receiver) -> None:
    asked(upgraded, "/outputs/later/resume", {})
    assert receiver.wait_for(2) == [("/later", 2, 4), ("/later", 5, 1)]
    status = upgraded.wait_for(
        lambda status: all(not each["counters"].get("parked") for each in status["outputs"])
    )
    assert [each["counters"]["delivered"] for each in status["outputs"]].count(2) == 1
    assert len(receiver.came) == 2


def test_its_configuration_is_told_what_to_rename(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`\[\[transfer\]\]` is called `\[\[output\]\]`"):
        load(written(tmp_path, "http://127.0.0.1:1/", table="transfer"))
