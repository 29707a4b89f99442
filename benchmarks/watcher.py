"""Who goes on while a server is attacked, as a process of its own that no attacker slows down.

    python -m benchmarks.watcher

A webhook, a client of JSON lines on one connection, and a probe of /healthz on a connection of its
own each time. Prints the webhook's port; takes `PAGE LINES`, the server's ports, as a line; then
answers every further line with what was seen since the one before, as JSON.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

import msgspec

from tests.faults.third_parties import Posts

PROBE_SECONDS = 0.05
"""Between two probes; a probe that is not answered is tried again after as long."""
HOST = "127.0.0.1"
PROBE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


class Seen(msgspec.Struct):
    healthz: list[float] = []
    """Seconds from when somebody wanted to know until an answer, tries that got none included."""
    unhealthy: int = 0
    """Answers other than 200."""
    unanswered: int = 0
    """Tries that were closed without an answer."""
    lines_pause: float = 0.0
    """The longest time, in seconds, in which no event came to the client of JSON lines."""
    webhook_pause: float = 0.0


class Pauses:
    """The longest time without an arrival."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.monotonic()

    def arrived(self) -> None:
        self.longest = max(self.longest, time.monotonic() - self._last)
        self._last = time.monotonic()

    def taken(self) -> float:
        """The longest up to now; what comes next is counted anew, a pause goes on."""
        longest = max(self.longest, time.monotonic() - self._last)
        self.longest = 0.0
        return longest


class Lines(asyncio.Protocol):
    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(b'{"resume": "now"}\n')  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if b'"seq"' in data:
            self._pauses.arrived()


class Watch:
    def __init__(self) -> None:
        self.lines, self.webhook = Pauses(), Pauses()
        self._seen = Seen()
        self._asked = time.monotonic()

    def taken(self) -> Seen:
        seen, self._seen = self._seen, Seen()
        seen.healthz.append(time.monotonic() - self._asked)  # the one that is not answered yet
        seen.lines_pause, seen.webhook_pause = self.lines.taken(), self.webhook.taken()
        return seen

    async def probe(self, port: int) -> None:
        while True:
            self._asked = time.monotonic()
            while not (answer := await answered(port)):
                self._seen.unanswered += 1
                await asyncio.sleep(PROBE_SECONDS)
            self._seen.healthz.append(time.monotonic() - self._asked)
            self._seen.unhealthy += not answer.startswith(b"HTTP/1.1 200 ")
            self._asked = time.monotonic()
            await asyncio.sleep(PROBE_SECONDS)


async def answered(port: int) -> bytes:
    """Empty where it was closed without an answer."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(PROBE)
            return await reader.read()
        finally:
            writer.transport.abort()
    return b""


async def main() -> None:
    watch, loop = Watch(), asyncio.get_running_loop()
    webhook = await loop.create_server(lambda: Posts(lambda _: watch.webhook.arrived()), HOST, 0)
    print(webhook.sockets[0].getsockname()[1], flush=True)
    page, lines = map(int, (await asyncio.to_thread(sys.stdin.readline)).split())
    await loop.create_connection(lambda: Lines(watch.lines), HOST, lines)
    probing = asyncio.create_task(watch.probe(page))
    while await asyncio.to_thread(sys.stdin.readline):
        print(msgspec.json.encode(watch.taken()).decode(), flush=True)
    probing.cancel()


# --- who asks it -------------------------------------------------------------------------------


class Watcher:
    """The process, from outside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input: IO[str] = process.stdin
        self._output: IO[str] = process.stdout
        self.webhook = int(self._output.readline())

    def begin(self, page: int, lines: int) -> None:
        print(page, lines, file=self._input, flush=True)

    def seen(self) -> Seen:
        """Since the last time."""
        print(file=self._input, flush=True)
        return msgspec.json.decode(self._output.readline(), type=Seen)


@contextlib.contextmanager
def watching() -> Iterator[Watcher]:
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Watcher(process)
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(main())
