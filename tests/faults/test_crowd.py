"""A crowd of TCP clients of which some never read, some drip and some come and go: no other client
waits for them, memory is bounded, and once they read they have missed nothing.

`PLATEWIRE_CROWD=1000` is the size of the long run.
"""

import asyncio
import json
import os
import resource
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.json_lines import BUFFER_BYTES_HIGH, PAGE, JsonLinesSettings
from platewire.testing.sample_events import passage_events
from tests.faults.real_log import Whole, whole
from tests.outputs.tcp.tcp_harness import SITE, running

CROWD = int(os.environ.get("PLATEWIRE_CROWD", "60"))
DEAF = DRIPPING = CROWD // 20
FLAPPING = CROWD // 10
KEEN = CROWD - DEAF - DRIPPING - FLAPPING
PASSAGES = 400
"""Three events of about 1 kB each: more than what may wait in memory for one client."""
EVENT_BYTES_MAX = 1500
NARROW = 4096


class Client:
    """One that asks for all from the beginning, and goes on where it was."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.seqs: list[int] = []

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=NARROW)
        last_seq = self.seqs[-1] if self.seqs else 0
        writer.write(json.dumps({"resume": last_seq}).encode() + b"\n")
        return reader, writer

    async def read(self, reader: asyncio.StreamReader, last: int, first: bytes = b"") -> None:
        """Lines until that seq; `first` is what was read of the next one."""
        while not self.seqs or self.seqs[-1] < last:
            line = json.loads(first + await reader.readline())
            first = b""
            if "seq" in line:
                self.seqs.append(line["seq"])
            else:
                assert line.keys() == {"hello"}, line

    async def keen(self, last: int) -> None:
        reader, writer = await self.connect()
        await self.read(reader, last)
        writer.transport.abort()

    async def deaf(self, last: int, woken: asyncio.Event) -> None:
        reader, writer = await self.connect()
        await woken.wait()
        await self.read(reader, last)
        writer.transport.abort()

    async def dripping(self, last: int, woken: asyncio.Event) -> None:
        reader, writer = await self.connect()
        begun = b""
        while not woken.is_set():
            begun = begun.rpartition(b"\n")[2] + await reader.readexactly(1)
            if begun.endswith(b"\n") and "seq" in (line := json.loads(begun)):
                self.seqs.append(line["seq"])
            await asyncio.sleep(0.02)
        await self.read(reader, last, begun.rpartition(b"\n")[2])
        writer.transport.abort()

    async def flapping(self, last: int) -> None:
        step = max(1, last // 10)
        while not self.seqs or self.seqs[-1] < last:
            reader, writer = await self.connect()
            await self.read(reader, min(last, (self.seqs or [0])[-1] + step))
            writer.transport.abort()


@pytest.fixture
def _many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * CROWD + 256)), hard))


@pytest.mark.usefixtures("_many_files")
@pytest.mark.timeout(900)
async def test_the_others_do_not_wait_and_nothing_is_missed(tmp_path: Path) -> None:
    last = 3 * PASSAGES
    async with whole(tmp_path, {}, memory_bytes=100_000) as world:
        settings = JsonLinesSettings(
            name="lines",
            listen="127.0.0.1:0",
            max_clients=2 * CROWD,
            max_clients_per_address=2 * CROWD,
        )
        server = settings.build(OutputContext(world.clock, world.log, SITE, world.board))
        async with running(server), asyncio.TaskGroup() as group:
            woken = asyncio.Event()
            clients = [Client(server.address[1]) for _ in range(CROWD)]
            others = clients[KEEN:]
            ways = [
                *(each.keen(last) for each in clients[:KEEN]),
                *(each.deaf(last, woken) for each in others[:DEAF]),
                *(each.dripping(last, woken) for each in others[DEAF : DEAF + DRIPPING]),
                *(each.flapping(last) for each in others[DEAF + DRIPPING :]),
            ]
            tasks = [group.create_task(way) for way in ways]
            await all_here(server.listener.clients, CROWD - FLAPPING)
            for client in server.listener.clients:
                client.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW
                )
            await traffic(world)
            await asyncio.gather(*tasks[:KEEN])
            assert all(not task.done() for task in tasks[KEEN : KEEN + DEAF + DRIPPING])
            waiting = [each.transport.get_write_buffer_size() for each in server.listener.clients]
            assert sum(size > BUFFER_BYTES_HIGH // 2 for size in waiting) >= DEAF
            assert max(waiting) <= BUFFER_BYTES_HIGH + PAGE * EVENT_BYTES_MAX
            woken.set()
        assert all(each.seqs == list(range(1, last + 1)) for each in clients)


async def all_here(clients: Collection[Any], count: int) -> None:
    async with asyncio.timeout(60):
        while len(clients) < count:  # noqa: ASYNC110 - a connection tells nobody
            await asyncio.sleep(0.01)


async def traffic(world: Whole) -> None:
    for number in range(1, PASSAGES + 1):
        await world.log.append("gate", passage_events(number))
