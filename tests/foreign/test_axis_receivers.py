"""What others wrote for the cameras of NumberOk's family, fed by the outputs as they are."""

import asyncio
import contextlib
import json
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from flask import Flask
from werkzeug.serving import make_server

from platewire.errors import Rejected
from platewire.model import Event
from tests.foreign import axis_receivers
from tests.foreign.axis_receivers import CHILDCITY_BYTES, Childcity, MmrEvent
from tests.foreign.passages import FRAME, PLATE, VEHICLE, letters_of, sent, time_told
from tests.outputs.http.http_sending import settings as http_settings
from tests.outputs.tcp.test_tcp_push import settings as tcp_settings
from tests.support.counterparts import PHP, need

HERE = Path(__file__).parent
PROFILES = ["numberok-1.0", "numberok-1.6", "axis"]
EVENTS = 12


@contextlib.contextmanager
def flask_running(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.asynccontextmanager
async def running(app: web.Application, path: str = "/") -> AsyncIterator[str]:
    async with TestServer(app) as server:
        yield str(server.make_url(path))


# --- ParkPow --------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["axis", "numberok-1.6"])
@pytest.mark.parametrize("choice", [PLATE, VEHICLE, FRAME], ids=lambda picture: picture.role)
async def test_parkpow_accepts_every_packet(profile: str, choice: Any) -> None:
    visits: list[dict[str, Any]] = []
    more = {"format": profile, "body": "multipart", "picture": choice.role}
    with flask_running(axis_receivers.parkpow(visits)) as url:
        entries = await sent(http_settings(url, **more))
    assert [visit["plate"] for visit in visits] == [letters_of(each.event) for each in entries]
    assert [visit["time"] for visit in visits] == [time_told(each.event) for each in entries]
    gates, yards = visits[:9], visits[9:]
    assert {visit["camera"] for visit in gates} == {"ACCC8E000001"}
    (made_up,) = {visit["camera"] for visit in yards}
    assert made_up.startswith("02")
    assert {visit["box"] for visit in visits} == {(420, 180, 576, 214)}


async def test_parkpow_refuses_what_it_cannot_read() -> None:
    """So the stand-in can tell a packet that lacks something."""
    with flask_running(axis_receivers.parkpow([])) as url:
        with pytest.raises(Rejected, match="400"):
            await sent(http_settings(url, format="numberok-1.0", body="multipart"))
        with pytest.raises(Rejected, match="Image file missing"):
            await sent(http_settings(url, format="axis", body="multipart", picture="none"))


# --- PHP ------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def php_running(script: Path, kept: Path) -> AsyncIterator[str]:
    """PHP's built-in server on a port that it is given; it says on which one it listens."""
    process = await asyncio.create_subprocess_exec(
        "php",
        "-S",
        "127.0.0.1:0",
        str(script),
        env={**os.environ, "KEPT": str(kept)},
        stdout=subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        started = (await process.stderr.readline()).decode()
        port = started.split("http://127.0.0.1:")[1].split(")")[0]
        drained = asyncio.create_task(process.stderr.read())
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        await process.wait()
    await drained


@pytest.mark.parametrize("profile", PROFILES)
async def test_php_keeps_both_files_under_the_names_it_is_given(
    profile: str, tmp_path: Path
) -> None:
    need(PHP)
    more = {"format": profile, "body": "multipart", "picture": "vehicle"}
    async with php_running(HERE / "axis_sample.php", tmp_path) as url:
        entries = await sent(http_settings(url, **more))
    jsons, pictures = sorted(tmp_path.glob("*.json")), sorted(tmp_path.glob("*.jpg"))
    assert len(jsons) == len(pictures) == len(entries)
    plates = [json.loads(each.read_bytes())["plateText"] for each in jsons]
    assert sorted(plates) == sorted(letters_of(each.event) for each in entries)
    assert {each.read_bytes() for each in pictures} == {VEHICLE.jpeg}


# --- the sample in Python -------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("choice", ["none", "plate", "vehicle"])
async def test_the_python_sample_reads_every_part(profile: str, choice: str) -> None:
    taken: list[tuple[dict[str, Any], dict[str, bytes]]] = []
    more = {"format": profile, "body": "multipart", "picture": choice}
    async with running(axis_receivers.axis_sample(taken)) as url:
        entries = await sent(http_settings(url, **more))
    assert [event["plateText"] for event, _ in taken] == [letters_of(one.event) for one in entries]
    pictures = {
        "none": {},
        "plate": {"image": PLATE.jpeg},
        "vehicle": {"image": VEHICLE.jpeg},
    }[choice]
    if profile == "axis" and choice == "vehicle":
        pictures["image2"] = PLATE.jpeg
    for _, files in taken:
        assert {name: data for name, data in files.items() if name != "event"} == pictures


@pytest.mark.parametrize("profile", PROFILES)
async def test_the_picture_is_of_the_type_that_the_packet_names(profile: str) -> None:
    types: list[tuple[str, str]] = []

    async def keep(asked: web.Request) -> web.Response:
        event, image = [(await asked.post())[name] for name in ("event", "image")]
        assert isinstance(event, web.FileField)
        assert isinstance(image, web.FileField)
        types.append((json.load(event.file)["plateImageType"], image.content_type))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", keep)
    async with running(app) as url:
        await sent(http_settings(url, format=profile, body="multipart"))
    assert types == [("jpeg", "image/jpeg")] * EVENTS


async def test_the_second_picture_can_be_left_out() -> None:
    taken: list[tuple[dict[str, Any], dict[str, bytes]]] = []
    more = {"format": "axis", "body": "multipart", "picture": "vehicle", "second_picture": False}
    async with running(axis_receivers.axis_sample(taken)) as url:
        await sent(http_settings(url, **more))
    assert all(set(files) == {"event", "image"} for _, files in taken)


# --- the vendor's receiver in Go ------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("body", ["json", "multipart"])
async def test_the_vendors_receiver_accepts_every_packet(profile: str, body: str) -> None:
    taken: list[tuple[MmrEvent, dict[str, bytes]]] = []
    more = {"format": profile, "body": body, "picture": "vehicle"}
    async with running(axis_receivers.mmr_api(taken), "/api") as url:
        entries = await sent(http_settings(url, **more))
    assert len(taken) == len(entries) == EVENTS
    for (told, pictures), entry in zip(taken, entries, strict=True):
        assert told.plate == letters_of(entry.event)
        assert told.carid == str(entry.event.passage_number)
        assert float(told.plateconfidence) == entry.event.plate.confidence
        if body == "multipart" or profile == "axis":
            assert pictures["vehicle"] == VEHICLE.jpeg
        assert pictures.get("plate") == (PLATE.jpeg if profile == "axis" else None)
    full = taken[-1][0]
    assert full.vehicle_info is not None
    assert (full.vehicle_info.make, full.vehicle_info.type) == ("Skoda", "CAR")
    if profile != "numberok-1.0":
        known = taken[0][0].camera_info
        assert known is not None
        assert (known.serialnumber, known.ipaddress) == ("ACCC8E000001", "192.0.2.10")


async def test_the_vendors_receiver_gets_both_pictures_in_the_json() -> None:
    taken: list[tuple[MmrEvent, dict[str, bytes]]] = []
    async with running(axis_receivers.mmr_api(taken), "/api") as url:
        await sent(http_settings(url, format="axis", picture="vehicle"))
    for told, pictures in taken:
        assert list(pictures) == ["vehicle", "plate"]
        assert pictures["plate"] == PLATE.jpeg
        assert ("roi" in told.imagefile, "lpup" in told.imagefile2) == (True, True)


async def test_the_vendors_receiver_refuses_numbers() -> None:
    async with running(axis_receivers.mmr_api([]), "/api") as url:
        with pytest.raises(Rejected, match="Expected `str`"):
            await sent(http_settings(url, format="axis", typed_numbers=True))


# --- over TCP -------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def taking(read_bytes: int, take: Any) -> AsyncIterator[str]:
    """A server whose reads are bounded, each of them a message. `take` gets what was read."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while read := await reader.read(read_bytes):
            take(read)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("additions", [True, False])
async def test_childcity_accepts_packets_up_to_its_buffer_size(additions: bool) -> None:
    with contextlib.closing(Childcity()) as receiver:
        async with taking(CHILDCITY_BYTES, receiver.take) as address:
            entries = await sent(tcp_settings(address, format="numberok-1.0", additions=additions))
        assert receiver.warnings == []
        assert receiver.plates() == [letters_of(each.event) for each in entries]


async def test_childcity_cannot_read_more_than_its_buffer() -> None:
    """Which is why the page names a form for such receivers."""
    with contextlib.closing(Childcity()) as receiver:
        async with taking(CHILDCITY_BYTES, receiver.take) as address:
            await sent(tcp_settings(address, format="axis", picture="plate"))
        assert receiver.plates() == []
        assert receiver.warnings


@pytest.mark.parametrize("profile", PROFILES)
async def test_one_read_of_4096_bytes_is_an_event(profile: str) -> None:
    """As in many samples: `json.loads(connection.recv(4096))`, and the connection is closed."""
    told: list[Mapping[str, Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if read := await reader.read(4096):
            told.append(json.loads(read))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        entries = await sent(tcp_settings(f"127.0.0.1:{port}", format=profile))
    assert [each["plateText"] for each in told] == [letters_of(one.event) for one in entries]


# --- keys -----------------------------------------------------------------------------------------


async def axis_packets() -> tuple[list[dict[str, Any]], list[Event]]:
    packets: list[dict[str, Any]] = []

    async def keep(asked: web.Request) -> web.Response:
        packets.append(await asked.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", keep)
    async with running(app) as url:
        entries = await sent(http_settings(url, format="axis", additions=False))
    return packets, [each.event for each in entries]


PUBLISHED = (
    "packetCounter capture_timestamp frame_timestamp capture_ts datetime plateText plateUnicode "
    "plateUTF8 plateASCII plateCountry plateConfidence carState roiID geotag imageType "
    "plateImageType plateImageSize carMoveDirection timeProcessing plateCoordinates "
    "plateCoordinatesRelative carID GEOtarget imagesURI imageFile camera_info sensorProviderID"
)
"""What every packet of 2021 and later has that makers and users of such cameras have published."""


async def test_no_key_of_published_packets_is_missing() -> None:
    packets, _ = await axis_packets()
    for packet in packets:
        assert set(packet) >= set(PUBLISHED.split())
        assert set(packet["camera_info"]) == {
            "SerialNumber",
            "ProdShortName",
            "IPAddress",
            "MACAddress",
        }
        for key in ("view", "brand", "make", "model", "type", "color"):
            assert isinstance(packet["vehicle_info"][key], str)
        assert [len(packet[key]) for key in ("imagesURI", "plateCoordinatesRelative")] == [2, 4]


async def test_the_date_is_the_sites_without_an_offset() -> None:
    packets, events = await axis_packets()
    for packet, event in zip(packets, events, strict=True):
        local = time_told(event).astimezone(ZoneInfo("Europe/Berlin"))
        assert packet["datetime"] == f"{local:%Y%m%d %H%M%S}{local.microsecond // 1000:03}"
