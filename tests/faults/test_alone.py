"""A part fails alone: whatever a plug raises, wherever, all the others go on, and it is named."""

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs

from platewire.app.diagnose import Finding, diagnose
from platewire.app.server import serve
from platewire.config.load import parse
from platewire.config.tree import CameraSettings, Config
from tests.acceptance import small_road
from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.ports import free_port
from tests.faults.hostile import ERRORS, HostileEngine, HostileOutput, HostileSource, named

PATIENCE_SECONDS = 20.0
SOURCE_PLACES = ("build", "live", "frames", "close")
WAY_PLACES = ("build", "batch", "connect", "send", "matches")
Status = dict[str, Any]


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return small_road.write(tmp_path_factory.mktemp("small-road"))


class Site:
    """A healthy camera and a healthy receiver; `also` adds what is hostile."""

    def __init__(self, folder: Path, road: tuple[Path, Path], receiver: HttpReceiver) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.receiver = receiver
        self._text = f"""
[web]
listen = "{self.url.removeprefix("http://")}"
[recognition]
type = "replay"
path = "{road[1]}"
[[camera]]
name = "healthy"
source = {{ type = "file", path = "{road[0]}", pace = "real", loop = true }}
passage = {{ lost_after_seconds = 0.6 }}
[[output]]
name = "healthy-way"
type = "http"
url = "{receiver.url}"
"""
        self._folder = folder

    def also(
        self, cameras: Sequence[Any] = (), ways: Sequence[Any] = (), engine: Any = None
    ) -> Config:
        config = parse(self._text, self._folder / "platewire.toml")
        added = tuple(
            CameraSettings(name=f"{source.error}-{source.where}", source=source)
            for source in cameras
        )
        return structs.replace(
            config,
            camera=config.camera + added,
            output=(*config.output, *ways),
            recognition=engine or config.recognition,
        )

    @contextlib.asynccontextmanager
    async def served(self, config: Config) -> AsyncIterator[aiohttp.ClientSession]:
        stopping, ready = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(serve(config, ready=lambda _: ready.set(), stopping=stopping))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        try:
            async with aiohttp.ClientSession(self.url) as client:
                yield client
            assert not running.done(), "the server has ended"
        finally:
            stopping.set()
            await asyncio.wait({running})
        running.result()

    async def delivered(self, more: int = 3) -> None:
        """Recognition and delivery go on: so many more events arrive."""
        before = len(self.receiver.events)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.receiver.events) < before + more:  # noqa: ASYNC110 - another thread
                await asyncio.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path, road: tuple[Path, Path]) -> Any:
    with HttpReceiver() as receiver:
        yield Site(tmp_path, road, receiver)


async def status_when(client: aiohttp.ClientSession, reached: Callable[[Status], bool]) -> Status:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            status: Status = await (await client.get("/api/v1/status")).json()
            if reached(status):
                return status
            await asyncio.sleep(0.05)


def failed(status: Status, role: str) -> dict[str, str]:
    return {part["name"]: part["reason"] for part in status["failed"] if part["role"] == role}


@pytest.mark.parametrize("where", SOURCE_PLACES)
async def test_a_source_fails_alone(site: Site, where: str) -> None:
    """Every kind of error at once, each in a camera of its own."""
    hostile = [HostileSource(error=error, where=where) for error in ERRORS]
    async with site.served(site.also(cameras=hostile)) as client:
        names = {f"{error}-{where}" for error in ERRORS}
        status = await status_when(client, lambda it: failed(it, "camera").keys() >= names)
        for error in ERRORS:
            reason = failed(status, "camera")[f"{error}-{where}"]
            assert named(error) in reason
            assert reason in status["reasons"]
            assert "restarting in" in reason or "it is stopped" in reason
        assert not status["healthy"]
        await site.delivered()
        page = await (await client.get("/", headers={"Accept": "text/html"})).text()
        assert "hostile.py, line" in page


@pytest.mark.parametrize("where", ["later", "junk"])
async def test_a_source_that_gives_what_is_no_frame_fails_alone(site: Site, where: str) -> None:
    hostile = [HostileSource(error="key", where=where)]
    async with site.served(site.also(cameras=hostile)) as client:
        await status_when(client, lambda it: f"key-{where}" in failed(it, "camera"))
        await site.delivered()


@pytest.mark.parametrize("where", WAY_PLACES)
async def test_a_output_fails_alone(site: Site, where: str) -> None:
    ways = [HostileOutput(name=error, error=error, where=where) for error in ERRORS]
    ways = [way for way in ways if (way.error, where) not in NO_BUG]
    async with site.served(site.also(ways=ways)) as client:
        names = {way.name for way in ways}
        status = await status_when(client, lambda it: failed(it, "output").keys() >= names)
        for error in names - {"canceled", "speechless"}:
            assert named(error) in failed(status, "output")[error]
        await site.delivered()


NO_BUG = {("log", "connect"), ("log", "send"), ("log", "build"), ("log", "batch")}
"""An output may read the log and its lists, which may be out of order: not its own mistake."""
NO_BUG |= {("log", "matches"), ("canceled", "selects")}


