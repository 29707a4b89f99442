"""Receivers whose answers break HTTP, though they have done their work: the status line decides."""

import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from platewire.errors import Refused, Rejected, Unavailable
from platewire.outputs.http.milestone import MilestoneSettings
from platewire.outputs.http.one_c import OneCSettings
from platewire.outputs.http.violations import cleaned
from platewire.outputs.output import OutputSettings
from platewire.outputs.relay.two_n import TwoNSettings
from platewire.outputs.template.template import TemplateSettings
from tests.foreign.servers import running, until_it_listens
from tests.outputs.http.http_sending import connected, entries, settings
from tests.support.counterparts import CURL, PHP, need, program

OK = b"HTTP/1.1 200 OK\r\n"
BODY = b"Content-Length: 2\r\n\r\nok"

ODD = {
    "204 with a body": b"HTTP/1.1 204 No Content\r\n\r\nok",
    "204 with a body and its length": b"HTTP/1.1 204 No Content\r\n" + BODY,
    "204 with a chunked body": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nok\r\n0\r\n\r\n",
    "more than announced": OK + BODY + b" and more",
    "more after it closes": OK + b"Connection: close\r\n" + BODY + b"\r\nmore\r\n",
    "space in a name": OK + b"X Powered By: hand\r\n" + BODY,
    "space before the colon": OK + b"Server : hand\r\n" + BODY,
    "no colon": OK + b"hello\r\n" + BODY,
    "length twice": OK + b"Content-Length: 2\r\n" + BODY,
    "two lengths": OK + b"Content-Length: 7\r\nConnection: close\r\n" + BODY,
    "length that is none": OK + b"Content-Length: two\r\nConnection: close\r\n\r\nok",
    "length and chunks": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nok\r\n0\r\n\r\n",
    "chunks that are none": OK + b"Transfer-Encoding: chunked\r\n\r\nok",
    "null in a header": OK + b"X: \x00\r\n" + BODY,
    "bare line feeds": b"HTTP/1.1 200 OK\nX Y: z\nContent-Length: 2\n\nok",
    "odd after an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"X Y: z\r\n" + BODY,
    "no end of the head": OK + b"Content-Type: text/plain\r\n",
}
BEHIND_THE_ANSWER = {"204 with a body", "more than announced", "more after it closes"}
"""Where it comes late, nobody listens any more, or it stands before the next answer, once."""
CURL_REFUSES = {"no colon", "length that is none", "chunks that are none", "null in a header"}


class Odd:
    """Answers each request the same, in pieces, and closes only where it is told to."""

    def __init__(self, *pieces: bytes, closes: bool = True) -> None:
        self._pieces = pieces
        self._closes = closes
        self.requests = 0
        self.connections = 0
        self._serving: set[asyncio.Task[None]] = set()

    def answer(self, *pieces: bytes) -> None:
        """From now on, and connections are kept."""
        self._pieces, self._closes = pieces, False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                self.requests += 1
                for piece in self._pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.002)
                if self._closes:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving.add(asyncio.create_task(self._serve(reader, writer)))

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)


async def send_three(url: str, **more: object) -> tuple[int, str]:
    """Over one sender. Returns the number of retries, and what the board says."""
    context, logged = await entries()
    failures = 0
    async with connected(settings(url, **more), context) as sender:
        for entry in logged[:3]:
            try:
                await sender.send([entry])
            except Unavailable:
                failures += 1
                await sender.connect()
                await sender.send([entry])
    return failures, context.board.line("output", "gate").last_error


def whole(answer: bytes) -> list[bytes]:
    return [answer]


def head_and_body(answer: bytes) -> list[bytes]:
    """As those send who do not gather what they write."""
    head, blank, body = answer.rpartition(b"\n\r\n")
    return [head + blank, body] if blank else [answer]


def in_threes(answer: bytes) -> list[bytes]:
    return [answer[at : at + 3] for at in range(0, len(answer), 3)]


@pytest.mark.parametrize("cut", [whole, head_and_body, in_threes])
@pytest.mark.parametrize("case", ODD)
async def test_valid_status_line_counts(case: str, cut: Callable[[bytes], list[bytes]]) -> None:
    odd = Odd(*cut(ODD[case]))
    async with odd.listening() as url:
        failures, said = await send_three(url)
    assert odd.requests == 3
    if cut is whole or case not in BEHIND_THE_ANSWER:
        assert failures == 0
        assert "check the receiver" in said
    else:
        assert failures <= 1


