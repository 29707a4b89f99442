"""Parses the filters of a search.

Shared by the API, the command line and the exports: the default way to match plates, and the
periods that `day`, `since` and `until` mean at the site (see `runtime.site_time`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, tzinfo
from typing import Any

from platewire.database.search.passage_search import SearchFilters
from platewire.database.search.plate_pattern import Match, PlatePattern, plate_pattern
from platewire.model import Direction
from platewire.runtime.site_time import (
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """The filters as text, by the names that options and parameters have; None: not given."""

    plate: str | None = None
    match: Match | None = None
    since: str | None = None
    until: str | None = None
    day: str | None = None
    camera: str | None = None
    country: str | None = None
    color: str | None = None
    type: str | None = None
    direction: Direction | None = None
    list: str | None = None
    open: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "SearchRequest":
        """From options or parameters; others than filters are left out."""
        return cls(**{field.name: given[field.name] for field in fields(cls)})

    def filters(self, zone: tzinfo, now: datetime) -> SearchFilters:
        """`zone` is the site's. RequestError for an invalid parameter."""
        since, until = self._period(zone, now)
        return SearchFilters(
            plate=pattern_of(self.plate, self.match),
            since=since,
            until=until,
            camera=self.camera,
            country=None if self.country is None else self.country.upper(),
            color=self.color,
            type=self.type,
            direction=self.direction,
            list=self.list,
            open_only=self.open,
        )

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
