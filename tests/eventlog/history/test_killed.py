"""Killed at random moments, and cut back in between by whatever hand: no number is given twice."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.eventlog.conftest import OpenLog
from tests.eventlog.test_crash import killed

ROUNDS = 12
JOURNALS = ("-wal", "-shm")


def nothing(path: Path, copy: Path) -> None:
    """An ordinary kill."""


def journal_deleted(path: Path, copy: Path) -> None:
    for end in JOURNALS:
        path.with_name(path.name + end).unlink(missing_ok=True)


def database_deleted(path: Path, copy: Path) -> None:
    journal_deleted(path, copy)
    path.unlink()


def older_copy_put_in_its_place(path: Path, copy: Path) -> None:
    database_deleted(path, copy)
    shutil.copy(copy, path)


def journal_cut(path: Path, copy: Path) -> None:
    journal = path.with_name(f"{path.name}-wal")
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size // 2)


WAYS: tuple[Callable[[Path, Path], None], ...] = (
    *(nothing, journal_deleted, journal_cut, older_copy_put_in_its_place, database_deleted),
)


@pytest.mark.slow
async def test_no_number_is_given_twice(open_log: OpenLog, tmp_path: Path) -> None:
    rng = random.Random(20_261_130)
    folder, copy = tmp_path / "killed", tmp_path / "copy.db"
    given: dict[int, str] = {}
    gaps = 0
    for round_ in range(ROUNDS):
        for line in await killed(folder, round_ * 100_000 + 1, rng.randint(5, 40), rng):
            camera, number, seqs = line.split()
            for revision, seq in enumerate(seqs.split(",")):
                assert int(seq) not in given, f"{seq} was {given[int(seq)]}"
                given[int(seq)] = f"{camera} {number} {revision}"
        way = WAYS[round_ % len(WAYS)] if copy.exists() else nothing
        way(folder / "platewire.db", copy)
        log = await open_log(folder=folder, memory_bytes=0)
        found = log.numbering.gaps
        if way is nothing:
            assert len(found) == gaps, "an ordinary kill makes no gap"
        else:
            assert found, "what was cut back is told"
        gaps = len(found)
        assert log.last_seq >= max(given)
        await log.close()
        if not copy.exists():
            shutil.copy(folder / "platewire.db", copy)
    assert len(given) > ROUNDS
