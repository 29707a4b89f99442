"""`health_listen`: a door where the state of health is told and nothing else."""

import asyncio

import aiohttp

from platewire.web.app import build_health
from platewire.web.serve import serve
from platewire.web.settings import Address
from tests.web.world import serving


async def test_health_has_a_door_of_its_own() -> None:
    async with serving("a-token-of-26-characters-0") as world, asyncio.TaskGroup() as group:
        address: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        door = serve(
            build_health(world.context),
            Address("127.0.0.1", 0),
            stopping=world.context.stopping,
            listening=address.set_result,
        )
        group.create_task(door)
        async with aiohttp.ClientSession(f"http://{await address}") as probe:
            answer = await probe.get("/healthz")
            assert answer.status == 200
            assert (await answer.json())["reasons"] == []
            for path in ("/", "/login", "/api/v1/events", "/metrics"):
                assert (await probe.get(path)).status == 404
        world.context.stopping.set()
