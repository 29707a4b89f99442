"""What the API is asked and answers about lists and about the decisions of relays."""

from typing import Annotated

from msgspec import Meta, Struct

from platewire.lists.csv_import import Manner
from platewire.lists.entry import ListEntry
from platewire.lists.settings import ListKind, Mode
from platewire.model import Decision
from platewire.web.shapes import SEQ_MAX, Camera, Limit

Plates = Annotated[
    tuple[Annotated[str, Meta(max_length=60)], ...],
    Meta(min_length=1, max_length=500, description="Plates, however written"),
]


class EntriesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries."""

    after: Annotated[
        str, Meta(max_length=60, description="Only plates after this one, in normal form")
    ] = ""
    limit: Limit = 100
    plate: Annotated[
        Annotated[str, Meta(min_length=1, max_length=20)] | None,
        Meta(description="Only plates that begin so, however written"),
    ] = None


class CheckQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where."""

    camera: Camera = None


class ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How to take a file."""

    apply: Annotated[
        bool, Meta(description="Take the good rows; false: only say what would become of them")
    ] = False
    manner: Annotated[
        Manner, Meta(description="`merge` keeps other entries, `replace` takes them off the list")
    ] = "merge"
    encoding: Annotated[
        Annotated[str, Meta(max_length=40)] | None,
        Meta(description="Of the file; without it, that is found out"),
    ] = None


class DecisionsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which decisions."""

    before: Annotated[
        Annotated[int, Meta(ge=1, le=SEQ_MAX)] | None,
        Meta(description="Only decisions with a lower number"),
    ] = None
    limit: Limit = 100


class EntriesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Entries to put on a list."""

    entries: Annotated[tuple[ListEntry, ...], Meta(min_length=1, max_length=500)]


class PlatesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Plates to take off a list."""

    plates: Plates


class ListView(Struct, frozen=True, kw_only=True):
    """A list as the configuration has it, and how long it is."""

    name: Annotated[str, Meta(description="Configured name of the list")]
    kind: Annotated[ListKind, Meta(description="What standing on it means")]
    mode: Annotated[Mode, Meta(description="How loosely plates may match")]
    entries: Annotated[int, Meta(description="How many plates are on it")]


class ListViews(Struct, frozen=True):
    """All lists."""

    lists: tuple[ListView, ...]


class ListEntryPage(Struct, frozen=True):
    """Some entries, by plate."""

    entries: tuple[ListEntry, ...]
    next: Annotated[str | None, Meta(description="Where the next page is; null: no more")]


class ListChange(Struct, frozen=True):
    """What became of entries that were put on a list, or plates taken off it."""

    added: Annotated[int, Meta(description="Plates that were not on the list before")] = 0
    changed: Annotated[int, Meta(description="Plates that were, whose entry is another now")] = 0
    removed: Annotated[int, Meta(description="Plates that were, and are off it now")] = 0


class Standing(Struct, frozen=True, kw_only=True):
    """A list that knows a plate."""

    list: Annotated[str, Meta(description="Name of the list")]
    kind: Annotated[str, Meta(description="Kind of the list")]
    mode: Annotated[str, Meta(description="How the plate matched")]
    entry: Annotated[str, Meta(description="The plate as it is written on the list")]
    holds: Annotated[bool, Meta(description="Whether the entry holds here and now")]
    reason: Annotated[str, Meta(description="Why it does not; empty where it does")]


class Standings(Struct, frozen=True):
    """All lists that know a plate."""

    plate: Annotated[str, Meta(description="The plate in normal form")]
    lists: tuple[Standing, ...]


class NumberedDecision(Struct, frozen=True):
    """A decision and its number in the relay's book."""

    number: Annotated[int, Meta(description="Rising; tells one decision from another")]
    decision: Decision


class DecisionPage(Struct, frozen=True):
    """Decisions of one relay, newest first."""

    decisions: tuple[NumberedDecision, ...]
    next: Annotated[str | None, Meta(description="Where the next page is; null: no more")]