async def test_late_bytes_corrupt_at_most_one_response() -> None:
    """A receiver that keeps its connections is found out by the first that it spoils."""
    odd = Odd(b"HTTP/1.1 204 No Content\r\n\r\n", b"late", closes=False)
    async with odd.listening() as url:
        failures, _ = await send_three(url)
    assert failures == 1


@pytest.mark.parametrize("case", ODD)
async def test_curl_accepts_most_of_them_too(case: str) -> None:
    need(CURL)
    async with Odd(ODD[case]).listening() as url:
        curl = await asyncio.create_subprocess_exec(
            "curl",
            "-s",
            "-m",
            "5",
            "-d",
            "{}",
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null",
            url,
            stdout=subprocess.PIPE,
        )
        said, _ = await curl.communicate()
    assert said in (b"200", b"204")
    assert (curl.returncode == 0) == (case not in CURL_REFUSES)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 two hundred OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP 200 OK\r\n\r\n",
        b"hello\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 20",
        b"HTTP/1.1 200",
    ],
)
async def test_invalid_status_line_is_not_a_response(said: bytes) -> None:
    async with Odd(said).listening() as url:
        context, logged = await entries()
        async with connected(settings(url), context) as sender:
            with pytest.raises(Unavailable):
                await sender.send(logged[:1])


@pytest.mark.parametrize(
    ("status", "outcome"), [(422, Rejected), (404, Refused), (503, Unavailable), (307, Unavailable)]
)
async def test_other_statuses_are_judged_as_usual(status: int, outcome: type[Exception]) -> None:
    answer = (
        f"HTTP/1.1 {status} No\r\nA b: c\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\nno!and more"
    )
    async with Odd(answer.encode()).listening() as url:
        context, logged = await entries()
        async with connected(settings(url), context) as sender:
            with pytest.raises(outcome, match=f'{status}.*"no!"') as caught:
                await sender.send(logged[:1])
    assert type(caught.value) is outcome
    assert getattr(caught.value, "retry_after", None) == (7 if status == 503 else None)


async def test_a_head_that_never_ends_is_waited_for_once() -> None:
    """Not told is not the receiver's fault: it has answered."""
    odd = Odd(b"HTTP/1.1 200 OK\r\nServer: x\r\n", closes=False)
    async with odd.listening() as url:
        failures, said = await send_three(url, first_byte_seconds=0.2)
    assert (failures, odd.requests) == (0, 3)
    assert "ends within its head" in said


async def test_what_follows_a_head_without_an_end_is_no_answer_to_the_next_request() -> None:
    """Also where the whole ran out of time, and not the wait for a byte."""
    odd = Odd(b"HTTP/1.1 200 OK\r\nServer: x\r\n", closes=False)
    async with odd.listening() as url:
        failures, _ = await send_three(url, total_seconds=0.3)
    assert (failures, odd.requests, odd.connections) == (0, 3, 4)


