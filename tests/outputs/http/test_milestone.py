"""The Milestone output against an event server written from Milestone's documentation."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree.ElementTree import Element

import msgspec
import pytest

from platewire.config.load import parse
from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.outputs.http.milestone import MilestoneSettings
from platewire.outputs.output import OutputSettings
from platewire.outputs.tcp.milestone_generic import MilestoneGenericSettings
from platewire.testing.check_output import check_output
from tests.outputs.http.http_receiver import answers, receiving, speaking
from tests.outputs.http.http_sending import PICTURES, entries
from tests.outputs.http.milestone_server import NS, AnalyticsServer

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "outputs" / "milestone.md").read_text("utf-8")
CAMERA = "068680AB-5350-4AC7-A47E-652300B16252"


def settings(url: str, **more: object) -> MilestoneSettings:
    return msgspec.convert(
        {"type": "milestone", "name": "vms", "url": url, **more}, MilestoneSettings
    )


async def deliver(config: MilestoneSettings, count: int = 3) -> None:
    context, logged = await entries()
    sender = config.build(context)
    try:
        await sender.connect()
        for entry in logged[:count]:
            await sender.send([entry])
    finally:
        await sender.close()


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[AnalyticsServer]:
    server = AnalyticsServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def told(event: Element, path: str) -> str | None:
    return event.findtext("/".join(f"m:{name}" for name in path.split("/")), None, NS)


async def test_passes_the_check_of_all_outputs() -> None:
    server = AnalyticsServer()
    await server.start()
    await server.stop()
    await check_output(settings(server.url).build, server, name="vms")


async def test_what_the_event_server_is_told() -> None:
    async with serving() as server:
        await deliver(settings(server.url, devices={"gate": "10.0.0.7,2"}))
    new, updated, lost = server.events
    assert told(new, "EventHeader/Timestamp") == "2026-01-02T03:04:06.678Z"
    assert told(new, "EventHeader/Message") == "ANPR"
    assert told(new, "EventHeader/CustomTag") == "BU9042"
    assert told(new, "EventHeader/Source/Name") == "10.0.0.7,2"
    assert told(new, "Location") == "check"
    assert told(new, "StartTime") is None
    assert told(new, "ObjectList/Object/Value") == "BU9042"
    assert told(updated, "Description") == "updated, BU 9042, DE, in, blue, list staff"
    assert told(lost, "StartTime") == "2026-01-02T03:04:06.678Z"
    assert told(lost, "EndTime") == "2026-01-02T03:04:06.878Z"
    image = told(new, "SnapshotList/Snapshot/Image")
    assert image is not None
    assert base64.b64decode(image) == PICTURES[0].jpeg


async def test_a_camera_by_its_id_and_one_by_its_own_name() -> None:
    async with serving() as server:
        await deliver(settings(server.url, devices={"gate": CAMERA}), 1)
        await deliver(settings(server.url, devices={"other": CAMERA}, picture="none"), 1)
    by_id, by_name = server.events
    assert told(by_id, "EventHeader/Source/FQID/ObjectId") == CAMERA.lower()
    assert told(by_id, "EventHeader/Source/Name") is None
    assert told(by_name, "EventHeader/Source/Name") == "gate"
    assert told(by_name, "SnapshotList/Snapshot/Image") is None


async def test_each_kind_may_be_an_event_of_its_own() -> None:
    async with serving() as server:
        server.messages = {"ANPR new", "ANPR updated", "ANPR lost"}
        await deliver(settings(server.url, message="ANPR {kind}"))
    messages = [told(event, "EventHeader/Message") for event in server.events]
    assert messages == ["ANPR new", "ANPR updated", "ANPR lost"]


async def test_an_event_that_is_not_defined_there_is_rejected() -> None:
    async with serving() as server:
        with pytest.raises(Rejected, match=r'"vms".*"LPR"; define it in the Management') as caught:
            await deliver(settings(server.url, message="LPR"))
    assert "not known" in caught.value.answer


async def test_a_server_that_is_not_open_to_us() -> None:
    async with serving() as server:
        server.open_to_us = False
        with pytest.raises(Unavailable, match=r'"vms".*403.*Options, Analytics Events'):
            await deliver(settings(server.url))


async def test_an_error_in_the_event_is_rejected_with_the_answer() -> None:
    async with receiving(answers(400, "Error: schema")) as receiver:
        with pytest.raises(Rejected, match=r'"vms".*400.*Error: schema'):
            await deliver(settings(receiver.url))


async def test_a_server_that_is_not_there_or_speaks_no_http() -> None:
    async with serving() as server:
        pass
    with pytest.raises(Unavailable, match=r'"vms".*cannot be reached'):
        await deliver(settings(server.url))

    async def nonsense(writer: asyncio.StreamWriter) -> None:
        writer.write(b"OK\r\n")

    async with speaking(nonsense) as url:
        with pytest.raises(Unavailable, match=r'"vms".*not HTTP'):
            await deliver(settings(url))


async def test_a_url_that_is_none() -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'"vms": `url` is 10\.0\.0\.5:9090'):
        settings("10.0.0.5:9090").build(context)


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.S))
def test_the_settings_of_the_page_are_accepted(text: str) -> None:
    assert parse(text, Path("platewire.toml")).output


@pytest.mark.parametrize("config", [MilestoneSettings, MilestoneGenericSettings])
def test_every_setting_is_on_the_page(config: type[OutputSettings]) -> None:
    own = set(config.__struct_fields__) - set(OutputSettings.__struct_fields__)
    assert not sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
