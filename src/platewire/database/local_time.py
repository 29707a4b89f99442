"""The site's UTC offsets as a table of periods, for readers that do not support time zones.

The views add the offset to a UTC time. The table is written when platewire starts: past periods
stay unchanged, also if the site's time zone is changed; future periods are replaced each time,
because time zone rules change.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from platewire.runtime.clock import milliseconds
from platewire.runtime.site_time import minutes_to_change, offset_minutes

FIRST_MS = -62_135_596_800_000
"""0001-01-01: before everything."""
FROM = datetime(2000, 1, 1, tzinfo=UTC)
YEARS_AHEAD = 10
"""Years of offsets from UTC that are stored in advance; rules farther ahead change before they
apply."""
STEP = timedelta(days=7)
"""Shorter than any two changes of a zone are apart."""


class Period(NamedTuple):
    from_ms: int
    minutes: int
    """East of UTC."""


def periods(zone: str, until: datetime) -> list[Period]:
    """Of all times, as they are known from 2000 to `until`, a moment in UTC."""
    info = ZoneInfo(zone)
    days = [FROM + STEP * n for n in range((until - FROM) // STEP + 1)]
    found = [Period(FIRST_MS, offset_minutes(info, FROM))]
    for before, after in pairwise(days):
        if offset_minutes(info, before) != (minutes := offset_minutes(info, after)):
            found.append(Period(_change(info, before, after), minutes))
    return found


def renewed(
    kept: Sequence[Period], zone: str, now: datetime, *, first_time: bool
) -> Sequence[Period]:
    """What the table has to hold. `kept` is what it holds, rising; `first_time` says that no zone
    was ever told: then all of the past is taken to have been in it."""
    known = periods(zone, now.replace(month=1, day=1) + timedelta(days=366 * YEARS_AHEAD))
    if first_time:
        return known
    now_ms = milliseconds(now)
    past = [period for period in kept if period.from_ms <= now_ms]
    current = [period for period in known if period.from_ms <= now_ms][-1]
    if past[-1].minutes != current.minutes:
        past.append(Period(now_ms, current.minutes))
    return [*past, *(period for period in known if period.from_ms > now_ms)]


def _change(info: ZoneInfo, before: datetime, after: datetime) -> int:
    """The first minute, in milliseconds, at which the offset is that of `after`."""
    return milliseconds(before + timedelta(minutes=minutes_to_change(info, before, after)))
