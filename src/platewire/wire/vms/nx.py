"""Nx Witness and its siblings (DW Spectrum, Hanwha Wave): requests and answers, without sockets.

Generic events are the server's `/api/createEvent`, whose answer is 200 also where it refuses, with
an `error` that is not 0. Bookmarks, devices and the login are its REST API, version 2. Sources:
"How to Use HTTP Generic Events" of Network Optix, and the API's own data types, published as
networkoptix/nx_open (bookmark_models.h, device_model.h, login.h).
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from platewire.model import Event
from platewire.runtime import wrong_value
from platewire.runtime.clock import milliseconds
from platewire.wire.vms.in_words import what_happened, what_is_known

LOGIN_PATH = "/rest/v2/login/sessions"
DEVICES_PATH = "/rest/v2/devices"
EVENT_PATH = "/api/createEvent"
BOOKMARK_MS_MIN = 1000
"""A shorter bookmark could hardly be seen on the timeline, or clicked."""

ResponseT = TypeVar("ResponseT")


class NotUnderstood(ValueError):
    """What no server of this kind answers."""


class Device(Struct, frozen=True):
    """A camera as the server knows it; `url` is its address, with or without scheme and port."""

    id: str
    name: str = ""
    url: str = ""
    serverId: str = ""  # noqa: N815 - the API's own name


class _Session(Struct, frozen=True):
    token: Annotated[str, Meta(pattern=r"^[\x21-\x7e]+\Z")]
    """To be sent in a header."""


class _Outcome(Struct, frozen=True):
    error: str | int
    errorString: str = ""  # noqa: N815 - the API's own name


def login(user: str, password: str) -> bytes:
    return msgspec.json.encode({"username": user, "password": password, "setCookie": False})


def token(answer: str) -> str:
    """The bearer token of the session that a login opened."""
    return _decoded(answer, _Session).token


def devices(answer: str) -> Sequence[Device]:
    return _decoded(answer, list[Device])


def bookmarks_path(device: Device) -> str:
    return f"{DEVICES_PATH}/{plain_id(device.id)}/bookmarks"


def find(known: Sequence[Device], wanted: str) -> Sequence[Device]:
    """Those with this id, else those at this address, else those of this name."""
    by_id = [each for each in known if plain_id(each.id) == plain_id(wanted)]
    by_address = [each for each in known if wanted and _host(each.url) == wanted.lower()]
    return by_id or by_address or [each for each in known if each.name == wanted]


def plain_id(text: str) -> str:
    """Ids come with braces and without, in either case."""
    return text.strip("{}").lower()


def event_query(event: Event, device: Device) -> dict[str, str]:
    """Parameters of `createEvent`; a `timestamp` in milliseconds since 1970 has no time zone."""
    references = {"cameraRefs": [plain_id(device.id)]}
    return {
        "timestamp": str(milliseconds(event.occurred_at)),
        "source": event.camera,
        "caption": event.plate.text,
        "description": description(event),
        "metadata": msgspec.json.encode(references).decode(),
    }


def refusal(answer: str) -> str | None:
    """Why `createEvent` did not take the event; None where it did."""
    outcome = _decoded(answer, _Outcome)
    if str(outcome.error) in ("0", "ok"):
        return None
    return f"error {outcome.error} {outcome.errorString}".strip()


def bookmark(event: Event, device: Device) -> bytes:
    """From the first to the last sight of the vehicle."""
    start = milliseconds(event.first_seen_at)
    body: dict[str, Any] = {
        "name": event.plate.text,
        "description": description(event),
        "startTimeMs": start,
        "durationMs": max(BOOKMARK_MS_MIN, milliseconds(event.last_seen_at) - start),
        "tags": sorted({"ANPR", *(hit.name for hit in event.lists)}),
    }
    if device.serverId:
        body["serverId"] = plain_id(device.serverId)
    return msgspec.json.encode(body)


def description(event: Event) -> str:
    """`new, DE, in, blue VW Golf, list staff, passage 1767323045000001`: for people, and for rules
    that look for one of the words."""
    return ", ".join(_words(event))


def _words(event: Event) -> Iterator[str]:
    yield from what_happened(event)
    yield from what_is_known(event)
    yield f"passage {event.passage_number}"


def _host(url: str) -> str:
    """Of `10.0.0.7`, `10.0.0.7:80` and `http://10.0.0.7:80/onvif` alike; empty for nonsense."""
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""


def _decoded(answer: str, kind: type[ResponseT]) -> ResponseT:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstood(wrong_value.reason(error, answer, kind)) from error
