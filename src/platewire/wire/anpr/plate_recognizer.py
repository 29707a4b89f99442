"""The webhook of Plate Recognizer Stream, which ParkPow and many tools read.

Its source is the vendor's own tester (parkpow/deep-license-plate-recognition,
webhooks/webhook_tester), the receivers beside it, and its guide "Webhooks and Outputs". Plates and
regions are in lower case, scores from 0 to 1, boxes in whole pixels. What is not known is left out
or an empty list.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from platewire.model import Attribute, Box, Event, Plate, Vehicle

JSON_PART = "json"
PICTURE_PART = "upload"
PICTURE_NAME = "image.jpg"

Pairs = Iterator[tuple[str, Any]]


def encode(event: Event, *, target: str, zone: tzinfo | None, additions: bool) -> bytes:
    """`target` is shown in `hook`; `zone` is that of `timestamp_local`, UTC where it is None.

    `additions` puts what the webhook has no place for, such as the kind, under `platewire`.
    """
    picture = f"{event.camera}_screenshots/{PICTURE_NAME}"
    hook = {
        "target": target,
        "id": event.camera,
        "event": "recognition",
        "filename": picture,
    }
    data = {
        "camera_id": event.camera,
        "filename": picture,
        "timestamp": _time(event.occurred_at.astimezone(UTC)),
        "timestamp_local": _local_time(event.occurred_at.astimezone(zone or UTC)),
        "results": [dict(_result(event))],
    }
    body: dict[str, Any] = {"hook": hook, "data": data}
    if additions:
        body["platewire"] = added(event)
    return msgspec.json.encode(body)


def added(event: Event) -> dict[str, Any]:
    """What other systems' forms have no place for; they pass over a key they do not know."""
    return {
        "id": str(event.id),
        "seq": event.seq,
        "kind": event.kind.value,
        "passage": str(event.passage),
        "passage_number": event.passage_number,
        "revision": event.revision,
        "direction": event.direction.value,
        "lists": [hit.name for hit in event.lists],
        "test": event.test,
        "replayed": event.replayed,
    }


def _result(event: Event) -> Pairs:
    plate = event.plate
    yield "box", _box(plate.box)
    yield "plate", plate.text.lower()
    yield "score", round(plate.confidence, 3)
    yield "dscore", round(plate.confidence, 3)  # a detection's score of its own is not known
    yield "candidates", list(_candidates(plate))
    yield "region", {"code": _region(plate), "score": round(plate.confidence, 3)}
    yield "color", _scored("color", event.vehicle.color)
    yield "model_make", list(_makes(event.vehicle))
    yield "orientation", []
    if vehicle := dict(_vehicle(event.vehicle)):
        yield "vehicle", vehicle


def _candidates(plate: Plate) -> Iterator[dict[str, Any]]:
    """The plate itself is the first of them."""
    yield {"plate": plate.text.lower(), "score": round(plate.confidence, 3)}
    for each in plate.candidates:
        yield {"plate": each.text.lower(), "score": round(each.confidence, 3)}


def _region(plate: Plate) -> str:
    """`us-ca`, `de`, or empty."""
    country = (plate.country or "").lower()
    return f"{country}-{plate.region.lower()}" if country and plate.region else country


def _makes(vehicle: Vehicle) -> Iterator[dict[str, Any]]:
    known = vehicle.model or vehicle.make
    if known is not None:
        yield {
            "make": vehicle.make.value if vehicle.make else "",
            "model": vehicle.model.value if vehicle.model else "",
            "score": round(known.confidence, 3),
        }


def _vehicle(vehicle: Vehicle) -> Pairs:
    if vehicle.type is not None:
        yield "type", vehicle.type.value
        yield "score", round(vehicle.type.confidence, 3)
    if vehicle.box is not None:
        yield "box", _box(vehicle.box)


def _scored(name: str, attribute: Attribute | None) -> list[dict[str, Any]]:
    if attribute is None:
        return []
    return [{name: attribute.value, "score": round(attribute.confidence, 3)}]


def _box(box: Box) -> dict[str, int]:
    return {
        "xmin": max(0, round(box.x)),
        "ymin": max(0, round(box.y)),
        "xmax": max(0, round(box.x + box.width)),
        "ymax": max(0, round(box.y + box.height)),
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _local_time(at: datetime) -> str:
    """With a space and a numeric offset, as Stream writes it and receivers parse it."""
    return at.isoformat(" ", timespec="microseconds")
