import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.cli.conftest import Platewire
from tests.sources.clips import jpeg

HTTP = '[[output]]\nname = "hook"\ntype = "http"\nurl = "{url}"\n'
LINES = '[[output]]\nname = "lines"\ntype = "json_lines"\nlisten = "127.0.0.1:{port}"\n'


def add(config: Path, text: str) -> None:
    config.write_text(config.read_text() + text)


def test_all_is_well(platewire: Platewire, config: Path) -> None:
    with HttpReceiver() as receiver:
        add(config, HTTP.format(url=receiver.url) + LINES.format(port=0))
        said = platewire("check", "--config", config)
    assert said.code == 0
    assert said.lines[0] == f"{config}: valid"
    assert all(line.startswith("ok    ") for line in said.lines[1:])
    assert "received a 128x96 frame" in said.out
    assert not (config.parent / "platewire-data").exists()


KINDS = {
    "http": (
        'type = "http"\nurl = "{url}?key=hidden"',
        "opened and closed a connection: {url}?...",
    ),
    "template": ('type = "template"\nurl = "{url}"', "opened and closed a connection: "),
    "tcp_push": ('type = "tcp_push"\naddress = "{address}"', "closed a connection: {address}; "),
    "relay": (
        'type = "relay"\nrelay = {{ type = "http", url = "{url}" }}',
        "closed a connection: {url}; ",
    ),
    "modbus": (
        'type = "relay"\nrelay = {{ type = "modbus", host = "127.0.0.1", port = {port} }}',
        "closed a connection: {address}; ",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_check_reports_what_it_verified(platewire: Platewire, config: Path, kind: str) -> None:
    """A receiver that answers 401 to every event can be connected to all the same."""
    text, said_of_it = KINDS[kind]
    with HttpReceiver() as receiver:
        receiver.answer = 401
        address = receiver.url.split("/")[2]
        there = {"url": receiver.url, "address": address, "port": address.split(":")[1]}
        add(config, '[[list]]\nname = "staff"\nkind = "allow"\n\n')
        add(config, f'[[output]]\nname = "out"\n{text.format(**there)}\n')
        said = platewire("check", "--config", config)
    assert said.code == 0
    assert said_of_it.format(**there) in said.out
    assert "no event was sent, use `platewire outputs test out` to send one" in said.out
    assert "hidden" not in said.out


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
    assert f"platewire (process {server.pid}) is running" in said.out
    assert server.stop() == 0


STILLS = """
[[list]]
name = "staff"
kind = "allow"

[[camera]]
name = "ftp"
source = { type = "pictures", path = "." }
"""
GATE = '[[output]]\nname = "out"\ntype = "relay"\nrelay = { type = "http", url = "%s" }\n'


@pytest.mark.parametrize(
    ("passage", "said_of_it"),
    [
        ("", "; stills: a vehicle is reported at its first read"),
        ("passage = { hold_back = 2 }", "`hold_back` is 2, so a vehicle that is read once gives"),
    ],
)
def test_check_tells_what_stills_mean(
    platewire: Platewire, config: Path, passage: str, said_of_it: str
) -> None:
    (config.parent / "a.jpg").write_bytes(jpeg())
    with HttpReceiver() as receiver:
        add(config, f"{STILLS}{passage}\n{GATE % receiver.url}")
        said = platewire("check", "--config", config)
    assert said.code == 0
    assert said_of_it in said.out
    assert "`min_reads` counts as 1 for ftp" in said.out
