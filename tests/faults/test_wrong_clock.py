"""The real server on a date that libfaketime makes up: nothing goes, all is told, and it ends."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_eventlog import several
from tests.acceptance.running import PLATEWIRE, ROOT, Running
from tests.support.counterparts import FAKETIME, faketime_library, need

CONFIG = """
[log]
folder = "{folder}"
retention_days = 30

[web]
listen = "127.0.0.1:0"

[recognition]
type = "replay"
path = "{folder}/none.jsonl"

[[camera]]
name = "gate"
source = {{ type = "pictures", path = "{folder}", watch = true }}
"""


class MadeUp:
    """What the date is, for programs that run with `environment`; boot's clock stays as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.off_by("+0")
        self.environment = {
            "LD_PRELOAD": str(faketime_library()),
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def off_by(self, span: str) -> None:
        """Such as `+400d`, as libfaketime has it."""
        self._path.write_text(span, "ascii")


@pytest.fixture
def date(tmp_path: Path) -> MadeUp:
    need(FAKETIME)
    if SystemClock().synchronized():
        pytest.skip("this computer's clock is kept by NTP, so its kernel vouches for any date")
    return MadeUp(tmp_path / "faketime")


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """Fifteen passages, logged just now."""
    clock = SystemClock()
    folder = tmp_path / "data"
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    await log.append("gate", several(1, 15))
    await log.close()
    (folder / "none.jsonl").touch()
    path = tmp_path / "platewire.toml"
    path.write_text(CONFIG.format(folder=folder), "utf-8")
    return path


def command(date: MadeUp, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PLATEWIRE, *arguments],
        env={"PATH": "", **date.environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_server_on_a_wrong_date_deletes_nothing_and_says_so(date: MadeUp, config: Path) -> None:
    date.off_by("+400d")
    running = Running(config, **date.environment)
    try:
        status = running.wait_for(lambda status: not status["healthy"])
        (reason,) = status["reasons"]
        assert "400 days ahead" in reason
        assert "platewire retention confirm" in reason
        assert status["log"]["first_seq"] == 1
        date.off_by("+0")
        status = running.wait_for(lambda status: status["healthy"], seconds=150)
        assert (status["log"]["first_seq"], status["log"]["last_seq"]) == (1, 45)
    finally:
        running.kill()


def test_a_command_on_a_wrong_date_deletes_nothing_until_it_is_confirmed(
    date: MadeUp, config: Path
) -> None:
    date.off_by("+400d")
    for _ in range(2):
        held = command(date, "database", "retain", "--config", str(config))
        assert (held.returncode, held.stdout.splitlines()[0]) == (1, "0 events deleted")
        assert "400 days ahead" in held.stderr
    date.off_by("+0")
    right = command(date, "database", "retain", "--config", str(config))
    assert (right.returncode, right.stdout.splitlines()[0]) == (0, "0 events deleted")
    date.off_by("+400d")
    assert command(date, "retention", "confirm", "--config", str(config)).returncode == 0
    gone = command(date, "database", "retain", "--config", str(config))
    assert (gone.returncode, gone.stdout.splitlines()[0]) == (0, "45 events deleted, seq 1 to 45")


def test_the_made_up_date_leaves_the_clock_of_the_boot_alone(date: MadeUp) -> None:
    """What the tests above rest on."""
    date.off_by("+400d")
    said = subprocess.run(
        [
            PLATEWIRE[0],
            "-c",
            "import time; print(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))",
        ],
        env=date.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    wall, boot = map(float, said)
    assert wall - SystemClock().now().timestamp() > timedelta(days=399).total_seconds()
    assert 0 <= SystemClock().boot().seconds - boot < 3600
