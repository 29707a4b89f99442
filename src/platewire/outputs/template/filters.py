"""The filters of the template language, a fixed set. Pure, on JSON values.

Each raises ValueError or TypeError, in words, for what it cannot do.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal
from urllib.parse import quote
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from jinja2.runtime import Undefined

DATE_PARTS = re.compile(r"[^%]|%[aAbBdHIjmMpSwyYfzZ%]")
ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
FORMAT_CHARACTERS_MAX = 200
"""Characters of a time's format: far more than a real one has, too few to take long."""
WIDTH_MAX = 1000
"""Characters to which a value can be padded, at most: far above any fixed-width format."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {
    "seconds": timedelta(seconds=1),
    "milliseconds": timedelta(milliseconds=1),
    "microseconds": timedelta(microseconds=1),
}
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: Any) -> str:
    """As it stands in plain text: null is empty, numbers and truth as in JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | tuple):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise ValueError(f"{kind} cannot be written as text; use a value in it, or `json`")
    return "" if value is None else json(value)


def json(value: Any) -> str:
    """As JSON; characters beyond ASCII as they are."""
    return msgspec.json.encode(known(value)).decode()


def xml(value: Any) -> str:
    """With the five signs of XML escaped; characters that XML cannot carry are left out."""
    return escape(NOT_IN_XML.sub("", text(value)), {'"': "&quot;", "'": "&apos;"})


def url(value: Any) -> str:
    """Percent-encoded, slashes too. A dot or two alone would climb in a path: ValueError."""
    encoded = quote(text(value), safe="")
    if encoded in (".", ".."):
        raise ValueError(f"{encoded!r} is not allowed in a URL")
    return encoded


def default(value: Any, instead: Any = "") -> Any:
    """`instead` where the value is null or not there."""
    return instead if value is None or isinstance(value, Undefined) else value


def date(value: Any, form: str = "%Y-%m-%dT%H:%M:%S", zone: str = "UTC") -> str:
    """A time of the event in the given form (of strftime) and zone; null is empty."""
    if value is None:
        return ""
    if len(form) > FORMAT_CHARACTERS_MAX or not re.fullmatch(
        f"({DATE_PARTS.pattern})*", form, re.S
    ):
        raise ValueError(f"invalid date format {form[:40]!r}; write it like %Y-%m-%d %H:%M:%S")
    return _time(value).astimezone(_zone(zone)).strftime(form)


def epoch(value: Any, unit: str = "seconds") -> int:
    """Seconds, milliseconds or microseconds since 1970."""
    if unit not in UNITS:
        raise ValueError(f"unknown unit {unit!r}; known: {', '.join(UNITS)}")
    return (_time(value) - EPOCH) // UNITS[unit]


def percent(value: Any) -> int:
    """0.875 is 88."""
    return round(100 * _number(value))


def round_number(value: Any, digits: int = 0) -> float | int:
    if not -15 <= digits <= 15:
        raise ValueError("`round` supports up to 15 digits")
    return round(_number(value), digits) if digits else round(_number(value))


def integer(value: Any) -> int:
    return int(value if isinstance(value, str) and len(value) < 20 else _number(value))


def replace(value: Any, old: str, new: str) -> str:
    plain = text(value)
    if not old or plain.count(old) * len(new) > 1 << 16:
        raise ValueError("`replace` requires a search text, and must not exceed the size limit")
    return plain.replace(old, new)


def pad(value: Any, width: int, fill: str = "0") -> str:
    """On the left, to that many characters."""
    if not 0 <= width <= WIDTH_MAX or len(fill) != 1:
        raise ValueError(f"`pad` requires a width up to {WIDTH_MAX} and one character")
    return text(value).rjust(width, fill)


def truncate(value: Any, length: int) -> str:
    return text(value)[: max(0, length)]


def join(value: Any, between: str = "") -> str:
    if not isinstance(value, list | tuple) or len(value) * len(between) > 1 << 16:
        raise ValueError("`join` requires a list")
    return between.join(text(each) for each in value)


def first(value: Any) -> Any:
    return _at(value, 0)


def last(value: Any) -> Any:
    return _at(value, -1)


def length(value: Any) -> int:
    return 0 if known(value) is None else len(value)


def _at(value: Any, place: Literal[0, -1]) -> Any:
    if not isinstance(value, str | list | tuple) or not value:
        raise ValueError("`first` and `last` require a value that is not empty")
    return value[place]


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("only a time of the event can be formatted as a date")
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def _zone(name: str) -> tzinfo:
    try:
        if not ZONE_NAME.fullmatch(name):
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"unknown time zone {name[:60]!r}; use a name like Europe/Berlin"
        ) from error


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("requires a number")
    return value


def known(value: Any) -> Any:
    """The value; UndefinedError, which tells what is not there, where it is none."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    return value


FILTERS: Mapping[str, Callable[..., Any]] = {
    "date": date,
    "default": default,
    "epoch": epoch,
    "first": first,
    "int": integer,
    "join": join,
    "json": json,
    "last": last,
    "length": length,
    "lower": lambda value: text(value).lower(),
    "pad": pad,
    "percent": percent,
    "replace": replace,
    "round": round_number,
    "string": text,
    "trim": lambda value: text(value).strip(),
    "truncate": truncate,
    "upper": lambda value: text(value).upper(),
    "url": url,
    "xml": xml,
}
