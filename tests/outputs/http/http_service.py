"""A real HTTP server as the base of receivers: any path and method, on a port that stays the same
over restarts. A `Counterpart` too."""

from aiohttp import web

from platewire.testing.http_counterpart import HttpCounterpart


class HttpService(HttpCounterpart):
    def __init__(self) -> None:
        super().__init__()

    async def respond(self, request: web.Request) -> web.StreamResponse:
        return await self._handle(request)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError
