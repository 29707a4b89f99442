"""Published state of one open passage: images and list matches.

The passage package stores the reads of a passage; this is the rest. Both are stored together as the
camera's open passages, so that a restart continues from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

from platewire.errors import PlatewireError
from platewire.model import Images, ListHit
from platewire.runtime import wrong_value


@dataclass(slots=True)
class PassageRecord:
    images: Images | None = None
    """Pictures last published; None before there were any."""
    pictured_frame: int | None = None
    """Number of the frame they show; None after a restart, when frames are counted anew."""
    hits: tuple[ListHit, ...] | None = None
    """List entries last published; None before the lists were looked up."""
    looked_up: str | None = None
    """The plate that these were looked up for, by `list_lookup.key_of`; None where the next event
    has to look it up."""
    named: tuple[str, ...] = ()
    """Lists that any event has named."""

    @property
    def withdrawn(self) -> tuple[str, ...]:
        """Lists of earlier events that the plate is not on, if known."""
        hits = {hit.name for hit in self.hits or ()}
        named = self.named if self.looked_up is not None else ()
        return tuple(name for name in named if name not in hits)


Records = dict[UUID, PassageRecord]
"""By passage id."""


class OpenState(msgspec.Struct, frozen=True):
    """A camera's open passages as the log stores them; each mapping is by passage id."""

    passages: bytes
    """As `Passages.dump` gives them."""
    images: dict[UUID, Images]
    lists: dict[UUID, tuple[ListHit, ...]] = {}
    texts: dict[UUID, str] = {}
    named: dict[UUID, tuple[str, ...]] = {}


def encode(passages: bytes, records: Mapping[UUID, PassageRecord]) -> bytes:
    state = OpenState(
        passages,
        images={key: each.images for key, each in records.items() if each.images is not None},
        lists={key: each.hits for key, each in records.items() if each.hits is not None},
        texts={key: each.looked_up for key, each in records.items() if each.looked_up is not None},
        named={key: each.named for key, each in records.items() if each.hits is not None},
    )
    return msgspec.msgpack.encode(state)


def decode(stored: bytes) -> tuple[bytes, Records]:
    """The passages and their records. Raises PlatewireError for corrupted bytes."""
    try:
        state = msgspec.msgpack.decode(stored, type=OpenState)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = wrong_value.reason(error, stored, OpenState, msgspec.msgpack.decode)
        raise PlatewireError(
            f"the stored open passages are corrupted ({why}); restore a backup"
        ) from error
    keys = dict.fromkeys((*state.images, *state.lists))
    records = {key: _record(state, key) for key in keys}
    return state.passages, records


def _record(state: OpenState, key: UUID) -> PassageRecord:
    hits = state.lists.get(key)
    # Before `named` was stored, the lists last published were all that is known.
    named = state.named.get(key, tuple(hit.name for hit in hits or ()))
    return PassageRecord(
        images=state.images.get(key), hits=hits, looked_up=state.texts.get(key), named=named
    )
