"""A third party that reads JSON lines and resumes where it was, written from the page alone."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any


class LinesReceiver:
    """Connects, resumes after the last seq it has, collects; until closed. A context manager."""

    def __init__(self, address: Callable[[], tuple[str, int]]) -> None:
        self.events: list[dict[str, Any]] = []
        self.markers: list[dict[str, Any]] = []
        self._address = address
        self._closing = threading.Event()
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="json-lines", daemon=True)

    def __enter__(self) -> "LinesReceiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    @property
    def last_seq(self) -> int:
        return int(self.events[-1]["seq"]) if self.events else 0

    def wait_for_seq(self, seq: int, seconds: float = 30.0) -> None:
        """Until the event with this seq has come."""
        end = time.monotonic() + seconds
        while self.last_seq < seq:
            if time.monotonic() > end:
                raise TimeoutError(f"seq {seq} did not come in {seconds:g} s; {self.last_seq} did")
            time.sleep(0.02)

    def _run(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(OSError, ValueError):
                self._receive()
            self._closing.wait(0.05)

    def _receive(self) -> None:
        with socket.create_connection(self._address(), timeout=5) as connection:
            self._connection = connection
            connection.sendall(json.dumps({"resume": self.last_seq}).encode() + b"\n")
            connection.settimeout(None)
            for line in connection.makefile("rb"):
                if line.endswith(b"\n"):  # A line cut off by the connection's end is no event.
                    value = json.loads(line)
                    (self.events if "seq" in value else self.markers).append(value)
