"""A running web server and a client of it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.web.world import World, serving


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving() as served:
        yield served


@pytest.fixture
async def client(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    async with world.client() as session:
        yield session