async def test_what_cannot_be_closed_keeps_nobody_from_stopping(site: Site) -> None:
    ways = [
        HostileOutput(name=error, error=error, where="close") for error in ERRORS if error != "log"
    ]
    engine = HostileEngine(error="key", where="close")
    async with site.served(site.also(ways=ways, engine=engine)) as client:
        await status_when(client, lambda it: bool(it["healthy"]))


@pytest.mark.parametrize("error", ERRORS)
async def test_an_engine_fails_alone_and_is_named(site: Site, error: str) -> None:
    engine = HostileEngine(error=error, where="read")
    async with site.served(site.also(engine=engine)) as client:
        if error == "log":
            status = await status_when(client, lambda it: "not theirs" in json.dumps(it))
        else:
            status = await status_when(client, lambda it: "hostile" in failed(it, "recognition"))
            assert named(error) in failed(status, "recognition")["hostile"]
        assert [camera["state"] for camera in status["cameras"]] == ["running"]


async def test_an_engine_that_cannot_be_built_leaves_the_page_up(site: Site) -> None:
    engine = HostileEngine(error="zip", where="build")
    async with site.served(site.also(engine=engine)) as client:
        status = await status_when(client, lambda it: "hostile" in failed(it, "recognition"))
        assert "BadZipFile" in failed(status, "recognition")["hostile"]


# --- restarting one part -------------------------------------------------------------------------


class Healing(HostileSource, frozen=True, kw_only=True):
    """A recording that fails until the test heals it."""

    path: Path
    healed: list[bool]

    def build(self, context: Any) -> Any:
        from platewire.sources.file import FileSettings

        if not self.healed:
            raise KeyError("Name")
        return FileSettings(path=self.path, pace="real", loop=True).build(context)


async def test_a_failed_part_is_restarted_while_the_others_go_on(
    site: Site, road: tuple[Path, Path]
) -> None:
    camera = Healing(error="key", where="healing", path=road[0], healed=[])
    way = HostileOutput(name="way", error="key", where="send")
    async with site.served(site.also(cameras=[camera], ways=[way])) as client:
        await status_when(client, lambda it: "key-healing" in failed(it, "camera"))
        await status_when(client, lambda it: "way" in failed(it, "output"))
        camera.healed.append(True)
        place = "/api/v1/parts/camera/key-healing/restart"
        assert (await client.post(place)).status == 200
        await status_when(
            client,
            lambda it: any(
                (each["name"], each["state"]) == ("key-healing", "running")
                for each in it["cameras"]
            ),
        )
        assert (await client.post("/api/v1/parts/output/way/restart")).status == 200
        await status_when(client, lambda it: "way" in failed(it, "output"))
        await site.delivered()


@pytest.mark.parametrize("part", ["camera/healthy", "output/healthy-way", "recognition/replay"])
async def test_a_healthy_part_may_be_restarted_too(site: Site, part: str) -> None:
    async with site.served(site.also()) as client:
        await site.delivered(1)
        assert (await client.post(f"/api/v1/parts/{part}/restart")).status == 200
        await site.delivered()
        assert (await status_when(client, lambda it: bool(it["healthy"])))["failed"] == []


@pytest.mark.parametrize(
    ("part", "code"), [("camera/nobody", 404), ("log/x", 400), ("server/retention", 200)]
)
async def test_what_can_be_restarted(site: Site, part: str, code: int) -> None:
    async with site.served(site.also()) as client:
        assert (await client.post(f"/api/v1/parts/{part}/restart")).status == code


async def test_a_bug_in_a_task_of_the_server_is_red_and_ends_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: object) -> bool:
        raise IndexError("a bug")

    monkeypatch.setattr("platewire.app.server.TAKE_IN_EVERY_SECONDS", 0.01)
    monkeypatch.setattr("platewire.eventlog.sqlite.SqliteLog.take_in_plates", broken)
    with caplog.at_level(logging.ERROR):
        async with site.served(site.also()) as client:
            status = await status_when(client, lambda it: "plates" in failed(it, "server"))
            assert "IndexError: a bug" in failed(status, "server")["plates"]
            await site.delivered()
    tracebacks = [record for record in caplog.records if record.exc_info]
    assert len(tracebacks) == 1


# --- platewire check ------------------------------------------------------------------------------


async def test_check_says_in_words_what_is_broken(site: Site) -> None:
    cameras = [
        HostileSource(error=error, where=where)
        for error, where in itertools.product(ERRORS, (*SOURCE_PLACES, "junk"))
    ]
    ways = [
        HostileOutput(name=f"{error}-{where}", error=error, where=where)
        for error, where in itertools.product(ERRORS, ("build", "connect", "close"))
    ]
    engine = HostileEngine(error="recursion", where="build")
    config = site.also(cameras=cameras, ways=ways, engine=engine)
    findings: list[Finding] = [each async for each in diagnose(config, patience=5)]
    bad = {each.name: each.message for each in findings if not each.good}
    for error, where in itertools.product(ERRORS, ("build", "frames", "close")):
        assert named(error) in bad[f"{error}-{where}"] or error == "log"
    assert "RecursionError" in bad["hostile"]
    good = {each.name for each in findings if each.good}
    assert {"healthy", "healthy-way"} <= good
