"""The demo itself: real server, real recognition, real third parties."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from examples.demo.processes import Ended, Processes
from examples.demo.site import RUNS_KEPT, free_ports, listening, new_site
from platewire.config.load import load
from platewire.sources.file import FileSettings
from platewire.testing.scene import road_scene

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 500.0


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[Process]:
    """As a person starts it, in a group of processes of its own, as a terminal makes them."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "run.py", "demo", "--short", "--no-browser", *arguments),
        cwd=ROOT,
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.communicate()


def started_by(process: Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_once_ends_well_and_leaves_nothing_running() -> None:
    async with asyncio.timeout(SECONDS), demo("--once") as process:
        assert process.stdout is not None
        printed, children = "", list[psutil.Process]()
        while piece := await process.stdout.read(4096):
            printed += piece.decode()
            children = started_by(process) or children if process.returncode is None else children
        assert await process.wait() == 0, printed
    assert "receivers agree, with each other and with the ground truth" in printed
    assert "KV21TXB" in printed
    assert "\r" not in printed, "progress bars are for terminals"
    assert not any(child.is_running() for child in children)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
async def test_demo_runs_until_it_is_interrupted(name: str) -> None:
    """Ctrl-C, `kill`, and a terminal that is closed."""
    async with asyncio.timeout(SECONDS), demo() as process:
        assert process.stdout is not None
        printed = ""
        while "new " not in printed:
            line = await process.stdout.readline()
            assert line, printed
            printed += line.decode()
        children = started_by(process)
        assert len(children) == 4
        os.killpg(process.pid, signal.Signals[name])
        rest = (await process.stdout.read()).decode()
        assert await process.wait() == 0
    assert printed.count("try: ") == 5
    assert "stopped all processes of the demo" in rest
    assert not any(child.is_running() for child in children)


@pytest.mark.parametrize("once", [True, False])
def test_configuration_is_valid_and_plays_as_asked(tmp_path: Path, once: bool) -> None:
    clip = tmp_path / 'a "clip".mp4'
    site = new_site(tmp_path, clip, page_port=None, once=once)
    config = load(site.config)
    source = config.camera[0].source
    assert isinstance(source, FileSettings)
    assert (source.path, source.loop, source.pace) == (
        clip,
        not once,
        "fastest" if once else "real",
    )
    longest = timedelta(seconds=road_scene().seconds) if once else timedelta()
    assert source.start_at is not None
    assert source.start_at + longest <= datetime.now(UTC)
    assert config.log.database == site.database
    assert [output.name for output in config.output] == ["receiver", "numberok", "lines"]


def test_each_run_has_a_folder_of_its_own_and_few_are_kept(tmp_path: Path) -> None:
    for _ in range(RUNS_KEPT + 3):
        newest = new_site(tmp_path, tmp_path / "clip.mp4", page_port=None, once=True)
        assert newest.config.exists()
    kept = list(tmp_path.glob("run-*"))
    assert len(kept) == RUNS_KEPT
    assert newest.folder in kept


def test_busy_ports_are_replaced_by_free_ones() -> None:
    busy = listening(0)
    assert busy is not None
    with busy:
        port = busy.getsockname()[1]
        (other,) = free_ports(port)
    assert other not in (port, 0)
    (free,) = free_ports(port)
    assert free == port


@pytest.fixture
def others() -> set[psutil.Process]:
    """Children that the tests before have left, such as a resource tracker."""
    return {*psutil.Process().children()}


def new_children(others: set[psutil.Process]) -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if each not in others]


def test_a_program_that_ends_is_told_with_its_last_words(
    tmp_path: Path, others: set[psutil.Process]
) -> None:
    with Processes(tmp_path) as processes:
        processes.start("teller", [sys.executable, "-c", "print('no luck'); raise SystemExit(4)"])
        (child,) = new_children(others)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(Ended, match=r"teller ended with 4[\s\S]*no luck"):
            processes.check()


def test_leaving_ends_what_was_started(tmp_path: Path, others: set[psutil.Process]) -> None:
    with Processes(tmp_path) as processes:
        processes.start("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"])
        (child,) = new_children(others)
    assert not child.is_running()


def test_what_ignores_ctrl_c_ends_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: set[psutil.Process]
) -> None:
    """As all does that is started from a background job of a shell without job control."""
    monkeypatch.setattr("examples.demo.processes.GRACE_SECONDS", 600)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Processes(tmp_path) as processes:
            processes.start("sleeper", [sys.executable, "-c", "import time; time.sleep(900)"])
            (child,) = new_children(others)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not child.is_running()
