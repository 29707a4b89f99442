"""Queries of addresses, read by those who read them there: Qt, which VMS are built with, and the
languages that receivers are written in."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs

from platewire.model import Entry, Event
from platewire.outputs.http.connection import checked_url
from platewire.outputs.http.nx import NxSettings
from platewire.outputs.http.tls import Tls
from platewire.outputs.template.template import TemplateSettings
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from platewire.wire.vms import nx
from platewire.wire.vms.nx import Device
from tests.outputs.http.http_sending import entries
from tests.outputs.http.nx_server import GATE, PASSWORD, USER, NxServer
from tests.support.counterparts import PHP, QT, SYSTEM_PYTHON, need, program

CAMERAS = ["gate", "North gate 2", "Süd/Tor", "50 % + more", "a&b=c#d?e", "Въезд", "a%20b", 'q"{}']

BY_QT = """
import json, sys
from PySide2.QtCore import QUrl, QUrlQuery
query = QUrlQuery(QUrl.fromEncoded(("http://x/?" + sys.argv[1]).encode(), QUrl.StrictMode))
print(json.dumps(dict(query.queryItems(QUrl.FullyDecoded))))
"""
BY_PYTHON = """
import json, sys, urllib.parse
print(json.dumps(dict(urllib.parse.parse_qsl(sys.argv[1], strict_parsing=True))))
"""
BY_PHP = "parse_str($argv[1], $read); echo json_encode($read);"


def by_qt(query: str) -> Mapping[str, str]:
    need(QT)
    return _said(SYSTEM_PYTHON, "-c", BY_QT, query)


def by_python(query: str) -> Mapping[str, str]:
    return _said(sys.executable, "-c", BY_PYTHON, query)


def by_php(query: str) -> Mapping[str, str]:
    need(PHP)
    return _said(program("php") or "", "-r", BY_PHP, "--", query)


def _said(*command: str) -> Mapping[str, str]:
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    read: Mapping[str, str] = json.loads(said)
    return read


READERS = pytest.mark.parametrize("read", [by_qt, by_python, by_php])
Reader = Callable[[str], Mapping[str, str]]


class Listening(NxServer):
    """Keeps queries as they traveled."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[str] = []

    async def _create_event(self, request: web.Request) -> web.Response:
        self.queries.append(request.rel_url.raw_query_string)
        assert request.raw_path.endswith(f"?{self.queries[-1]}")
        return await super()._create_event(request)


def at(camera: str) -> Event:
    return structs.replace(passage_events()[0], camera=camera)


@READERS
async def test_a_generic_event_of_nx_is_read_as_it_was_meant(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NX_PASSWORD", PASSWORD)
    server = Listening()
    await server.start()
    context, _ = await entries()
    config = NxSettings(
        name="vms",
        url=server.url,
        user=USER,
        password="env:NX_PASSWORD",
        devices=dict.fromkeys(CAMERAS, "10.0.0.7"),
    )
    sender = config.build(context)
    try:
        await sender.connect()
        for camera in CAMERAS:
            await sender.send([Entry(at(camera), native.encode(at(camera)))])
    finally:
        await sender.close()
        await server.stop()
    for camera, query in zip(CAMERAS, server.queries, strict=True):
        assert read(query) == nx.event_query(at(camera), Device(GATE))


@READERS
async def test_a_template_puts_values_into_addresses_that_all_read(read: Reader) -> None:
    queries: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        queries.append(request.rel_url.raw_query_string)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", answer)
    context, _ = await entries()
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}/?camera={{{{ event.camera }}}}&said=by%20hand"
        raw = {"type": "template", "name": "vms", "url": url, "method": "GET"}
        sender = msgspec.convert({**raw, "body": {"type": "none"}}, TemplateSettings).build(context)
        await sender.connect()
        for camera in CAMERAS:
            await sender.send([Entry(at(camera), native.encode(at(camera)))])
        await sender.close()
    for camera, query in zip(CAMERAS, queries, strict=True):
        assert read(query) == {"camera": camera, "said": "by hand"}


@READERS
def test_space_in_a_url_stays_a_space(read: Reader) -> None:
    """Of `http`, `relay` and all others: `url` is the same everywhere."""
    url = checked_url("relay", "http://10.0.0.5/a b?text=open the gate&x=1%2B1", Tls())
    assert url.raw_path == "/a%20b"
    assert read(url.raw_query_string) == {"text": "open the gate", "x": "1+1"}
