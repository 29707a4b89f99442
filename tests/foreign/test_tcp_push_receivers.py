"""What "delivered" means over TCP push, with receivers as people write them: Python's socketserver
and sockets, PHP's stream sockets, OpenBSD's nc. Some read to the end, some read once."""

import asyncio
import contextlib
import json
import socketserver
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from platewire.errors import Unavailable
from platewire.model import Images, Picture
from platewire.outputs.tcp.tcp_push import TcpPushSettings
from platewire.testing.sample_events import passage_events, picture
from tests.outputs.tcp.tcp_harness import SECONDS, World
from tests.support.counterparts import NETCAT, PHP, need

PHP_RECEIVER = """<?php
$server = stream_socket_server("tcp://127.0.0.1:0");
fwrite(STDERR, stream_socket_get_name($server, false) . "\\n");
while ($connection = stream_socket_accept($server, 30)) {
    $packet = READS;
    fclose($connection);
    if ($packet !== "") { echo json_decode($packet) ? "whole" : "cut", "\\n"; }
}
"""
LONG = b"\xff\xfe\x20\x02" + bytes(0x2000)
"""A comment in the JPEG, which makes its packet longer than 8,192 bytes."""


class Once(socketserver.BaseRequestHandler):
    """As in the examples of Python's documentation, with more room."""

    def handle(self) -> None:
        time.sleep(0.05)  # until all has come, and the end of our side too
        if packet := self.request.recv(4096):
            self.server.seen.append(packet)  # type: ignore[attr-defined]


class Closing(socketserver.ThreadingTCPServer):
    """Closes as a program with a plain socket does. socketserver ends its own side before that."""

    def shutdown_request(self, request: object) -> None:
        self.close_request(request)  # type: ignore[arg-type]


class ToTheEnd(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        if packet := self.rfile.read():
            self.server.seen.append(packet)  # type: ignore[attr-defined]


@contextlib.contextmanager
def listening(
    handler: type[socketserver.BaseRequestHandler],
    server: type[socketserver.ThreadingTCPServer] = socketserver.ThreadingTCPServer,
) -> Iterator[tuple[str, list[bytes]]]:
    with server(("127.0.0.1", 0), handler) as made:
        seen: list[bytes] = []
        made.seen = seen  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{made.server_address[1]}", seen
        finally:
            made.shutdown()
            thread.join()


async def send(address: str, *, shown: bool) -> None:
    """One event, with or without a picture; Unavailable where it did not count as delivered."""
    world = World()
    small = picture("plate")
    long = Picture("plate", small.image, small.jpeg[:2] + LONG + small.jpeg[2:])
    events = passage_events(images=Images(plate=long.image))
    entries = await world.log.append("gate", events, [long])
    settings = TcpPushSettings(
        name="push", address=address, picture="plate" if shown else "none", close_seconds=5
    )
    sender = settings.build(world.context)
    await sender.connect()
    await sender.send(entries[:1])
    await sender.close()


def whole(packet: bytes) -> bool:
    try:
        return bool(json.loads(packet)["carState"])
    except ValueError:
        return False


@pytest.mark.parametrize("shown", [False, True])
async def test_receiver_that_reads_to_the_end_gets_everything(shown: bool) -> None:
    with listening(ToTheEnd) as (address, seen):
        await send(address, shown=shown)
    assert [whole(packet) for packet in seen] == [True]


@pytest.mark.parametrize("server", [socketserver.ThreadingTCPServer, Closing])
async def test_receiver_that_reads_once_gets_an_event_without_a_picture(
    server: type[socketserver.ThreadingTCPServer],
) -> None:
    with listening(Once, server) as (address, seen):
        await send(address, shown=False)
    assert [whole(packet) for packet in seen] == [True]


async def test_receiver_that_reads_once_and_closes_is_detected() -> None:
    """Its system resets the connection, as there was more to read."""
    unread = pytest.raises(Unavailable, match=r"before it had read the whole event")
    with listening(Once, Closing) as (address, seen), unread:
        await send(address, shown=True)
    assert [whole(packet) for packet in seen] == [False]


async def test_receiver_that_reads_once_and_half_closes_is_not_detected() -> None:
    """The end arrives before the reset, and is the same as that of a receiver that read all."""
    with listening(Once) as (address, seen):
        await send(address, shown=True)
    assert [whole(packet) for packet in seen] == [False]


@contextlib.asynccontextmanager
async def php(tmp_path: Path, reads: str) -> AsyncIterator[tuple[str, asyncio.StreamReader]]:
    script = tmp_path / "receiver.php"
    script.write_text(PHP_RECEIVER.replace("READS", reads))
    process = await asyncio.create_subprocess_exec(
        "php", str(script), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield (await process.stderr.readline()).decode().strip(), process.stdout
    finally:
        process.kill()
        await process.communicate()


@pytest.mark.parametrize(
    ("reads", "shown", "gets"),
    [
        ("stream_get_contents($connection)", False, "whole"),
        ("stream_get_contents($connection)", True, "whole"),
        ("fread($connection, 8192)", False, "whole"),
    ],
)
async def test_php(tmp_path: Path, reads: str, shown: bool, gets: str) -> None:
    need(PHP)
    async with php(tmp_path, reads) as (address, output), asyncio.timeout(SECONDS):
        await send(address, shown=shown)
        assert (await output.readline()).decode().strip() == gets


async def test_php_that_reads_once_and_closes_is_detected(tmp_path: Path) -> None:
    need(PHP)
    async with php(tmp_path, "fread($connection, 8192)") as (address, output):
        with pytest.raises(Unavailable, match=r"before it had read the whole event"):
            await send(address, shown=True)
        async with asyncio.timeout(SECONDS):
            assert await output.readline() == b"cut\n"


@pytest.mark.parametrize("shown", [False, True])
async def test_nc(shown: bool) -> None:
    need(NETCAT)
    process = await asyncio.create_subprocess_exec(
        *("nc", "-lkv", "-N", "127.0.0.1", "0"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(SECONDS):
            port = (await process.stderr.readline()).split()[-1].decode()
            await send(f"127.0.0.1:{port}", shown=shown)
            assert whole(await process.stdout.readline())
    finally:
        process.kill()
        await process.communicate()
