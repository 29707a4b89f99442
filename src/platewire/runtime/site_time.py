"""Times as people type them and as they read them, in the site's time zone. Pure.

The one grammar of the command line, the API and the exports:

    now  today  yesterday                  the days from their first moment on
    90min  24h  7d                         so long ago; a day counts 24 hours
    2026-01-31                             a day of the site, from its first moment on
    2026-01-31T08:00  2026-01-31 08:00:05  the site's clock; fractions of a second may follow
    2026-01-31T08:00:00Z  ...+01:00        RFC 3339, with an offset

A day that ends a period means the end of that day. When clocks go back, a local time comes twice
and means the earlier one; when they go forward, a skipped one means the moment after the gap. An
offset tells the two apart, and `print_time` writes one wherever it is needed, so that what is
printed is read as the same moment.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

AGO = re.compile(r"(\d{1,6})(min|h|d)", re.ASCII)
UNITS = {"min": "minutes", "h": "hours", "d": "days"}
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A plus sign in an address that was not quoted arrives as a space.
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{1,9})?)?)"
    r"(?:([Zz])|([-+ ])(\d\d:\d\d))?",
    re.ASCII,
)
TIME_FORMS = (
    "`2026-01-31T08:00` in site time, `2026-01-31T08:00:00Z`, a day, `now`, `today`, "
    "`yesterday`, or an age: `90min`, `24h`, `7d`"
)
"""The grammar in one line, for the descriptions of parameters and options."""
TIME_USE = "use 2026-11-30, 2026-11-30T08:00, 24h, today or yesterday"
DAY_USE = "use 2026-11-30, today or yesterday"


def parse_time(text: str, zone: tzinfo, now: datetime, *, end: bool = False) -> datetime:
    """The moment that a text of the grammar means, in UTC.

    `zone` is the site's, `now` an aware time; `end` makes a day mean its end. ValueError says what
    to write instead.
    """
    try:
        if text == "now":
            return now.astimezone(UTC)
        if ago := AGO.fullmatch(text):
            return now.astimezone(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        if (day := _date(text, zone, now)) is not None:
            return day_begins(day + timedelta(days=end), zone)
        return _moment(text, zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"invalid time {text!r}: {TIME_USE}") from error


def parse_day(text: str, zone: tzinfo, now: datetime) -> date:
    """A day of the site: `today`, `yesterday` or 2026-01-31. ValueError says what to write."""
    try:
        day = _date(text, zone, now)
    except ValueError:
        day = None
    if day is None or not date.min < day < date.max:
        raise ValueError(f"invalid date {text!r}: {DAY_USE}")
    return day


def names_day(text: str) -> bool:
    """Whether a text of the grammar is a day rather than a time of day."""
    return text in ("today", "yesterday") or DAY.fullmatch(text) is not None


def day_begins(day: date, zone: tzinfo) -> datetime:
    """The first moment, UTC, of a day whose midnight the clock may skip or show twice."""
    return moment_at(datetime.combine(day, time()), zone)


def print_time(moment: datetime, zone: tzinfo, *, timespec: str = "seconds") -> str:
    """2026-01-31 08:00:05 at the site, with the offset where the clock shows that time twice.

    `timespec` is that of `datetime.isoformat`, for any zone with offsets of whole minutes.
    """
    local = moment.astimezone(zone)
    shown = local if is_ambiguous(moment, zone) else local.replace(tzinfo=None)
    return shown.isoformat(sep=" ", timespec=timespec)


def is_ambiguous(moment: datetime, zone: tzinfo) -> bool:
    """Whether the site's clock shows the local time of this moment twice."""
    local = moment.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def moment_at(local: datetime, zone: tzinfo, *, last: bool = False) -> datetime:
    """The moment, UTC, from which on the site's clock shows `local` (naive) or later.

    In autumn a clock shows an hour twice: the first moment is meant, or the `last` one. In spring
    it leaves one out: all of that hour is the moment at which the clock is put forward.
    """
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    minute = second.replace(second=0, microsecond=0)
    return minute + timedelta(minutes=minutes_to_change(zone, minute, first))


def put_forward(moment: datetime, zone: tzinfo) -> bool:
    """Whether the site's clock leaves out time at this moment."""
    return offset_minutes(zone, moment) > offset_minutes(zone, moment - timedelta(minutes=1))


def offset_minutes(zone: tzinfo, moment: datetime) -> int:
    """East of UTC, rounded down."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return offset // timedelta(minutes=1)


def minutes_to_change(zone: tzinfo, before: datetime, after: datetime) -> int:
    """From `before` to the first minute at which the offset is that of `after`."""
    low, high = 0, (after - before) // timedelta(minutes=1)
    wanted = offset_minutes(zone, after)
    while low < high:
        middle = (low + high) // 2
        if offset_minutes(zone, before + timedelta(minutes=middle)) == wanted:
            high = middle
        else:
            low = middle + 1
    return low


def _date(text: str, zone: tzinfo, now: datetime) -> date | None:
    if text in ("today", "yesterday"):
        return now.astimezone(zone).date() - timedelta(days=text == "yesterday")
    return date.fromisoformat(text) if DAY.fullmatch(text) else None


def _moment(text: str, zone: tzinfo) -> datetime:
    match = TIME.fullmatch(text)
    if match is None:
        raise ValueError
    day, clock, utc, sign, offset = match.groups()
    local = datetime.fromisoformat(f"{day}T{clock}")
    if utc is None and offset is None:
        return moment_at(local, zone)
    east = timedelta() if utc else _offset(offset)
    return (local - (-east if sign == "-" else east)).replace(tzinfo=UTC)


def _offset(text: str) -> timedelta:
    hours, minutes = int(text[:2]), int(text[3:])
    if hours > 23 or minutes > 59:
        raise ValueError
    return timedelta(hours=hours, minutes=minutes)
