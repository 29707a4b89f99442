"""What people and programs ask for, as text -> what is wanted of the database.

The one place where the words of the API, the command line and the exports get their meaning: how
plates are matched when nobody says how, and which moment a date means at the site.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from platewire.database.passage_search import Wanted
from platewire.database.plate_pattern import Match, PlatePattern, plate_pattern
from platewire.model import Direction

AGO = re.compile(r"-?(\d{1,6})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class AskedError(ValueError):
    """`name` is the parameter that was wrong."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """As it was given; None for what was not."""

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

    def wanted(self, zone: tzinfo, now: datetime) -> Wanted:
        """`zone` is the site's. AskedError for what cannot be meant."""
        since, until = self._period(zone, now)
        return Wanted(
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
                raise AskedError("day", "give day, or since and until, not both")
            return day_of(self.day, zone, now)
        since = None if self.since is None else moment_of("since", self.since, zone, now)
        until = None if self.until is None else moment_of("until", self.until, zone, now)
        if since is not None and until is not None and until <= since:
            raise AskedError("until", f"until = {self.until!r} is not after since = {self.since!r}")
        return since, until


def pattern_of(plate: str | None, match: Match | None) -> PlatePattern | None:
    """Without a `match`: a wildcard where there is `*` or `?`, else how the plate begins."""
    if plate is None:
        if match is not None:
            raise AskedError("match", "match says how plates are compared; give plate, too")
        return None
    if match is None:
        match = Match.WILDCARD if re.search(r"[*?]", plate) else Match.PREFIX
    try:
        return plate_pattern(plate, match)
    except ValueError as error:
        raise AskedError("plate", f"plate = {plate!r}: {error}") from error


def day_of(text: str, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    """Midnight to midnight at the site: 23 to 25 hours. `today`, `yesterday` or 2026-01-31."""
    try:
        found = _date(text, zone, now)
    except ValueError:
        found = None
    if found is None or not date.min < found < date.max:
        raise AskedError("day", f"day = {text!r} is no day: today, yesterday or like 2026-01-31")
    return _midnight(found, zone), _midnight(found + timedelta(days=1), zone)


def moment_of(name: str, text: str, zone: tzinfo, now: datetime) -> datetime:
    """A time (without an offset: at the site), a day for its beginning, or like 24h: so long ago.

    `name` is the parameter's, for the AskedError.
    """
    try:
        if ago := AGO.fullmatch(text):
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        if (day := _date(text, zone, now)) is not None:
            return _midnight(day, zone)
        # A plus sign in an address that was not quoted arrives as a space.
        quoted = re.sub(r"(T.*) (\d\d:\d\d)$", r"\1+\2", text)
        moment = datetime.fromisoformat(quoted)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment.astimezone(now.tzinfo)
    except (ValueError, OverflowError) as error:
        raise AskedError(
            name,
            f"{name} = {text!r} is no time: write it like 2026-01-31T08:00:00Z, 2026-01-31, today, "
            "yesterday or 24h",
        ) from error


def zone_of(name: str) -> tzinfo:
    """Of a configured site, whose name has been checked."""
    return ZoneInfo(name)


def _date(text: str, zone: tzinfo, now: datetime) -> date | None:
    today = now.astimezone(zone).date()
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))
