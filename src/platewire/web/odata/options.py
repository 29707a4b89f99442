"""The validated system query options of a request: format, order, filter, page.

Pages follow each other by the values of the last row, in `$skiptoken`, so that what comes in
meanwhile neither repeats nor hides a row.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from platewire.web.odata.condition import Sql, condition, unknown_property
from platewire.web.odata.fault import Fault, bad_request
from platewire.web.odata.model import EntitySet, Property

PAGE = 1000
"""Rows of a page where the client does not say."""
PAGE_MAX = 5000
"""Rows of a page, at most, whatever the client asks for: a bound on memory and on one statement's
time."""
INTEGER_MAX = 2**31
"""The largest `$top` or `$skip`: a 32-bit integer of clients, and more than any log is paged
through."""
SYSTEM_OPTIONS = (
    "$filter", "$select", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$format",
)  # fmt: skip


class OrderItem(NamedTuple):
    property: Property
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    select: tuple[Property, ...] | None
    """None for all."""
    where: Sql | None
    order: tuple[OrderItem, ...]
    """Ends with a unique property."""
    top: int | None
    skip: int
    count: bool
    after: tuple[Any, ...] | None
    """The values of `order` in the last row of the previous page."""
    page: int

    @property
    def limit(self) -> int:
        """Rows of this page."""
        return self.page if self.top is None else min(self.page, self.top)


def options(
    entities: EntitySet, given: Sequence[tuple[str, str]], prefer: str, now: datetime
) -> Options:
    """`prefer` is the request's header. Fault for what cannot be meant."""
    found = _system_options(given)
    where = condition(entities, found["$filter"], now) if "$filter" in found else None
    order = _order(entities, found.get("$orderby"), found.get("$filter", ""))
    return Options(
        select=_select(entities, found.get("$select")),
        where=where,
        order=order,
        top=_integer(found, "$top"),
        skip=_integer(found, "$skip") or 0,
        count=_flag(found, "$count"),
        after=_decode_skiptoken(found.get("$skiptoken"), len(order)),
        page=_page(prefer),
    )


def check_format(found: Mapping[str, str], accept: str) -> None:
    """JSON with or without metadata is what there is."""
    accepted = found.get("$format", accept) or "*/*"
    kinds = [one.partition(";")[0].strip().lower() for one in accepted.split(",")]
    if not {"json", "application/json", "application/*", "*/*"} & set(kinds):
        raise Fault(406, f"unsupported format {accepted!r}; use application/json", target="$format")


def _system_options(given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Options without a dollar sign are others' (4.01 Part 2, 5.2) and left alone."""
    found: dict[str, str] = {}
    for name, value in given:
        if not name.startswith("$"):
            continue
        if name not in SYSTEM_OPTIONS:
            known = ", ".join(SYSTEM_OPTIONS)
            raise Fault(501, f"unknown option {name}; known: {known}", target=name)
        if name in found:
            raise bad_request(name, f"{name} is given more than once; give it once")
        found[name] = value
    return found


def _integer(found: Mapping[str, str], name: str) -> int | None:
    if name not in found:
        return None
    text = found[name]
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or int(text) > INTEGER_MAX:
        raise bad_request(name, f"{name} = {text!r} must be an integer from 0 to {INTEGER_MAX}")
    return int(text)


def _flag(found: Mapping[str, str], name: str) -> bool:
    text = found.get(name, "false")
    if text not in ("true", "false"):
        raise bad_request(name, f"{name} = {text!r} must be true or false")
    return text == "true"


def _select(entities: EntitySet, text: str | None) -> tuple[Property, ...] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if "*" in names:
        return None
    return tuple(dict.fromkeys(_property("$select", entities, name) for name in names))


def _property(option: str, entities: EntitySet, name: str) -> Property:
    found = entities.find(name)
    if found is None:
        raise unknown_property(option, entities, name)
    return found


def _order(entities: EntitySet, text: str | None, filtered: str) -> tuple[OrderItem, ...]:
    by = [] if text is None else [_order_item(entities, part) for part in text.split(",")]
    names = [one.property.name for one in by]
    if not by:
        names = _default_order(entities, filtered)
        by = [OrderItem(_property("$orderby", entities, name), False) for name in names]
    if entities.order not in names:
        by.append(OrderItem(_property("$orderby", entities, entities.order), False))
    return tuple(by)


def _default_order(entities: EntitySet, filtered: str) -> list[str]:
    """Pages follow what the filter bounds, so that one index serves both."""
    bounds = {match[1] for match in re.finditer(r"\b(\w+) +(?:ge|gt|le|lt) ", filtered)}
    usual = ("change_seq", "first_seen_at", "occurred_at")
    return [name for name in usual if name in bounds and entities.find(name)][:1]


def _order_item(entities: EntitySet, text: str) -> OrderItem:
    match = re.fullmatch(r"\s*(\w+)(?:\s+(asc|desc))?\s*", text, re.ASCII)
    if match is None:
        raise bad_request(
            "$orderby",
            (f"$orderby: {text!r} must be a property, optionally followed by asc or desc"),
        )
    return OrderItem(_property("$orderby", entities, match[1]), match[2] == "desc")


def _page(prefer: str) -> int:
    match = re.search(r"(?:odata\.)?maxpagesize\s*=\s*(\d{1,9})\b", prefer)
    return min(max(int(match[1]), 1), PAGE_MAX) if match else PAGE


# --- where a page ends -------------------------------------------------------------------------


def encode_skiptoken(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(list(values))).decode().rstrip("=")


def _decode_skiptoken(text: str | None, length: int) -> tuple[Any, ...] | None:
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        values = msgspec.json.decode(raw, type=list[str | int | float | None])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        values = []
    in_range = all(not isinstance(value, int) or -(2**63) <= value < 2**63 for value in values)
    if len(values) != length or not in_range:
        raise bad_request(
            "$skiptoken", ("invalid $skiptoken: use the nextLink of the previous page unchanged")
        )
    return tuple(values)
