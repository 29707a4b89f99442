"""Memory of `serve` over half an hour: one camera on a looped clip, read by the real engine, and
every way out with a receiver that keeps up. Runs only when it is named (`run.py bench soak`);
PLATEWIRE_SOAK_MINUTES shortens it.
"""

import os
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.report import Table
from platewire.testing import scene
from tests.acceptance.lines_client import LinesReceiver
from tests.acceptance.numberok_client import HttpReceiver, TcpReceiver
from tests.acceptance.running import Running

MINUTES = float(os.environ.get("PLATEWIRE_SOAK_MINUTES", "30"))
SAMPLE_SECONDS = 5.0
WARM_UP_SHARE = 0.1
MIB = 1 << 20
CONFIG = """
[web]
listen = "127.0.0.1:0"
[[camera]]
name = "road"
source = {{ type = "file", path = "{clip}", pace = "real", loop = true }}
passage = {{ direction_in = 90 }}
[[output]]
name = "numberok"
type = "numberok_tcp"
listen = "127.0.0.1:0"
[[output]]
name = "receiver"
type = "http"
format = "numberok-1.6"
body = "multipart"
url = "{url}"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
"""


def run() -> Table:
    with tempfile.TemporaryDirectory() as folder, HttpReceiver() as http:
        clip = scene.clip(scene.road_scene(), Path(folder))
        config = Path(folder) / "platewire.toml"
        config.write_text(CONFIG.format(clip=clip, url=http.url), "utf-8")
        server = Running(config)
        try:
            lines = LinesReceiver(lambda: ("127.0.0.1", server.port("lines")))
            with TcpReceiver("127.0.0.1", server.port("numberok")) as tcp, lines:
                samples = watch(server)
                camera = server.get("/api/v1/status")["cameras"][0]["counters"]
                server.stop()
                got = [len(http.events), len(tcp.events), len(lines.events)]
            return report(samples, camera, got, logged(server))
        finally:
            server.kill()


def watch(server: Running) -> list[float]:
    """Resident memory in MiB, every few seconds."""
    samples = []
    end = time.monotonic() + MINUTES * 60
    while time.monotonic() < end:
        samples.append(server.memory_bytes / MIB)
        time.sleep(SAMPLE_SECONDS)
    return samples


def logged(server: Running) -> int:
    uri = f"file:{server.addresses['database']}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        count: int = connection.execute("SELECT count(*) FROM anpr_event").fetchone()[0]
        return count


def report(samples: list[float], camera: dict[str, float], got: list[int], events: int) -> Table:
    steady = samples[int(len(samples) * WARM_UP_SHARE) :]
    third = len(steady) // 3
    first, last = statistics.mean(steady[:third]), statistics.mean(steady[-third:])
    table = Table(f"Memory of serve over {MINUTES:g} minutes", ["", "result"])
    table.rows += [
        ["resident memory, largest", f"{max(samples):.0f} MiB"],
        ["mean of the first third after warm-up", f"{first:.0f} MiB"],
        ["mean of the last third", f"{last:.0f} MiB ({100 * (last / first - 1):+.1f}%)"],
        ["frames read, frames dropped", f"{camera['frames']:.0f}, {camera['dropped']:.0f}"],
        ["events logged", str(events)],
        ["events received over HTTP, NumberOk TCP, JSON lines", ", ".join(map(str, got))],
    ]
    return table
