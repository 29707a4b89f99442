"""What deliveries write without a flush of their own: it goes along with the next commit."""

from dataclasses import dataclass, field

import apsw

from platewire.eventlog.deliveries import statements
from platewire.eventlog.deliveries.records import Attempt, Ranges

ATTEMPTS_PENDING_MAX = 10_000
"""While nothing can be written, older attempts than these are dropped."""


@dataclass(slots=True)
class PendingDeliveries:
    cursors: dict[str, tuple[int, Ranges]] = field(default_factory=dict)
    unparked: list[tuple[str, int]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cursors or self.unparked or self.attempts)

    def add(self, newer: "PendingDeliveries") -> None:
        self.cursors.update(newer.cursors)
        self.unparked += newer.unparked
        self.attempts += newer.attempts
        del self.attempts[:-ATTEMPTS_PENDING_MAX]

    def put_back(self, older: "PendingDeliveries") -> None:
        """Takes back what could not be written, except what was replaced since."""
        self.cursors = older.cursors | self.cursors
        self.unparked[:0] = older.unparked
        self.attempts[:0] = older.attempts
        del self.attempts[:-ATTEMPTS_PENDING_MAX]

    def write(self, connection: apsw.Connection) -> None:
        """Within the transaction of the writer thread."""
        cursors = ((output, *cursor) for output, cursor in self.cursors.items())
        statements.set_cursors(connection, cursors)
        statements.unpark(connection, self.unparked)
        statements.add_attempts(connection, self.attempts)
