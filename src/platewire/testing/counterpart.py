"""The other side of an output under check: a real receiver that can also misbehave.

A counterpart is a server, a broker, a database, or a client of an output that listens. It states
what it can do beside accepting; what it does not state is not checked.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple

from platewire.model import Kind


class Arrival(NamedTuple):
    """What a counterpart knows of an event that it has accepted."""

    passage_number: int
    kind: Kind
    picture: bytes | None = None
    """The JPEG that came with it; always None where `Counterpart.pictures` is False."""


class Conduct(StrEnum):
    """How a counterpart treats the next event that it is sent."""

    ACCEPT = "accept"
    """Takes it and says so, as from the start."""
    REJECT = "reject"
    """Answers that it will never take this event."""
    BUSY = "busy"
    """Answers that it cannot take it now."""
    NONSENSE = "nonsense"
    """Answers with bytes that its protocol does not know. A client sends such bytes."""
    DIE = "die"
    """Reads it, then cuts the connection without an answer. A client cuts its connection."""
    STALL = "stall"
    """Reads it and never answers. A client stops reading."""


class Counterpart(ABC):
    """Give it an address before the check: start it once and stop it, then build the output."""

    pictures: bool = False
    """Arrivals have the picture that came with the event, and each event is to have one."""
    can: AbstractSet[Conduct] = frozenset()
    """What `behave` supports beside `ACCEPT`."""

    @abstractmethod
    async def start(self) -> None:
        """Begins to accept, at the same address each time. A client connects."""

    @abstractmethod
    async def stop(self) -> None:
        """Cuts its connections and refuses new ones. A client disconnects."""

    @abstractmethod
    async def arrived(self, count: int) -> Sequence[Arrival]:
        """All that it has ever accepted, repeats too, once that is at least `count`."""

    async def behave(self, conduct: Conduct) -> None:
        """Treats the next event so. `STALL` lasts until `ACCEPT`; after any other conduct it
        accepts again by itself, so that an output that retries by itself is found."""
        raise NotImplementedError(f"this counterpart cannot {conduct}; take it out of `can`")
