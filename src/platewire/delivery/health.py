"""Whether a delivery may send, and what the board shows of it."""

import asyncio
from collections.abc import Callable

from platewire.delivery.records import ROLE
from platewire.runtime.status import Board, State


class Health:
    def __init__(self, name: str, board: Board, failure: Callable[[], str]) -> None:
        """`failure`: what the output itself reports, empty if nothing."""
        self.name = name
        self._failure = failure
        self.alarm = ""
        """What the delivery itself wants looked at."""
        self._seen = ""
        """The failure that an operator has seen."""
        self._still = (State.PAUSED, "")
        self.going = asyncio.Event()
        """Cleared while it stands still, until a person lets it go on."""
        self.going.set()
        self.unreadable = False
        """The log cannot be read, whatever else goes well."""
        self.notice = ""
        """What a person should know though all goes well."""
        self._board = board
        self._line = board.line(ROLE, name)

    def begin(self) -> None:
        counters = ("delivered", "retries", "rejected", "expired", "exhausted")
        self._board.count(ROLE, self.name, **dict.fromkeys(counters, 0))

    def say_running(self) -> None:
        if self.unreadable or not self.going.is_set():
            return
        if (failure := self._failure() or self.alarm) and failure != self._seen:
            self._board.fail(ROLE, self.name, State.FAILED, failure)
        elif self._line.state is not State.RUNNING or self._line.message != self.notice:
            self._board.say(ROLE, self.name, State.RUNNING, self.notice)

    def tell(self, notice: str) -> None:
        """Shown from now on while all goes well."""
        self.notice = notice
        if self._line.state is State.RUNNING:
            self.say_running()

    def say_waiting(self, reason: str) -> None:
        if self.going.is_set():
            self._board.fail(ROLE, self.name, State.WAITING, reason)

    def say_failed(self, reason: str) -> None:
        """It goes on trying, and a person has to look."""
        if self.going.is_set():
            self._board.fail(ROLE, self.name, State.FAILED, reason)

    def count_retry(self) -> None:
        self._board.count(ROLE, self.name, retries=1)

    def count_loss(self) -> None:
        self._board.count(ROLE, self.name, losses=1)

    def note(self, error: str) -> None:
        self._board.note(ROLE, self.name, error)

    def pause(self, reason: str) -> None:
        """A person asks for it, so nothing has failed."""
        self.going.clear()
        self._still = (State.PAUSED, reason)
        self._board.say(ROLE, self.name, State.PAUSED, reason)

    def stop(self, state: State, reason: str) -> None:
        self.going.clear()
        self._still = (state, reason)
        self._board.fail(ROLE, self.name, state, reason)

    def recovered(self) -> None:
        """What was shown meanwhile is over."""
        if not self.going.is_set():
            self._board.say(ROLE, self.name, *self._still)

    def resume(self, *, connected: bool) -> None:
        self._seen = self._failure() or self.alarm
        self._board.say(ROLE, self.name, State.RUNNING if connected else State.STARTING)
        self.going.set()
