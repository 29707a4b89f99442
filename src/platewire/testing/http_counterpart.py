"""A web server as the counterpart of outputs that send over HTTP, with every conduct.

def read(request: web.Request, body: bytes) -> Arrival:
    event = native.decode(body)
    return Arrival(event.passage_number, event.kind)

counterpart = HttpCounterpart(read)
await counterpart.start()
await counterpart.stop()
settings = MySettings(name="mine", url=counterpart.origin)
await check_output(settings.build, counterpart, name="mine")
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Self

from aiohttp import web

from platewire.testing.counterpart import Arrival, Conduct, Counterpart

BODY_BYTES_MAX = 64 << 20
"""Bytes of a request, at most: above a batch with pictures."""
Read = Callable[[web.Request, bytes], Arrival]


def _unread(request: web.Request, body: bytes) -> Arrival:
    raise NotImplementedError("give `read` to HttpCounterpart, or override `respond`")


class HttpCounterpart(Counterpart):
    """Accepts any path and method on a free port, which stays the same over restarts."""

    can = frozenset(Conduct) - {Conduct.ACCEPT}

    def __init__(self, read: Read = _unread, *, tls: ssl.SSLContext | None = None) -> None:
        self._read = read
        self._tls = tls
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._arrivals: list[Arrival] = []
        self._more = asyncio.Event()
        self._conduct = Conduct.ACCEPT
        self._released = asyncio.Event()

    @property
    def origin(self) -> str:
        """Scheme, host and port. Valid after the first `start`."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    # --- to override ------------------------------------------------------------------------------

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """To a request that is treated well. Calls `note` for each event that it accepts."""
        self.note(self._read(request, await request.read()))
        return web.Response()

    def is_event(self, request: web.Request) -> bool:
        """Whether `behave` applies to this request; False for a login or the like."""
        return True

    def rejection(self) -> web.Response:
        """The answer that refuses an event for good."""
        return web.Response(status=400, text="this event is invalid")

    # --- as a counterpart -------------------------------------------------------------------------

    def note(self, arrival: Arrival) -> None:
        self._arrivals.append(arrival)
        self._more.set()

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self._arrivals) < count:
            self._more.clear()
            await self._more.wait()
        return list(self._arrivals)

    async def start(self) -> None:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def behave(self, conduct: Conduct) -> None:
        self._conduct = conduct
        if conduct is Conduct.STALL:
            self._released.clear()
        else:
            self._released.set()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self._conduct is Conduct.ACCEPT or not self.is_event(request):
            return await self.respond(request)
        await request.read()
        conduct = self._conduct
        if conduct is not Conduct.STALL:
            self._conduct = Conduct.ACCEPT
        return await self._misbehave(conduct, request)

    async def _misbehave(self, conduct: Conduct, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        if conduct is Conduct.REJECT:
            return self.rejection()
        if conduct is Conduct.STALL:
            await self._released.wait()
        elif conduct is Conduct.NONSENSE and isinstance(transport, asyncio.WriteTransport):
            transport.write(b"* OK IMAP4rev1 ready\r\n")
            transport.close()
        elif conduct is Conduct.DIE and isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        return web.Response(status=503, text="busy")
