"""A server that answers as Nx Witness documents it: login, devices, generic events, bookmarks."""

import asyncio
import contextlib
import json
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from platewire.model import Kind
from platewire.testing.check_transfer import Arrival

GATE, YARD, TWIN = (f"{n}f83c56f-9468-3b9b-747f-378e8ce69db3" for n in (1, 2, 3))
SERVER = "720fd27e-04cc-4c1a-a2cb-990bd167e9c3"
USER, PASSWORD = "anpr", "s3cret/ü"


def device(identity: str, name: str, url: str) -> dict[str, str]:
    return {"id": f"{{{identity}}}", "name": name, "url": url, "serverId": f"{{{SERVER}}}"}


class NxServer:
    """Starts on a free port and keeps it over restarts. A `Counterpart` too."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.devices = [
            device(GATE, "Gate 1", "http://10.0.0.7:80/onvif/device_service"),
            device(YARD, "tor-ö", "10.0.0.8"),
        ]
        self.events: list[dict[str, Any]] = []
        self.bookmarks: list[dict[str, Any]] = []
        self.logins = 0
        self.refuses_events = ""
        self._arrivals: list[Arrival] = []
        self._tokens: set[str] = set()
        self._more = asyncio.Condition()
        self._tls = tls
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def end_sessions(self) -> None:
        self._tokens.clear()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/rest/v2/login/sessions", self._log_in)
        app.router.add_get("/rest/v2/devices", self._list)
        app.router.add_get("/api/createEvent", self._create_event)
        app.router.add_post("/rest/v2/devices/{id}/bookmarks", self._bookmark)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.end_sessions()  # they do not outlive the server
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def arrived(self, count: int) -> Sequence[Arrival]:
        async with self._more:
            await self._more.wait_for(lambda: len(self._arrivals) >= count)
        return list(self._arrivals)

    async def _log_in(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if (asked["username"], asked["password"]) != (USER, PASSWORD):
            return web.json_response({"error": 4, "errorString": "Wrong password."}, status=401)
        self.logins += 1
        token = f"vms-{secrets.token_hex(16)}"
        self._tokens.add(token)
        return web.json_response(
            {"id": SERVER, "username": USER, "token": token, "ageS": 0, "expiresInS": 2592000}
        )

    async def _list(self, request: web.Request) -> web.Response:
        self._must_be_known(request)
        fields = request.query["_with"].split(",")
        shown = [{key: each[key] for key in fields} for each in self.devices]
        return web.json_response(shown)

    async def _create_event(self, request: web.Request) -> web.Response:
        self._must_be_known(request)
        event: dict[str, Any] = dict(request.query)
        event["metadata"] = json.loads(event["metadata"])
        if self.refuses_events:
            return web.json_response({"error": "3", "errorString": self.refuses_events})
        self.events.append(event)
        await self._note(event["description"])
        return web.json_response({"error": "0", "errorString": "", "reply": None})

    async def _bookmark(self, request: web.Request) -> web.Response:
        self._must_be_known(request)
        identity = request.match_info["id"]
        if not any(each["id"] == f"{{{identity}}}" for each in self.devices):
            return web.json_response({"errorString": "no such device"}, status=404)
        bookmark = await request.json()
        if not (bookmark["name"] and bookmark["durationMs"] > 0 and bookmark["startTimeMs"]):
            return web.json_response({"errorString": "incomplete"}, status=422)
        self.bookmarks.append({"deviceId": identity, **bookmark})
        await self._note(bookmark["description"])
        return web.json_response({"id": secrets.token_hex(16), **bookmark})

    def _must_be_known(self, request: web.Request) -> None:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            raise web.HTTPUnauthorized(text='{"error": 4, "errorString": "Session is expired"}')

    async def _note(self, description: str) -> None:
        number = re.search(r"passage (\d+)$", description)
        kind = re.search(r"\b(new|updated|lost)\b", description)
        assert number is not None
        assert kind is not None
        async with self._more:
            self._arrivals.append(Arrival(int(number[1]), Kind(kind[1])))
            self._more.notify_all()


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[NxServer]:
    server = NxServer(tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
