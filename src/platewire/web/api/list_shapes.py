"""Requests and responses of the API for plate lists and relay decisions."""

from typing import Annotated

from msgspec import Meta, Struct

from platewire.access import Decision
from platewire.lists.entry import ListEntry
from platewire.lists.file_import import Manner
from platewire.lists.files.dates import Order
from platewire.lists.settings import ListKind, Mode
from platewire.web.api.shapes import SEQ_MAX, Camera, Limit

Plates = Annotated[
    tuple[Annotated[str, Meta(max_length=60)], ...],
    Meta(min_length=1, max_length=500, description="Plates, in any notation"),
]


Heading = Annotated[str, Meta(min_length=1, max_length=200)]


class EntriesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries to list."""

    after: Annotated[
        str, Meta(max_length=60, description="Only plates after this one, in normalized form")
    ] = ""
    limit: Limit = 100
    plate: Annotated[
        Annotated[str, Meta(min_length=1, max_length=20)] | None,
        Meta(description="Only plates that start with this, in any notation"),
    ] = None


class CheckQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where."""

    camera: Camera = None


class ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How to import a file."""

    apply: Annotated[bool, Meta(description="Import the valid rows; false: preview only")] = False
    manner: Annotated[
        Manner, Meta(description="`merge` keeps the other entries, `replace` removes them")
    ] = "merge"
    encoding: Annotated[
        Annotated[str, Meta(max_length=40)] | None,
        Meta(description="Encoding of a text file; default: detected"),
    ] = None
    sheet: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="Sheet of a workbook with several sheets"),
    ] = None
    column: Annotated[
        tuple[Heading, ...],
        Meta(
            max_length=20,
            description="`FIELD=HEADING`: assigns a field to a column, by heading or by number "
            "from 1; may be repeated",
        ),
    ] = ()
    ignore_column: Annotated[
        tuple[Heading, ...],
        Meta(
            max_length=100,
            description="Heading of a column to ignore although it may limit the validity of "
            "entries; may be repeated",
        ),
    ] = ()
    no_headings: Annotated[bool, Meta(description="The first row is an entry, not a heading")] = (
        False
    )
    date_order: Annotated[
        Order | None,
        Meta(description="Which part comes first in dates such as 01/02/2027; default: detected"),
    ] = None
    allow_rejected: Annotated[
        bool, Meta(description="Replace the list even if most rows are rejected")
    ] = False


class DecisionsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which decisions to list."""

    before: Annotated[
        Annotated[int, Meta(ge=1, le=SEQ_MAX)] | None,
        Meta(description="Only decisions with a lower number"),
    ] = None
    limit: Limit = 100


class EntriesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Entries to add to a list."""

    entries: Annotated[tuple[ListEntry, ...], Meta(min_length=1, max_length=500)]


class PlatesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Plates to remove from a list."""

    plates: Plates


class ListView(Struct, frozen=True, kw_only=True):
    """A configured plate list and its number of entries."""

    name: Annotated[str, Meta(description="Configured name of the list")]
    kind: Annotated[ListKind, Meta(description="What an entry on this list means")]
    mode: Annotated[Mode, Meta(description="How plates are compared")]
    entries: Annotated[int, Meta(description="Number of entries")]


class ListViews(Struct, frozen=True):
    """All plate lists."""

    lists: tuple[ListView, ...]


class ListEntryPage(Struct, frozen=True):
    """Entries of a list, sorted by plate."""

    entries: tuple[ListEntry, ...]
    next: Annotated[str | None, Meta(description="URL of the next page; null: last page")]


class ListChange(Struct, frozen=True):
    """The result of adding entries to a list or removing plates from it."""

    added: Annotated[int, Meta(description="Plates added")] = 0
    changed: Annotated[int, Meta(description="Plates whose entry was replaced")] = 0
    removed: Annotated[int, Meta(description="Plates removed")] = 0


class PlateOnList(Struct, frozen=True, kw_only=True):
    """A list that matches a plate."""

    list: Annotated[str, Meta(description="Name of the list")]
    kind: Annotated[str, Meta(description="Kind of the list")]
    mode: Annotated[str, Meta(description="How the plate matched")]
    entry: Annotated[str, Meta(description="The plate as written on the list")]
    holds: Annotated[bool, Meta(description="Whether the entry is valid at this place and time")]
    reason: Annotated[str, Meta(description="Why it is not valid; empty if it is")]


class ListsOfPlate(Struct, frozen=True):
    """All lists that match a plate."""

    plate: Annotated[str, Meta(description="The plate in normalized form")]
    lists: tuple[PlateOnList, ...]


class NumberedDecision(Struct, frozen=True):
    """A relay decision and its number."""

    number: Annotated[int, Meta(description="Increasing number of the decision")]
    decision: Decision


class DecisionPage(Struct, frozen=True):
    """Decisions of one relay, newest first."""

    decisions: tuple[NumberedDecision, ...]
    next: Annotated[str | None, Meta(description="URL of the next page; null: last page")]
