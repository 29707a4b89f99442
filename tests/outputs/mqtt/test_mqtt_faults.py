"""The MQTT output when things break: broker or publisher killed, hung, or no broker at all."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from platewire.delivery import Delivery
from platewire.errors import Unavailable
from platewire.outputs.output import OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board, State
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from tests.outputs.mqtt.mosquitto import Listener, Mosquitto, broker, listening
from tests.outputs.mqtt.mqtt_sending import BASE, connected, deliver, entries, settings

ROOT = Path(__file__).resolve().parents[3]


class TellingBoard(Board):
    """Tells each state as it comes."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.states: asyncio.Queue[State] = asyncio.Queue()

    def say(self, role: str, name: str, state: State, message: str = "") -> None:
        super().say(role, name, state, message)
        self.states.put_nowait(state)

    async def until(self, state: State) -> None:
        while await self.states.get() is not state:
            pass


# --- the broker goes away and comes back ----------------------------------------------------------


async def test_a_broker_killed_in_mid_stream_misses_nothing(tmp_path: Path) -> None:
    """Killed while events flow, twice. A receiver at QoS 0 says nothing that could be cut off."""
    context, _ = await entries()
    assert isinstance(context.log, MemoryLog)
    events = [event for number in range(2, 102) for event in passage_events(number)]
    logged = await context.log.append("gate", events)
    acknowledged = 0
    async with (
        broker(tmp_path) as running,
        listening(running.port, "+/+/+/event", qos=0) as listener,
        connected(settings(running), context) as sender,
    ):
        for kill_after in (50, 150, None):
            killing = asyncio.create_task(_kill_after(kill_after, running, listener))
            with contextlib.suppress(Unavailable):
                while acknowledged < len(logged):
                    await sender.send(logged[acknowledged : acknowledged + sender.batch])
                    acknowledged += sender.batch
            await killing
            if kill_after is not None:
                assert acknowledged < len(logged)
                await running.start()
                await listener.ready(running.port)
                await sender.connect()
        await listener.ready(running.port)
    bodies = [each.payload for each in listener.seen]
    assert list(dict.fromkeys(bodies)) == [entry.body for entry in logged]


async def _kill_after(count: int | None, running: Mosquitto, listener: Listener) -> None:
    if count is not None:
        while len(listener.seen) < count:
            await listener.next()
        await running.stop(signal.SIGKILL)


async def test_an_idle_output_comes_back_by_itself(tmp_path: Path) -> None:
    """And says so to whoever subscribes later; then events flow as before."""
    log = MemoryLog(SystemClock())
    async with broker(tmp_path) as running, _delivering(running.port, log) as board:
        await board.until(State.RUNNING)
        await running.stop(signal.SIGKILL)
        await board.until(State.WAITING)
        await running.start()
        await board.until(State.RUNNING)
        async with listening(running.port, f"{BASE}/#") as listener:
            assert [each.payload for each in listener.seen] == [b"online"]
            (new, *_) = await log.append("gate", passage_events())
            assert (await listener.until(f"{BASE}/gate/event")).payload == new.body


async def test_a_paused_output_stays_paused_when_its_broker_returns(tmp_path: Path) -> None:
    context, _ = await entries()
    async with (
        broker(tmp_path) as running,
        listening(running.port, f"{BASE}/status") as listener,
        connected(settings(running), context),
    ):
        await listener.until(f"{BASE}/status", b"online")
        context.board.say("output", "home", State.PAUSED, "by hand")
        await running.stop(signal.SIGKILL)
        await running.start()
        await listener.until(f"{BASE}/status", b"online")
        assert context.board.line("output", "home").state is State.PAUSED


@contextlib.asynccontextmanager
async def _delivering(port: int, log: MemoryLog) -> AsyncIterator[TellingBoard]:
    clock, board = SystemClock(), TellingBoard()
    config = settings(port, start="beginning")
    output = config.build(OutputContext(clock, log, SITE, board))
    delivery = Delivery(config, output, log, clock=clock, board=board, uniform=lambda: 0.0)
    task = asyncio.create_task(delivery.run())
    try:
        yield board
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


# --- who is there ---------------------------------------------------------------------------------


async def test_a_killed_publisher_is_offline_by_its_last_will(tmp_path: Path) -> None:
    async with (
        broker(tmp_path) as running,
        listening(running.port, f"{BASE}/#") as listener,
    ):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.outputs.mqtt.mqtt_publisher", str(running.port)),
            cwd=ROOT,
        )
        await listener.until(f"{BASE}/gate/event")
        process.kill()
        await process.wait()
        await listener.until(f"{BASE}/status", b"offline")
        async with listening(running.port, f"{BASE}/status") as late:
            assert [each.payload for each in late.seen] == [b"offline"]


async def test_a_second_connection_that_ends_does_not_make_us_offline(tmp_path: Path) -> None:
    """A replay or a check beside the live output says `offline` when it closes."""
    async with (
        broker(tmp_path) as running,
        listening(running.port, f"{BASE}/status") as listener,
    ):
        context, _ = await entries()
        async with connected(settings(running), context):
            await deliver(settings(running))
            said = [each.payload for each in await listener.take(4)]
    assert said == [b"online", b"online", b"offline", b"online"]


# --- no broker, or none that answers -------------------------------------------------------------


async def test_nobody_is_there(tmp_path: Path) -> None:
    async with broker(tmp_path) as running:
        pass
    with pytest.raises(Unavailable, match=r'"home".*cannot be reached.*`host`.*running'):
        await deliver(settings(running))


async def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(Unavailable, match=r"nowhere\.invalid:1 cannot be reached"):
        await deliver(settings(1, host="nowhere.invalid"))


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 64, b"\x20\x01\x00", b""])
async def test_what_speaks_no_mqtt(said: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.close()

    async with _server(speak) as port:
        with pytest.raises(Unavailable, match=r'"home".*check `port`'):
            await deliver(settings(port, connect_seconds=2))


async def test_a_server_that_never_answers() -> None:
    async def hush(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with _server(hush) as port:
        with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
            await deliver(settings(port, connect_seconds=0.2))


async def test_a_hung_broker_is_given_up(tmp_path: Path) -> None:
    context, logged = await entries()
    async with (
        broker(tmp_path) as running,
        connected(settings(running, answer_seconds=0.3), context) as sender,
    ):
        running.signal(signal.SIGSTOP)
        with pytest.raises(Unavailable, match=r'"home".*acknowledge within 0\.3 s'):
            await sender.send(logged)
        running.signal(signal.SIGCONT)
        await sender.connect()
        await sender.send(logged)


@contextlib.asynccontextmanager
async def _server(
    speak: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
