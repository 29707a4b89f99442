"""No password and no connection for an address that the configuration does not name."""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable

import pytest

from platewire.errors import Unavailable
from platewire.sources.network.rtsp_relay import RtspRelay
from platewire.sources.rtsp import RtspFrames, RtspSettings
from tests.sources.cameras import Notes, RtspServer, taken, threads_of
from tests.support.certificates import Authority

DIGEST = 'Digest realm="camera", nonce="0123456789"'
BASIC = 'Basic realm="camera"'
Answer = Callable[[str, str], tuple[str, dict[str, str]]]
"""Method and whole request, to status line and headers."""


class Camera:
    """An RTSP server that answers as it is told, and writes down all that it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.connections = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield f"rtsp://{self.address}/gate"
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.asked.append(request)
                status, headers = self.answer(request.split()[0], request)
                found = re.search(r"CSeq: (\d+)", request)
                number = found.group(1) if found else ""
                lines = [f"RTSP/1.0 {status}", f"CSeq: {number}"]
                lines += [f"{name}: {value}" for name, value in headers.items()]
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        writer.close()


def camera(url: str, **settings: object) -> RtspFrames:
    return RtspSettings(
        url=url,
        username="env:CAMERA_USER",
        password="env:CAMERA_PASSWORD",
        open_seconds=5,
        silence_seconds=5,
        **settings,  # type: ignore[arg-type]
    ).build(Notes().context())


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_USER", "admin")
    monkeypatch.setenv("CAMERA_PASSWORD", "hunter2hunter2")


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other"])
@pytest.mark.parametrize("when", ["OPTIONS", "DESCRIBE", "authorized"])
@pytest.mark.parametrize("challenge", [DIGEST, BASIC])
async def test_a_redirect_is_refused_and_nobody_else_hears_of_us(
    status: str, when: str, challenge: str
) -> None:
    thief = Camera(lambda method, request: ("401 Unauthorized", {"WWW-Authenticate": BASIC}))
    async with thief.listening() as elsewhere:

        def answer(method: str, request: str) -> tuple[str, dict[str, str]]:
            proved = "Authorization:" in request
            if when == method or (when == "authorized" and proved):
                return status, {"Location": elsewhere.replace("rtsp://", "rtsp://user:pw@")}
            if method == "OPTIONS":
                return "200 OK", {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY"}
            return "401 Unauthorized", {"WWW-Authenticate": challenge}

        server = Camera(answer)
        async with server.listening() as url:
            with pytest.raises(Unavailable, match=r"redirects to rtsp://127\.0\.0\.1") as refused:
                await taken(camera(url), 1)
            said = str(refused.value)
            assert thief.address in said
            assert "set `url`" in said
            assert "pw" not in said
    assert (thief.connections, thief.asked) == (0, [])
    assert any(when == each.split()[0] for each in server.asked) or when == "authorized"
    assert threads_of("rtsp-") == []


async def test_a_camera_never_hears_of_loopback_and_gets_the_password_once() -> None:
    server = Camera(lambda *_: ("401 Unauthorized", {"WWW-Authenticate": DIGEST}))
    async with server.listening() as url:
        with pytest.raises(
            Unavailable, match=r"rejected the login: 401.*`username` and `password`"
        ):
            await taken(camera(url), 1)
    assert all(url in request.splitlines()[0] for request in server.asked if "*" not in request)
    assert sum("Authorization: Digest" in request for request in server.asked) == 1
    assert all("hunter2" not in request for request in server.asked)


async def test_each_proof_is_counted_from_one() -> None:
    """RFC 7616, 3.4: servers may refuse a count that does not rise."""
    challenge = 'Digest realm="camera", nonce="0123456789", qop="auth"'

    def answer(method: str, request: str) -> tuple[str, dict[str, str]]:
        if "Authorization:" not in request:
            return "401 Unauthorized", {"WWW-Authenticate": challenge}
        return ("404 Not Found" if method == "DESCRIBE" else "200 OK"), {}

    server = Camera(answer)
    async with server.listening() as url:
        with pytest.raises(Unavailable, match="has no such stream"):
            await taken(camera(url), 1)
    counts = re.findall(r"nc=(\d+)", "".join(server.asked))
    assert counts == [f"{number:08x}" for number in range(1, len(counts) + 1)]
    assert len(counts) >= 2


async def test_a_wish_to_redirect_amid_the_stream_is_refused() -> None:
    """RFC 2326, 10.10: a request of the server."""
    thief = Camera(lambda *_: ("200 OK", {}))
    async with thief.listening() as elsewhere:
        answer = (
            "200 OK",
            {"Public": f"x\r\n\r\nREDIRECT * RTSP/1.0\r\nCSeq: 9\r\nLocation: {elsewhere}"},
        )
        server = Camera(lambda *_: answer)
        async with server.listening() as url:
            with pytest.raises(Unavailable, match="redirects to"):
                await taken(camera(url), 1)
    assert thief.connections == 0


async def test_who_does_not_know_the_token_gets_nothing() -> None:
    server = Camera(lambda *_: ("200 OK", {}))
    async with server.listening() as url:
        relay = RtspRelay("gate", url, None, 5)
        await asyncio.to_thread(relay.open)
        try:
            port = int(relay.url.split("/")[2].rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                f"OPTIONS rtsp://127.0.0.1:{port}/gate RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode()
            )
            assert await reader.read() == b""
            writer.close()
            assert server.asked == []
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"OPTIONS {relay.url} RTSP/1.0\r\nCSeq: 7\r\n\r\n".encode())
            assert b"CSeq: 7\r\n" in await reader.readuntil(b"\r\n\r\n")
            assert server.asked[0].startswith(f"OPTIONS {url} RTSP/1.0\r\n")
            writer.close()
        finally:
            await asyncio.to_thread(relay.close)
    assert threads_of("rtsp-") == []


async def test_the_answer_to_setup_names_the_camera_itself() -> None:
    """Over UDP FFmpeg sends where that says; another address is not the camera's to name."""
    setup = "RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;source=192.0.2.9"
    server = Camera(lambda *_: ("200 OK", {"Transport": setup}))
    async with server.listening() as url:
        relay = RtspRelay("gate", url, None, 5)
        await asyncio.to_thread(relay.open)
        try:
            port = int(relay.url.split("/")[2].rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"SETUP {relay.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert "source=127.0.0.1" in answer
            assert "192.0.2.9" not in answer
            writer.close()
        finally:
            await asyncio.to_thread(relay.close)


async def test_an_encrypted_camera_is_spoken_to_encrypted(
    rtsp_server: RtspServer, by_hand: Authority
) -> None:
    """A TLS end in front of a real RTSP server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(by_hand.server)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", rtsp_server.port)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    source = RtspSettings(url=f"rtsps://127.0.0.1:{port}/gate", open_seconds=20, silence_seconds=10)
    try:
        frames = await taken(source.build(Notes().context()), 3)
    finally:
        server.close()
    assert len(frames) == 3


async def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached: .*check `url`"):
        await taken(camera("rtsp://no-such-camera.invalid/gate"), 1)


def test_ipv6_stands_in_brackets() -> None:
    relay = RtspRelay("gate", "rtsp://[2001:db8::1]/live", None, 1)
    assert relay._base == "rtsp://[2001:db8::1]:554"
    assert socket.has_ipv6
