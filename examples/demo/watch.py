"""Asks the running server how far it is, over its own API, and waits."""

import json
import sys
import time
import urllib.request
from typing import Any, NoReturn

from examples.demo import receivers
from examples.demo.processes import Ended, Processes
from examples.demo.site import Site
from platewire.cli.terminal import progress

START_SECONDS = 120
SILENT_SECONDS = 120
"""A clip that gets no further for so long is stuck."""
CATCH_UP_SECONDS = 30
POLL_SECONDS = 0.2


def until_answering(site: Site, processes: Processes) -> None:
    started = time.monotonic()
    while True:
        processes.check()
        try:
            status(site)
            return
        except OSError as error:
            if time.monotonic() - started > START_SECONDS:
                raise Ended(f"the server does not answer at {site.page}: {error}") from error
        time.sleep(POLL_SECONDS)


def until_ended(site: Site, processes: Processes, frames: int) -> None:
    """Until the clip has been read to its end; shows how far it is."""
    print(f"reading the clip: {frames} frames at full speed", flush=True)
    moved = time.monotonic()
    with progress.bar(frames, "reading the clip", "frames") as bar:
        while True:
            processes.check()
            camera = status(site)["cameras"][0]
            done = int(camera["counters"].get("frames", 0))
            if done > bar.n:
                moved = time.monotonic()
                bar.update(done - bar.n)
            if camera["state"] == "ended":
                return
            if camera["state"] == "failed" or time.monotonic() - moved > SILENT_SECONDS:
                raise Ended(f"the camera makes no progress: {camera['message'] or camera['state']}")
            time.sleep(POLL_SECONDS)


def until_received(site: Site, processes: Processes) -> list[str]:
    """Until every receiver has the last event, or for a while; then what the outputs say."""
    last = status(site)["log"]["last_seq"]
    end = time.monotonic() + CATCH_UP_SECONDS
    while time.monotonic() < end:
        processes.check()
        records = receivers.received(site).values()
        if all(any(record["seq"] == last for record in some) for some in records):
            return []
        time.sleep(POLL_SECONDS)
    outputs = status(site)["outputs"]
    return [f"output {one['name']}: {one['last_error']}" for one in outputs if one["last_error"]]


def for_ever(site: Site, processes: Processes) -> NoReturn:
    """Prints what the HTTP receiver gets, until a program ends or Ctrl-C."""
    shown = 0
    while True:
        processes.check()
        records = receivers.read(site.received("http receiver"))
        for record in records[shown:]:
            at = time.strftime("%H:%M:%S")
            print(
                "  {at}  {kind:8} {plate:10} {country:3} {direction:8} {color}".format(
                    at=at, **record
                )
            )
        shown = len(records)
        sys.stdout.flush()
        time.sleep(POLL_SECONDS)


def status(site: Site) -> dict[str, Any]:
    with urllib.request.urlopen(f"{site.page}api/v1/status", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
