"""A server that answers as Nx Witness documents it: login, devices, generic events, bookmarks."""

import contextlib
import json
import re
import secrets
import ssl
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from platewire.model import Kind
from platewire.testing.counterpart import Arrival
from platewire.testing.http_counterpart import HttpCounterpart

GATE, YARD, TWIN = (f"{n}f83c56f-9468-3b9b-747f-378e8ce69db3" for n in (1, 2, 3))
SERVER = "720fd27e-04cc-4c1a-a2cb-990bd167e9c3"
USER, PASSWORD = "anpr", "s3cret/ü"


def device(identity: str, name: str, url: str) -> dict[str, str]:
    return {"id": f"{{{identity}}}", "name": name, "url": url, "serverId": f"{{{SERVER}}}"}


class NxServer(HttpCounterpart):
    """Logs in, lists devices, takes events and bookmarks."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self.devices = [
            device(GATE, "Gate 1", "http://10.0.0.7:80/onvif/device_service"),
            device(YARD, "tor-ö", "10.0.0.8"),
        ]
        self.events: list[dict[str, Any]] = []
        self.bookmarks: list[dict[str, Any]] = []
        self.logins = 0
        self.refuses_events = ""
        self._tokens: set[str] = set()

    @property
    def url(self) -> str:
        return self.origin

    def end_sessions(self) -> None:
        self._tokens.clear()

    async def stop(self) -> None:
        self.end_sessions()  # they do not outlive the server
        await super().stop()

    def is_event(self, request: web.Request) -> bool:
        return request.path == "/api/createEvent" or request.path.endswith("/bookmarks")

    def rejection(self) -> web.Response:
        return web.json_response({"error": "3", "errorString": "invalid"}, status=422)

    async def respond(self, request: web.Request) -> web.StreamResponse:
        match request.method, request.path.split("/")[1:]:
            case "POST", ["rest", "v2", "login", "sessions"]:
                return await self._log_in(request)
            case "GET", ["rest", "v2", "devices"]:
                return await self._list(request)
            case "GET", ["api", "createEvent"]:
                return await self._create_event(request)
            case "POST", ["rest", "v2", "devices", identity, "bookmarks"]:
                return await self._bookmark(request, identity)
        return web.Response(status=404)

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
        self._note(event["description"])
        return web.json_response({"error": "0", "errorString": "", "reply": None})

    async def _bookmark(self, request: web.Request, identity: str) -> web.Response:
        self._must_be_known(request)
        if not any(each["id"] == f"{{{identity}}}" for each in self.devices):
            return web.json_response({"errorString": "no such device"}, status=404)
        bookmark = await request.json()
        if not (bookmark["name"] and bookmark["durationMs"] > 0 and bookmark["startTimeMs"]):
            return web.json_response({"errorString": "incomplete"}, status=422)
        self.bookmarks.append({"deviceId": identity, **bookmark})
        self._note(bookmark["description"])
        return web.json_response({"id": secrets.token_hex(16), **bookmark})

    def _must_be_known(self, request: web.Request) -> None:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            raise web.HTTPUnauthorized(text='{"error": 4, "errorString": "Session is expired"}')

    def _note(self, description: str) -> None:
        number = re.search(r"passage (\d+)$", description)
        kind = re.search(r"\b(new|updated|lost)\b", description)
        assert number is not None
        assert kind is not None
        self.note(Arrival(int(number[1]), Kind(kind[1])))


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[NxServer]:
    server = NxServer(tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
