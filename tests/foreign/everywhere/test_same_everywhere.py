"""The same 200 events over every way out, in every format: what receivers read agrees.

`readers` reads, `facts` says what is to be read. A format carries some of it only; a reader asks
for all that the format has, so that none passes by saying nothing.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry, Event, Kind
from platewire.outputs.builtin import AnyOutput
from platewire.outputs.output import OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.memory_log import MemoryLog
from tests.database.postgresql.postgresql_server import (
    PASSWORD,
    PostgresqlServer,
    connected,
    serving,
)
from tests.foreign.everywhere import readers
from tests.foreign.everywhere.facts import PICTURES, SITE, Facts, events, facts
from tests.foreign.everywhere.receivers import Request, tcp_client, tcp_server, web_server
from tests.outputs.mqtt.mosquitto import broker, listening
from tests.support.counterparts import MOSQUITTO, need

EVENTS = events()
PLATE, VEHICLE, _ = (each.jpeg for each in PICTURES)
SECONDS = 60.0

Read = Callable[[Request], Facts]
Way = Callable[[], Awaitable[Sequence[Facts]]]


def agrees(told: Sequence[Facts], sent: Sequence[Event] = EVENTS) -> None:
    """Each receiver's reading with the event that it was sent, in order."""
    assert len(told) == len(sent)
    for read, event in zip(told, sent, strict=True):
        truth = facts(event)
        assert read == {name: truth[name] for name in read}, event.id


class Sender:
    """An output, connected, and what is to go through it."""

    def __init__(self, output: Any, log: MemoryLog, wanted: Sequence[Event]) -> None:
        self.output = output
        self._log = log
        self._wanted = wanted

    async def send(self) -> None:
        """Into the log only now: some receivers get nothing of before they came."""
        entries: list[Entry] = []
        for event in self._wanted:
            entries += await self._log.append(event.camera, [event], PICTURES)
        for start in range(0, len(entries), self.output.batch):
            await self.output.send(entries[start : start + self.output.batch])


@asynccontextmanager
async def sending(wanted: Sequence[Event] = EVENTS, **raw: Any) -> AsyncIterator[Sender]:
    """An output as the configuration file gives it."""
    settings = msgspec.convert(
        {"name": "out", **raw}, AnyOutput, dec_hook=lambda _, value: Path(value)
    )
    clock = SystemClock()
    log = MemoryLog(clock)
    output = settings.build(OutputContext(clock, log, SITE, Board(clock)))
    await output.connect()
    try:
        yield Sender(output, log, wanted)
    finally:
        await output.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - what is awaited for sets no event
            await asyncio.sleep(0.01)


# --- over HTTP -----------------------------------------------------------------------------------


async def over_http(
    path: str = "/receiver", wanted: Sequence[Event] = EVENTS, **raw: Any
) -> list[Request]:
    with web_server() as (url, got):
        async with sending(wanted, url=url + path, **raw) as sender:
            await sender.send()
        return got


def event_and_image(read: Callable[[bytes], Facts]) -> Read:
    def both(request: Request) -> Facts:
        form = readers.form(request.headers["content-type"], request.body)
        (event_name, event), (image_name, image) = form.files["event"], form.files["image"]
        assert event_name.endswith(".json")
        assert image_name.endswith(".jpg")
        assert image == PLATE
        return read(event)

    return both


def body(read: Callable[[bytes], Facts]) -> Read:
    return lambda request: read(request.body)


def with_pictures(request: Request) -> Facts:
    assert PLATE in readers.pictures(json.loads(request.body))
    return readers.axis(request.body)


def platerecognizer_form(request: Request) -> Facts:
    form = readers.form(request.headers["content-type"], request.body)
    assert form.files["upload"][1] == PLATE
    return readers.plate_recognizer(form.fields["json"])


def native(text: bytes) -> Facts:
    return readers.native(json.loads(text))


