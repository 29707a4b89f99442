"""The scope in which events are sent in order: a passage, a camera or the whole site. Pure."""

from typing import NamedTuple
from uuid import UUID
from zlib import crc32

from platewire.model import Event
from platewire.outputs.output import OrderedBy, OutputSettings

Key = UUID | str
"""Events of one key are sent in order."""
EVERYTHING = "site"


class Order(NamedTuple):
    by: OrderedBy = "passage"
    wait_seconds: float | None = None
    """How long a failing event delays the others of its scope; None: it only delays its passage."""

    @classmethod
    def of(cls, settings: OutputSettings) -> "Order":
        if settings.order == "passage":
            return cls()
        return cls(settings.order, settings.order_wait_seconds)

    def key(self, event: Event) -> Key:
        if self.by == "passage":
            return event.passage
        return event.camera if self.by == "camera" else EVERYTHING

    def lanes(self, most: int) -> int:
        return 1 if self.by == "site" else most


def lane_of(key: Key, lanes: int) -> int:
    """The same after a restart."""
    number = key.int if isinstance(key, UUID) else crc32(key.encode())
    return number % lanes
