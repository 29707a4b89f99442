"""What can be set of a list. Its entries are data: they are in the lists' file, not here."""

import enum
from typing import Annotated, Literal

from msgspec import Meta, Struct

FILE_NAME = "lists.db"
"""In the log's folder, beside the event log's own file."""


class ListKind(enum.StrEnum):
    ALLOW = "allow"
    BLOCK = "block"
    WATCH = "watch"


class Mode(enum.StrEnum):
    """How a plate may match; each takes what those before it take."""

    EXACT = "exact"
    LOOK_ALIKE = "look_alike"
    ONE_EDIT = "one_edit"


EventField = Literal["group", "card", "holder", "note"]
"""Fields of an entry that events may contain, beside its plate."""
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")]


class ListSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plate list. Manage its entries with `platewire lists`."""

    name: Annotated[
        Name, Meta(description="Name of the list, unique in the file", examples=["staff"])
    ]
    kind: Annotated[
        ListKind,
        Meta(
            description="`allow`: may open a gate; `block`: never opens a gate, even if the plate "
            "is also on another list; `watch`: reported in events only",
            examples=["allow"],
        ),
    ]
    mode: Annotated[
        Mode,
        Meta(
            description="`exact`; `look_alike`: also with characters that look alike (O and 0, B "
            "and 8); `one_edit`: also with one character wrong, missing or too many. Gates open "
            "on exact matches only, in every mode"
        ),
    ] = Mode.EXACT
    event_fields: Annotated[
        tuple[EventField, ...],
        Meta(
            description="Fields of an entry that are included in events, and so visible to every "
            "output and reader: `group`, `card`, `holder`, `note`. Holders and notes are "
            "personal data: include them only if all receivers may see them"
        ),
    ] = ("group", "card")
