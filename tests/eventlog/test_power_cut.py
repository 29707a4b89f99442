"""The power fails at any write: what was acknowledged is there, whole and without a gap."""

import itertools
import os
import random
from pathlib import Path

import apsw
import pytest

from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event, Images
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog
from tests.eventlog.power_cut import Disk, Medium, Written

SEEDS = int(os.environ.get("PLATEWIRE_POWER_CUT_SEEDS", "6"))
"""Runs; each has some twenty power cuts. 60 of them take a few minutes."""
CUTS = 20
DAY = 86_400.0

names = itertools.count()


class Cuts:
    """Cuts the power at some of the writes, and notes what was acknowledged by then."""

    def __init__(self, folder: Path, targets: Path, seed: int) -> None:
        self.disk = Disk(f"power-cut-{next(names)}", self._changed)
        self.acknowledged: list[Event] = []
        self.first_seq = 1
        self.found: list[tuple[Path, int, int]] = []
        """Folder, first seq that must be there, last seq acknowledged."""
        self._folder = folder
        self._targets = targets
        self._chance = random.Random(seed)
        self._rest = self._chance.randrange(8)

    def _changed(self) -> None:
        self._rest -= 1
        if self._rest > 0 or len(self.found) >= CUTS:
            return
        self._rest = self._chance.randrange(2, 24)
        target = self._targets / str(len(self.found))
        last = self.acknowledged[-1].seq if self.acknowledged else 0
        self.disk.cut(self._folder, target, self._chance)
        self.found.append((target, self.first_seq, last))


async def work(log: SqliteLog, cuts: Cuts, clock: FakeClock, chance: random.Random) -> None:
    """Appends with pictures, cursors, checkpoints, and once retention."""
    await log._threads.write(
        lambda connection: connection.wal_autocheckpoint(chance.randrange(8, 60))
    )
    for number in range(1, 25):
        pictures = [picture("plate", mark=number), picture("frame", mark=10_000 + number)]
        images = Images(plate=pictures[0].image, frame=pictures[1].image)
        entries = await log.append(
            "gate", passage_events(number, images=images), pictures, b"open %d" % number
        )
        cuts.acknowledged += [entry.event for entry in entries]
        await log.deliveries.set_cursor("erp", entries[-1].event.seq)
        if number == 12:
            clock.suspend(3 * DAY)
            cuts.first_seq = log.last_seq + 1
            await log.retain()


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_what_was_acknowledged_survives(
    open_log: OpenLog, clock: FakeClock, tmp_path: Path, seed: int
) -> None:
    folder = tmp_path / "log"
    cuts = Cuts(folder, tmp_path / "cuts", seed)
    log = await open_log(vfs=cuts.disk.name, folder=folder, retention_days=1, memory_bytes=0)
    await work(log, cuts, clock, random.Random(seed))
    assert len(cuts.found) > CUTS / 2
    for found, first, last in cuts.found:
        again = await open_log(folder=found, memory_bytes=0)
        await check(again, cuts.acknowledged, first, last)
        await again.close()


async def check(log: SqliteLog, acknowledged: list[Event], first: int, last: int) -> None:
    """`first` to `last` must be there; what was about to be written or deleted may be."""
    assert await log._threads.write(integrity) == "ok"
    assert log.last_seq >= last
    events = [entry.event for entry in await log.read(0, 10_000)]
    assert [event.seq for event in events] == list(range(log.first_seq, log.last_seq + 1))
    held = {event.seq: event for event in events}
    for event in acknowledged:
        if first <= event.seq <= last:
            assert held[event.seq] == event
    for event in events:
        for image in (event.images.plate, event.images.frame):
            assert image is not None
            assert await log.picture(image.sha256) is not None
    (entry, *_) = await log.append("gate", passage_events(99_999))
    assert entry.event.seq == log.last_seq - 2


def integrity(connection: apsw.Connection) -> str:
    return str(connection.execute("PRAGMA integrity_check").get)


def test_a_disk_keeps_what_was_synced_and_may_lose_the_rest() -> None:
    medium = Medium(b"")
    medium.since.append(Written(0, b"a" * 2048))
    medium.sync()
    medium.since.append(Written(1024, b"b" * 2048))
    outcomes = {medium.after_cut(random.Random(seed)) for seed in range(50)}
    assert len(outcomes) > 5
    assert all(outcome.startswith(b"a" * 1024) for outcome in outcomes)
    assert {len(outcome) for outcome in outcomes} >= {2048, 3072}
