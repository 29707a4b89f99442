"""An event as headers, for receivers of the picture as the request body.

    platewire-kind           new, updated or lost
    platewire-plate          the plate's text, A-Z and 0-9
    platewire-country        ISO 3166-1 alpha-2; absent if unknown, like the region
    platewire-region
    platewire-confidence     0 to 1
    platewire-direction      in, out or unknown
    platewire-camera
    platewire-zone           absent without a zone
    platewire-lists          names, comma-separated; absent if the plate is on no list
    platewire-occurred-at    UTC, as in the event's JSON
    platewire-passage        the same for all events of one vehicle
    platewire-picture        plate, vehicle or frame; absent without a picture

Everything except printable ASCII, and `%` itself, is percent-encoded UTF-8.
"""

from collections.abc import Iterator
from urllib.parse import quote

from platewire.model import Event

PREFIX = "platewire-"
NAMES = tuple(
    PREFIX + name
    for name in (
        "kind",
        "plate",
        "country",
        "region",
        "confidence",
        "direction",
        "camera",
        "zone",
        "lists",
        "occurred-at",
        "passage",
        "picture",
    )
)
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def headers(event: Event, picture: str | None) -> dict[str, str]:
    """`picture` is the type of the picture; None without one."""
    said = zip(NAMES, _values(event, picture), strict=True)
    return {name: quote(value.strip(), safe=_PLAIN) for name, value in said if value}


def _values(event: Event, picture: str | None) -> Iterator[str | None]:
    """Values in the order of `NAMES`."""
    plate = event.plate
    yield event.kind.value
    yield plate.text
    yield plate.country
    yield plate.region
    yield f"{plate.confidence:.3f}"
    yield event.direction.value
    yield event.camera
    yield event.zone
    yield ",".join(hit.name for hit in event.lists)
    yield event.occurred_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    yield str(event.passage)
    yield picture
