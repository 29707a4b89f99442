"""Outputs whose other side can be asked what it holds: what is lost there is given again."""

from collections.abc import Sequence

import pytest

from platewire.errors import Rejected, Unavailable
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.model import Entry, Kind
from platewire.runtime.status import State
from platewire.testing.sample_events import passage_events
from tests.support.delivering import Stage, Told


class Keeps(Told):
    """Its other side keeps what it gets, and may lose the end of it."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self.there: list[int] = []
        self.floors: list[int] = []
        self.refuses_history: Exception | None = None

    async def held(self, floor: int) -> int:
        if self.refuses_history is not None:
            raise self.refuses_history
        self.floors.append(floor)
        return max(self.there, default=0)

    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send(entries)
        self.there += [entry.event.seq for entry in entries if entry.event.seq not in self.there]

    def lose(self, after: int) -> None:
        self.there = [seq for seq in self.there if seq <= after]


class Kept(Stage):
    def __init__(self, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self.output: Keeps = Keeps(self.clock, batch=self.output.batch, lanes=self.output.lanes)

    async def minute(self) -> None:
        await self.clock.advance(61)
        await self.settle()


async def test_the_contract() -> None:
    assert await Keeps(Stage().clock).held(0) == 0
    assert await Told(Stage().clock).held(0) is None


@pytest.mark.parametrize("lanes", [1, 8])
async def test_what_is_lost_while_connected_is_given_again(lanes: int) -> None:
    stage = Kept(lanes=lanes)
    await stage.passages(10)
    async with stage.running():
        stage.output.lose(after=12)
        await stage.minute()
        assert sorted(stage.output.there) == list(range(1, 31))
        assert stage.line.counters["losses"] == 1
        assert "from seq 13 to 30 are sent again" in stage.line.last_error
        await stage.clock.advance(6)
        await stage.settle()
        assert (stage.state(), stage.line.message) == (State.RUNNING, "")
        connects = stage.output.connects
        await stage.minute()
        assert (stage.line.counters["losses"], stage.output.connects) == (1, connects)


async def test_what_is_lost_while_away_is_given_again_in_order() -> None:
    stage = Kept()
    await stage.passages(4)
    async with stage.running():
        pass
    stage.output.lose(after=5)
    stage.output.got.clear()
    await stage.append(*passage_events(5))
    async with stage.running():
        assert stage.output.seqs == list(range(6, 16))
    assert await stage.log.deliveries.cursor("gate") == 15


async def test_it_is_said_until_all_is_there_again() -> None:
    stage = Kept()
    await stage.passages(4)
    async with stage.running():
        stage.output.lose(after=5)
        stage.output.open.clear()
        await stage.minute()
        assert "from seq 6 to 12 are sent again" in stage.line.message
        stage.output.open.set()
        await stage.minute()
        assert stage.line.message == ""


async def test_what_was_never_to_be_there_is_no_loss() -> None:
    """Not asked for, rejected, or from before the output first ran."""
    stage = Kept(start="now", events=["new", "lost"])
    await stage.passages(2)
    stage.output.refuses = lambda entry: Rejected("no") if entry.event.kind is Kind.LOST else None
    async with stage.running():
        for _ in range(2):
            await stage.append(*passage_events(9))
            await stage.minute()
    assert stage.output.there == [7]
    async with stage.running():
        await stage.minute()
    assert "losses" not in stage.line.counters
    letters = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 10)
    assert [letter.seq for letter in letters] == [9]


async def test_what_retention_has_taken_is_told() -> None:
    stage = Kept()
    await stage.passages(4)
    async with stage.running():
        stage.log.drop_before(7)
        stage.output.lose(after=3)
        await stage.minute()
        assert sorted(stage.output.there) == [1, 2, 3, *range(7, 13)]
    (letter,) = await stage.log.deliveries.dead_letters("gate", DeadQuery(group="gap"), 10)
    assert (letter.first_seq, letter.seq) == (4, 6)
    assert "lost by the receiver; retention has deleted them here" in letter.reason


async def test_what_is_parked_is_not_given_twice() -> None:
    stage = Kept()
    await stage.passages(2)
    stage.output.refuses = lambda entry: Unavailable("not now") if entry.event.seq <= 3 else None
    async with stage.running():
        await stage.clock.advance(5)
        await stage.settle()
        assert await stage.log.deliveries.parked("gate")
        await stage.append(*passage_events(3))
        await stage.minute()
        stage.output.lose(after=4)
        stage.output.got.clear()
        await stage.minute()
        stage.output.refuses = lambda _: None
        await stage.clock.advance(3600)
        await stage.settle()
    assert sorted(stage.output.there) == list(range(1, 10))
    assert sorted(stage.output.seqs) == [1, 2, 3, 5, 6, 7, 8, 9]


async def test_what_is_lost_above_the_floor_is_given_again() -> None:
    """An event still waits, others behind it have been given."""
    stage = Kept(lanes=2)
    await stage.passages(4)
    held_up = (await stage.log.read(0, 1))[0].event.passage_number
    stage.output.hangs = {held_up}
    stage.output.hang_seconds = 58
    async with stage.running():
        assert 1 not in stage.output.there
        stage.output.lose(after=10)
        stage.output.hangs = set()
        await stage.minute()
        await stage.minute()
    assert sorted(stage.output.there) == list(range(1, 13))


async def test_another_history_sends_nothing() -> None:
    stage = Kept()
    stage.output.refuses_history = Unavailable("another history")
    await stage.passages(1)
    async with stage.running():
        assert (stage.state(), stage.line.message) == (State.WAITING, "another history")
        assert stage.output.attempts == []
        stage.output.refuses_history = None
        await stage.minute()
        assert stage.output.seqs == [1, 2, 3]
        stage.output.refuses_history = Unavailable("another history")
        await stage.minute()
        assert stage.state() is State.WAITING


async def test_a_warning_is_shown_though_all_goes_well() -> None:
    stage = Kept()
    stage.output.warning = "no standby is waited for"
    await stage.passages(1)
    async with stage.running():
        assert (stage.state(), stage.line.message) == (State.RUNNING, "no standby is waited for")
        stage.output.warning = ""
        await stage.minute()
        assert stage.line.message == ""