async def test_an_answer_that_nobody_asked_for_is_none_to_the_next_request() -> None:
    """The receiver answers the first request twice, and fails at the second."""
    odd = Odd(OK + BODY, OK + BODY, closes=False)
    async with odd.listening() as url:
        context, logged = await entries()
        async with connected(settings(url), context) as sender:
            await sender.send(logged[:1])
            odd.answer(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            await asyncio.sleep(0.05)
            with pytest.raises(Unavailable, match="answered 500"):
                await sender.send(logged[1:2])


async def test_who_answers_twice_is_found_out_by_the_first_that_it_spoils() -> None:
    odd = Odd(OK + BODY + OK + BODY, closes=False)
    async with odd.listening() as url:
        failures, said = await send_three(url)
    assert (failures, odd.requests, odd.connections) == (0, 3, 4)
    assert "unexpected second response" in said


async def test_who_ends_an_idle_connection_with_words_has_manners() -> None:
    """As HAProxy and others do; the next connections are kept as before."""
    bye = b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n"
    odd = Odd(OK + BODY, bye, closes=False)
    async with odd.listening() as url:
        context, logged = await entries()
        async with connected(settings(url), context) as sender:
            await sender.send(logged[:1])
            odd.answer(OK + BODY)
            await asyncio.sleep(0.05)
            await sender.send(logged[1:2])
            await sender.send(logged[2:3])
    assert odd.connections == 3


@pytest.mark.parametrize("charset", ["idna", "undefined", "hex", "no-such"])
async def test_a_charset_that_cannot_be_read_matters_to_nobody(charset: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset={charset}\r\n".encode()
    async with Odd(head + BODY, closes=False).listening() as url:
        assert (await send_three(url))[0] == 0


@pytest.mark.parametrize("after", ["Mon, 01 Jan 2024 00:00:00 +99999999999999999999", "9" * 400])
async def test_a_wait_that_is_none_is_not_waited_for(after: str) -> None:
    answer = f"HTTP/1.1 503 No\r\nRetry-After: {after}\r\nContent-Length: 0\r\n\r\n"
    async with Odd(answer.encode()).listening() as url:
        context, logged = await entries()
        async with connected(settings(url), context) as sender:
            with pytest.raises(Unavailable) as caught:
                await sender.send(logged[:1])
    assert caught.value.retry_after is None


async def test_json_within_json_without_end_is_no_json() -> None:
    answer = OK + b"Content-Length: 15000\r\n\r\n" + b"[" * 15000
    async with Odd(answer).listening() as url:
        context, logged = await entries()
        config = settings(url, success={"json": "result", "equals": "ok"})
        async with connected(config, context) as sender:
            with pytest.raises(Rejected, match="no JSON value at `result`"):
                await sender.send(logged[:1])


OTHERS: dict[str, tuple[type[OutputSettings], bytes]] = {
    "milestone": (MilestoneSettings, b"<ok/>"),
    "template": (TemplateSettings, b"ok"),
    "one_c": (OneCSettings, b""),
    "two_n": (TwoNSettings, b'{"success": true, "result": {}}'),
}


@pytest.mark.parametrize("kind", OTHERS)
async def test_all_http_outputs_tolerate_violations(kind: str) -> None:
    config, said = OTHERS[kind]
    head = f"HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: {len(said)}\r\n\r\n".encode()
    async with Odd(head, said, b"more").listening() as url:
        context, logged = await entries()
        raw = {"type": kind, "name": "gate", "url": url}
        sender = msgspec.convert(raw, config).build(context)
        await sender.connect()
        await sender.send(logged[:1])
        await sender.close()


@pytest.mark.parametrize(
    "said",
    [
        OK + b"Content-Length: 80\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        OK + b"X Y: z\r\nContent-Length: 80\r\n\r\n",
        OK + b"Content-Type: application/json\r\n",
    ],
)
async def test_what_1c_did_not_get_to_say_may_be_a_refusal(said: bytes) -> None:
    """It tells in its answer which events it refused; no answer at all means none."""
    async with Odd(said).listening() as url:
        context, logged = await entries()
        raw = {"type": "one_c", "name": "gate", "url": url}
        sender = msgspec.convert(raw, OneCSettings).build(context)
        try:
            await sender.connect()
            with pytest.raises(Unavailable, match="answered 200, but the response was cut off"):
                await sender.send(logged[:1])
        finally:
            await sender.close()


PHP_204 = "<?php http_response_code(204); header('X-By: php'); echo 'thanks';"


async def test_php_answers_204_with_a_body(tmp_path: Path) -> None:
    need(PHP)
    (tmp_path / "receiver.php").write_text(PHP_204)
    php = program("php") or ""
    with running(php, "-S", "127.0.0.1:{port}", "-t", str(tmp_path)) as url:
        await until_it_listens(url)
        failures, _ = await asyncio.wait_for(send_three(url), 20)
    assert failures == 0


PYTHON_204 = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    protocol_version = sys.argv[2]

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        if sys.argv[3]:
            self.send_header("Content-Length", sys.argv[3])
        self.end_headers()
        self.wfile.write(b"thanks")


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
"""


@pytest.mark.parametrize(
    ("version", "length"), [("HTTP/1.0", ""), ("HTTP/1.1", "6"), ("HTTP/1.1", "")]
)
async def test_python_answers_204_with_a_body(version: str, length: str) -> None:
    with running(sys.executable, "-c", PYTHON_204, "{port}", version, length) as url:
        await until_it_listens(url)
        failures, _ = await asyncio.wait_for(send_three(url), 20)
    assert failures <= (version == "HTTP/1.1" and not length)


def test_head_is_sanitized() -> None:
    fields = (
        b"Set-Cookie: a=b\r\nContent-Type : text/plain\r\nnonsense\r\nLocation: /x\r\n"
        b"content-type: text/html\r\n"
    )
    assert cleaned(b"HTTP/1.1 200 OK", fields) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    )
