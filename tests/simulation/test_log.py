"""Histories of a real log on a real disk, by seed: kills, others that open it, journals that are
deleted, older copies put back, clocks that jump years ahead.

`PLATEWIRE_LOG_SEEDS=1000` makes it a long run. What happens follows from the seed; at which byte of
a commit a kill strikes does not.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from platewire.eventlog.upkeep.verify import verify
from tests.acceptance.running import ROOT

SEEDS = int(os.environ.get("PLATEWIRE_LOG_SEEDS", "12"))
DAYS = 30.0
"""Retention."""
DAY = timedelta(days=1).total_seconds()
HOUR = DAY / 24
WRONG_CLOCK_SECONDS_MAX = 600.0
"""A clock that runs well for a day is believed, however wrong it is."""
OPEN_AND_CLOSE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=20)
connection.execute("SELECT count(*) FROM anpr_event").fetchall()
connection.close()
"""


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.slow
def test_no_number_is_given_twice_and_nothing_is_lost_unsaid(seed: int, tmp_path: Path) -> None:
    history = History(tmp_path, random.Random(seed))
    for _ in range(history.chance.randint(2, 4)):
        history.one_life()
        history.while_it_is_off()
    history.judge()


class History:
    """What was done to one folder, and what it acknowledged."""

    def __init__(self, tmp_path: Path, chance: random.Random) -> None:
        self.chance = chance
        self.folder = tmp_path / "log"
        self.copy = tmp_path / "older.db"
        self.elapsed = 0.0
        """True seconds since the installation began."""
        self.offset = 0.0
        """By how much the clock is wrong."""
        self.kept: dict[int, tuple[str, float]] = {}
        """By seq: the event's id, and when it was acknowledged."""
        self.ids: set[str] = set()
        self.was_cut_back = False
        """Whether somebody took events away under it."""
        self._process: subprocess.Popen[str]

    @property
    def database(self) -> Path:
        return self.folder / "platewire.db"

    # --- while it runs ----------------------------------------------------------------------------

    def one_life(self) -> None:
        with self._running():
            for _ in range(self.chance.randint(3, 12)):
                self._one_step()
            self._end()

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Until it is killed, where it has not ended by then."""
        program = [sys.executable, "-m", "tests.simulation.log_process"]
        world = [str(self.folder), str(self.elapsed), str(self.offset), str(DAYS)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen([*program, *world], cwd=ROOT, **pipes) as self._process:
            try:
                self._hear()
                yield
            finally:
                self._process.kill()

    def _one_step(self) -> None:
        steps: list[tuple[Callable[[], None], float]] = [
            (lambda: self._do("append", self.chance.randint(1, 8)), 6),
            (self._pass_time, 1),
            (self._jump, 1),
            (lambda: self._do("retain"), 1),
            (self._open_and_close, 2),
        ]
        (step,) = self.chance.choices([step for step, _ in steps], [often for _, often in steps])
        step()

    def _pass_time(self) -> None:
        seconds = self.chance.uniform(1, 2 * HOUR)
        if self.offset:
            seconds = min(seconds, WRONG_CLOCK_SECONDS_MAX / 20)
        self._do("advance", seconds)
        self.elapsed += seconds

    def _jump(self) -> None:
        """The clock goes wrong, or right again."""
        before = self.offset
        self.offset = 0.0 if before else self.chance.choice([-400, -1, 1, 29, 400]) * DAY
        self._do("jump", self.offset - before)

    def _open_and_close(self) -> None:
        """As an ordinary program does, read-write."""
        subprocess.run([sys.executable, "-c", OPEN_AND_CLOSE, str(self.database)], check=True)

    def _end(self) -> None:
        match self.chance.choice(["killed", "killed while it writes", "stopped"]):
            case "stopped":
                self._do("close")
                assert self._process.wait(30) == 0
            case "killed while it writes":
                self._tell("append", 50)
                for _ in range(self.chance.randint(0, 3)):
                    self._open_and_close()
                self._process.send_signal(signal.SIGKILL)
                for line in self._process.stdout or ():
                    self._note(line)

    def _do(self, what: str, value: float = 0) -> None:
        self._tell(what, value)
        self._hear()

    def _tell(self, what: str, value: float = 0) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps([what, value]) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> None:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the log ended by itself"
        self._note(line)

    def _note(self, line: str) -> None:
        about, told = json.loads(line)
        for seq, id_, number in told if about == "append" else ():
            assert seq not in self.kept, f"number {seq} was given to two events"
            # The sample's ids follow from the passage number.
            assert id_ not in self.ids, f"passage number {number} was given to two passages"
            self.ids.add(id_)
            self.kept[seq] = (id_, self.elapsed)

    # --- while it is off --------------------------------------------------------------------------

    def while_it_is_off(self) -> None:
        if not self.offset:
            self.elapsed += self.chance.choice([0.0, 60.0, HOUR, 3 * DAY, 40 * DAY])
        journal = self.database.with_name("platewire.db-wal")
        match self.chance.choice(["nothing", "nothing", "copied", "put back", "no journal"]):
            case "copied":
                self._open_and_close()
                shutil.copy(self.database, self.copy)
            case "put back" if self.copy.exists():
                self.was_cut_back = True
                for name in ("platewire.db-wal", "platewire.db-shm"):
                    (self.folder / name).unlink(missing_ok=True)
                shutil.copy(self.copy, self.database)
            case "no journal" if journal.exists():
                self.was_cut_back = True
                journal.unlink()

    # --- the judge --------------------------------------------------------------------------------

    def judge(self) -> None:
        with self._running():
            self._do("jump", -self.offset)
            self._do("append", 1)
            first = self._retained()
            self._do("close")
        assert not verify(self.folder).faults
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            logged = dict(connection.execute("SELECT seq, id FROM event").fetchall())
            gaps = connection.execute("SELECT first_seq, last_seq FROM gap").fetchall()
        empty = {seq for low, high in gaps for seq in range(low, high + 1)}
        assert self.was_cut_back or not empty, "a kill alone makes no gap"
        assert not empty & logged.keys()
        for seq, (id_, at) in self.kept.items():
            if seq < first and seq not in empty:
                assert self.elapsed - at > DAYS * DAY, f"event {seq} was deleted before its time"
            elif seq not in empty:
                assert logged.get(seq) == id_, f"event {seq} is lost, unsaid"

    def _retained(self) -> int:
        """Deletes what may go now that the clock is known to be right; the first number left."""
        self._do("synchronize")
        self._tell("retain")
        assert self._process.stdout
        return int(json.loads(self._process.stdout.readline())[1])