@pytest.mark.parametrize(
    ("form", "carried", "read"),
    [
        ("native", "json", body(native)),
        ("native", "multipart", event_and_image(native)),
        ("cloudevents-structured", "json", body(readers.cloudevent_structured)),
        (
            "cloudevents-binary",
            "json",
            lambda request: readers.cloudevent_binary(request.headers, request.body),
        ),
        ("numberok-1.0", "json", body(readers.numberok_1_0)),
        ("numberok-1.0", "multipart", event_and_image(readers.numberok_1_0)),
        ("numberok-1.6", "json", body(readers.numberok_1_6)),
        ("numberok-1.6", "multipart", event_and_image(readers.numberok_1_6)),
        ("axis", "json", with_pictures),
        ("axis", "multipart", event_and_image(readers.axis)),
        ("plate-recognizer", "multipart", platerecognizer_form),
        ("genetec-sharp", "json", body(readers.genetec)),
        ("onvif", "json", body(readers.onvif)),
    ],
)
async def test_http(form: str, carried: str, read: Read) -> None:
    got = await over_http(type="http", format=form, body=carried)
    agrees([read(each) for each in got])


async def test_milestone() -> None:
    got = await over_http("", type="milestone")
    agrees([readers.milestone(each.body) for each in got])


async def test_one_c() -> None:
    got = await over_http("/base/hs/anpr", type="one_c")
    agrees([told for each in got for told in readers.one_c(each.body)])


async def test_two_n() -> None:
    """It takes no `lost`, and no plate of more than twelve signs, which is none of these."""
    wanted = [each for each in EVENTS if each.kind is not Kind.LOST]
    got = await over_http("", wanted, type="two_n", idempotent=True)
    agrees([readers.two_n(each.body) for each in got], wanted)


async def test_nx() -> None:
    """Generic events for what comes, bookmarks for what has gone."""
    secret = "env:PATH"  # Any text will do.
    got = await over_http("", type="nx", user="anpr", password=secret)
    queries = [dict(parse_qsl(urlsplit(each.target).query)) for each in got]
    generic = [readers.nx_event(each) for each in queries if "caption" in each]
    bookmarks = [
        readers.nx_bookmark(each.body) for each in got if each.target.endswith("/bookmarks")
    ]
    agrees(generic, [each for each in EVENTS if each.kind is not Kind.LOST])
    agrees(bookmarks, [each for each in EVENTS if each.kind is Kind.LOST])


# --- over TCP ------------------------------------------------------------------------------------


async def listened(
    first: bytes,
    ready: Callable[[Any], bool],
    *,
    enough: Callable[[bytes], bool] = bool,
    **raw: Any,
) -> bytes:
    """What a client gets that is there before the first event."""
    async with (
        sending(listen="127.0.0.1:0", **raw) as sender,
        tcp_client(sender.output.address, first) as client,
    ):
        await until(lambda: ready(sender.output))
        await sender.send()
        await until(lambda: enough(bytes(client.got)))
        await sender.output.close()
        await asyncio.wait_for(client.ended.wait(), SECONDS)
        return bytes(client.got)


def subscribed(output: Any) -> bool:
    return any(client.subscribed for client in output.listener.clients)


def has_clients(output: Any) -> bool:
    return bool(output.listener.clients)


@pytest.mark.parametrize("picture", ["none", "plate", "vehicle"])
async def test_numberok_tcp(picture: str) -> None:
    subscription = bytes.fromhex("1900000000000000")
    stream = await listened(subscription, subscribed, type="numberok_tcp", picture=picture)
    packets = list(readers.numberok_packets(stream))
    agrees([told for told, _ in packets])
    assert {jpeg for _, jpeg in packets} == {{"plate": PLATE, "vehicle": VEHICLE}.get(picture, b"")}


async def test_json_lines() -> None:
    stream = await listened(
        b'{"resume": "beginning"}\n',
        lambda output: any(client.subscribed for client in output.listener.clients),
        enough=lambda got: got.count(b"\n") > len(EVENTS),
        type="json_lines",
    )
    lines = [json.loads(line) for line in stream.splitlines()]
    agrees([readers.native(line) for line in lines if len(line) > 1])


