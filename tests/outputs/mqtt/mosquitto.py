"""A real Mosquitto on a free port, and mosquitto_sub as a receiver that knows nothing of us."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from platewire.testing import counterpart
from platewire.testing.counterpart import Arrival, Conduct
from platewire.wire import native
from tests.acceptance.ports import free_port
from tests.support.counterparts import MOSQUITTO, need, program

POLL_SECONDS = 0.02


class Seen(NamedTuple):
    """One message as mosquitto_sub tells it."""

    topic: str
    payload: bytes
    retained: bool
    qos: int
    properties: str


class Mosquitto:
    """Keeps its port over restarts, and what it retains with `persistence true` among `lines`."""

    def __init__(self, folder: Path, *lines: str, tls: Sequence[str] = ()) -> None:
        self.port = free_port()
        self._folder = folder
        self._lines = lines or ("allow_anonymous true",)
        self._tls = tuple(tls)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        config = self._folder / f"mosquitto-{self.port}.conf"
        own = (f"listener {self.port} 127.0.0.1", *self._tls, "user root")
        config.write_text("\n".join((*own, *self._lines)) + "\n")
        self._process = await asyncio.create_subprocess_exec(
            str(program("mosquitto")),
            "-c",
            str(config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self._listening()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            await process.wait()

    def signal(self, what: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(what)

    async def _listening(self) -> None:
        assert self._process is not None
        while self._process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(POLL_SECONDS)
        raise AssertionError(f"mosquitto ended with {self._process.returncode}")


@contextlib.asynccontextmanager
async def broker(folder: Path, *lines: str, tls: Sequence[str] = ()) -> AsyncIterator[Mosquitto]:
    need(MOSQUITTO)
    running = Mosquitto(folder, *lines, tls=tls)
    await running.start()
    try:
        yield running
    finally:
        await running.stop(signal.SIGKILL)


class Listener:
    """mosquitto_sub, which connects again by itself when its broker was away."""

    def __init__(
        self, process: asyncio.subprocess.Process, marker: str, arguments: Sequence[str]
    ) -> None:
        self._process = process
        self._marker = marker
        self._arguments = arguments
        self.seen: list[Seen] = []

    async def ready(self, port: int) -> None:
        """Until it is subscribed; what came before stays in `seen`."""
        token = os.urandom(4).hex()
        await publish(port, self._marker, token, "-r", *self._arguments)
        await self.until(self._marker, token.encode())
        self.seen = [each for each in self.seen if each.topic != self._marker]

    async def next(self) -> Seen:
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            line = await self._process.stdout.readline()
        assert line, "mosquitto_sub has ended"
        told = msgspec.json.decode(line)
        payload = bytes.fromhex(told["payload"] or "")
        seen = Seen(told["topic"], payload, bool(told["retain"]), told["qos"], told["properties"])
        self.seen.append(seen)
        return self.seen[-1]

    async def until(self, topic: str, payload: bytes | None = None) -> Seen:
        while True:
            seen = await self.next()
            if seen.topic == topic and payload in (None, seen.payload):
                return seen

    async def take(self, count: int) -> list[Seen]:
        return [await self.next() for _ in range(count)]


@contextlib.asynccontextmanager
async def listening(
    port: int, *topics: str, arguments: Sequence[str] = (), qos: int = 1
) -> AsyncIterator[Listener]:
    """Subscribed when it is entered: a marker of our own has come through."""
    marker = f"ready/{os.urandom(4).hex()}"
    wanted = [part for topic in (*topics, marker) for part in ("-t", topic)]
    process = await asyncio.create_subprocess_exec(
        "mosquitto_sub",
        *("-h", "127.0.0.1", "-p", str(port), "-q", str(qos), *arguments, *wanted),
        *("-F", '{"topic": "%t", "payload": "%x", "retain": %r, "qos": %q, "properties": "%P"}'),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 24,
    )
    listener = Listener(process, marker, arguments)
    try:
        await listener.ready(port)
        yield listener
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def publish(port: int, topic: str, payload: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "mosquitto_pub",
        *("-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", topic, "-m", payload, *arguments),
    )
    assert await process.wait() == 0


class Counterpart(counterpart.Counterpart):
    """A broker with a subscriber; what arrives while it is down is what it is for nobody."""

    can = frozenset({Conduct.STALL})

    def __init__(self, running: Mosquitto, arguments: Sequence[str] = ()) -> None:
        self._running = running
        self._arguments = arguments
        self._arrivals: list[Arrival] = []
        self._stack = contextlib.AsyncExitStack()
        self._listener: Listener | None = None

    async def start(self) -> None:
        await self._running.start()
        self._listener = await self._stack.enter_async_context(
            listening(self._running.port, "+/+/+/event", arguments=self._arguments)
        )

    async def stop(self) -> None:
        self._listener = None
        await self._stack.aclose()
        await self._running.stop(signal.SIGKILL)

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self._arrivals) < count:
            assert self._listener is not None
            event = native.decode((await self._listener.next()).payload)
            self._arrivals.append(Arrival(event.passage_number, event.kind))
        return list(self._arrivals)

    async def behave(self, conduct: Conduct) -> None:
        stalls = conduct is Conduct.STALL
        self._running.signal(signal.SIGSTOP if stalls else signal.SIGCONT)
