"""From `python3 run.py demo` in a fresh folder to the first passage on the page.

Each round begins without `.venv`, so it downloads from pip's registry; how long that takes is the
network's doing, which is why the rest is counted from its end.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Table, spread
from tests.acceptance.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
LIMIT_SECONDS = 600
POLL_SECONDS = 0.05
NOT_FRESH = (".venv", ".git", "demo-data", "platewire-data", "dist", ".*_cache", "__pycache__")
SET_UP = "installing platewire itself ... "
"""Followed by the seconds once set-up is done."""


class Moments(NamedTuple):
    """Seconds since the command."""

    set_up: float
    page: float
    passage: float


def run() -> Table:
    found = [first_minute() for _ in range(ROUNDS)]
    table = Table("The first minute: `python3 run.py demo` in a fresh folder", ["", "seconds"])
    table.rows += [
        ["set-up, download included", spread([each.set_up for each in found], 1)],
        ["then until the page answers", spread([each.page - each.set_up for each in found], 1)],
        [
            "then until it holds a passage",
            spread([each.passage - each.set_up for each in found], 1),
        ],
    ]
    table.notes = [
        f"Median (smallest-largest) of {ROUNDS} rounds; the download depends on the network.",
        "Target: the first event on the page less than 60 seconds after the download.",
    ]
    return table


def first_minute() -> Moments:
    with tempfile.TemporaryDirectory() as folder:
        fresh, output = Path(folder, "platewire"), Path(folder, "output")
        shutil.copytree(ROOT, fresh, ignore=shutil.ignore_patterns(*NOT_FRESH))
        port = free_port()
        command = [sys.executable, "run.py", "demo", "--no-browser", "--port", str(port)]
        started = time.monotonic()
        with (
            output.open("wb") as file,
            subprocess.Popen(command, cwd=fresh, stdout=file, stderr=file) as demo,
        ):
            try:
                return moments(f"http://127.0.0.1:{port}/", output, started, demo)
            finally:
                demo.send_signal(signal.SIGTERM)


def moments(page: str, output: Path, started: float, demo: "subprocess.Popen[bytes]") -> Moments:
    at: dict[str, float] = {}
    while "passage" not in at:
        now = time.monotonic() - started
        if demo.poll() is not None or now > LIMIT_SECONDS:
            raise RuntimeError(f"no passage after {now:.0f} s:\n{output.read_text('utf-8')}")
        if SET_UP in output.read_text("utf-8"):
            at.setdefault("set_up", now)
        if (passages := passages_on(page)) is not None:
            at.setdefault("page", now)
            if passages:
                at["passage"] = now
        time.sleep(POLL_SECONDS)
    return Moments(**at)


def passages_on(page: str) -> int | None:
    """None while nobody answers."""
    try:
        with urllib.request.urlopen(f"{page}api/v1/passages?limit=1", timeout=5) as answer:
            return len(json.load(answer)["passages"])
    except OSError:
        return None
