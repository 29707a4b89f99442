"""Whatever is done to the log in whatever order, it agrees with the plain one in memory."""

import asyncio
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
from platewire.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events

CAMERAS = ("gate", "yard")
TRANSFERS = ("erp", "barrier")
DAY = 86_400

# Few passages, so that the same event comes again and again; each belongs to one camera.
NUMBERS = st.integers(1, 12)
EVENTS = st.lists(st.tuples(NUMBERS, st.integers(0, 2)), max_size=6)


def made(choices: Sequence[tuple[int, int]]) -> list[Event]:
    return [
        passage_events(number, camera=CAMERAS[number % 2])[revision] for number, revision in choices
    ]


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

    @rule(transfer=st.sampled_from(TRANSFERS), seq=st.integers(0, 40))
    def set_cursor(self, transfer: str, seq: int) -> None:
        self.both(lambda log: log.set_cursor(transfer, seq))

    @rule(transfer=st.sampled_from(TRANSFERS), reason=st.none() | st.text(max_size=5))
    def pause(self, transfer: str, reason: str | None) -> None:
        self.both(lambda log: log.pause(transfer, reason))

    @rule(seconds=st.integers(-DAY, 2 * DAY))
    def time_passes_or_jumps(self, seconds: int) -> None:
        self.clock.jump(seconds)

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.log.close())
        self.open()

    @precondition(lambda self: self.model.last_seq > 0)
    @rule()
    def retain(self) -> None:
        done = self.runner.run(self.log.retain(TRANSFERS))
        cursors = [self.runner.run(self.model.cursor(transfer)) for transfer in TRANSFERS]
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
        self.both(lambda log: log.read(0, 1000))
        self.both(lambda log: log.cameras_with_open_passages())
        for name in (*CAMERAS, *TRANSFERS):
            self.both(lambda log, name=name: log.open_passages(name))  # type: ignore[misc]
            self.both(lambda log, name=name: log.cursor(name))  # type: ignore[misc]
            self.both(lambda log, name=name: log.paused(name))  # type: ignore[misc]


TestLog = LogMachine.TestCase
TestLog.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
