"""Whether a delivery may send, and what the board shows of it."""

import asyncio

from platewire.delivery.records import ROLE
from platewire.status import Board, State


class Standing:
    def __init__(self, name: str, board: Board) -> None:
        self.name = name
        self.going = asyncio.Event()
        """Cleared while it stands still, until a person lets it go on."""
        self.going.set()
        self.unreadable = False
        """The log cannot be read, whatever else goes well."""
        self._board = board
        self._line = board.line(ROLE, name)

    def begin(self) -> None:
        counters = ("delivered", "retries", "rejected", "expired", "exhausted")
        self._board.count(ROLE, self.name, **dict.fromkeys(counters, 0))

    def say_running(self) -> None:
        if self.unreadable or not self.going.is_set():
            return
        if self._line.state is not State.RUNNING or self._line.message:
            self._board.say(ROLE, self.name, State.RUNNING)

    def say_waiting(self, reason: str) -> None:
        if self.going.is_set():
            self._board.fail(ROLE, self.name, State.WAITING, reason)

    def count_retry(self) -> None:
        self._board.count(ROLE, self.name, retries=1)

    def note(self, error: str) -> None:
        self._board.note(ROLE, self.name, error)

    def pause(self, reason: str) -> None:
        """A person asks for it, so nothing has failed."""
        self.going.clear()
        self._board.say(ROLE, self.name, State.PAUSED, reason)

    def stand_still(self, state: State, reason: str) -> None:
        self.going.clear()
        self._board.fail(ROLE, self.name, state, reason)

    def resume(self, *, connected: bool) -> None:
        self._board.say(ROLE, self.name, State.RUNNING if connected else State.STARTING)
        self.going.set()
