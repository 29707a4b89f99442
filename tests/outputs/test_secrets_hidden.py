"""No secret shows in anything that a failing output says, of whatever kind it is.

The other side is the worst there is: it repeats in its answer all that it was sent.
"""

import asyncio
import base64
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from platewire.config.load import parse
from platewire.errors import PlatewireError
from platewire.outputs import exchange
from platewire.outputs.builtin import BUILTIN
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.outputs.relay.relay import RelaySettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events

SECRET = "s3cr3t+Hunter/2"
SIGNING = "whsec_" + base64.b64encode(b"s3cr3t-of-the-gate-let-me-in-now").decode()
TOKEN = "123456:s3cr3t_of-the-bot"
TOPIC = "s3cr3t_topic"
BASIC = '{ type = "basic", user = "me", password = "env:THE_SECRET" }'
DIGEST = '{ type = "digest", user = "me", password = "env:THE_SECRET" }'

PROXY = '{ url = "http://127.0.0.1:PORT", user = "me", password = "env:THE_SECRET" }'

WITH_SECRETS = {
    "http-basic": f'type = "http"\nurl = "URL"\nauth = {BASIC}',
    "http-digest": f'type = "http"\nurl = "URL"\nauth = {DIGEST}',
    "http-bearer": 'type = "http"\nurl = "URL"\n'
    'auth = { type = "bearer", token = "env:THE_SECRET" }',
    "http-header": 'type = "http"\nurl = "URL"\n'
    'auth = { type = "header", name = "X-Key", value = "env:THE_SECRET" }',
    "http-signed": 'type = "http"\nurl = "URL"\nsigning_secrets = ["env:THE_SIGNING_SECRET"]',
    "http-proxy": f'type = "http"\nurl = "URL"\negress = {{ proxy = {PROXY} }}',
    "milestone": f'type = "milestone"\nurl = "URL"\negress = {{ proxy = {PROXY} }}',
    "template": f'type = "template"\nurl = "URL"\nauth = {BASIC}',
    "one_c": f'type = "one_c"\nurl = "URL"\nauth = {BASIC}\nevents = "all"',
    "two_n": f'type = "two_n"\nurl = "URL"\nauth = {BASIC}\nmax_age_seconds = 1e9',
    "nx": 'type = "nx"\nurl = "URL"\nuser = "me"\npassword = "env:THE_SECRET"\nevents = "all"',
    "relay": f'type = "relay"\nrelay = {{ type = "http", url = "URL", auth = {BASIC} }}\n'
    '[[list]]\nname = "staff"\nkind = "allow"',
    "mqtt": 'type = "mqtt"\nhost = "127.0.0.1"\nport = PORT\nusername = "me"\n'
    'password = "env:THE_SECRET"\nconnect_seconds = 1',
    "postgresql": 'type = "postgresql"\nurl = "postgresql://me@127.0.0.1:PORT/x"\n'
    'password = "env:THE_SECRET"\nconnect_seconds = 1',
    "postgresql-url": 'type = "postgresql"\nurl = "env:THE_DATABASE"\nconnect_seconds = 1',
    "email": 'type = "email"\nhost = "127.0.0.1"\nport = PORT\nencryption = "none"\n'
    'sender = "a@b.example"\nrecipients = ["c@d.example"]\nuser = "me"\n'
    'password = "env:THE_SECRET"\nanswer_seconds = 1',
    "ftp": 'type = "ftp"\nhost = "127.0.0.1"\nport = PORT\nencryption = "none"\n'
    'user = "me"\npassword = "env:THE_SECRET"\nanswer_seconds = 1',
    "telegram": 'type = "telegram"\nurl = "URL"\ntoken = "env:THE_BOT_TOKEN"\nchat = "1"',
    "ntfy": f'type = "ntfy"\nurl = "URL"\ntopic = "env:THE_TOPIC"\nauth = {BASIC}',
    "json_lines": 'type = "json_lines"\nlisten = "127.0.0.1:PORT"\ntoken = "env:THE_SECRET"',
}

NO_HTTP = {"mqtt", "postgresql", "postgresql-url", "json_lines", "email", "ftp"}
WITHOUT = {"auto_intellect", "milestone_generic", "numberok_tcp", "tcp_push"}
"""Their protocols know no secrets."""


