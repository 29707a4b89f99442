"""`platewire serve` with 1,024 descriptors, and what the hostile clients throw at it."""

import sys
from collections.abc import Callable
from typing import NamedTuple

from tests.acceptance.running import Running

DESCRIPTORS = 1024
TOKEN = "a-token-of-26-characters-0"
LOADED = (
    "sh",
    "-c",
    f'ulimit -n {DESCRIPTORS}; exec "$0" "$@"',
    sys.executable,
    "-m",
    "tests.faults.loaded_server",
)
CONFIG = """
[web]
listen = "127.0.0.1:0"
token = "env:TOKEN"
[log]
folder = "{folder}/log"
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
max_clients_per_address = 1000
[[output]]
name = "secret"
type = "json_lines"
listen = "127.0.0.1:0"
max_clients_per_address = 1000
[output.tls]
certificate = "{certificate}"
"""


class Ports(NamedTuple):
    """Where the server listens: the page, JSON lines, JSON lines over TLS."""

    page: int
    lines: int
    secret: int


def ports_of(server: Running) -> Ports:
    page = int(server.addresses["page"].rstrip("/").rpartition(":")[2])
    return Ports(page, server.port("lines"), server.port("secret"))


HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SLOW_LOGIN = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ntoken="
)
CROWDS: dict[str, Callable[[Ports], tuple[int, int, bytes]]] = {
    "half requests": lambda to: (to.page, 1500, HEAD),
    "long half requests": lambda to: (to.page, 1500, HEAD + b"x-y: " + b"z" * 30_000),
    "slow logins": lambda to: (to.page, 505, SLOW_LOGIN),
    "requests for health that are not finished": lambda to: (to.page, 1200, b"GET /healthz"),
    "idle clients of JSON lines": lambda to: (to.lines, 1100, b""),
    "clients of JSON lines that want all and read nothing": lambda to: (
        to.lines,
        1100,
        b'{"resume": "beginning"}\n',
    ),
    "connections without a TLS handshake": lambda to: (to.secret, 1050, b""),
}

TRAILERS = b"x-trailer: " + b"y" * 1000 + b"\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FLOODS = {
    "trailers": (CHUNKED + b"0\r\n", TRAILERS * 100),
    "one trailer without end": (CHUNKED + b"0\r\nx: ", b"y" * 100_000),
    "a chunk's extension without end": (CHUNKED + b"5;x=", b"y" * 100_000),
    "a body that nobody asked for": (CHUNKED, (b"ffff\r\n" + b"y" * 0xFFFF + b"\r\n")),
    "empty lines before a request": (b"\r\n", b"\r\n" * 50_000),
    "requests without waiting for answers": (HEAD + b"\r\n", (HEAD + b"\r\n") * 1000),
    "a head": (HEAD, TRAILERS * 100),
}
