"""A file of each older platewire, brought forward; also where the power fails amid it."""

import itertools
import random
from pathlib import Path

import pytest

from platewire.database import migrate, projection
from platewire.database.connection import open_writer
from platewire.model import Entry
from platewire.testing.sample_events import START, passage_events
from platewire.wire import native
from tests.eventlog.conftest import OpenLog
from tests.eventlog.power_cut import Disk

OLD = range(2, len(migrate.steps()))
"""Versions; the first to which events were written is 2."""
OUTPUTS_SINCE = 12
"""The version in which an output was no longer called a transfer."""
CUTS = 12

names = itertools.count()


def written_by(version: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """A log of that version with three passages and a cursor."""
    known = migrate.steps()
    folder.mkdir()
    connection = open_writer(folder / "platewire.db")
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "steps", lambda _package: known[:version])
        migrate.migrate(connection, START)
    events = [event for number in (1, 2, 3) for event in passage_events(number)]
    numbered = [event.numbered(seq, START) for seq, event in enumerate(events, 1)]
    entries = [Entry(event, native.encode(event)) for event in numbered]
    marks = ", ".join("?" * len(projection.COLUMNS))
    connection.execute("BEGIN")
    connection.executemany(
        f"INSERT INTO event ({', '.join(projection.COLUMNS)}) VALUES ({marks})",
        map(projection.columns, entries),
    )
    connection.execute("INSERT INTO camera (name) VALUES ('gate') ON CONFLICT DO NOTHING")
    connection.execute("UPDATE log SET last_seq = 9")
    output = "transfer" if version < OUTPUTS_SINCE else "output"
    connection.execute(f"INSERT INTO cursor ({output}, seq) VALUES ('erp', 4)")
    connection.execute("COMMIT")
    connection.close()
    return entries


@pytest.mark.parametrize("version", OLD)
async def test_nothing_is_lost_by_an_upgrade(
    version: int, open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = written_by(version, tmp_path / "log", monkeypatch)
    log = await open_log(memory_bytes=0)
    assert list(await log.read(0, 100)) == entries
    assert await log.deliveries.cursor("erp") == 4
    (new, *_) = await log.append("gate", passage_events(4))
    assert new.event.seq == 10


@pytest.mark.parametrize("version", OLD)
async def test_a_power_cut_amid_an_upgrade(
    version: int, open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "log"
    entries = written_by(version, folder, monkeypatch)
    chance = random.Random(version)
    cuts: list[Path] = []

    def changed() -> None:
        if len(cuts) < CUTS and chance.random() < 0.4:
            cuts.append(tmp_path / f"cut-{len(cuts)}")
            disk.cut(folder, cuts[-1], chance)

    disk = Disk(f"upgrade-{next(names)}", changed)
    log = await open_log(vfs=disk.name, folder=folder)
    await log.close()
    assert cuts
    for cut in cuts:
        again = await open_log(folder=cut, memory_bytes=0)
        assert list(await again.read(0, 100)) == entries
        assert await again.deliveries.cursor("erp") == 4
        integrity = await again._threads.write(lambda it: it.execute("PRAGMA integrity_check").get)
        assert integrity == "ok"
        await again.append("gate", passage_events(4))
        await again.close()
