"""What can be set of a list. Its entries are data: they are in the lists' file, not here."""

import enum
from typing import Annotated

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


Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]


class ListSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list of plates. `platewire lists` fills it."""

    name: Annotated[Name, Meta(description="Name of the list, unique in the file")]
    kind: Annotated[
        ListKind,
        Meta(
            description="`allow`: may open a gate; `block`: never opens one, whatever else the "
            "plate stands on; `watch`: is told in events, and decides nothing"
        ),
    ]
    mode: Annotated[
        Mode,
        Meta(
            description="`exact`; `look_alike`: also with characters that look alike (O and 0, B "
            "and 8); `one_edit`: also with one character wrong, missing or too many. Gates open "
            "on exact matches only, whatever stands here"
        ),
    ] = Mode.EXACT
