"""The server in this process: how it starts, what ends it, and what a jumping clock does to it."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest

from platewire.app.server import Addresses, serve
from platewire.config.load import parse
from platewire.database.queries import Database
from platewire.errors import ConfigError, LogError
from platewire.runtime.clock import SystemClock
from tests.acceptance import small_road
from tests.acceptance.ports import free_port

PATIENCE_SECONDS = 30.0


class JumpingClock(SystemClock):
    """The real one, whose wall time an administrator sets."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return small_road.write(tmp_path_factory.mktemp("small-road"))


class Site:
    """A configuration in a folder of its own, served as often as one likes."""

    def __init__(self, folder: Path, road: tuple[Path, Path]) -> None:
        self.folder = folder
        self.clock = JumpingClock()
        self.text = f"""
[web]
enabled = false
[recognition]
type = "replay"
path = "{road[1]}"
"""
        self.camera = f"""
[[camera]]
name = "road"
source = {{ type = "file", path = "{road[0]}", pace = "real", loop = true }}
passage = {{ lost_after_seconds = 0.6 }}
"""

    @contextlib.asynccontextmanager
    async def served(self, more: str = "") -> AsyncIterator[Addresses]:
        """While it runs; raises what ended it."""
        config = parse(self.text + more, self.folder / "platewire.toml")
        ready: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
        stopping = asyncio.Event()
        running = asyncio.create_task(
            serve(config, ready=ready.set_result, clock=self.clock, stopping=stopping)
        )
        try:
            started: set[asyncio.Future[Any]] = {running, ready}
            await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            yield ready.result()
        finally:
            stopping.set()
            await asyncio.wait({running})
        running.result()

    async def serve_to_the_end(self, more: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await serve(parse(self.text + more, self.folder / "platewire.toml"), clock=self.clock)

    async def events(self) -> list[dict[str, Any]]:
        """Through platewire's own SQLite: a second copy of it in one process, such as Python's,
        takes the locks of the first away."""
        database = Database.open_read_only(self.database)
        try:
            entries = await database.events(after=0, limit=1000)
        finally:
            await database.close()
        return [json.loads(entry.body) for entry in entries]

    @property
    def database(self) -> Path:
        return self.folder / "platewire-data" / "platewire.db"

    async def until(self, reached: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Until the events in the database are as asked for."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:  # As a third party would: the database tells nobody of new events.
                if reached(await self.events()):
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path, road: tuple[Path, Path]) -> Site:
    return Site(tmp_path, road)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["kind"] for event in events]


def count(kind: str, number: int) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda events: kinds(events).count(kind) >= number


async def test_it_says_where_it_is_and_may_be_served_again(site: Site) -> None:
    for _ in range(2):
        async with site.served() as addresses:
            assert addresses.database == str(site.database)
            assert addresses.page is None
            assert addresses.outputs == {}


async def test_cameras_are_listed_before_they_run(site: Site) -> None:
    """The page answers while outputs are still waited for, here one whose broker is mute."""
    port = free_port()
    site.text = site.text.replace("enabled = false", f'listen = "127.0.0.1:{port}"')
    async with mute_server() as broker:
        more = f"""
[[output]]
type = "mqtt"
name = "broker"
host = "127.0.0.1"
port = {broker}
"""
        running = asyncio.create_task(site.serve_to_the_end(site.camera + more))
        status = await answered(f"http://127.0.0.1:{port}/api/v1/status")
        running.cancel()
        await asyncio.wait({running})
    assert [(line["name"], line["state"]) for line in status["cameras"]] == [("road", "starting")]


@contextlib.asynccontextmanager
async def mute_server() -> AsyncIterator[int]:
    """Takes connections on the port it gives, and says nothing."""

    async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen_only, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def answered(url: str) -> Any:
    """The first answer at an address where a server is starting."""
    async with asyncio.timeout(PATIENCE_SECONDS), aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with session.get(url) as response:
                    return await response.json()
            await asyncio.sleep(0.01)


async def test_open_passages_stay_for_the_next_start(site: Site) -> None:
    async with site.served(site.camera):
        await site.until(count("new", 1))
    assert "lost" not in kinds(await site.events())
    async with site.served(site.camera):
        await site.until(count("lost", 1))
    first = (await site.events())[0]["passage"]
    assert kinds([e for e in (await site.events()) if e["passage"] == first])[-1] == "lost"


async def test_passages_of_a_camera_that_was_taken_out_are_closed(site: Site) -> None:
    async with site.served(site.camera):
        await site.until(count("new", 1))
    async with site.served():
        assert kinds(await site.events())[-1] == "lost"
    assert_whole(await site.events())


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
async def test_a_clock_that_jumps_there_and_back(site: Site, jump: timedelta) -> None:
    async with site.served(site.camera):
        await site.until(count("new", 1))
        site.clock.ahead = jump
        await site.until(count("new", 2))
        site.clock.ahead = timedelta()
        await site.until(count("lost", 2))
    async with site.served():
        assert_whole(await site.events())


def assert_whole(events: list[dict[str, Any]]) -> None:
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    passages = defaultdict(list)
    for event in events:
        passages[event["passage"]].append(event)
    for own in passages.values():
        assert [event["revision"] for event in own] == list(range(len(own)))
        assert kinds(own)[0] == "new"
        assert kinds(own).count("new") == kinds(own).count("lost") == 1
        assert kinds(own)[-1] == "lost"


async def test_an_address_in_use_is_one_error_in_words(site: Site) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    site.text = site.text.replace("enabled = false", f'listen = "127.0.0.1:{port}"')
    with pytest.raises(ConfigError, match=rf"web.listen: cannot listen on 127.0.0.1:{port}"):
        async with site.served():
            pass
    taken.close()
    await taken.wait_closed()


async def test_a_folder_in_use_is_refused_and_free_again_afterwards(site: Site) -> None:
    async with site.served():
        with pytest.raises(LogError, match="another platewire"):
            async with site.served():
                pass
    async with site.served():
        assert await site.events() == []


async def test_a_log_that_ends_the_server_is_told_once_and_by_name(site: Site) -> None:
    """From inside a camera's own task group, two groups deep."""
    async with site.served():
        pass
    connection = apsw.Connection(str(site.database))
    connection.execute("INSERT INTO open_passages VALUES ('road', x'00')")
    connection.close()
    with pytest.raises(LogError, match='camera "road"'):
        await site.serve_to_the_end(site.camera)
    assert await site.events() == []