def test_every_kind_of_output_is_looked_at() -> None:
    kinds = {each.__struct_config__.tag for each in BUILTIN}
    tested = {text.split('"')[1] for text in WITH_SECRETS.values()}
    assert kinds == tested | WITHOUT
    without = [each for each in BUILTIN if each.__struct_config__.tag in WITHOUT]
    schema = msgspec.json.schema_components(without, schema_hook=lambda _: {"type": "string"})
    assert "(env|file)" not in str(schema)


@contextlib.asynccontextmanager
async def echo(status: int) -> AsyncIterator[int]:
    """A server that answers each request with the request; its port."""
    talking: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (
                        int(each[15:])
                        for each in head.lower().split(b"\r\n")
                        if b"content-length:" in each
                    ),
                    0,
                )
                said = head + await reader.readexactly(length)
                plain = [
                    base64.b64decode(word)
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"authorization: basic ")
                    for word in line.split()[-1:]
                ]
                body = said + b" ".join(plain)
                start = f"HTTP/1.1 {status} Thanks\r\nContent-Length: {len(body)}\r\n"
                place = f"Location: /{quote(SECRET, safe='')}?key={quote(SECRET, safe='')}\r\n"
                writer.write(f"{start}{place}\r\n".encode() + body)
                await writer.drain()
        writer.close()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking)


class Told:
    """All that people can see of one output."""

    def __init__(self) -> None:
        self.words: list[str] = []

    async def attempt(self, settings: OutputSettings, context: OutputContext) -> None:
        output = settings.build(context)
        exchanged = exchange.into(exchange.Exchange())
        try:
            await output.connect()
            for entry in await context.log.read(0, 10):
                await output.send([entry])
        except Exception as error:
            self.words += [str(error), repr(error), str(getattr(error, "answer", ""))]
        finally:
            await output.close()
        self.words += [exchanged.request, exchanged.answer, repr(output)]

    async def pulse(self, settings: RelaySettings) -> None:
        """Whatever an event's plate is."""
        switch = settings.relay.switch("gate")
        try:
            await switch.turn(on=True)
        except PlatewireError as error:
            self.words.append(str(error))
        finally:
            await switch.close()


def spellings(secret: str) -> set[str]:
    user = f"me:{secret}".encode()
    return {secret, quote(secret, safe=""), base64.b64encode(user).decode()}


STATUSES = [200, 307, 400, 401, 403, 410, 500]
CASES = [(kind, each) for kind in WITH_SECRETS for each in STATUSES if kind not in NO_HTTP]


@pytest.mark.parametrize(("kind", "status"), [*CASES, *((each, 200) for each in sorted(NO_HTTP))])
async def test_no_secret_shows(
    kind: str, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("THE_SECRET", SECRET)
    monkeypatch.setenv("THE_SIGNING_SECRET", SIGNING)
    monkeypatch.setenv("THE_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("THE_TOPIC", TOPIC)
    clock = SystemClock()
    log = MemoryLog(clock)
    await log.append("gate", passage_events(start=clock.now()))
    board, told = Board(clock), Told()
    async with echo(status) as port:
        text = WITH_SECRETS[kind].replace("URL", f"http://127.0.0.1:{port}/x?key={SIGNING}")
        text = text.replace("PORT", str(port))
        (settings,) = parse(f'[[output]]\nname = "gate"\n{text}', Path("platewire.toml")).output
        context = OutputContext(clock=clock, log=log, site=SITE, board=board)
        monkeypatch.setenv(
            "THE_DATABASE", f"postgresql://me:{quote(SECRET, safe='')}@127.0.0.1:{port}/x"
        )
        await told.attempt(settings, context)
        if isinstance(settings, RelaySettings):
            await told.pulse(settings)
    told.words += [repr(settings), msgspec.json.encode(list(board.lines())).decode(), caplog.text]
    assert any("gate" in each for each in told.words)
    for secret in spellings(SECRET) | spellings(TOKEN) | {SIGNING, TOPIC}:
        said = [each.replace(f"?key={SIGNING}", "") for each in told.words]
        assert not [each for each in said if secret in each], f"{secret} shows"
