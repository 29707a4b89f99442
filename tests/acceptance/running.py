"""`platewire serve` as a process of its own, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLATEWIRE = (sys.executable, "-W", "error", "-m", "platewire.cli")


class Running:
    """Started on construction; `addresses` is what it prints when it is ready."""

    def __init__(
        self, config: Path, program: Sequence[str] = PLATEWIRE, **environment: str
    ) -> None:
        self._said = config.with_suffix(".diagnostics")
        self._diagnostics = self._said.open("ab")
        self._process = subprocess.Popen(
            [*program, "serve", "--json", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=self._diagnostics,
            env={**os.environ, **environment},
            cwd=ROOT,
        )
        self.addresses = self._ready(config)

    def _ready(self, config: Path) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = config.with_suffix(".diagnostics").read_text("utf-8")
            raise RuntimeError(f"platewire did not start: {said}")
        addresses: dict[str, Any] = json.loads(line)
        return addresses

    def port(self, output: str) -> int:
        return int(self.addresses["outputs"][output].rpartition(":")[2])

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.addresses["page"].rstrip("/") + path) as answer:
            return json.load(answer)

    def wait_until_caught_up(self, seconds: float = 60.0) -> None:
        """Until cameras have ended and every output's cursor is at the log's end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.get("/api/v1/status")
            cameras, outputs = status["cameras"], status["outputs"]
            ended = all(camera["state"] == "ended" for camera in cameras)
            last = status["log"]["last_seq"]
            if ended and all(each["counters"].get("cursor") == last for each in outputs):
                return
            time.sleep(0.1)
        raise TimeoutError(f"not caught up after {seconds:g} s: {json.dumps(status, indent=1)}")

    def wait_for(
        self, reached: Callable[[dict[str, Any]], bool], seconds: float = 60.0
    ) -> dict[str, Any]:
        """The first status that is as asked for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status: dict[str, Any] = self.get("/api/v1/status")
            if reached(status):
                return status
            time.sleep(0.05)
        raise TimeoutError(f"not reached in {seconds:g} s: {json.dumps(status, indent=1)}")

    def wait_until_said(self, words: str, seconds: float = 30.0) -> None:
        """Until the diagnostics on stderr hold these words."""
        end = time.monotonic() + seconds
        while words not in self.diagnostics:
            if time.monotonic() > end:
                raise TimeoutError(f"{words!r} was not said: {self.diagnostics}")
            time.sleep(0.02)

    @property
    def diagnostics(self) -> str:
        """What the server has written to stderr so far."""
        return self._said.read_text("utf-8")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once it has ended by itself."""
        return self._process.wait(30)

    def stop(self) -> int:
        """As Ctrl-C does; the exit code."""
        self.signal(signal.SIGINT)
        return self.wait()

    def kill(self) -> None:
        """As a power cut for the process: nothing of it runs afterwards."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._diagnostics.close()

    @property
    def memory_bytes(self) -> int:
        """Resident memory of the process."""
        with Path(f"/proc/{self._process.pid}/statm").open() as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
