"""One entry of a list: checked field by field as a person wrote it, and whether it holds. Pure.

The same checks stand before the command line, the API and a file: an entry that is in a list is
one that can match.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.lists import schedule

PLATE_CHARACTERS_MAX = 20
TEXT_CHARACTERS_MAX = 200
WILDCARDS = frozenset("*?%#[](){}^$|\\+")
FIELDS = ("plate", "valid_from", "valid_to", "weekdays", "hours", "cameras", "holder", "note")
"""In the order of the columns of a file."""


class ListEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A plate on a list, and when and where that holds. Times are the site's local time."""

    plate: Annotated[str, Meta(description="The plate, as a person writes it")]
    valid_from: Annotated[
        str, Meta(description="First day, or local time; empty: always has been valid")
    ] = ""
    valid_to: Annotated[
        str, Meta(description="Last day, or local time at which it ends; empty: without end")
    ] = ""
    weekdays: Annotated[
        str, Meta(description="Such as `mon-fri` or `sat,sun`; empty: every day")
    ] = ""
    hours: Annotated[
        str,
        Meta(description="Such as `08:00-18:00`, or `22:00-06:00` over midnight; empty: all day"),
    ] = ""
    cameras: Annotated[
        str, Meta(description="Names of cameras, with spaces between; empty: all cameras")
    ] = ""
    holder: Annotated[str, Meta(description="Whose it is")] = ""
    note: Annotated[str, Meta(description="Anything")] = ""

    @property
    def text(self) -> str:
        """The plate in normal form, by which it matches."""
        return normalize(self.plate)


class EntryError(ConfigError):
    """A field cannot be used: `field`, the `value` seen, the `reason` and the `remedy`."""

    def __init__(self, field: str, value: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field} {value!r}: {reason}; {remedy}")
        self.field = field
        self.value = value
        self.reason = reason
        self.remedy = remedy


def checked(fields: Mapping[str, str], cameras: Collection[str] | None) -> ListEntry:
    """An entry in its one spelling. `cameras` are the configured names; None: not looked at.

    EntryError says what is wrong and what to write instead.
    """
    given = {name: " ".join((fields.get(name) or "").split()) for name in FIELDS}
    _check_plate(given["plate"])
    for name in ("holder", "note"):
        _check_text(name, given[name])
    entry = ListEntry(
        plate=given["plate"],
        valid_from=_read("valid_from", given, schedule.bound, "a day or a local time", DAY),
        valid_to=_read("valid_to", given, schedule.bound, "a day or a local time", DAY),
        weekdays=_read("weekdays", given, schedule.weekdays, "weekdays", "mon-fri or sat,sun"),
        hours=_read("hours", given, schedule.hours, "hours", "08:00-18:00 or 22:00-06:00"),
        cameras=_cameras(given["cameras"], cameras),
        holder=given["holder"],
        note=given["note"],
    )
    _check_span(entry)
    return entry


DAY = "2026-01-31 or 2026-01-31T08:00, without a time zone"


def _check_plate(plate: str) -> None:
    if not plate:
        raise EntryError("plate", plate, "there is no plate", "write it, or leave the row out")
    if not WILDCARDS.isdisjoint(plate):
        wild = next(char for char in plate if char in WILDCARDS)
        raise EntryError(
            "plate", plate, f"{wild!r} has no meaning here", "write one whole plate for each entry"
        )
    # A letter that is dropped would make it another plate.
    if not plate.isascii() and (lost := _lost(plate)):
        raise EntryError(
            "plate", plate, f"{lost!r} is on no plate that can be read",
            "write it in Latin letters, or those that look Latin, and digits",
        )  # fmt: skip
    if not (text := normalize(plate)):
        raise EntryError("plate", plate, "it has neither letter nor digit", "write the plate")
    _check_text("plate", plate)
    if len(text) > PLATE_CHARACTERS_MAX:
        raise EntryError(
            "plate", plate[:40], f"it has {len(text)} characters",
            f"a plate has {PLATE_CHARACTERS_MAX} at most",
        )  # fmt: skip


def _lost(plate: str) -> str | None:
    return next((char for char in plate if char.isalnum() and not normalize(char)), None)


def _check_text(field: str, value: str) -> None:
    if len(value) > TEXT_CHARACTERS_MAX:
        raise EntryError(
            field, f"{value[:40]}...", f"it has {len(value)} characters",
            f"shorten it to {TEXT_CHARACTERS_MAX}",
        )  # fmt: skip
    if not value.isprintable():
        odd = next(char for char in value if not char.isprintable())
        raise EntryError(field, value, f"it holds {odd!r}, which cannot be shown", "take that out")


def _read(
    field: str, given: Mapping[str, str], read: Callable[[str], str], what: str, remedy: str
) -> str:
    if not given[field]:
        return ""
    try:
        return read(given[field])
    except ValueError as error:
        raise EntryError(
            field, given[field], f"this is not {what}", f"write it like {remedy}"
        ) from error


def _cameras(text: str, known: Collection[str] | None) -> str:
    names = sorted(set(re.split(r"[\s,;|]+", text)) - {""})
    for name in names:
        if known is not None and name not in known:
            there = ", ".join(known) or "none"
            raise EntryError(
                "cameras", name, "there is no camera of that name", f"there are: {there}"
            )
    return " ".join(names)


def _check_span(entry: ListEntry) -> None:
    if not (entry.valid_from and entry.valid_to):
        return
    if not schedule.in_order(entry.valid_from, entry.valid_to):
        raise EntryError(
            "valid_to", entry.valid_to, f"it is before valid_from, {entry.valid_from}",
            "exchange the two, or leave one empty",
        )  # fmt: skip


def refusal(entry: ListEntry, camera: str, at: datetime, zone: ZoneInfo) -> str:
    """Why the entry does not hold at this camera and moment, in words; empty where it does."""
    at = at.astimezone(UTC)
    if entry.cameras and camera not in entry.cameras.split():
        return f"it holds for the cameras {entry.cameras}, not for {camera}"
    if entry.valid_from and at < schedule.begins(entry.valid_from, zone):
        return f"it holds from {entry.valid_from}"
    if entry.valid_to and at >= schedule.ends(entry.valid_to, zone):
        return f"it ended with {entry.valid_to}"
    local = at.astimezone(zone)
    if not schedule.in_hours(local, entry.weekdays, entry.hours):
        when = " ".join(filter(None, (entry.weekdays, entry.hours)))
        return f"it holds {when}, and at the site it is {local:%A %H:%M}"
    return ""
