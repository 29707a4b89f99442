"""The board on which each loop writes what it last did; the page, the API and `check` read it.

Plain values on one event loop: no locks, no history. The board decides nothing. What fails goes to
diagnostics too, once for each message. Whatever text it is given, what it shows is printable.
"""

import enum
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from platewire.runtime.clock import Clock

diagnostics = logging.getLogger(__name__)


Restartable = Literal["camera", "output", "heartbeat", "recognition", "server"]
"""The roles of parts that can be begun anew one by one; `server` are its own tasks."""


class State(enum.StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """The other side is not there; being tried again."""
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"


class PartStatus(Struct, kw_only=True):
    """One camera's or output's line on the board; counters only rise."""

    role: str
    """`camera`, `output`, `heartbeat`, `log`, `retention` or `web`."""
    name: str
    state: State = State.STARTING
    message: str = ""
    since: datetime
    """When `state` last changed."""
    last_error: str = ""
    last_error_at: datetime | None = None
    counters: dict[str, float] = field(default_factory=dict)


def printable(text: str) -> str:
    """On one line, without what would end it, turn it around or be no UTF-8.

    Names of files and words of cameras come from others: control characters and bytes that are no
    UTF-8 are shown as they would be written in Python.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _spelled(each) for each in text)


def _spelled(character: str) -> str:
    """`\\xff` also for a byte that the operating system gave and that is no UTF-8."""
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


class Board:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[tuple[str, str], PartStatus] = {}

    def line(self, role: str, name: str) -> PartStatus:
        """The line of that name, made when it is not there yet."""
        key = (role, name)
        if key not in self._lines:
            self._lines[key] = PartStatus(role=role, name=name, since=self._clock.now())
        return self._lines[key]

    def say(self, role: str, name: str, state: State, message: str = "") -> None:
        line = self.line(role, name)
        if line.state is not state:
            line.since = self._clock.now()
        line.state, line.message = state, printable(message)

    def fail(self, role: str, name: str, state: State, error: str) -> None:
        error = printable(error)
        if self.line(role, name).message != error:
            diagnostics.warning("%s", error if name in error else f"{role} {name}: {error}")
        self.say(role, name, state, error)
        self.note(role, name, error)

    def note(self, role: str, name: str, error: str) -> None:
        """Writes an error down without changing the state."""
        line = self.line(role, name)
        line.last_error, line.last_error_at = printable(error), self._clock.now()

    def count(self, role: str, name: str, **amounts: float) -> None:
        counters = self.line(role, name).counters
        for key, amount in amounts.items():
            counters[key] = counters.get(key, 0) + amount

    def gauge(self, role: str, name: str, **values: float) -> None:
        self.line(role, name).counters.update(values)

    def lines(self, role: str | None = None) -> Iterator[PartStatus]:
        return (line for line in self._lines.values() if role in (None, line.role))
