"""Programs that serve, each in a process of its own."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def running(*command: str) -> Iterator[str]:
    """A server on a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [each.format(port=port) for each in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/receiver.php"
    finally:
        process.terminate()
        process.wait()


async def until_it_listens(url: str) -> None:
    port = int(url.split(":")[2].split("/")[0])
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"nothing listens on {port}")
