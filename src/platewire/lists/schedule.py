"""When an entry is valid: its first and last day, weekdays and hours, in site time. Pure.

Input is converted to one form, which is stored and exported, and evaluated only when a plate
matches: so a changed time zone, or a new rule of daylight saving time, applies immediately.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from platewire.runtime.site_time import moment_at, names_day, parse_day, parse_time

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
"""Minutes in a day."""
SPELLINGS_KEPT = 4096
"""The rows of a file repeat each other's schedules."""
_HOURS = re.compile(r"(\d{1,2})[:.](\d\d)\s*[-–—]\s*(\d{1,2})[:.](\d\d)")


@lru_cache(SPELLINGS_KEPT)
def bound(text: str) -> str:
    """A day, or a local time to the minute: 2026-01-31, 2026-01-31T08:00. ValueError otherwise.

    31.01.2026 is taken too, as spreadsheets write it.
    """
    turned = re.sub(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})", _turned, text)
    moment = datetime.fromisoformat(turned)
    if moment.tzinfo is not None or not 1970 <= moment.year <= 9998:
        raise ValueError
    if len(turned) <= len("2026-01-31"):
        return moment.date().isoformat()
    if moment.second or moment.microsecond:
        raise ValueError
    return moment.isoformat(timespec="minutes")


def typed_bound(text: str, zone: ZoneInfo, now: datetime) -> str:
    """A time as a person types it (see `runtime.site_time`), as `bound` takes it: a day stays a
    day, anything else is the site's local time, to the minute where it is counted from `now`.
    ValueError says what to write instead."""
    minute = now.replace(second=0, microsecond=0)
    if names_day(text):
        return parse_day(text, zone, minute).isoformat()
    return parse_time(text, zone, minute).astimezone(zone).replace(tzinfo=None).isoformat()


def _turned(match: re.Match[str]) -> str:
    return f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}"


@lru_cache(SPELLINGS_KEPT)
def weekdays(text: str) -> str:
    """`mon-fri`, `1-5`, `sat sun`, `fri-mon` and so on, as `mon,tue`; all seven as nothing."""
    chosen: set[int] = set()
    for part in re.split(r"[,;|\s]+", re.sub(r"\s*-\s*", "-", text.strip().lower())):
        first, dash, last = part.partition("-")
        start, end = _day(first), _day(last if dash else first)
        chosen |= {day % 7 for day in range(start, end + (7 if end < start else 0) + 1)}
    return "" if len(chosen) == len(DAYS) else ",".join(DAYS[day] for day in sorted(chosen))


def _day(text: str) -> int:
    if text.isdecimal():
        text = dict(enumerate(DAYS, 1)).get(int(text), "")
    return DAYS.index(text[:3] if text.endswith("day") else text)


@lru_cache(SPELLINGS_KEPT)
def hours(text: str) -> str:
    """`8:00 - 18:00` as 08:00-18:00; over midnight where it ends earlier; to 24:00 at the most."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError
    if start == end:
        raise ValueError
    return f"{_clock(start)}-{_clock(end)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def begins(text: str, zone: ZoneInfo) -> datetime:
    """The first moment of a bound. Of a local time that comes twice, the earlier; of one that is
    skipped, the moment of the change."""
    return moment_at(datetime.fromisoformat(text), zone)


def ends(text: str, zone: ZoneInfo) -> datetime:
    """The first moment after a bound: midnight after a day, or that minute. Of a local time that
    comes twice, the later; of one that is skipped, the moment of the change.
    forward."""
    if len(text) == len("2026-01-31"):
        return moment_at(
            datetime.combine(date.fromisoformat(text) + timedelta(days=1), time()), zone
        )
    return moment_at(datetime.fromisoformat(text), zone, last=True)


@lru_cache(SPELLINGS_KEPT)
def in_order(first: str, last: str) -> bool:
    """Whether anything lies between two bounds."""
    zone = ZoneInfo("UTC")
    return begins(first, zone) < ends(last, zone)


def in_hours(local: datetime, days: str, span: str) -> bool:
    """Whether weekdays and hours hold at a local time. Hours over midnight belong to the day on
    which they begin. As local time counts, the hour that is repeated in autumn holds both times,
    and of the one that is left out in spring nothing is."""
    chosen = days.split(",") if days else DAYS
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    if not span:
        return today in chosen
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in span.split("-"))
    now = local.hour * 60 + local.minute
    if start < end:
        return today in chosen and start <= now < end
    return (today in chosen and now >= start) or (yesterday in chosen and now < end)
