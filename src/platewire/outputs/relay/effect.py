"""Outcome of an HTTP request to a device."""

import enum
from typing import Annotated

from msgspec import Meta

from platewire.outputs.http.response import HttpResponse

REQUEST_TIMEOUT = 408
"""The one 4xx that speaks of the connection, not of the command."""

OFF_SECONDS = 10.0
"""Longest wait for the answer to "off" at least: there are devices that answer after 6 s, and
asking them sooner again would never see it confirmed."""
IdempotentSetting = Annotated[
    bool,
    Meta(
        description="Set to true if triggering the device twice is harmless, such as a device "
        "that restarts its hold time: if its response is lost, it is triggered again "
        "while the vehicle is fresh"
    ),
]


class Effect(enum.StrEnum):
    DONE = "done"
    NONE = "none"
    """Nothing has left, or the device refused."""
    UNKNOWN = "unknown"
    """It may have been done."""


def refused(answer: HttpResponse) -> bool:
    """The device says in whole that it did nothing. A redirect does not: there are devices that
    switch and then lead back to their page. Nor does 5xx: something went wrong, who knows when."""
    return 400 <= answer.status < 500 and answer.status != REQUEST_TIMEOUT and not answer.cut
