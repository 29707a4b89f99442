"""Passages for an HTTP service of 1C:Enterprise, and what the service answers.

Written so that `ReadJSON` (`ПрочитатьJSON`) and an assignment are enough: names are identifiers,
values are texts, numbers, dates and booleans, and what is not known is an empty text, as 1C's own
types have no null. Dates are local, to the second, without an offset, as 1C's dates are
(`ReadJSONDate` with `JSONDateFormat.ISO`).
"""

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from uuid import UUID
from xml.sax.saxutils import unescape

import msgspec

from platewire.model import Attribute, Event
from platewire.runtime import wrong_value

FORMAT = "platewire.1c/1"
DESCRIPTION = re.compile(r"<descr[^>]*>(.*?)</descr>", re.DOTALL)
TAG = re.compile(r"<(style|script|title)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
NO_LICENSE = ("лиценз", "licen", "ключ защиты", "ключ аппаратной", "protection key")
CLOSED = (
    "начало сеанса",
    "монопольн",
    "session start",
    "exclusive",
    "обновлени",
    "infobase update",
)


class NotUnderstood(ValueError):
    """The answer is none of this service."""


class DeliveryResponse(NamedTuple):
    accepted: frozenset[str] | None
    """Ids of events; None where the service does not tell them one by one."""
    rejected: dict[str, str]
    """Ids of events, and the service's reason."""

    def refused(self, event: UUID) -> str | None:
        """The reason; None where the event was taken."""
        return self.rejected.get(str(event))

    def left_out(self, events: Sequence[UUID]) -> list[UUID]:
        """Of which the answer says nothing though it names others."""
        if self.accepted is None:
            return []
        return [
            each
            for each in events
            if str(each) not in self.accepted and str(each) not in self.rejected
        ]


def encode(
    events: Sequence[tuple[Event, bytes]], *, site: str, zone: tzinfo | None = None
) -> bytes:
    """Each event with its picture as JPEG, empty where there is none; `zone` is that of the dates,
    UTC where it is None."""
    passages = [passage(event, jpeg, zone or UTC) for event, jpeg in events]
    return msgspec.json.encode({"format": FORMAT, "site": site, "passages": passages})


def passage(event: Event, jpeg: bytes, zone: tzinfo) -> dict[str, Any]:
    plate, vehicle = event.plate, event.vehicle
    return {
        "id": str(event.id),
        "passage": str(event.passage),
        "passage_number": event.passage_number,
        "kind": event.kind.value,
        "revision": event.revision,
        "plate": plate.text,
        "plate_display": _text(plate.unicode or plate.display),
        "country": plate.country or "",
        "region": _text(plate.region),
        "confidence": round(plate.confidence, 4),
        "camera": _text(event.camera),
        "zone": _text(event.zone),
        "direction": event.direction.value,
        "occurred_at": date(event.occurred_at, zone),
        "first_seen_at": date(event.first_seen_at, zone),
        "last_seen_at": date(event.last_seen_at, zone),
        "vehicle_make": _value(vehicle.make),
        "vehicle_model": _value(vehicle.model),
        "vehicle_type": _value(vehicle.type),
        "vehicle_color": _value(vehicle.color),
        "lists": ", ".join(_text(hit.name) for hit in event.lists),
        "reads": event.reads,
        "test": event.test,
        "replayed": event.replayed,
        "picture": base64.b64encode(jpeg).decode(),
    }


def date(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


def _value(attribute: Attribute | None) -> str:
    return _text(attribute.value) if attribute is not None else ""


def _text(text: str | None) -> str:
    """Without characters that 1C cannot keep in a text or write to XML."""
    return "".join(each for each in text or "" if each.isprintable() or each in "\t\n")


# --- the answer ----------------------------------------------------------------------------------


class _Refusal(msgspec.Struct):
    id: str
    reason: str = ""


class _Answer(msgspec.Struct):
    accepted: list[str] | None = None
    rejected: list[_Refusal] = []


def parse_response(text: str) -> DeliveryResponse:
    """Of a 2xx answer. One without JSON took all; HTML is no answer of the service."""
    plain = text.lstrip("\ufeff \t\r\n")
    if plain.startswith("<"):
        raise NotUnderstood("HTML or XML instead of JSON or an empty body")
    if not plain.startswith("{"):
        return DeliveryResponse(None, {})
    try:
        told = msgspec.json.decode(plain, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = wrong_value.reason(error, plain, _Answer)
        raise NotUnderstood(f"JSON of another form ({why})") from error
    refusals = {each.id.lower(): each.reason for each in told.rejected}
    accepted = None if told.accepted is None else frozenset(map(str.lower, told.accepted))
    return DeliveryResponse(accepted, refusals)


def complaint(text: str) -> str:
    """The words in an error page of 1C: its exceptions are XML, its web server's pages are HTML."""
    found = DESCRIPTION.search(text)
    words = found.group(1) if found else TAG.sub(" ", text)
    return " ".join(unescape(words, {"&quot;": '"'}).replace("\ufeff", "").split())[:300]


def tells_of_licenses(text: str) -> bool:
    return any(sign in text.lower() for sign in NO_LICENSE)


def tells_of_closing(text: str) -> bool:
    """The infobase is being updated, or lets nobody in for another reason."""
    return any(sign in text.lower() for sign in CLOSED)