async def test_auto_intellect() -> None:
    stream = await listened(b"", has_clients, type="auto_intellect", events="all")
    elements = [b"<?xml" + each for each in stream.split(b"<?xml")[1:]]
    agrees([readers.auto_intellect(each) for each in elements])


async def test_auto_intellect_lines() -> None:
    stream = await listened(b"", has_clients, type="auto_intellect", form="stx", events="all")
    lines = [each.removesuffix(b"\x03") for each in stream.split(b"\x02")[1:]]
    agrees([readers.auto_intellect_line(each) for each in lines])


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("numberok-1.0", readers.numberok_1_0),
        ("numberok-1.6", readers.numberok_1_6),
        ("axis", readers.axis),
    ],
)
async def test_tcp_push(form: str, read: Callable[[bytes], Facts]) -> None:
    async with tcp_server() as (port, got):
        address = f"127.0.0.1:{port}"
        async with sending(type="tcp_push", format=form, address=address) as sender:
            await sender.send()
        agrees([read(each) for each in got if each])


async def test_milestone_generic() -> None:
    async with tcp_server() as (port, got):
        raw: dict[str, Any] = {"type": "milestone_generic", "echo": "none", "events": "all"}
        async with sending(address=f"127.0.0.1:{port}", **raw) as sender:
            await sender.send()
            await sender.output.close()
            await until(lambda: bool(got))
    agrees([readers.generic_line(each) for each in got[0].splitlines()])


async def test_mqtt(tmp_path: Path) -> None:
    need(MOSQUITTO)
    async with broker(tmp_path) as running:
        mqtt: dict[str, Any] = {
            "type": "mqtt",
            "host": "127.0.0.1",
            "port": running.port,
            "onvif": True,
        }
        async with (
            listening(running.port, "+/+/+/event", "+/+/+/onvif-ej/#") as client,
            sending(**mqtt) as sender,
        ):
            await sender.send()
            seen = await client.take(2 * len(EVENTS))
    own = [each.payload for each in seen if each.topic.endswith("/event")]
    agrees([native(each) for each in own])
    agrees([readers.onvif(each.payload) for each in seen if "/onvif-ej/" in each.topic])


# --- the database --------------------------------------------------------------------------------


def newest(of: Sequence[Event]) -> list[Event]:
    """The last event of each passage: what a row for a passage shows."""
    return list({each.passage: each for each in of}.values())


def compare_rows(event_rows: Sequence[Mapping[str, Any]], old: Sequence[Mapping[str, Any]]) -> None:
    agrees([readers.event_row(row) for row in event_rows])
    agrees([native(row["body"]) for row in event_rows])
    agrees([readers.lprevents_row(row) for row in old], newest(EVENTS))


EVENT_ROWS = "SELECT * FROM anpr_event ORDER BY seq"
LPREVENTS_ROWS = "SELECT * FROM lprevents ORDER BY runtime_id"


async def test_sqlite(tmp_path: Path) -> None:
    clock = SystemClock()
    log = await SqliteLog.open(LogSettings(folder=tmp_path), clock, Board(clock))
    try:
        await log.describe(SITE)
        for event in EVENTS:
            await log.append(event.camera, [event], PICTURES)
    finally:
        await log.close()
    database = sqlite3.connect(f"file:{tmp_path}/platewire.db?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    try:
        compare_rows(
            database.execute(EVENT_ROWS).fetchall(), database.execute(LPREVENTS_ROWS).fetchall()
        )
    finally:
        database.close()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    yield from serving()


async def test_postgresql(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    database = await server.new_database()
    raw: dict[str, Any] = {
        "type": "postgresql",
        "url": server.url(database),
        "password": "env:OWNER_PASSWORD",
    }
    async with sending(**raw) as sender:
        await sender.send()
        async with connected(server, database) as reader:
            await reader.execute("SET search_path TO platewire")
            compare_rows(await reader.fetch(EVENT_ROWS), await reader.fetch(LPREVENTS_ROWS))
