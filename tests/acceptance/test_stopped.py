"""The server stands still for a while, as on a machine that sleeps, and loses nothing by it."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance import small_road
from tests.acceptance.judging import (
    assert_invariants,
    assert_received,
    heard,
    read_log,
    told,
    told_in_line,
)
from tests.acceptance.lines_client import LinesReceiver
from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.ports import free_port
from tests.acceptance.running import Running

STILL_SECONDS = 4.0
"""Longer than `lost_after_seconds` below, and than a subscriber's patience."""
EMPTY_FRAMES = 80
"""Nobody drives by while the server stands still, nor for twice as long: of a live camera the
newest frame wins, so such a vehicle might go unseen."""
CONFIG = """
[web]
listen = "127.0.0.1:0"
[recognition]
type = "replay"
path = "{recorded}"
[[camera]]
name = "road"
source = {{ type = "file", path = "{clip}", pace = "real" }}
passage = {{ direction_in = 90, lost_after_seconds = 1.5 }}
[[output]]
name = "json"
type = "http"
format = "numberok-1.6"
url = "{url}"
start = "beginning"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:{port}"
"""


@pytest.mark.timeout(150)
@pytest.mark.parametrize("again", [1, 3])
def test_a_server_that_stands_still_loses_nothing(
    start: Callable[[str], Running], tmp_path: Path, again: int
) -> None:
    clip, recorded = small_road.write(tmp_path, empty_after_first=EMPTY_FRAMES)
    port = free_port()
    with HttpReceiver() as http, LinesReceiver(lambda: ("127.0.0.1", port)) as lines:
        config = CONFIG.format(clip=clip, recorded=recorded, url=http.url, port=port)
        server = start(config)
        for _ in range(again):
            server.wait_for(lambda status: status["log"]["last_seq"] > 0)
            server.signal(signal.SIGSTOP)
            time.sleep(STILL_SECONDS / again)
            server.signal(signal.SIGCONT)
        server.wait_until_caught_up()
        logged = read_log(server.addresses["database"])
        http.wait_for(lambda got: heard(got) >= {entry.told for entry in logged}, 30)
        lines.wait_for_seq(logged[-1].seq)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert_invariants(logged)
    assert {entry.told.text for entry in logged} == set(small_road.PLATES)
    assert_received(logged, [told(event) for event in http.events])
    assert_received(logged, [told_in_line(event) for event in lines.events])
