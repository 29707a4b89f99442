"""One entry of a list: checks of its fields as typed by a person, and its validity. Pure.

The command line, the API and files use the same checks, so each entry of a list can match.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.lists import card, schedule
from platewire.runtime.site_time import TIME_USE

PLATE_CHARACTERS_MAX = 20
"""Characters of a plate, with separators; above the longest of any country, below a mistaken
column."""
TEXT_CHARACTERS_MAX = 200
"""Characters of a free text such as holder or note: a line of text, and a bound on the file."""
WILDCARDS = frozenset("*?%#[](){}^$|\\+")
SEPARATORS = frozenset(",;&")
"""Separators of several plates; without them, the cell would be one plate that does not exist."""
BETWEEN_PLATES = frozenset("/\r\n")
"""Also separate plates if they appear several times; one plate may contain one."""
SEPARATED = re.compile(r"[,;|]")
"""Separators of camera names if one of them contains spaces."""
FIELDS = (
    *("plate", "valid_from", "valid_to", "weekdays", "hours", "cameras", "holder", "note"),
    *("group", "card_facility", "card_number", "card_bits"),
)
"""In the order of the columns of a file."""


class ListEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A plate on a list, and when and where it is valid. Times are in the site's local time."""

    plate: Annotated[str, Meta(description="The plate, in any notation")]
    valid_from: Annotated[
        str,
        Meta(
            description="Start of validity, a day or local time: `2026-01-31`, `2026-01-31T08:00`; "
            "empty: no start"
        ),
    ] = ""
    valid_to: Annotated[
        str,
        Meta(description="End of validity, a day (inclusive) or local time; empty: no end"),
    ] = ""
    weekdays: Annotated[
        str, Meta(description="Weekdays, such as `mon-fri` or `sat,sun`; empty: every day")
    ] = ""
    hours: Annotated[
        str,
        Meta(description="Hours, such as `08:00-18:00` or `22:00-06:00`; empty: all day"),
    ] = ""
    cameras: Annotated[
        str,
        Meta(
            description="Camera names, separated by spaces, or by commas if a name contains "
            "spaces; empty: all cameras"
        ),
    ] = ""
    holder: Annotated[str, Meta(description="Holder of the plate")] = ""
    note: Annotated[str, Meta(description="Free text")] = ""
    group: Annotated[
        str, Meta(description="Group of the holder, such as a department or tenant")
    ] = ""
    card_facility: Annotated[
        str, Meta(description="Facility code of the access card; empty for 64 bits")
    ] = ""
    card_number: Annotated[str, Meta(description="Number of the access card, decimal")] = ""
    card_bits: Annotated[
        str, Meta(description="Wiegand bits of the card: `26`, `34` or `64`; empty: no card")
    ] = ""

    @property
    def text(self) -> str:
        """The plate in normal form, by which it matches."""
        return normalize(self.plate)


class EntryError(ConfigError):
    """An invalid field: `field`, the `value` seen, the `reason` and the `remedy`."""

    def __init__(self, field: str, value: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field} {value!r}: {reason}; {remedy}")
        self.field = field
        self.value = value
        self.reason = reason
        self.remedy = remedy


def list_entry(fields: Mapping[str, str], cameras: Collection[str] | None) -> ListEntry:
    """An entry in normal form. `cameras` are the configured names; None: not list_entry.

    Raises EntryError, which says what is wrong and what to write instead.
    """
    given = {name: " ".join((fields.get(name) or "").split()) for name in FIELDS}
    _check_one(fields.get("plate") or "")
    _check_plate(given["plate"])
    for name in ("holder", "note", "group"):
        _check_text(name, given[name])
    entry = ListEntry(
        plate=given["plate"],
        valid_from=_read("valid_from", given, schedule.bound, "day or local time", DAY),
        valid_to=_read("valid_to", given, schedule.bound, "day or local time", DAY),
        weekdays=_read("weekdays", given, schedule.weekdays, "weekdays", "mon-fri or sat,sun"),
        hours=_read("hours", given, schedule.hours, "hours", "08:00-18:00 or 22:00-06:00"),
        cameras=_cameras(given["cameras"], cameras),
        holder=given["holder"],
        note=given["note"],
        group=given["group"],
        **_card(given),
    )
    _check_span(entry)
    return entry


def typed(fields: Mapping[str, str], zone: ZoneInfo, now: datetime) -> dict[str, str]:
    """Converts the two bounds, as typed at the command line or sent to the API, to the form that
    `checked` expects. `zone` is the site's. Raises EntryError."""
    read = partial(schedule.typed_bound, zone=zone, now=now)
    given = {name: (fields.get(name) or "").strip() for name in ("valid_from", "valid_to")}
    bounds = {name: text and _typed(name, text, read) for name, text in given.items()}
    return {**fields, **bounds}


def _typed(field: str, text: str, read: Callable[[str], str]) -> str:
    try:
        return read(text)
    except ValueError as error:
        raise EntryError(field, text, "invalid time", TIME_USE) from error


DAY = "2026-01-31 or 2026-01-31T08:00, without a time zone"


