"""Names that are never given twice: UUIDv7 for events and passages, a rising number for carID.

UUIDv7 as in RFC 9562, section 5.7: 48 bits of Unix milliseconds, then random bits.
"""

import secrets
from collections.abc import Callable
from uuid import UUID

from platewire.runtime.clock import Clock, milliseconds


def uuid7(unix_ms: int, random_bits: int) -> UUID:
    """A UUIDv7 of 48 bits time and 74 random bits (more bits are cut off)."""
    random_a = (random_bits >> 62) & 0xFFF
    random_b = random_bits & ((1 << 62) - 1)
    value = (unix_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b
    return UUID(int=value)


class Identities:
    """Gives out event ids, passage ids and passage numbers; one per running server.

    Passage numbers start from the Unix milliseconds of the start or from the log's last one plus
    one, whichever is larger, and rise by one: they fit 63 bits and are never reused, even when
    the clock was set back in between.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        last_number: int = 0,
        randbits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._clock = clock
        self._randbits = randbits
        self._next_number = max(milliseconds(clock.now()), last_number + 1)

    def event(self) -> UUID:
        return uuid7(milliseconds(self._clock.now()), self._randbits(74))

    def passage(self) -> tuple[UUID, int]:
        number = self._next_number
        self._next_number += 1
        return self.event(), number
