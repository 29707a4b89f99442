"""Parses the filters of a search.

Shared by the API, the command line and the exports: the default way to match plates, and the
periods that `day`, `since` and `until` mean at the site (see `runtime.site_time`).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Any, Self

from msgspec import Meta

from platewire.database.search.filters import PassageFilters, SearchFilters
from platewire.database.search.plate_pattern import TEXT_MAX, Match, PlatePattern, plate_pattern
from platewire.runtime.site_time import (
    TIME_FORMS,
    day_begins,
    is_ambiguous,
    parse_day,
    parse_time,
    put_forward,
)


class RequestError(ValueError):
    """An invalid parameter; `name` is the parameter's."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


PlateText = Annotated[
    Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)] | None,
    Meta(
        description="Only matching plates; case, spaces and dashes are ignored, and Cyrillic and "
        "Greek letters equal the Latin letters that look the same",
    ),
]
MatchMode = Annotated[
    Match | None,
    Meta(
        description="How `plate` is compared: `wildcard` knows `*` and `?`; `similar` treats "
        "look-alikes (O and 0, B and 8 ...) as equal; `one_edit` allows one "
        "different character. Default: `wildcard` if `plate` contains `*` or `?`, "
        "else `prefix`"
    ),
]


class SearchRequest(PassageFilters, frozen=True):
    """Which passages match, as text; None: not given.

    Not `kw_only`, so that these fields come before the inherited ones.
    """

    plate: PlateText = None
    match: MatchMode = None
    day: Annotated[
        str | None,
        Meta(description="First seen on this day in site time: `today`, `yesterday`, 2026-01-31"),
    ] = None
    since: Annotated[
        str | None, Meta(description=f"First seen at or after this time: {TIME_FORMS}")
    ] = None
    until: Annotated[
        str | None,
        Meta(description=f"First seen before this time; a day means its end: {TIME_FORMS}"),
    ] = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From the options of a command; others than filters are left out."""
        return cls(**{name: options[name] for name in cls.__struct_fields__})

    def filters(self, zone: tzinfo, now: datetime) -> SearchFilters:
        """`zone` is the site's. RequestError for an invalid parameter."""
        since, until = self._period(zone, now)
        same = {name: getattr(self, name) for name in PassageFilters.__struct_fields__}
        same["country"] = None if self.country is None else self.country.upper()
        plate = pattern_of(self.plate, self.match)
        return SearchFilters(plate=plate, since=since, until=until, **same)

    def _period(self, zone: tzinfo, now: datetime) -> tuple[datetime | None, datetime | None]:
        if self.day is not None:
            if self.since is not None or self.until is not None:
                raise RequestError("day", "day excludes since and until; use one of them")
            return day_of(self.day, zone, now)
        since = None if self.since is None else moment_of("since", self.since, zone, now)
        until = None if self.until is None else moment_of("until", self.until, zone, now, end=True)
        if since is not None and until is not None and until <= since:
            said = f"until = {self.until!r} is not after since = {self.since!r}"
            raise RequestError("until", said + self._clock_change(since, until, zone))
        return since, until

    def _clock_change(self, since: datetime, until: datetime, zone: tzinfo) -> str:
        """Why a period that looks right holds nothing."""
        if since == until and self.since != self.until and put_forward(since, zone):
            return ": the site's clock is put forward then and shows no time between them"
        if is_ambiguous(until, zone):
            return (
                ": the site's clock shows that hour twice, and the first is meant; add an offset, "
                "as in 2026-10-25T02:30+01:00"
            )
        return ""


def pattern_of(plate: str | None, match: Match | None) -> PlatePattern | None:
    """Without a `match`: a wildcard where there is `*` or `?`, else how the plate begins."""
    if plate is None:
        if match is not None:
            raise RequestError("match", "match requires plate; add plate, or remove match")
        return None
    if match is None:
        match = Match.WILDCARD if re.search(r"[*?]", plate) else Match.PREFIX
    try:
        return plate_pattern(plate, match)
    except ValueError as error:
        raise RequestError("plate", f"plate = {plate!r}: {error}") from error


def day_of(text: str, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    """Midnight to midnight at the site, 23 to 25 hours; RequestError for what is no day."""
    try:
        day = parse_day(text, zone, now)
    except ValueError as error:
        raise RequestError("day", f"day: {error}") from error
    return day_begins(day, zone), day_begins(day + timedelta(days=1), zone)


def moment_of(name: str, text: str, zone: tzinfo, now: datetime, *, end: bool = False) -> datetime:
    """As `parse_time`; `name` is the parameter's, for the RequestError."""
    try:
        return parse_time(text, zone, now, end=end)
    except ValueError as error:
        raise RequestError(name, f"{name}: {error}") from error
