"""Days and times as spreadsheets, databases and 1C write them -> the spelling of an entry.

    31.12.2027   31.12.2027 0:00:00   31/12/2027   12/31/2027 11:59 PM   31-Dec-27
    2027-12-31 00:00   46387 (a spreadsheet's count of days)

Unknown forms are not changed: the check of the entry then rejects them with a remedy.
The whole column, or the user, decides between 31/12 and 12/31.
"""

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Literal, get_args

Order = Literal["day-first", "month-first"]
Tell = Callable[[str], None]

CENTURY_FROM = 2000
"""Added to a year of two digits."""
YEAR_MIN, YEAR_MAX = 1970, 9998
"""First and last year of a bound; the last leaves room to add a day."""
TWO_DIGITS_MAX = 69
"""Two digits up to this are a year from 2000 on, as in POSIX; above, the century is ambiguous."""
DAYS_COUNTED = range(25_569, 109_575)
"""Serial dates of a spreadsheet that can be a bound, in days: 1970 to 2199."""
DAY_SECONDS = 24 * 60 * 60
"""Seconds in a day."""
DAY_ZERO = datetime.fromisoformat("1899-12-30")
"""Day 0 of spreadsheets, for all days since March 1900."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LAST_SECOND = time(23, 59, 59)

_TIME = (
    r"(?:[ T,]\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_YEAR = r"(?P<year>\d{4}|\d\d)"
_PARTS = re.compile(r"(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)" + _YEAR + _TIME)
_NAMED = re.compile(r"(?P<a>\d{1,2})[ .-]+(?P<b>[A-Za-z]{3,9})[ .,-]+" + _YEAR + _TIME)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<a>\d{1,2})" + _TIME
)
_FORMS = (_PARTS, _NAMED, _YEAR_FIRST)
_BEGINS = re.compile(r"\d{1,4}[ ./-]")
"""Beginning of all forms, and of few plates: a fast first check."""
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?(\s*[-–—]\s*\d{1,2}:\d\d(:\d\d)?)?")
_COUNTED = re.compile(r"(\d{5,6})(?:\.\d+)?")
_OWN = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d)?")

TWO_DIGITS = "years with two digits are read as 20xx (27 is 2027)"
MIDNIGHT = "an end at 0:00:00 includes the whole day, because programs write days like this"
SECONDS = "seconds are rounded to whole minutes: a start up, an end down"
COUNTED = "numbers in date columns are read as spreadsheet dates (46387 is 2026-12-31)"


@lru_cache(4096)
def evidence(text: str) -> Order | Literal["either", ""]:
    """Order of day and month that a cell proves; empty if it is the same date in both orders."""
    found = _PARTS.fullmatch(text.strip())
    if found is None or found["mark"] == ".":
        return ""
    first, second = int(found["a"]), int(found["b"])
    if first == second:
        return ""
    if first > 12 or second > 12:
        return "day-first" if first > 12 else "month-first"
    return "either"


def is_date(text: str, *, short_years: bool = False) -> bool:
    """Whether a cell can be nothing but a day; years of two digits only where they count too."""
    text = text.strip()
    if not _BEGINS.match(text):
        return False
    for form in _FORMS:
        found = form.fullmatch(text)
        if found and (short_years or len(found["year"]) == 4):
            return any(_moment(found, order) for order in get_args(Order))
    return False


@lru_cache(4096)
def is_time_or_date(text: str) -> bool:
    return _CLOCK.fullmatch(text.strip()) is not None or is_date(text, short_years=True)


def bound(text: str, order: Order, *, end: bool, tell: Tell = lambda said: None) -> str:
    """In the form of an entry; unchanged if unknown. `tell` receives each assumption."""
    spelled, assumed = _bound(text.strip(), order, end)
    for said in assumed:
        tell(said)
    return spelled


@lru_cache(4096)
def _bound(text: str, order: Order, end: bool) -> tuple[str, tuple[str, ...]]:
    if _OWN.fullmatch(text):
        return text, ()
    if counted := _COUNTED.fullmatch(text):
        if int(counted[1]) not in DAYS_COUNTED:
            return text, ()
        told = DAY_ZERO + timedelta(seconds=round(float(text) * DAY_SECONDS))
        spelled, assumed = _spelled(told, timed="." in text, end=end)
        return spelled, (COUNTED, *assumed)
    found = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    moment = _moment(found, order) if found else None
    if found is None or moment is None:
        return text, ()
    spelled, assumed = _spelled(moment, timed=found["hour"] is not None, end=end)
    return spelled, (*((TWO_DIGITS,) if len(found["year"]) == 2 else ()), *assumed)


def _moment(found: re.Match[str], order: Order) -> datetime | None:
    """None for an impossible day or time."""
    parts = found.groupdict()
    day, month = parts["a"], parts["b"]
    if parts.get("mark") in ("/", "-") and found.re is _PARTS and order == "month-first":
        day, month = month, day
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        if year > TWO_DIGITS_MAX:
            return None
        year += CENTURY_FROM
    if not YEAR_MIN <= year <= YEAR_MAX:
        return None
    try:
        return datetime(  # noqa: DTZ001 - the site's local time
            *(year, _month(month), int(day), _hour(parts["hour"], parts["half"])),
            *(int(parts["minute"] or 0), int(parts["second"] or 0)),
        )
    except ValueError:
        return None


def _month(text: str) -> int:
    return int(text) if text.isdecimal() else MONTHS.index(text[:3].lower()) + 1


def _hour(hour: str | None, half: str | None) -> int:
    if not half:
        return int(hour or 0)
    if not 1 <= int(hour or 0) <= 12:
        raise ValueError
    return int(hour or 0) % 12 + (12 if half[0] in "Pp" else 0)


def _spelled(moment: datetime, *, timed: bool, end: bool) -> tuple[str, tuple[str, ...]]:
    """The bound, and the assumptions made."""
    whole_day = moment.time() == time() or (end and moment.time() == LAST_SECOND)
    if not timed or whole_day:
        midnight = timed and end and moment.time() == time()
        return moment.date().isoformat(), (MIDNIGHT,) if midnight else ()
    if not moment.second:
        return moment.isoformat(timespec="minutes"), ()
    rounded = moment.replace(second=0) + timedelta(minutes=0 if end else 1)
    return rounded.isoformat(timespec="minutes"), (SECONDS,)
