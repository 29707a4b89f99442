"""The server is killed at 50 random moments of a clip that goes on and on, and started again.

Three receivers stay: HTTP (NumberOk JSON), NumberOk TCP, JSON lines with resume. At the end the
log is what counts: what each receiver got must be that, at least once, in order within a passage,
and nothing else. The reads are those that the real engine made of the same clip (see `recorded`).
"""

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance.lines_client import LinesReceiver
from tests.acceptance.numberok_client import HttpReceiver, Received, TcpReceiver
from tests.acceptance.ports import free_port
from tests.acceptance.running import Running

KILLS = 50
CONFIG = """
[web]
listen = "127.0.0.1:0"
[recognition]
type = "replay"
path = "{recorded}"
[[camera]]
name = "road"
source = {{ type = "file", path = "{clip}", pace = "real", loop = {loop} }}
passage = {{ direction_in = 90, lost_after_seconds = 1.5 }}
[[transfer]]
name = "numberok"
type = "numberok_tcp"
listen = "127.0.0.1:{tcp_port}"
max_age_seconds = 1e9
start = "beginning"
[[transfer]]
name = "json"
type = "http"
format = "numberok-1.6"
url = "{url}"
start = "beginning"
[[transfer]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:{lines_port}"
"""


class Told(NamedTuple):
    """What every channel says of an event; equal ones are the same event."""

    passage_number: int
    kind: str
    text: str
    direction: str


class Logged(NamedTuple):
    seq: int
    revision: int
    told: Told


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_or_invented_by_kill_9(
    start: Callable[[str], Running], clip: Path, recorded: Path
) -> None:
    chance = random.Random(20261122)
    ports = {"tcp_port": free_port(), "lines_port": free_port()}
    with HttpReceiver() as http:
        turned = recorded.with_suffix(".turned.jsonl")
        config = partial(CONFIG.format, clip=clip, recorded=turned, url=http.url, **ports)
        lines = LinesReceiver(lambda: ("127.0.0.1", ports["lines_port"]))
        with TcpReceiver("127.0.0.1", ports["tcp_port"]) as tcp, lines:
            for _ in range(KILLS):
                turn(recorded, turned, chance.random())
                server = start(config(loop="true"))
                time.sleep(chance.uniform(0.0, 2.0))
                server.kill()
            server = start(config(loop="false"))
            server.wait_until_caught_up(120)
            logged = read_log(server.addresses["database"])
            http.wait_for(lambda got: heard(got) >= {e.told for e in logged}, 30)
            tcp.wait_for(lambda got: heard(got) >= {e.told for e in logged}, 30)
            assert server.stop() == 0
        assert_invariants(logged)
        assert len({entry.told.passage_number for entry in logged}) > KILLS // 5
        for got in (http.events, tcp.events):
            assert_received(logged, [told(event) for event in got])
        assert_received(logged, [told_in_line(event) for event in lines.events])
        assert_same_bytes(lines.events)


def turn(recorded: Path, turned: Path, share: float) -> None:
    """The recording as it goes on from that share of it, so that each start meets other cars."""
    reads = [json.loads(line)["reads"] for line in recorded.read_text("utf-8").splitlines()]
    offset = int(share * len(reads))
    lines = [
        json.dumps({"frame": number, "reads": each}) + "\n"
        for number, each in enumerate([*reads[offset:], *reads[:offset]])
    ]
    turned.write_text("".join(lines), "utf-8")


def read_log(path: str) -> list[Logged]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT seq, revision, passage_number, kind, plate, direction FROM anpr_event"
            " ORDER BY seq"
        ).fetchall()
    return [Logged(seq, revision, Told(*rest)) for seq, revision, *rest in rows]


def assert_invariants(logged: list[Logged]) -> None:
    """Gapless; each passage one new, updates, one lost; revisions from 0 by 1."""
    assert [entry.seq for entry in logged] == list(range(1, len(logged) + 1))
    for number, events in by_passage(logged):
        kinds = [entry.told.kind for entry in events]
        assert kinds[0] == "new", number
        assert kinds[-1] == "lost", number
        assert set(kinds[1:-1]) <= {"updated"}, number
        assert [entry.revision for entry in events] == list(range(len(events))), number


def by_passage(logged: list[Logged]) -> Iterable[tuple[int, list[Logged]]]:
    ordered = sorted(logged, key=lambda entry: entry.told.passage_number)
    for number, events in groupby(ordered, lambda entry: entry.told.passage_number):
        yield number, list(events)


def assert_received(logged: list[Logged], got: list[Told]) -> None:
    """All of it, nothing else, and in the log's order where first heard."""
    wanted = Counter(entry.told for entry in logged)
    assert set(got) == set(wanted)
    assert Counter(got) >= wanted
    place: dict[Told, int] = {}
    for entry in logged:
        place.setdefault(entry.told, entry.seq)
    first_heard = list(dict.fromkeys(got))
    by_number = sorted(first_heard, key=lambda one: one.passage_number)  # keeps arrival order
    for _, events in groupby(by_number, lambda one: one.passage_number):
        assert all(place[a] < place[b] for a, b in pairwise(events))


def assert_same_bytes(events: list[dict[str, Any]]) -> None:
    """However often an event came, it was the same event."""
    seen: dict[str, str] = {}
    for event in events:
        assert seen.setdefault(event["id"], json.dumps(event)) == json.dumps(event)


def heard(events: Iterable[Received]) -> set[Told]:
    return {told(event) for event in events}


def told(event: Received) -> Told:
    return Told(int(event.vehicle), event.state, event.plate, event.direction)


def told_in_line(event: dict[str, Any]) -> Told:
    number, kind, direction = event["passage_number"], event["kind"], event["direction"]
    return Told(number, kind, event["plate"]["text"], direction)
