"""Where everything of one run lies: its folder, its free ports, its platewire.toml."""

import json
import shutil
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

RUNS_KEPT = 5
PAST = timedelta(minutes=5)
"""More than any clip lasts. One that is read faster than it was filmed would run ahead of the
computer's clock, and vehicles from the future are fresh for nobody."""

TOML = """\
# Written by the demo. To run it by itself: platewire serve --config FILE

[site]
name = "sample road"
latitude = 52.5
longitude = 13.4

[log]
folder = {log}

[web]
listen = {page}


[[camera]]
name = "road"

[camera.source]
type = "file"
path = {clip}
pace = {pace}
loop = {loop}
start_at = {start}

[camera.passage]
direction_in = 90          # down the picture, towards the camera

[[output]]
name = "receiver"
type = "http"
url = {receiver}
format = "native"

[[output]]
name = "numberok"
type = "numberok_tcp"
listen = {numberok}
wait_for_client = true     # nobody waits at a gate here: late events are welcome
max_age_seconds = 86400

[[output]]
name = "lines"
type = "json_lines"
listen = {lines}
"""


@dataclass(frozen=True, slots=True)
class Site:
    folder: Path
    page: str
    receiver: str
    """URLs; the next two are addresses with ports."""
    numberok: str
    lines: str

    @property
    def config(self) -> Path:
        return self.folder / "platewire.toml"

    @property
    def database(self) -> Path:
        return self.folder / "log" / "platewire.db"

    def received(self, third_party: str) -> Path:
        """The file into which a receiver writes what it receives."""
        return self.folder / f"{third_party}.jsonl"


def new_site(data: Path, clip: Path, *, page_port: int | None, once: bool) -> Site:
    """A fresh folder below `data` with the configuration in it; old runs are cleared away."""
    folder = data / time.strftime("run-%Y%m%d-%H%M%S")
    while folder.exists():
        folder = folder.with_name(folder.name + "x")
    clear_old_runs(data)
    folder.mkdir(parents=True)
    page, receiver, numberok, lines = (
        f"127.0.0.1:{port}" for port in free_ports(page_port or 8080, 8090, 7700, 7701)
    )
    site = Site(folder, f"http://{page}/", f"http://{receiver}/events", numberok, lines)
    site.config.write_text(configuration(site, clip, page=page, once=once), encoding="utf-8")
    return site


def configuration(site: Site, clip: Path, *, page: str, once: bool) -> str:
    values = {
        "log": str(site.database.parent),
        "page": page,
        "clip": str(clip),
        "pace": "fastest" if once else "real",
        "loop": not once,
        "receiver": site.receiver,
        "numberok": site.numberok,
        "lines": site.lines,
    }
    quoted = {name: json.dumps(value) for name, value in values.items()}
    start = datetime.now(UTC) - PAST if once else datetime.now(UTC)
    return TOML.format(start=start.isoformat(timespec="seconds"), **quoted)


def clear_old_runs(data: Path) -> None:
    """Leaves room for one more to be kept."""
    runs = sorted(data.glob("run-*"), key=lambda run: run.stat().st_mtime_ns, reverse=True)
    for old in runs[RUNS_KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def free_ports(*wanted: int) -> list[int]:
    """Each port as wanted where it is free, else some other free one."""
    held, ports = [], []
    for port in wanted:
        listener = listening(port) or listening(0)
        if listener is None:
            raise OSError("no free port is left on 127.0.0.1")
        held.append(listener)
        ports.append(listener.getsockname()[1])
    for listener in held:
        listener.close()
    return ports


def listening(port: int) -> socket.socket | None:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        return None
    return listener
