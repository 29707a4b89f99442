"""A command run in this process, a small clip with its reads, and a log with events in it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from platewire.cli.main import main
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.sample_events import passage_events
from tests.acceptance import small_road
from tests.acceptance.running import Running


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Platewire = Callable[..., Said]


@pytest.fixture
def platewire(capsys: pytest.CaptureFixture[str]) -> Platewire:
    """Runs a command; a traceback anywhere fails the test."""

    def run(*arguments: object) -> Said:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse's way out
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return run


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return small_road.write(tmp_path_factory.mktemp("small-road"))


@pytest.fixture
def config(tmp_path: Path, road: tuple[Path, Path]) -> Path:
    """The page off, a camera that plays the clip, the reads as recorded; no outputs."""
    path = tmp_path / "platewire.toml"
    path.write_text(
        f"""
[web]
enabled = false
[recognition]
type = "replay"
path = "{road[1]}"
[[camera]]
name = "road"
source = {{ type = "file", path = "{road[0]}" }}
passage = {{ lost_after_seconds = 0.5 }}
"""
    )
    return path


@pytest.fixture
def filled(config: Path) -> Path:
    """The configuration of a log with two passages at one camera and one at another: seq 1 to 9."""
    asyncio.run(fill(config.parent / LogSettings().folder))
    return config


async def fill(folder: Path) -> None:
    clock = SystemClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    await log.append("gate", passage_events(1, camera="gate", text="AB12CDE"))
    await log.append("gate", passage_events(2, camera="gate", text="BU9042"))
    await log.append("exit", passage_events(3, camera="exit", text="AB12CDE"))
    await log.close()


@pytest.fixture
def start() -> Iterator[Callable[[Path], Running]]:
    begun: list[Running] = []

    def begin(config: Path) -> Running:
        begun.append(Running(config))
        return begun[-1]

    yield begin
    for running in begun:
        running.kill()
