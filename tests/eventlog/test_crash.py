"""Killed at random moments, the log holds everything that was acknowledged, without a gap."""

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from platewire.eventlog.sqlite import SqliteLog
from tests.eventlog.conftest import OpenLog

CHILD = Path(__file__).with_name("crash_child.py")
KILLS = 20


async def killed(folder: Path, first: int, lines: int, rng: random.Random) -> list[str]:
    """What the child said it had kept, until some moment after so many lines."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(CHILD), str(folder), str(first)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    said = [await child.stdout.readline() for _ in range(lines)]
    # Anywhere within the commits that follow: the moment is what is being varied.
    await asyncio.sleep(rng.random() * 0.02)
    child.send_signal(signal.SIGKILL)
    said += (await child.stdout.read()).splitlines(keepends=True)
    await child.wait()
    return [line.decode().strip() for line in said if line.endswith(b"\n")]


async def check(log: SqliteLog, said: list[str], last_acknowledged: dict[str, int]) -> None:
    entries = {entry.event.seq: entry.event for entry in await log.read(0, 1_000_000)}
    assert list(entries) == list(range(1, log.last_seq + 1))
    for line in said:
        camera, number, seqs = line.split()
        last_acknowledged[camera] = int(number)
        for revision, seq in enumerate(seqs.split(",")):
            event = entries[int(seq)]
            assert (event.camera, event.revision) == (camera, revision)
    for event in entries.values():
        assert event.images.plate
        assert event.images.frame
    for event in list(entries.values())[-30:]:
        for image in (event.images.plate, event.images.frame):
            assert image
            jpeg = await log.picture(image.sha256)
            assert jpeg is not None
            assert len(jpeg) == image.bytes
    await check_open_passages(log, last_acknowledged)


async def check_open_passages(log: SqliteLog, last_acknowledged: dict[str, int]) -> None:
    """Those of the newest append in the log, which is the last acknowledged one or a later."""
    for camera, number in last_acknowledged.items():
        kept = await log.open_passages(camera)
        assert kept is not None
        name, kept_number = kept.decode().split()
        assert name == camera
        assert int(kept_number) >= number


@pytest.mark.slow
async def test_killed_at_random_moments(open_log: OpenLog, tmp_path: Path) -> None:
    rng = random.Random(20_260_102)
    folder = tmp_path / "killed"
    cursor = 0
    last_acknowledged: dict[str, int] = {}
    for run in range(KILLS):
        said = await killed(folder, run * 100_000 + 1, rng.randint(1, 40), rng)
        log = await open_log(folder=folder, memory_bytes=0)
        await check(log, said, last_acknowledged)
        kept = await log.deliveries.cursor("erp")
        assert kept is not None
        assert cursor <= kept <= log.last_seq
        cursor = kept
        await log.close()