def _check_one(written: str) -> None:
    """Checks the raw cell, because its line breaks are removed afterwards."""
    if BETWEEN_PLATES.isdisjoint(written):
        return
    lines = written.strip().splitlines()
    sides = [part for part in written.split("/") if any(map(str.isdigit, part))]
    if len(lines) > 1 or (len(sides) > 1 and any(map(str.isalpha, sides[1]))):
        raise EntryError(
            "plate", " ".join(written.split())[:40], "several plates in one cell",
            "write one whole plate for each entry",
        )  # fmt: skip


def _check_plate(plate: str) -> None:
    if not plate:
        raise EntryError("plate", plate, "no plate", "add the plate, or remove the row")
    if odd := [char for char in plate if char in WILDCARDS or char in SEPARATORS]:
        wild = odd[0]
        raise EntryError(
            "plate", plate, f"{wild!r} is not allowed", "write one whole plate for each entry"
        )
    # Without a dropped letter it would be another plate.
    if not plate.isascii() and (lost := _lost(plate)):
        raise EntryError(
            "plate", plate, f"{lost!r} is not a letter of a plate that can be recognized",
            "write the plate in Latin letters, or letters that look Latin, and digits",
        )  # fmt: skip
    if not (text := normalize(plate)):
        raise EntryError("plate", plate, "it contains no letters or digits", "write the plate")
    _check_text("plate", plate)
    if len(text) > PLATE_CHARACTERS_MAX:
        raise EntryError(
            "plate", plate[:40], f"it has {len(text)} characters",
            f"a plate has at most {PLATE_CHARACTERS_MAX}",
        )  # fmt: skip


def _lost(plate: str) -> str | None:
    return next((char for char in plate if char.isalnum() and not normalize(char)), None)


def _check_text(field: str, value: str) -> None:
    if len(value) > TEXT_CHARACTERS_MAX:
        raise EntryError(
            field, f"{value[:40]}...", f"it has {len(value)} characters",
            f"shorten it to at most {TEXT_CHARACTERS_MAX}",
        )  # fmt: skip
    if not value.isprintable():
        odd = next(char for char in value if not char.isprintable())
        raise EntryError(field, value, f"it contains {odd!r}, which is not printable", "remove it")


def _read(
    field: str, given: Mapping[str, str], read: Callable[[str], str], what: str, remedy: str
) -> str:
    if not given[field]:
        return ""
    try:
        return read(given[field])
    except ValueError as error:
        raise EntryError(
            field, given[field], f"invalid {what}", f"write it like {remedy}"
        ) from error


def _cameras(text: str, known: Collection[str] | None) -> str:
    between = SEPARATED.search(text) is not None
    parts = [part.strip() for part in SEPARATED.split(text)]
    names = {name for part in parts for name in _named(part, known or (), alone=not between)}
    for name in sorted(names):
        if known is not None and name not in known:
            there = ", ".join(known) or "none"
            raise EntryError("cameras", name, "unknown camera", f"configured cameras: {there}")
    if any(" " in name for name in names):
        return ", ".join(sorted(names)) + ("," if len(names) == 1 else "")
    return (", " if any(" " in name for name in known or ()) else " ").join(sorted(names))


def _named(part: str, known: Collection[str], *, alone: bool) -> Sequence[str]:
    """One camera or, separated by spaces, several. Raises EntryError if `alone` and ambiguous."""
    names = part.split()
    if len(names) < 2 or part not in known:
        return names
    if alone and all(name in known for name in names):
        raise EntryError(
            "cameras", part, "it can be one camera or several",
            f"write \"{part},\" for the one, or \"{', '.join(names)}\" for several",
        )  # fmt: skip
    return [part]


def cameras_of(entry: ListEntry) -> Collection[str]:
    """Cameras at which the entry is valid; empty: all."""
    written = entry.cameras
    return written.rstrip(",").split(", ") if "," in written else written.split()


def _card(given: Mapping[str, str]) -> dict[str, str]:
    found = card.spelled(given)
    if isinstance(found, card.Fault):
        raise EntryError(*found)
    return found


def _check_span(entry: ListEntry) -> None:
    if not (entry.valid_from and entry.valid_to):
        return
    if not schedule.in_order(entry.valid_from, entry.valid_to):
        raise EntryError(
            "valid_to", entry.valid_to, f"it is before valid_from {entry.valid_from}",
            "swap the two, or leave one empty",
        )  # fmt: skip


def refusal(entry: ListEntry, camera: str, at: datetime, zone: ZoneInfo) -> str:
    """Why the entry is not valid at this camera and time, as text; empty if it is valid."""
    at = at.astimezone(UTC)
    if entry.cameras and camera not in cameras_of(entry):
        return f"valid at the cameras {entry.cameras.rstrip(',')}, not at {camera}"
    if entry.valid_from and at < schedule.begins(entry.valid_from, zone):
        return f"valid from {entry.valid_from}"
    if entry.valid_to and at >= schedule.ends(entry.valid_to, zone):
        return f"expired: valid to {entry.valid_to}"
    local = at.astimezone(zone)
    if not schedule.in_hours(local, entry.weekdays, entry.hours):
        when = " ".join(filter(None, (entry.weekdays, entry.hours)))
        return f"valid {when}; local time is {local:%A %H:%M}"
    return ""
