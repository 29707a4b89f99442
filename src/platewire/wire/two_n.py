"""2N access units and intercoms: `POST /api/lpr/licenseplate` and its answers, without sockets.

The unit looks the plate up in its own directory and decides by its own access rules. Source: 2N's
"HTTP API manual", sections 2.3 (replies) and 5.16.1 (api lpr licenseplate). Refusals come with the
status 200 or 401 and a code.
"""

import base64

import msgspec
from msgspec import Struct

from platewire.model import Direction, Event
from platewire.runtime import wrong_value

PATH = "/api/lpr/licenseplate"
PLATE_SIGNS_MAX = 12
"""Characters of a plate, by 2N's HTTP API."""
IMAGE_BYTES_MAX = 256 * 1024
"""Bytes of a picture in base64, by 2N's HTTP API."""
ABOUT_US = frozenset({1, 2, 3, 4, 7, 8, 9, 10})
"""Codes of settings and rights, at the unit or here: they would refuse every plate alike."""

_DIRECTIONS = {Direction.UNKNOWN: 0, Direction.IN: 2, Direction.OUT: 3}
_ID_SPAN = 1 << 31
"""Passage numbers wrap here: the unit's identifiers are signed integers of 32 bits."""


class NotUnderstood(ValueError):
    """What no 2N unit answers."""


class Refusal(Struct, frozen=True):
    """Why the unit did not take a plate."""

    code: int
    description: str = ""
    param: str = ""

    def __str__(self) -> str:
        of = f" ({self.param})" if self.param else ""
        return f"{self.code} {self.description}{of}"


class _Answer(Struct, frozen=True):
    success: bool
    error: Refusal | None = None


def license_plate(event: Event, *, leaving: bool, jpeg: bytes = b"") -> bytes:
    """`leaving`: the camera stands at the exit. ValueError where the unit could not take it.

    One `lprID` for all events of a passage, cut to 31 bits as the manual names no size; a new
    `lprUuid` for each.
    """
    text = event.plate.text
    if len(text) > PLATE_SIGNS_MAX:
        raise ValueError(
            f"the plate {text} has {len(text)} characters; 2N accepts at most {PLATE_SIGNS_MAX}"
        )
    body: dict[str, str | int] = {
        "lprUuid": str(event.id),
        "lprID": event.passage_number % _ID_SPAN,
        "accessPoint": int(leaving),
        "plateText": text,
        "lprDir": _DIRECTIONS[event.direction],
    }
    if jpeg:
        body["plateImage"] = base64.b64encode(jpeg).decode()
    return msgspec.json.encode(body)


def fits(jpeg: bytes) -> bool:
    """Whether a picture is within the limit of the unit when encoded as base64."""
    return len(jpeg) * 4 <= IMAGE_BYTES_MAX * 3 - 12


def refusal(answer: str) -> Refusal | None:
    """None if the unit accepted the plate. Raises NotUnderstood for a response of another form."""
    try:
        read = msgspec.json.decode(answer, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstood(wrong_value.reason(error, answer, _Answer)) from error
    return None if read.success else read.error or Refusal(0, "no reason given")
