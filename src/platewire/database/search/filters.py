"""The filters of a search: one definition, from which the API's parameters, the options of the
command line and the SQL come.

`PassageFilters` holds those that mean the same as text and in the database. `SearchRequest` adds
the plate and the period as people write them (see `request`), `SearchFilters` as the database
compares them (see `passage_search`).
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from platewire.database.search.plate_pattern import PlatePattern
from platewire.model import Direction


class PassageFilters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A passage matches when its newest event matches every filter that is not None.

    The descriptions appear in the API's schema and in the help of commands.
    """

    camera: Annotated[str | None, Meta(description="Only passages at this camera")] = None
    country: Annotated[
        str | None, Meta(description="Only plates of this country (ISO 3166-1 alpha-2), such as DE")
    ] = None
    color: Annotated[str | None, Meta(description="Only vehicles of this color")] = None
    type: Annotated[str | None, Meta(description="Only vehicles of this type")] = None
    direction: Annotated[Direction | None, Meta(description="Only this direction of travel")] = None
    list: Annotated[str | None, Meta(description="Only plates that matched this list")] = None
    open: Annotated[bool, Meta(description="Only open passages: the vehicle is still in view")] = (
        False
    )


class SearchFilters(PassageFilters, frozen=True, kw_only=True):
    """The filters as the database compares them."""

    plate: PlatePattern | None = None
    since: datetime | None = None
    """First seen then or later."""
    until: datetime | None = None
    """First seen before."""
