"""Damage on the disk, by seed: flipped bits, lost ends, of the database, its journal and pictures.

Whatever is damaged, an event or a picture is given out as it was written, or not at all; and what
is refused or left out is named. `PLATEWIRE_DAMAGE_SEEDS` makes it a long run.
"""

import os
import random
import re
import shutil
from collections import defaultdict
from pathlib import Path

import apsw
import pytest

from platewire.database.queries import Database
from platewire.database.search.filters import SearchFilters
from platewire.errors import LogError
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.verify import verify
from platewire.model import Entry, Images, Picture
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog

SEEDS = int(os.environ.get("PLATEWIRE_DAMAGE_SEEDS", "40"))
PASSAGES = 30


class Kept:
    """What was written to a log, to compare with."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.pictures: dict[str, bytes] = {}

    async def write(self, log: SqliteLog, first: int = 1, passages: int = PASSAGES) -> None:
        for number in range(first, first + passages):
            shown = pictures_of(number)
            images = Images(plate=shown[0].image, frame=shown[1].image)
            events = passage_events(number, text=f"AB{number:04}", images=images)
            for entry in await log.append("gate", events, shown):
                self.entries[entry.event.seq] = entry
            self.pictures |= {each.image.sha256: each.jpeg for each in shown}

    async def compare(self, log: SqliteLog) -> int:
        """All that can be read; how much of it is missing. LogError where reading is refused."""
        given, after = 0, 0
        while entries := await log.read(after, 50):
            for entry in entries:
                # When it arrived is no part of it and has no sum of its own.
                written = self.entries[entry.event.seq]._replace(arrived=entry.arrived)
                assert entry == written, "other than it was written"
            given, after = given + len(entries), entries[-1].event.seq
        missing = len(self.entries) - given
        for sha256, jpeg in self.pictures.items():
            found = await log.picture(sha256)
            assert found in (jpeg, None), "another picture"
            missing += found is None
        return missing


def pictures_of(number: int) -> list[Picture]:
    return [picture("plate", mark=number), picture("frame", mark=1_000_000 + number)]


def damage(path: Path, chance: random.Random, first: int = 0) -> None:
    """A few flipped bits, a stretch of nothing, or a lost end, somewhere from `first` on."""
    content = bytearray(path.read_bytes())
    at = chance.randrange(first, len(content))
    match chance.choice(["bit", "bits", "stretch", "end"]):
        case "bit":
            content[at] ^= 1 << chance.randrange(8)
        case "bits":
            for each in chance.choices(range(first, len(content)), k=20):
                content[each] ^= 1 << chance.randrange(8)
        case "stretch":
            content[at : at + 512] = bytes(len(content[at : at + 512]))
        case "end":
            del content[at:]
    path.write_bytes(content)


# --- the database ------------------------------------------------------------------------------


async def test_a_damaged_database_gives_nothing_wrong(open_log: OpenLog, tmp_path: Path) -> None:
    kept = Kept()
    log = await open_log()
    await kept.write(log)
    await log.close()
    outcomes: dict[str, list[str]] = defaultdict(list)
    for seed in range(SEEDS * 3 // 2):  # so many that each outcome comes up
        folder = tmp_path / f"damaged-{seed}"
        shutil.copytree(log.path.parent, folder)
        damage(folder / "platewire.db", random.Random(seed))
        outcome, said = await judged(open_log, folder, kept)
        outcomes[outcome].append(said)
        shutil.rmtree(folder)
    assert set(outcomes) == {"not started", "not read", "left out", "whole"}
    assert all("platewire.db" in said for said in outcomes["not started"])
    assert all("corrupted" in said for said in outcomes["not read"])


async def judged(open_log: OpenLog, folder: Path, kept: Kept) -> tuple[str, str]:
    """What became of it, and what was said of it."""
    try:
        log = await open_log(folder=folder, memory_bytes=0)
    except LogError as error:
        return "not started", str(error)
    try:
        return ("left out" if await kept.compare(log) else "whole"), ""
    except LogError as error:
        return "not read", str(error)
    finally:
        await log.close()


async def spoiled(open_log: OpenLog, *seqs: int, events: int = 9) -> SqliteLog:
    log = await open_log(memory_bytes=0)
    for number in range(1, events // 3 + 1):
        await log.append("gate", passage_events(number))
    await log.close()
    for seq in seqs:
        connection = apsw.Connection(str(log.path))
        connection.execute("DROP TRIGGER IF EXISTS event_is_never_edited")
        connection.execute(
            "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'BU9042', 'BU9043') AS BLOB)"
            " WHERE seq = ?",
            (seq,),
        )
        connection.close()
    return await open_log(memory_bytes=0)


async def test_damaged_events_are_left_out_and_the_others_given(open_log: OpenLog) -> None:
    log = await spoiled(open_log, 4, 5)
    assert [entry.event.seq for entry in await log.read(0, 100)] == [1, 2, 3]
    assert [entry.event.seq for entry in await log.read(3, 100)] == [6, 7, 8, 9]
    assert [entry.event.seq for entry in await log.read(4, 1)] == [6]


async def test_where_nothing_but_damage_is_left_it_is_said(open_log: OpenLog) -> None:
    log = await spoiled(open_log, 8, 9)
    assert [entry.event.seq for entry in await log.read(0, 100)] == list(range(1, 8))
    with pytest.raises(LogError, match="event 9 is corrupted in the file"):
        await log.read(7, 100)
    await log.append("gate", passage_events(4))
    assert [entry.event.seq for entry in await log.read(7, 100)] == [10, 11, 12]


async def test_the_same_event_again_is_not_answered_with_a_damaged_one(open_log: OpenLog) -> None:
    log = await spoiled(open_log, 2)
    with pytest.raises(LogError, match="event 2 is corrupted"):
        await log.append("gate", passage_events(1))
    assert log.last_seq == 9


async def test_pages_and_the_api_refuse_it_by_name(open_log: OpenLog) -> None:
    log = await spoiled(open_log, 6)
    database = Database.open_read_only(log.path)
    try:
        assert await database.event(5)
        passage = (await log.read(6, 1))[0].event.passage
        assert len(await database.passage(passage)) == 3
        for refused in (
            database.event(6),
            database.events(limit=5),
            database.passage((await log.read(4, 1))[0].event.passage),
            database.search(SearchFilters(), limit=5),
        ):
            with pytest.raises(LogError, match=r"event 6 is corrupted.*verify"):
                await refused
    finally:
        await database.close()


async def test_verify_names_it(open_log: OpenLog) -> None:
    log = await spoiled(open_log, 6)
    (fault,) = verify(log.path.parent).faults
    assert "event 6 is corrupted in the file: checksum mismatch" in fault


async def test_an_event_from_before_there_were_sums(open_log: OpenLog) -> None:
    log = await spoiled(open_log)
    await log.close()
    connection = apsw.Connection(str(log.path))
    connection.execute("DROP TRIGGER event_is_never_edited")
    connection.execute("UPDATE event SET body_crc32 = NULL")
    connection.execute("UPDATE event SET body = CAST('{' AS BLOB) WHERE seq = 2")
    connection.close()
    again = await open_log(memory_bytes=0)
    assert [entry.event.seq for entry in await again.read(0, 100)] == [1]
    assert [entry.event.seq for entry in await again.read(1, 100)] == list(range(3, 10))


# --- the journal -------------------------------------------------------------------------------

PAGE, HEAD, FRAME = 4096, 32, 24


@pytest.fixture
async def killed(open_log: OpenLog, tmp_path: Path) -> tuple[Path, Kept]:
    """A log as a killed process leaves it: nothing of the journal is in the database yet."""
    kept = Kept()
    log = await open_log()
    await log._threads.write(lambda connection: connection.wal_autocheckpoint(0))
    await kept.write(log, passages=20)
    folder = tmp_path / "killed"
    shutil.copytree(log.path.parent, folder, ignore=shutil.ignore_patterns("*-shm", "*.lock"))
    await log.close()
    return folder, kept


async def reopened(open_log: OpenLog, folder: Path, kept: Kept) -> int:
    """How many of the newest events are missing; all before them are as they were written, and
    the numbers of those that are missing stay empty."""
    log = await open_log(folder=folder, memory_bytes=0)
    found = await log.read(0, 10_000)
    assert [entry.event.seq for entry in found] == list(range(1, len(found) + 1))
    assert log.last_seq == len(kept.entries)
    lost = [(len(found) + 1, log.last_seq)] if len(found) < log.last_seq else []
    assert [(gap.first_seq, gap.last_seq) for gap in log.numbering.gaps] == lost
    assert all(entry == kept.entries[entry.event.seq] for entry in found)
    assert await log._threads.write(
        lambda connection: connection.execute("PRAGMA integrity_check").get
    )
    await log.append("gate", passage_events(90_000))
    await log.close()
    return len(kept.entries) - len(found)


async def test_a_whole_journal_is_taken_in_silently(
    open_log: OpenLog, killed: tuple[Path, Kept], caplog: pytest.LogCaptureFixture
) -> None:
    assert await reopened(open_log, *killed) == 0
    assert "journal" not in caplog.text
    assert "platewire.db-wal" not in caplog.text


@pytest.mark.parametrize("seed", range(SEEDS // 4))
async def test_a_damaged_frame_is_told(
    open_log: OpenLog,
    killed: tuple[Path, Kept],
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    folder, kept = killed
    chance = random.Random(seed)
    path = folder / "platewire.db-wal"
    content = bytearray(path.read_bytes())
    frames = (len(content) - HEAD) // (FRAME + PAGE)
    start = HEAD + chance.randrange(frames) * (FRAME + PAGE)
    content[start + chance.randrange(16, FRAME + PAGE)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    assert await reopened(open_log, folder, kept) > 0
    said = re.search(r"platewire.db-wal is corrupted at byte (\d+);", caplog.text)
    assert said
    assert int(said[1]) <= start
    assert "events may be missing" in caplog.text


@pytest.mark.parametrize("at", [0, 9, 17, 25])
async def test_a_damaged_head_is_told(
    open_log: OpenLog, killed: tuple[Path, Kept], caplog: pytest.LogCaptureFixture, at: int
) -> None:
    folder, kept = killed
    path = folder / "platewire.db-wal"
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)
    assert await reopened(open_log, folder, kept) == len(kept.entries)
    assert "the header of" in caplog.text
    assert "platewire.db-wal is corrupted" in caplog.text


@pytest.mark.parametrize("seed", range(SEEDS // 4))
async def test_a_journal_without_its_end_gives_what_is_before(
    open_log: OpenLog, killed: tuple[Path, Kept], seed: int
) -> None:
    folder, kept = killed
    path = folder / "platewire.db-wal"
    os.truncate(path, random.Random(seed).randrange(path.stat().st_size))
    assert await reopened(open_log, folder, kept) > 0


# --- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
async def test_a_damaged_picture_is_given_to_nobody_and_named(
    open_log: OpenLog, tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    kept = Kept()
    log = await open_log(memory_bytes=0)
    await kept.write(log, passages=3)
    frame = pictures_of(2)[1].image.sha256
    (file,) = (log.path.parent / "images").rglob(f"{frame}.jpg")
    damage(file, random.Random(seed))
    assert await kept.compare(log) == 1
    assert await log.picture(frame) is None
    assert f"the picture {frame} in the file {file} is corrupted" in caplog.text


async def test_a_damaged_picture_in_the_database(
    open_log: OpenLog, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    log = await open_log(memory_bytes=0)
    await kept.write(log, passages=3)
    plate = pictures_of(2)[0].image.sha256
    await log._threads.write(
        lambda connection: connection.execute(
            "UPDATE image SET jpeg = CAST('x' AS BLOB) WHERE sha256 = ?", (plate,)
        )
    )
    assert await kept.compare(log) == 1
    assert f"the picture {plate} in platewire.db is corrupted" in caplog.text
