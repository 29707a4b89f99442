"""What hostile clients do, over raw sockets: each opens connections and keeps them open."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


def connected(port: int, first: bytes = b"", source: str = HOST) -> socket.socket | None:
    """None where the other side does not take it any more."""
    connection = socket.socket()
    connection.settimeout(5)
    with contextlib.suppress(OSError):
        connection.bind((source, 0))
        connection.connect((HOST, port))
        connection.sendall(first)
        return connection
    connection.close()
    return None


@contextlib.contextmanager
def crowd(
    port: int, count: int, first: bytes = b"", *, ends: bool = False
) -> Iterator[list[socket.socket]]:
    """So many connections that say the same, and then end their side where `ends` is set; from
    several addresses, as a crowd would."""
    sources = [f"127.0.1.{number}" for number in range(1, 9)]
    taken = [connected(port, first, sources[n % len(sources)]) for n in range(count)]
    mine = [each for each in taken if each is not None]
    if ends:
        for each in mine:
            with contextlib.suppress(OSError):  # it was turned away
                each.shutdown(socket.SHUT_WR)
    try:
        yield mine
    finally:
        for each in mine:
            each.close()


def flooded(port: int, head: bytes, piece: bytes, total: int) -> tuple[int, bytes]:
    """Sends `piece` until `total` bytes are gone or nobody takes them; how many, and the answer."""
    sent, answer = 0, b""
    connection = connected(port, head)
    assert connection is not None
    with connection, contextlib.suppress(OSError):
        while sent < total:
            connection.sendall(piece)
            sent += len(piece)
    return sent, answer


def answered(port: int, request: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """The first bytes of the answer; empty where there is none."""
    connection = connected(port)
    assert connection is not None
    with connection, contextlib.suppress(OSError):
        wrapped: Any = connection
        if tls is not None:
            wrapped = tls.wrap_socket(connection, server_hostname=HOST)
        wrapped.sendall(request)
        wrapped.settimeout(20)
        said: bytes = wrapped.recv(4096)
        return said
    return b""


def healthy(port: int) -> bool:
    """Whether somebody says how the server is, as a probe hears it: it may try again."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        said = answered(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        if said.startswith(b"HTTP/1.1 200"):
            return True
        time.sleep(0.05)
    return False


def memory_bytes(pid: int) -> int:
    """The largest resident size that the process has had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")
