"""A command reads the log's file while the log is open, and sees what the log itself says."""

from datetime import timedelta
from pathlib import Path

import pytest

from platewire.errors import LogError
from platewire.eventlog.deliveries.records import DeadLetter, Parked, Selection
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.beside import log_beside
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events


async def test_sees_what_the_log_says(tmp_path: Path) -> None:
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=tmp_path), clock, Board(clock))
    entries = await log.append("gate", [*passage_events(1), *passage_events(2)])
    await log.deliveries.set_cursor("db", 5)
    await log.deliveries.add_selection("db", Selection(from_seq=2, settings=b"{}"))
    letter = DeadLetter(
        output="db", seq=4, first_seq=3, outcome="gap", reason="gone", at=clock.now()
    )
    await log.deliveries.add_dead_letters([letter])
    parked = Parked(
        output="db", seq=1, passage=entries[0].event.passage, next_at=clock.now() + timedelta(1)
    )
    await log.deliveries.park([parked])
    with log_beside(tmp_path) as beside:
        assert beside.numbering == log.numbering
        assert (beside.first_seq, beside.last_seq) == (1, 6)
        assert await beside.read(2, 3) == list(entries[2:5])
        ids = [(seq, event_id) for seq, event_id, _ in beside.ids(2, 3)]
        assert ids == [(each.event.seq, str(each.event.id)) for each in entries[1:3]]
        assert (beside.cursor("db"), beside.cursor("other")) == (5, 0)
        assert beside.selections("db") == [Selection(from_seq=2, settings=b"{}")]
        assert beside.undelivered("db") == ((1, 1), (3, 4))
    await log.close()


def test_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="does not exist"), log_beside(tmp_path):
        pass
