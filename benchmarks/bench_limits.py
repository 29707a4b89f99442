"""Hostile clients and servers, one after another, against a `serve` with 1,024 descriptors.

Its events are steady; a webhook, a client of JSON lines and a probe of /healthz watch from a
process of their own. Each attack meets a fresh server. Ten minutes; runs only when it is named
(`run.py bench limits`).
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Table, resident_kib
from benchmarks.watcher import Seen, watching
from tests.acceptance.ports import free_port
from tests.acceptance.running import Running
from tests.limits.attacked import (
    CONFIG,
    CROWDS,
    DESCRIPTORS,
    FLOODS,
    LOADED,
    TOKEN,
    Ports,
    ports_of,
)
from tests.limits.hostile import crowd, flooded
from tests.limits.hostile_servers import (
    ACCEPTED,
    ENDLESS,
    ENDLESS_BROKERS,
    LONGEST,
    hostile,
)
from tests.support.certificates import make

RATE = 50
"""Events a second."""
SETTLE_SECONDS = 5.0
CROWD_SECONDS = 20.0
"""Longer than the 15 s after which those that say nothing are let go."""
ATTACK_SECONDS = 10.0
FLOOD_BYTES = 600 * 10**6
GOAL_SECONDS = 1.0
GOAL_MB = 64
WEBHOOK = """
[[output]]
name = "webhook"
type = "http"
url = "http://127.0.0.1:{port}/"
"""
RECEIVER = """
[[output]]
name = "hostile"
type = "http"
url = "http://127.0.0.1:{port}/"
"""
BROKER = """
[[output]]
name = "hostile"
type = "mqtt"
host = "127.0.0.1"
port = {port}
"""
CAMERA = """
[recognition]
type = "replay"
path = "{folder}/no-reads.jsonl"
[[camera]]
name = "hostile"
source = {{ type = "mjpeg", url = "http://127.0.0.1:{port}/" }}
"""


class Attack(NamedTuple):
    name: str
    run: Callable[[Ports], str]
    """Says how much of it there was."""
    party: str = ""
    """The hostile server in the configuration."""
    port: int = 0
    """Where the hostile server will listen."""


class Outcome(NamedTuple):
    extent: str
    seen: Seen
    grown_mb: float
    alive: bool


def run() -> Table:
    found = {attack.name: attacked(attack) for attack in attacks()}
    columns = ("attack", "extent", "/healthz, s: median", "longest", "503", "closed")
    table = Table(
        f"Hostile clients and servers: limits of a serve with {DESCRIPTORS:,} descriptors",
        (*columns, "memory, MB", "longest pause, s: JSON lines", "webhook", "server"),
    )
    table.rows = [row(name, outcome) for name, outcome in found.items()]
    table.notes = [
        f"{RATE} events per second. A prober requests /healthz every 50 ms, each time on a new "
        "connection; the time is until a response, including attempts that were closed without "
        "one (*closed*). *Memory* is the largest resident size during the attack above the size "
        "before. *Longest pause* is the longest time without an event at a healthy client that was "
        f"connected before. Each attack ran once, for {ATTACK_SECONDS:g} s or longer, on a new "
        "server; the attacker uses one of the machine's cores.",
        verdict(list(found.values())),
    ]
    return table


def row(name: str, outcome: Outcome) -> tuple[str, ...]:
    seen = outcome.seen
    return (
        name,
        outcome.extent,
        f"{statistics.median(seen.healthz):.3f}",
        f"{max(seen.healthz):.3f}",
        str(seen.unhealthy or ""),
        str(seen.unanswered or ""),
        f"{outcome.grown_mb:.1f}",
        f"{seen.lines_pause:.2f}",
        f"{seen.webhook_pause:.2f}",
        "went on" if outcome.alive else "ended",
    )


def verdict(outcomes: list[Outcome]) -> str:
    late = max(max(each.seen.healthz) for each in outcomes)
    grown = max(each.grown_mb for each in outcomes)
    reached = late <= GOAL_SECONDS and grown <= GOAL_MB and all(each.alive for each in outcomes)
    return (
        f"Target: no response of /healthz later than {GOAL_SECONDS:g} s, memory within +{GOAL_MB} "
        f"MB, the server continues. Worst: {late:.2f} s, {grown:+.0f} MB; "
        f"{'reached' if reached else 'MISSED'}."
    )


def attacked(attack: Attack) -> Outcome:
    print(attack.name, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as name, watching() as watcher:
        folder = Path(name)
        (folder / "no-reads.jsonl").touch()
        text = CONFIG.format(folder=folder, certificate=make(folder, "127.0.0.1").server)
        text += WEBHOOK.format(port=watcher.webhook)
        text += attack.party.format(port=attack.port, folder=folder)
        config = folder / "platewire.toml"
        config.write_text(text, "utf-8")
        notes = str(folder / "notes")
        server = Running(config, LOADED, LOADED_RATE=str(RATE), LOADED_NOTES=notes, TOKEN=TOKEN)
        try:
            ports = ports_of(server)
            watcher.begin(ports.page, ports.lines)
            time.sleep(SETTLE_SECONDS)
            watcher.seen()
            before = at_rest_kib(server.pid)
            extent = attack.run(ports)
            seen = watcher.seen()
            grown = resident_kib("VmHWM", server.pid) - before if server.alive else 0
            return Outcome(extent, seen, grown * 1024 / 10**6, server.alive)
        finally:
            server.kill()


def at_rest_kib(pid: int) -> int:
    """What it holds now; the largest size is counted from now on (see proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return resident_kib("VmRSS", pid)


# --- the attacks -------------------------------------------------------------------------------


def attacks() -> list[Attack]:
    def served(name: str, party: str, until: bytes, first: bytes, piece: bytes) -> Attack:
        port = free_port()
        run = partial(serve_endlessly, port, until, first, piece)
        return Attack(name, run, party, port)

    packets = {"the first packet": (LONGEST, b"x" * 65_536)} | {
        kind: (ACCEPTED[5] + first(5), piece(5)) for kind, (first, piece) in ENDLESS_BROKERS.items()
    }
    return [
        Attack("none", do_nothing),
        *(Attack(f"crowd: {kind}", partial(press, kind)) for kind in CROWDS),
        *(Attack(f"flood: {kind}", partial(flood, kind)) for kind in FLOODS),
        *(
            served(f"receiver without end: {kind}", RECEIVER, b"\r\n\r\n", *said)
            for kind, said in ENDLESS.items()
        ),
        *(
            served(f"camera without end: {kind}", CAMERA, b"\r\n\r\n", *said)
            for kind, said in ENDLESS.items()
        ),
        *(
            served(f"MQTT broker without end: {kind}", BROKER, b"MQTT", *said)
            for kind, said in packets.items()
        ),
    ]


def do_nothing(ports: Ports) -> str:
    time.sleep(ATTACK_SECONDS)
    return ""


def press(kind: str, ports: Ports) -> str:
    with crowd(*CROWDS[kind](ports)) as taken:
        time.sleep(CROWD_SECONDS)
        return f"{len(taken):,} connections"


def flood(kind: str, ports: Ports) -> str:
    """Again as soon as the server has hung up."""
    end = time.monotonic() + ATTACK_SECONDS
    total = times = 0
    while time.monotonic() < end:
        sent, _ = flooded(ports.page, *FLOODS[kind], FLOOD_BYTES)
        total, times = total + sent, times + 1
    return f"{total / 10**6:,.0f} MB in {times:,} connections"


def serve_endlessly(port: int, until: bytes, first: bytes, piece: bytes, ports: Ports) -> str:
    sent: list[int] = []

    async def serve() -> None:
        async with hostile(until, first, piece, sent=sent, port=port):
            await asyncio.sleep(ATTACK_SECONDS)

    asyncio.run(serve())
    return f"{sum(sent) / 10**6:,.0f} MB"
