"""Whatever is done to the log in whatever order, it agrees with the plain one in memory."""

import asyncio
import copy
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from platewire.eventlog.log import EventLog
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events

CAMERAS = ("gate", "yard")
OUTPUTS = ("erp", "barrier")
DAY = 86_400

# Few passages, so that the same event comes again and again; each belongs to one camera.
NUMBERS = st.integers(1, 12)
EVENTS = st.lists(st.tuples(NUMBERS, st.integers(0, 2)), max_size=6)


def made(choices: Sequence[tuple[int, int]]) -> list[Event]:
    return [
        passage_events(number, camera=CAMERAS[number % 2])[revision] for number, revision in choices
    ]


def copied(log: MemoryLog) -> MemoryLog:
    """As it is now; what happens to the one is not seen in the other, but for the time."""
    twin, book = copy.copy(log), copy.copy(log.deliveries)
    own = {name: copy.copy(value) for name, value in vars(log).items() if name != "_clock"}
    vars(book).update({name: copy.copy(value) for name, value in vars(log.deliveries).items()})
    vars(twin).update(own, deliveries=book)
    book._events = twin
    return twin


def spans(log: EventLog) -> list[tuple[int, int, int]]:
    return [(gap.epoch, gap.first_seq, gap.last_seq) for gap in log.numbering.gaps]


class LogMachine(RuleBasedStateMachine):
    """Each rule does the same to both logs and compares what they answer."""

    @initialize(memory_bytes=st.sampled_from([0, 3_000, 1_000_000]))
    def start(self, memory_bytes: int) -> None:
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.folder = Path(tempfile.mkdtemp())
        self.settings = LogSettings(
            folder=self.folder, memory_bytes=memory_bytes, retention_days=1.0
        )
        self.model = MemoryLog(self.clock)
        self.open()

    def open(self) -> None:
        self.log = self.runner.run(SqliteLog.open(self.settings, self.clock, Board(self.clock)))

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.runner.run(self.log.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def both(self, call: Callable[[EventLog], Any]) -> None:
        async def answer(log: EventLog) -> Any:
            result = await call(log)
            return list(result) if isinstance(result, tuple | list) else result

        expected = self.runner.run(answer(self.model))
        assert self.runner.run(answer(self.log)) == expected

    @rule(choices=EVENTS, state=st.none() | st.binary(max_size=3))
    def append(self, choices: list[tuple[int, int]], state: bytes | None) -> None:
        events = made(choices)
        self.both(lambda log: log.append("gate", events, (), state))

    @rule(parts=st.lists(EVENTS, min_size=2, max_size=4))
    def append_together(self, parts: list[list[tuple[int, int]]]) -> None:
        """As several producers in one group; the order among them is the order of their calls."""

        async def together(log: EventLog) -> Any:
            answers = await asyncio.gather(*(log.append("gate", made(part)) for part in parts))
            return [list(answer) for answer in answers]

        self.both(together)

    @rule(after=st.integers(0, 40), limit=st.integers(1, 50))
    def read(self, after: int, limit: int) -> None:
        self.both(lambda log: log.read(after, limit))

    @rule(output=st.sampled_from(OUTPUTS), seq=st.integers(0, 40))
    def set_cursor(self, output: str, seq: int) -> None:
        self.both(lambda log: log.deliveries.set_cursor(output, seq))

    @rule(output=st.sampled_from(OUTPUTS), reason=st.text(max_size=5))
    def pause(self, output: str, reason: str) -> None:
        self.both(lambda log: log.deliveries.pause(output, reason))

    @rule(output=st.sampled_from(OUTPUTS))
    def resume(self, output: str) -> None:
        self.both(lambda log: log.deliveries.resume(output))

    @rule(seconds=st.integers(0, 2 * DAY))
    def time_passes(self, seconds: int) -> None:
        self.clock.suspend(seconds)

    @rule(seconds=st.integers(-DAY, 2 * DAY))
    def clock_jumps(self, seconds: int) -> None:
        self.clock.jump(seconds)

    @rule()
    def reopen(self) -> None:
        """And keeps a copy of it as it is now."""
        self.runner.run(self.log.close())
        shutil.copy(self.log.path, self.folder / "copy")
        self.copy = copied(self.model)
        self.open()

    @precondition(lambda self: hasattr(self, "copy"))
    @rule()
    def put_the_copy_back(self) -> None:
        """The mark stays as it is."""
        self.runner.run(self.log.close())
        shutil.copy(self.folder / "copy", self.log.path)
        before, self.model = self.model, copied(self.copy)
        there, epoch = self.model, before.numbering.epoch
        if before.last_seq > there.last_seq or epoch > there.numbering.epoch:
            there.go_on_above(before.last_seq, before.last_passage_number, epoch)
        self.open()

    @precondition(lambda self: self.model.last_seq > 0)
    @rule()
    def retain(self) -> None:
        done = self.runner.run(self.log.retain(OUTPUTS))
        cursors = [self.runner.run(self.model.deliveries.cursor(output)) for output in OUTPUTS]
        assert all(
            done.first_seq <= seq + 1 or not done.events for seq in cursors if seq is not None
        )
        self.model.drop_before(done.first_seq)

    @invariant()
    def the_same_is_there(self) -> None:
        if not hasattr(self, "log"):
            return
        assert self.log.first_seq == self.model.first_seq
        assert self.log.last_seq == self.model.last_seq
        assert self.log.last_passage_number == self.model.last_passage_number
        assert spans(self.log) == spans(self.model)
        self.both(lambda log: log.read(0, 1000))
        self.both(lambda log: log.cameras_with_open_passages())
        for name in (*CAMERAS, *OUTPUTS):
            self.both(lambda log, name=name: log.open_passages(name))  # type: ignore[misc]
            self.both(lambda log, name=name: log.deliveries.cursor(name))  # type: ignore[misc]
            self.both(lambda log, name=name: log.deliveries.pause_reason(name))  # type: ignore[misc]


TestLog = LogMachine.TestCase
TestLog.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
