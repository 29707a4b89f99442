"""The server is killed at 50 random moments of a clip that goes on and on, and started again.

Three receivers stay: HTTP (NumberOk JSON), NumberOk TCP, JSON lines with resume. At the end the
log is what counts: what each receiver got must be that, at least once, in order within a passage,
and nothing else. The reads are those that the real engine made of the same clip (see `recorded`).
"""

import json
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.judging import (
    assert_invariants,
    assert_received,
    assert_same_bytes,
    heard,
    read_log,
    told,
    told_in_line,
)
from tests.acceptance.lines_client import LinesReceiver
from tests.acceptance.numberok_client import HttpReceiver, TcpReceiver
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
[[output]]
name = "numberok"
type = "numberok_tcp"
wait_for_client = true   # what is counted here has to arrive
listen = "127.0.0.1:{tcp_port}"
max_age_seconds = 1e9
start = "beginning"
[[output]]
name = "json"
type = "http"
format = "numberok-1.6"
url = "{url}"
start = "beginning"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:{lines_port}"
"""


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
