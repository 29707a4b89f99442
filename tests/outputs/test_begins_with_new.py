"""Formats of others write `new` for the first event that a receiver is sent of a passage."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from platewire.model import Entry
from platewire.outputs.output import OutputContext
from platewire.wire.numberok import json_reader as numberok_json_reader
from platewire.wire.numberok import tcp as tcp_wire
from tests.outputs.http import test_milestone, test_nx
from tests.outputs.http.http_receiver import receiving
from tests.outputs.http.http_sending import connected, entries
from tests.outputs.http.http_sending import settings as http_settings
from tests.outputs.http.nx_server import PASSWORD
from tests.outputs.http.nx_server import serving as nx_serving
from tests.outputs.tcp import test_auto_intellect, test_milestone_generic, test_tcp_push
from tests.outputs.tcp import test_numberok_tcp as test_tcp_numberok
from tests.outputs.tcp.tcp_harness import World, dialled, running

Says = Callable[[OutputContext, Entry], Awaitable[str]]


def http(form: str, key: str) -> Says:
    async def says(context: OutputContext, entry: Entry) -> str:
        async with receiving() as receiver:
            config = http_settings(receiver.url, format=form)
            async with connected(config, context) as sender:
                await sender.send([entry])
            return str(json.loads(receiver.requests[0].body)[key])

    return says


async def _sent(config: Any, context: OutputContext, entry: Entry) -> None:
    sender = config.build(context)
    await sender.connect()
    await sender.send([entry])
    await sender.close()


async def tcp_push(context: OutputContext, entry: Entry) -> str:
    async with test_tcp_push.receiving() as receiver:
        await _sent(test_tcp_push.settings(receiver.address), context, entry)
        await receiver.arrived(1)
        return str(numberok_json_reader.decode(receiver.bodies[0]).state)


async def milestone(context: OutputContext, entry: Entry) -> str:
    async with test_milestone.serving() as server:
        await _sent(test_milestone.settings(server.url), context, entry)
        said = test_milestone.told(server.events[0], "Description")
        return str(said).partition(",")[0]


async def milestone_generic(context: OutputContext, entry: Entry) -> str:
    async with test_milestone_generic.serving() as server:
        await _sent(test_milestone_generic.settings(server.address), context, entry)
        await server.arrived(1)
        return str(server.lines[0].split(";")[1])


async def nx(context: OutputContext, entry: Entry) -> str:
    async with nx_serving() as server:
        await _sent(test_nx.settings(server.url), context, entry)
        return str(server.events[0]["description"]).partition(",")[0]


async def numberok_tcp(context: OutputContext, entry: Entry) -> str:
    world = World()
    server = test_tcp_numberok.build(world)
    async with running(server), dialled(server, tcp_wire.SUBSCRIPTION) as client:
        await test_tcp_numberok.subscribed(server)
        await server.send([entry])
        return str((await client.packet()).pairs["State"])


async def auto_intellect(context: OutputContext, entry: Entry) -> str:
    async with (
        test_auto_intellect.serving(World()) as server,
        test_auto_intellect.connected(server) as reader,
    ):
        await server.send([entry])
        return str((await test_auto_intellect.element(reader)).get("kind"))


EVERY: dict[str, tuple[Says, str, str]] = {
    "numberok-1.0": (http("numberok-1.0", "carState"), "new", "updated"),
    "numberok-1.6": (http("numberok-1.6", "carState"), "new", "updated"),
    "axis": (http("axis", "carState"), "new", "update"),
    "native": (http("native", "kind"), "updated", "updated"),
    "tcp_push": (tcp_push, "new", "updated"),
    "numberok_tcp": (numberok_tcp, "Detected", "Updated"),
    "auto_intellect": (auto_intellect, "new", "updated"),
    "milestone": (milestone, "new", "updated"),
    "milestone_generic": (milestone_generic, "new", "updated"),
    "nx": (nx, "new", "updated"),
}


@pytest.mark.parametrize("way", EVERY)
async def test_the_first_that_is_sent_is_new(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NX_PASSWORD", PASSWORD)
    says, first, later = EVERY[way]
    context, (_, updated, _) = await entries()
    async with asyncio.timeout(30):
        assert await says(context, updated._replace(first=True)) == first
        assert await says(context, updated) == later
