"""The heartbeat of Axis cameras, to a receiver that reads each field that the page documents."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from msgspec import structs

from platewire.cli.main import main
from platewire.config.load import parse
from platewire.errors import ConfigError
from platewire.model import CameraFacts
from platewire.model import Site as Facts
from platewire.outputs.http.heartbeat import Heartbeat, HeartbeatSettings
from platewire.runtime.status import Board, State
from platewire.testing.check_output import SITE
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events
from platewire.wire.numberok import json as numberok_json
from platewire.wire.numberok.json import Dialect
from tests.app.test_server import Site, road
from tests.foreign.standing_in import StandIn, standing_in

__all__ = ["road"]

FIELDS = {
    "system": {"timestamp"},
    "identify": {"platform", "version", "ipAddress", "macAddress", "osVersion", "anprVersion"},
    "ALPV": {"version", "device_ID", "numFrames", "numFramesAvg", "numberOfReads"},
    "services": {"Available Memory"},
}


class Watching(StandIn):
    """Answers 400 to what lacks a field, or has one that is no text."""

    def __init__(self) -> None:
        super().__init__()
        self.beats: list[dict[str, dict[str, str]]] = []
        self.seen: list[web.Request] = []
        self.status = 200

    async def _answer(self, request: web.Request) -> web.Response:
        assert request.method == "POST"
        assert request.content_type == "application/json"
        beat = await request.json()
        for section, names in FIELDS.items():
            assert all(isinstance(beat[section][name], str) for name in names)
        self.seen.append(request)
        self.beats.append(beat)
        self.texts.append("lost 1")
        return web.Response(status=self.status)


class World:
    def __init__(self, url: str, site: Facts = SITE, **more: object) -> None:
        self.clock = FakeClock()
        self.board = Board(self.clock)
        raw = {"name": "station", "url": url, **more}
        settings = msgspec.convert(raw, HeartbeatSettings)
        self.beats = Heartbeat(settings, site, self.clock, self.board)
        self.line = self.board.line("heartbeat", "station")

    async def __aenter__(self) -> "World":
        self._running = asyncio.create_task(self.beats.run())
        await self.waiting()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])

    async def waiting(self) -> None:
        """Until it waits for the next period."""
        async with asyncio.timeout(10):
            while not self.clock.sleeping:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def minutes(self, count: float) -> None:
        await self.clock.advance(60 * count)
        await self.waiting()


async def test_heartbeat_is_sent_at_startup_and_each_period() -> None:
    async with (
        standing_in(Watching()) as receiver,
        World(f"{receiver.url}/hb", minutes=10) as world,
    ):
        assert len(receiver.beats) == 1
        await world.minutes(9.9)
        assert len(receiver.beats) == 1
        await world.minutes(0.1)
        assert len(receiver.beats) == 2
        assert world.line.state is State.RUNNING
        assert world.line.counters == {"sent": 2}
    assert [each["system"]["timestamp"] for each in receiver.beats] == [
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T03:14:05.000Z",
    ]


async def test_contents_of_a_heartbeat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    memory = tmp_path / "meminfo"
    memory.write_text("MemTotal:  16 kB\nMemAvailable:   8123456 kB\n")
    monkeypatch.setattr("platewire.outputs.http.heartbeat.MEMORY", memory)
    async with standing_in(Watching()) as receiver, World(receiver.url, cameras=["gate"]) as world:
        world.board.count("camera", "gate", frames=1500, reads=51)
        world.board.count("camera", "yard", frames=9, reads=9)
        await world.minutes(5)
    first, then = receiver.beats
    assert first["ALPV"]["numFrames"] == "0"
    assert then["ALPV"]["device_ID"] == "gate"
    assert then["ALPV"]["numFrames"] == "1500"
    assert then["ALPV"]["numFramesAvg"] == "5", "a second"
    assert then["ALPV"]["numberOfReads"] == "51"
    assert then["services"]["Available Memory"] == "8123456"
    assert then["identify"]["ipAddress"] == "127.0.0.1"
    address = then["identify"]["macAddress"]
    assert re.fullmatch(r"[0-9A-F]{12}", address)
    assert int(address[:2], 16) & 3 == 2, "locally administered, of one device"
    assert address == first["identify"]["macAddress"]


@pytest.mark.parametrize("known", [None, CameraFacts(mac_address="AC:CC:8E:00:00:01")])
async def test_the_camera_is_the_one_that_its_events_name(known: CameraFacts | None) -> None:
    """A receiver puts both together by the MAC address."""
    site = structs.replace(SITE, cameras={"gate": known} if known else {})
    event = passage_events()[0]
    packet = numberok_json.encode(event, site, Dialect(profile="axis"), packet_counter=1)
    async with standing_in(Watching()) as receiver:
        async with World(receiver.url, site, cameras=["gate"]):
            pass
        async with World(receiver.url, site, cameras=["gate", "yard"]):
            pass
    of_camera, of_both = (each["identify"]["macAddress"] for each in receiver.beats)
    assert of_camera == json.loads(packet)["camera_info"]["MACAddress"]
    assert of_both != of_camera


async def test_a_camera_whose_address_is_known() -> None:
    site = structs.replace(SITE, cameras={"gate": CameraFacts(ip_address="192.0.2.1")})
    async with standing_in(Watching()) as receiver, World(receiver.url, site, cameras=["gate"]):
        pass
    assert receiver.beats[0]["identify"]["ipAddress"] == "192.0.2.1"


async def test_auth_and_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HB", "s3cr3t")
    auth = {"type": "basic", "user": "cam", "password": "env:HB"}
    async with (
        standing_in(Watching()) as receiver,
        World(receiver.url, auth=auth, device_id="gate-1"),
    ):
        pass
    assert receiver.seen[0].headers["Authorization"] == "Basic Y2FtOnMzY3IzdA=="
    assert receiver.beats[0]["ALPV"]["device_ID"] == "gate-1"


@pytest.mark.parametrize("status", [307, 400, 401, 404, 410, 500])
async def test_a_refusal_is_shown_and_the_next_period_tries_again(status: int) -> None:
    async with standing_in(Watching()) as receiver:
        receiver.status = status
        async with World(f"{receiver.url}/hb?key=s3cr3t") as world:
            assert world.line.state is State.WAITING
            assert world.line.message.startswith('heartbeat "station": http://127')
            assert str(status) in world.line.message
            assert "s3cr3t" not in world.line.message
            receiver.status = 200
            await world.minutes(5)
            assert (world.line.state, world.line.counters) == (
                State.RUNNING,
                {"failures": 1, "sent": 1},
            )


async def test_unreachable_receiver_recovers() -> None:
    receiver = Watching()
    async with standing_in(receiver):
        pass
    async with World(receiver.url) as world:
        assert world.line.state is State.WAITING
        assert "cannot be reached" in world.line.message
        async with standing_in(receiver):
            await world.minutes(5)
    assert len(receiver.beats) == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"url": "ftp://x"}, 'heartbeat "station": `url` is ftp://x'),
        ({"url": "http://169.254.169.254/"}, 'heartbeat "station": `url`: .*is blocked'),
        (
            {"auth": {"type": "bearer", "token": "env:NOT_THERE"}},
            'heartbeat "station": .*NOT_THERE is not set',
        ),
    ],
    ids=str,
)
def test_invalid_settings_are_reported_at_startup(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        World(**{"url": "http://192.0.2.1", **more})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('cameras = ["yard"]', 'heartbeat "a" names camera "yard"; configured cameras: none'),
        ("minutes = 0", r'`heartbeat\[0\].minutes` .heartbeat "a".'),
        ('[[heartbeat]]\nname = "a"\nurl = "http://h"', 'heartbeat name "a" is used twice'),
    ],
)
def test_settings_that_do_not_fit(more: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(f'[[heartbeat]]\nname = "a"\nurl = "http://h"\n{more}', Path("platewire.toml"))


async def test_a_running_server_beats(tmp_path: Path, road: tuple[Path, Path]) -> None:
    site = Site(tmp_path, road)
    async with standing_in(Watching()) as receiver:
        heard = f'[[heartbeat]]\nname = "a"\nurl = "{receiver.url}"\n'
        deaf = '[[heartbeat]]\nname = "b"\nurl = "http://127.0.0.1:1/"\n'
        async with site.served(site.camera + heard + deaf), asyncio.timeout(20):
            await receiver.arrived(1)
    assert receiver.beats[0]["ALPV"]["device_ID"] == "site"


async def test_check_tries_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "platewire.toml"
    (tmp_path / "reads.jsonl").write_text("")
    async with standing_in(Watching()) as receiver:
        config.write_text(
            '[web]\nenabled = false\n[recognition]\ntype = "replay"\npath = "reads.jsonl"\n'
            f'[[heartbeat]]\nname = "a"\nurl = "{receiver.url}/?key=1"\n'
            '[[heartbeat]]\nname = "b"\nurl = "http://127.0.0.1:1/"\n'
        )
        await asyncio.to_thread(main, ["check", "--config", str(config), "--json"])
    said = json.dumps(capsys.readouterr().out)
    assert f"reachable: {receiver.url}/?..." in said
    assert "127.0.0.1:1/ cannot be reached" in said
    assert not receiver.beats
