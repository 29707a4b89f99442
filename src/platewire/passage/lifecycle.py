"""The state machine of a passage in one table: states, transitions, and what each publishes.

The table is data; the diagram in docs/passages.md is checked against it. It does not say when a
happening occurs: confirmation, correction and silence are found in `passages.py`.
"""

import enum
from typing import NamedTuple

from platewire.model import Kind


class State(enum.StrEnum):
    HELD = "held"
    """Read too seldom to be shown."""
    OPEN = "open"
    """Shown by `new`."""
    GONE = "gone"


class Happening(enum.StrEnum):
    READ = "read"
    """A read that changes nothing to be told."""
    CONFIRMED = "confirmed"
    """The read after the results held back."""
    CHANGED = "changed"
    """A published field that matters has another value."""
    SILENT = "silent"
    """Nothing read for `lost_after`, or the recording ended."""
    FORGOTTEN = "forgotten"
    """Never confirmed, and not to be told; or found to be another text of an open passage."""


class Move(NamedTuple):
    to: State
    emits: tuple[Kind, ...]


MOVES = {
    (State.HELD, Happening.READ): Move(State.HELD, ()),
    (State.HELD, Happening.CONFIRMED): Move(State.OPEN, (Kind.NEW,)),
    (State.HELD, Happening.SILENT): Move(State.GONE, (Kind.NEW, Kind.LOST)),
    (State.HELD, Happening.FORGOTTEN): Move(State.GONE, ()),
    (State.OPEN, Happening.READ): Move(State.OPEN, ()),
    (State.OPEN, Happening.CHANGED): Move(State.OPEN, (Kind.UPDATED,)),
    (State.OPEN, Happening.SILENT): Move(State.GONE, (Kind.LOST,)),
}


class IllegalMove(RuntimeError):
    """An invalid transition: a fault in the program, never in the input."""


def move(state: State, happening: Happening) -> Move:
    """What the table says; IllegalMove where it says nothing."""
    try:
        return MOVES[state, happening]
    except KeyError:
        raise IllegalMove(f"a passage that is {state} cannot be {happening}") from None
