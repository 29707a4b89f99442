"""File names for FTP, by the pattern of the camera family.

Source: the manuals of CAMMRA AI, whose pattern is `FAMILY` here, with the directions `IN`, `OUT`
and `UNK`. That `%v` means milliseconds is inferred. `#KIND` and `#EVENT_ID` are additions.

Values of an event keep only A-Z, a-z, digits, dots and hyphens: no path traversal, no additional
separators, valid on every file system.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from zoneinfo import ZoneInfo

from platewire.model import Direction, Event, Site
from platewire.wire.iso3166 import ALPHA3

FAMILY = "#DEVICE_ID/%Y%m/%d/%Y%m%d%H%M%S_%v_#AOI_#DIR_#PLATE_ID_#PLATE_#COUNTRY"
UNKNOWN = "UNK"
VALUE_CHARACTERS_MAX = 40
"""Characters of one part of a name: several of them stay below the 255 bytes of file systems."""
SEGMENT_CHARACTERS_MAX = 200
"""Of a folder or a file, without extension; most file systems allow 255 bytes."""
RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\..*)?", re.IGNORECASE)
"""Device names reserved by Windows."""
LITERAL = re.compile(r"[A-Za-z0-9._/-]*")
DIRECTIONS = {Direction.IN: "IN", Direction.OUT: "OUT", Direction.UNKNOWN: UNKNOWN}
TIMES = "%Y", "%m", "%d", "%H", "%M", "%S"


def _local(event: Event, site: Site, form: str) -> str:
    return event.occurred_at.astimezone(ZoneInfo(site.time_zone)).strftime(form)


Value = Callable[[Event, Site], object]
VALUES: Mapping[str, Value] = {
    "#DEVICE_ID": lambda event, site: event.camera,
    "#AOI": lambda event, site: _zone(event, site),
    "#DIR": lambda event, site: DIRECTIONS[event.direction],
    "#PLATE_ID": lambda event, site: event.passage_number,
    "#PLATE": lambda event, site: event.plate.text,
    "#COUNTRY": lambda event, site: ALPHA3.get(event.plate.country or "", ""),
    "#KIND": lambda event, site: event.kind.value,
    "#EVENT_ID": lambda event, site: event.id,
    "%v": lambda event, site: f"{event.occurred_at.microsecond // 1000:03}",
    **{each: partial(_local, form=each) for each in TIMES},
}
PLACE = re.compile("|".join(sorted(map(re.escape, VALUES), key=len, reverse=True)))


def check(pattern: str) -> None:
    """ValueError for an invalid pattern."""
    literal = PLACE.sub("", pattern)
    if not LITERAL.fullmatch(literal):
        raise ValueError(
            f"{pattern!r} is invalid; use only A-Z, a-z, digits, . _ - / and the placeholders "
            f"{' '.join(VALUES)}"
        )
    if any(not segment.strip(".") for segment in pattern.split("/")):
        raise ValueError(f"{pattern!r} contains an empty folder or file name")


def name(pattern: str, event: Event, site: Site) -> tuple[str, ...]:
    """The folders, and the file name without extension."""
    return tuple(
        _segment(PLACE.sub(lambda found: _safe(VALUES[found[0]](event, site)), segment))
        for segment in pattern.split("/")
    )


def _segment(text: str) -> str:
    cut = text[:SEGMENT_CHARACTERS_MAX].strip(".")
    return f"-{cut}" if RESERVED.fullmatch(cut) else cut


def _safe(value: object) -> str:
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", str(value)).strip(".-")
    return plain[:VALUE_CHARACTERS_MAX] or UNKNOWN


def _zone(event: Event, site: Site) -> str:
    """From 1, as `roiID`; empty if the zone is no longer configured."""
    zones = site.zones.get(event.camera, ())
    if event.zone is None:
        return "1"
    return str(zones.index(event.zone) + 1) if event.zone in zones else ""
