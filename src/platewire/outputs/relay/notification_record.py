"""Passages that a device may have received without confirmation: stored across crashes.

For devices that decide themselves whom they let in. What they answer is not ours to book; a
telling is written down before any byte leaves and forgotten with the answer, so that what stays in
the book is what may have opened.
"""

from collections.abc import Coroutine
from typing import Any

from platewire.access import Decision
from platewire.errors import LogError, Rejected
from platewire.model import Event
from platewire.outputs.output import OutputContext

ROLE = "output"


class NotificationRecord:
    """Of one output. Without a book, as in a test, it only remembers them in memory."""

    def __init__(self, output: str, context: OutputContext) -> None:
        self._name = output
        self._book = context.lists
        self._clock = context.clock
        self._board = context.board

    async def begin(self, event: Event) -> int | None:
        """Rejected where the device may have been told of this passage, or that it is told now
        cannot be written down: it could be told twice."""
        if self._book is None:
            return None
        try:
            if await self._book.last_opened(self._name, passage=event.passage) is None:
                return await self._book.decide(self._telling(event), self._clock.boot())
        except LogError as error:
            raise Rejected(
                f'output "{self._name}": did not send {event.plate.text}, because this cannot '
                f"be stored: {error}"
            ) from error
        raise Rejected(
            f'output "{self._name}": did not send {event.plate.text} again: the gate may have '
            "opened for this passage, but the device did not answer"
        )

    async def answered(self, number: int | None) -> None:
        if self._book is not None and number is not None:
            await self._keep(self._book.forget(number))

    async def unknown(self, number: int | None, reason: str, detail: str) -> None:
        self._board.count(ROLE, self._name, unknown=1)
        if self._book is not None and number is not None:
            await self._keep(
                self._book.settle(number, outcome="unknown", reason=reason, detail=detail)
            )

    async def left_by_a_crash(self) -> int:
        """How many tellings an earlier run began; they are unknown from now on."""
        left = await self._book.unsettled(self._name) if self._book is not None else ()
        for number in left:
            await self.unknown(number, "interrupted", "platewire stopped meanwhile")
        return len(left)

    async def _keep(self, change: Coroutine[Any, Any, None]) -> None:
        """Where it fails, the telling stays in the book as begun: nothing is told twice."""
        try:
            await change
        except LogError as error:
            self._board.note(ROLE, self._name, f'output "{self._name}": {error}')

    def _telling(self, event: Event) -> Decision:
        return Decision(
            output=self._name,
            at=self._clock.now(),
            seq=event.seq,
            passage=event.passage,
            camera=event.camera,
            plate=event.plate.text,
            opened=None,
            reason="told",
            detail="sent to the device, which decides",
            test=event.test,
        )
