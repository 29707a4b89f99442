"""Histories by seed of a whole server whose log is cut back at some of its kills.

As when somebody deletes the journal, or puts an older copy in place: events, cursors and whatever
waits are those of an earlier moment; the mark beside the log is not.
"""

import copy
import os
import random
from collections.abc import Sequence

import pytest

from platewire.eventlog.deliveries.records import DeadQuery
from platewire.model import Entry
from platewire.testing.clock import FakeClock
from tests.simulation.crashing_log import CrashingLog
from tests.simulation.receiver import CALM
from tests.simulation.server import Server, Way
from tests.simulation.test_server import ROAD_SECONDS, a_while, roads, way

SEEDS = int(os.environ.get("PLATEWIRE_SIMULATION_SEEDS", "500")) // 5
GROUP = 25
EVERY = 1_000_000


class LosingLog(CrashingLog):
    """`checkpoint` is what the database has; `lose_journal` leaves that alone."""

    def checkpoint(self) -> None:
        apart = ("_database", "_database_book", "deliveries", "_book")
        self._database = {
            name: copy.copy(value) for name, value in vars(self).items() if name not in apart
        }
        self._database_book = {
            name: copy.copy(value)
            for name, value in vars(self._book).items()
            if name not in ("_events", "_log")
        }

    def lose_journal(self) -> bool:
        """Whether events went with it."""
        last, number, epoch = self.last_seq, self.last_passage_number, self.numbering.epoch
        bell = self._bell
        vars(self).update({name: copy.copy(value) for name, value in self._database.items()})
        book = {name: copy.copy(value) for name, value in self._database_book.items()}
        vars(self._book).update(book)
        self._bell = bell
        cut = self.last_seq < last or self.numbering.epoch < epoch
        if cut:
            self.go_on_above(last, number, epoch)
        self.keep()
        return cut


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
@pytest.mark.timeout(900)
async def test_no_number_stands_for_two_events(first: int) -> None:
    cuts = 0
    for seed in range(first, first + GROUP):
        random.seed(seed)
        try:
            cuts += await lived(random.Random(seed))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    assert cuts, "nothing was tried"


async def lived(chance: random.Random) -> int:
    """How often it was cut back."""
    clock = FakeClock()
    server = Server(clock, roads(chance))
    log = server.log = LosingLog(clock)
    log.checkpoint()
    server.ways = [way(chance, clock, index) for index in range(chance.randint(1, 3))]
    logged: dict[int, Entry] = {}
    began, cuts = clock.monotonic(), 0
    while clock.monotonic() - began < ROAD_SECONDS:
        async with server.running():
            await a_while(server, chance, began)
        note(logged, await everything(log))
        if chance.random() < 0.4:
            cuts += log.lose_journal()
        if chance.random() < 0.4:
            log.checkpoint()
        await clock.advance(chance.choice([0.0, 3.0]))
    for each in server.ways:
        each.receiver.moods, each.receiver.down_until = CALM, 0.0
    async with server.running():
        await clock.advance(20)
    async with server.running(watching=False):
        for _ in range(30):
            await clock.advance(3 * 3600.0)
        await clock.settle()
        kept = await everything(log)
        note(logged, kept)
        for each in server.ways:
            await judged(log, each, kept, logged)
    return cuts


async def everything(log: CrashingLog) -> Sequence[Entry]:
    found: list[Entry] = []
    while page := await log.read(found[-1].event.seq if found else 0, EVERY):
        found += page
    return found


def note(logged: dict[int, Entry], entries: Sequence[Entry]) -> None:
    for entry in entries:
        same = logged.setdefault(entry.event.seq, entry)
        assert same == entry, f"seq {entry.event.seq} was given to two events"


async def judged(
    log: CrashingLog, way: Way, kept: Sequence[Entry], logged: dict[int, Entry]
) -> None:
    """What the log still has arrived or was given up; whatever arrived was once in the log."""
    letters = await log.deliveries.dead_letters(way.settings.name, DeadQuery(), EVERY)
    dead = {letter.seq for letter in letters if letter.outcome != "gap"}
    arrived = {entry.event.seq for entry in way.receiver.got}
    wanted = {entry.event.seq for entry in kept if way.settings.selects(entry.event)}
    assert wanted <= arrived | dead, f"lost: {sorted(wanted - arrived - dead)}"
    for entry in way.receiver.got:
        assert entry.event.id == logged[entry.event.seq].event.id
    assert await log.deliveries.cursor(way.settings.name) == log.last_seq, "the floor is at the end"
    gaps = [each for each in letters if each.outcome == "gap"]
    assert {seq for each in gaps for seq in _seqs(each.first_seq, each.seq)} <= {
        seq for gap in log.numbering.gaps for seq in _seqs(gap.first_seq, gap.last_seq)
    }
    assert way.receiver.wrongs == []


def _seqs(first: int | None, last: int) -> range:
    return range(last if first is None else first, last + 1)
