"""The listening outputs with clients that others wrote: OpenBSD's nc, `openssl s_client` and
PHP's stream sockets. Some end their own side after they have subscribed, and go on reading."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from platewire.runtime.clock import SystemClock
from tests.outputs.tcp.tcp_dialects import ACCESSES, DIALECTS, Access, Dialect, Served, served
from tests.outputs.tcp.tcp_harness import SECONDS, until
from tests.support.certificates import Authority
from tests.support.counterparts import NETCAT, OPENSSL, PHP, need

PHP_CLIENT = """<?php
[, $address, $first, $ends] = $argv;
$context = stream_context_create(["ssl" => ["verify_peer" => false, "verify_peer_name" => false]]);
$stream = stream_socket_client($address, $code, $why, 5, STREAM_CLIENT_CONNECT, $context);
if (!$stream) { fwrite(STDERR, $why); exit(1); }
fwrite($stream, base64_decode($first));
if ($ends === "ends") { stream_socket_shutdown($stream, STREAM_SHUT_WR); }
// PHP reads 8192 bytes from the system, and may wait with the rest where it is asked for fewer.
while (!feof($stream)) { echo fread($stream, 8192); flush(); }
"""


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@contextlib.asynccontextmanager
async def program(
    made: Served, command: Sequence[object], *, ends: bool
) -> AsyncIterator[asyncio.StreamReader]:
    """What it prints, once it has subscribed; with `ends` its input, which is what it sends, ends
    after the subscription."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 22,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(made.dialect.first)
        await process.stdin.drain()
        if ends:
            process.stdin.close()
        await until(lambda: any(each.subscribed for each in made.listener.clients))
        yield process.stdout
    finally:
        process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def prints(made: Served, output: asyncio.StreamReader) -> None:
    """All events, over several sends."""
    for _ in range(3):
        told = await made.happens(passages=10)
        async with asyncio.timeout(SECONDS):
            assert [await made.dialect.read(output) for _ in told] == told


async def ended(made: Served) -> None:
    await until(lambda: any(each.half_closed for each in made.listener.clients))


def where(made: Served) -> tuple[str, int]:
    host, port = made.server.address
    return str(host), int(port)


@pytest.mark.parametrize("options", [(), ("-N",)], ids=["stays", "-N ends its side"])
async def test_nc(dialect: Dialect, authority: Authority, options: Sequence[str]) -> None:
    need(NETCAT)
    async with served(dialect, ACCESSES["plain"], authority, clock=SystemClock()) as made:
        command = ["nc", *options, *where(made)]
        async with program(made, command, ends=bool(options)) as output:
            if options:
                await ended(made)
            await prints(made, output)


@pytest.mark.parametrize("guard", ["tls", "client certificate"])
async def test_openssl(dialect: Dialect, authority: Authority, guard: str) -> None:
    need(OPENSSL)
    access: Access = ACCESSES[guard]
    async with served(dialect, access, authority, clock=SystemClock()) as made:
        host, port = where(made)
        command = ["openssl", "s_client", "-quiet", "-connect", f"{host}:{port}"]
        command += ["-CAfile", str(authority.ca), "-verify_return_error"]
        if guard == "client certificate":
            command += ["-cert", str(authority.client), "-key", str(authority.client)]
        async with program(made, command, ends=False) as output:
            await prints(made, output)


@pytest.mark.parametrize(("scheme", "ends"), [("tcp", "ends"), ("tcp", "stays"), ("tls", "stays")])
async def test_php(
    dialect: Dialect, authority: Authority, tmp_path: Path, scheme: str, ends: str
) -> None:
    need(PHP)
    script = tmp_path / "client.php"
    script.write_text(PHP_CLIENT)
    access = ACCESSES["tls" if scheme == "tls" else "plain"]
    async with served(dialect, access, authority, clock=SystemClock()) as made:
        host, port = where(made)
        command = ["php", script, f"{scheme}://{host}:{port}", as_argument(dialect.first), ends]
        async with program(made, command, ends=False) as output:
            if ends == "ends":
                await ended(made)
            await prints(made, output)


async def test_php_half_closing_over_tls_closes_the_connection(
    dialect: Dialect, authority: Authority, tmp_path: Path
) -> None:
    """Python's event loops take the end of one side of TLS for that of both."""
    need(PHP)
    script = tmp_path / "client.php"
    script.write_text(PHP_CLIENT)
    async with served(dialect, ACCESSES["tls"], authority, clock=SystemClock()) as made:
        host, port = where(made)
        command = ["php", script, f"tls://{host}:{port}", as_argument(dialect.first), "ends"]
        process = await asyncio.create_subprocess_exec(*map(str, command))
        async with asyncio.timeout(SECONDS):
            assert await process.wait() == 0
        await until(lambda: not made.listener.clients)


def as_argument(data: bytes) -> str:
    return base64.b64encode(data).decode()
