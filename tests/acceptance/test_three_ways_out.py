"""One clip, the real engine, three third parties: all tell the same story, and the true one."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from platewire.testing import scene
from tests.acceptance.lines_client import LinesReceiver
from tests.acceptance.numberok_client import HttpReceiver, Received, TcpReceiver
from tests.acceptance.running import Running

CONFIG = """
[web]
listen = "127.0.0.1:0"
[[camera]]
name = "road"
source = {{ type = "file", path = "{clip}" }}
[camera.passage]
direction_in = 90
[[output]]
name = "numberok"
type = "numberok_tcp"
wait_for_client = true
listen = "127.0.0.1:0"
start = "beginning"
max_age_seconds = 1e9
[[output]]
name = "json"
type = "http"
lanes = 1                # passages could overtake each other otherwise
format = "numberok-1.6"
body = "multipart"
url = "{url}"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
"""

Told = list[tuple[str, int, str, str]]
"""Kind, passage number, plate text, direction; in the order of the log."""


def test_all_ways_out_tell_the_same_true_story(start: Callable[[str], Running], clip: Path) -> None:
    with HttpReceiver() as http:
        server = start(CONFIG.format(clip=clip, url=http.url))
        lines = LinesReceiver(lambda: ("127.0.0.1", server.port("lines")))
        with TcpReceiver("127.0.0.1", server.port("numberok")) as tcp, lines:
            server.wait_until_caught_up(170)
            logged = in_database(server.addresses["database"])
            http.wait_for_count(len(logged), 10)
            tcp.wait_for_count(len(logged), 10)
            assert server.stop() == 0
        assert told(http.events) == logged
        assert told(tcp.events) == logged
        assert [ours(event) for event in lines.events] == logged
        assert [e.complaints for e in (*http.events, *tcp.events) if e.complaints] == []
    assert ids_over_tcp(tcp.events) == [(e["id"], e["revision"]) for e in lines.events]
    assert_true(logged)


def assert_true(logged: Told) -> None:
    """Every vehicle of the scene, each with one new, and one lost that has its true text."""
    truth = sorted((one.text, one.direction) for one in scene.passages(scene.short_scene()))
    lost = [(text, direction) for kind, _, text, direction in logged if kind == "lost"]
    assert sorted(lost) == truth
    new = [number for kind, number, *_ in logged if kind == "new"]
    assert sorted(new) == sorted(number for kind, number, *_ in logged if kind == "lost")
    assert len(set(new)) == len(new) == len(truth)


def told(events: Sequence[Received]) -> Told:
    return [(e.state, int(e.vehicle), e.plate, e.direction) for e in events]


def ours(event: dict[str, Any]) -> tuple[str, int, str, str]:
    text, direction = event["plate"]["text"], event["direction"]
    return event["kind"], event["passage_number"], text, direction


def ids_over_tcp(events: Sequence[Received]) -> list[tuple[str, int]]:
    """Our additions to NumberOk's form name the event and its revision."""
    fields = [{key.lower(): value for key, value in e.fields.items()} for e in events]
    return [(f["eventid"], int(f["revision"])) for f in fields]


def in_database(path: str) -> Told:
    """As a third party reads it: another connection, read-only, by the documented view."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(
            "SELECT kind, passage_number, plate, direction FROM anpr_event ORDER BY seq"
        ).fetchall()
