"""A copy made while the log is written is whole, and restored it gives exactly the same events."""

import asyncio
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from platewire.errors import LogError
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep import backup as copies
from platewire.eventlog.upkeep.backup import backup, restore
from platewire.eventlog.upkeep.verify import verify
from platewire.model import Images
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


async def write(log: SqliteLog, numbers: range) -> None:
    for number in numbers:
        plate, frame = picture(mark=number), picture("frame", mark=1000 + number)
        images = Images(plate=plate.image, frame=frame.image)
        await log.append("gate", passage_events(number, images=images), [plate, frame])


@pytest.fixture(params=["copy", "copy.tar"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / "backups" / str(request.param)


async def test_made_while_it_is_written_and_restored(
    target: Path, tmp_path: Path, log: SqliteLog, open_log: OpenLog
) -> None:
    await write(log, range(1, 20))
    copying = asyncio.create_task(asyncio.to_thread(backup, log.path.parent, target, NOW))
    number = 20
    while not copying.done():
        await write(log, range(number, number + 1))
        number += 1
    made = copying.result()
    assert 57 <= made.last_seq <= log.last_seq
    place = tmp_path / "restored"
    assert restore(target, place, NOW) == (made, None)
    again = await open_log(folder=place)
    assert await again.read(0, 10_000) == await log.read(0, made.last_seq)
    for entry in await again.read(0, 10_000):
        frame = entry.event.images.frame
        assert frame
        assert await again.picture(frame.sha256) == await log.picture(frame.sha256)
    assert verify(place).faults == ()
    await write(again, range(number, number + 1))
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name]


async def test_pictures_that_retention_takes_meanwhile(
    tmp_path: Path, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy names what it has."""
    await write(log, range(1, 4))
    files = sorted((log.path.parent / "images").rglob("*.jpg"))
    copied = copies.copy_database

    def copy_then_lose(*arguments: object) -> None:
        copied(*arguments)  # type: ignore[arg-type]
        files[0].unlink(missing_ok=True)

    monkeypatch.setattr(copies, "copy_database", copy_then_lose)
    made = backup(log.path.parent, tmp_path / "copy", NOW)
    assert made.pictures == 2
    restore(tmp_path / "copy", tmp_path / "restored", NOW)
    assert verify(tmp_path / "restored").faults == ()


async def test_refuses_to_overwrite_unless_asked(
    tmp_path: Path, log: SqliteLog, open_log: OpenLog
) -> None:
    await write(log, range(1, 3))
    folder = log.path.parent
    backup(folder, tmp_path / "copy", NOW)
    with pytest.raises(LogError, match="already exists"):
        backup(folder, tmp_path / "copy", NOW)
    with pytest.raises(LogError, match="--overwrite"):
        restore(tmp_path / "copy", folder, NOW)
    with pytest.raises(LogError, match="stop it first"):
        restore(tmp_path / "copy", folder, NOW, overwrite=True)
    await write(log, range(3, 4))
    await log.close()
    _, aside = restore(tmp_path / "copy", folder, NOW, overwrite=True)
    assert aside == folder.with_name("log.before-20260506T070809")
    assert verify(aside).events == 9
    again = await open_log()
    assert [entry.event.seq for entry in await again.read(0, 100)] == list(range(1, 7))
    (gap,) = again.numbering.gaps
    assert (gap.epoch, gap.first_seq, gap.last_seq, gap.reason) == (2, 7, 9, "restored")
    await write(again, range(9, 10))
    assert again.last_seq == 12, "no number that was given out is given again"


async def test_restoring_begins_an_epoch_also_where_nothing_was(
    tmp_path: Path, log: SqliteLog, open_log: OpenLog
) -> None:
    await write(log, range(1, 3))
    backup(log.path.parent, tmp_path / "copy", NOW)
    restore(tmp_path / "copy", tmp_path / "new", NOW)
    again = await open_log(folder=tmp_path / "new")
    assert (again.numbering.epoch, again.last_seq) == (2, 6)
    assert again.numbering.log_id == log.numbering.log_id
    await write(again, range(3, 4))
    assert again.last_seq == 9


def change(folder: Path, **values: object) -> None:
    path = folder / "backup.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


async def test_refuses_what_it_cannot_know(tmp_path: Path, log: SqliteLog) -> None:
    await write(log, range(1, 3))
    copy, place = tmp_path / "copy", tmp_path / "place"
    backup(log.path.parent, copy, NOW)
    change(copy, schema=999, platewire="99.0")
    with pytest.raises(LogError, match=r"created by platewire 99.0 with schema version 999"):
        restore(copy, place, NOW)
    change(copy, schema=1, form="another/1")
    with pytest.raises(LogError, match="Restore it with that platewire"):
        restore(copy, place, NOW)
    for source in (tmp_path / "nothing", log.path, log.path.parent):
        with pytest.raises(LogError, match=r"not a backup of platewire|does not exist"):
            restore(source, place, NOW)
    assert not place.exists()
    with pytest.raises(LogError, match="no event log in"):
        backup(tmp_path / "nothing", tmp_path / "other", NOW)


async def test_refuses_what_is_damaged(tmp_path: Path, log: SqliteLog) -> None:
    await write(log, range(1, 3))
    copy, place = tmp_path / "copy", tmp_path / "place"
    backup(log.path.parent, copy, NOW)
    frame = next((copy / "images").rglob("*.jpg"))
    frame.write_bytes(b"another")
    with pytest.raises(LogError, match=r"is corrupted: picture .* checksum mismatch"):
        restore(copy, place, NOW)
    with (copy / "platewire.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    with pytest.raises(LogError, match=r"corrupted: checksum mismatch of platewire.db"):
        restore(copy, place, NOW)
    assert not place.exists()


EVIL = {
    "../outside": tarfile.REGTYPE,
    "/outside": tarfile.REGTYPE,
    "images/../../outside": tarfile.REGTYPE,
    "link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
}


@pytest.mark.parametrize("name", EVIL)
def test_a_tar_cannot_write_elsewhere_or_bring_links(name: str, tmp_path: Path) -> None:
    evil, inner = tmp_path / "evil.tar", tmp_path / "inner"
    inner.mkdir()
    member = tarfile.TarInfo(name if name != "/outside" else str(tmp_path / "outside"))
    member.type, member.linkname = EVIL[name], str(tmp_path / "x")
    with tarfile.open(evil, "w") as tar:
        tar.addfile(member)
    with pytest.raises(LogError, match=r"not a backup of platewire: .* (not a file|outside)"):
        restore(evil, inner / "place", NOW)
    assert list(inner.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.tar", "inner"]


# --- what verify finds ---------------------------------------------------------------------------

TAMPERING = {
    "UPDATE event SET plate = 'XX' WHERE seq = 2": "event 2: plate do not match the event",
    "UPDATE event SET body = CAST('{' AS BLOB) WHERE seq = 2": "event 2 is corrupted in the file",
    "UPDATE event SET revision = 7 WHERE seq = 3": "revisions have gaps or repeat",
    "UPDATE passage SET last_seq = 1 WHERE first_seq = 1": "its row does not match its newest",
    "DELETE FROM event WHERE seq = 2": "should contain 6 events, seq 1 to 6, but contains",
    "UPDATE image SET jpeg = CAST('x' AS BLOB) WHERE jpeg <> ''": "checksum mismatch",
    "UPDATE image SET path = 'images/none.jpg' WHERE path <> ''": "No such file",
}


@pytest.mark.parametrize("statement", TAMPERING)
async def test_verify_finds(statement: str, log: SqliteLog) -> None:
    await write(log, range(1, 3))
    await log.close()
    assert verify(log.path.parent).faults == ()
    connection = apsw.Connection(str(log.path))
    for (name,) in list(connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'")):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    connection.close()
    faults = "\n".join(verify(log.path.parent).faults)
    assert TAMPERING[statement] in faults
