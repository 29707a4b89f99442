import json
import socket
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.cli.conftest import Platewire

HTTP = '[[transfer]]\nname = "hook"\ntype = "http"\nurl = "{url}"\n'
LINES = '[[transfer]]\nname = "lines"\ntype = "json_lines"\nlisten = "127.0.0.1:{port}"\n'


def add(config: Path, text: str) -> None:
    config.write_text(config.read_text() + text)


def test_all_is_well(platewire: Platewire, config: Path) -> None:
    with HttpReceiver() as receiver:
        add(config, HTTP.format(url=receiver.url) + LINES.format(port=0))
        said = platewire("check", "--config", config)
    assert said.code == 0
    assert said.lines[0] == f"{config}: valid"
    assert all(line.startswith("ok    ") for line in said.lines[1:])
    assert "a picture of 128x96" in said.out
    assert not (config.parent / "platewire-data").exists()


def test_each_failure_is_told_and_the_rest_is_tried(platewire: Platewire, config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        source = '[[camera]]\nname = "away"\nsource = { type = "file", path = "away.mp4" }\n'
        add(config, source + LINES.format(port=port) + HTTP.format(url="http://127.0.0.1:9/"))
        said = platewire("check", "--json", "--timeout", 5, "--config", config)
    assert said.code == 1
    findings = {line["name"]: line for line in map(json.loads, said.lines)}
    assert [name for name, line in findings.items() if not line["good"]] == [
        "away",
        "lines",
        "hook",
    ]
    assert "away.mp4" in findings["away"]["message"]
    assert f"127.0.0.1:{port}" in findings["lines"]["message"]
    assert "check that the receiver is running" in findings["hook"]["message"]


def test_beside_a_running_server_what_it_listens_on_is_left_alone(
    platewire: Platewire, config: Path, start: Callable[[Path], Running]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    add(config, LINES.format(port=port))
    server = start(config)
    said = platewire("check", "--config", config)
    assert said.code == 0
    assert f"platewire runs (process {server.pid})" in said.out
    assert server.stop() == 0
