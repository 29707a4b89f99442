"""JSON lines over TCP: one event per line, and the few other lines either side may send.

The server's lines are events in their native bytes, or one of four markers, told apart by their
single key: `hello`, `gap`, `skipped`, `error`. The client may send one request line. Nothing here
knows of sockets or of positions in the log.
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from platewire.model import Event, Kind
from platewire.runtime import wrong_value

REQUEST_BYTES_MAX = 4096
"""Bytes of a line that a client may send: requests take a few dozen."""


class RequestError(ValueError):
    """What the client sent is no request; the text is what it is told."""


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """The one line that a client may send."""

    resume: Annotated[int, Meta(ge=0)] | Literal["now", "beginning"] = "now"
    """The last `seq` that the client has; events after it follow."""
    kinds: tuple[Kind, ...] = ()
    """Only these kinds; empty means all that the output sends."""
    cameras: tuple[str, ...] = ()
    """Only these cameras; empty means all that the output sends."""
    token: str = ""
    """Where the server asks for one."""
    id: UUID | None = None
    """The `id` of the event whose seq is in `resume`, by which the server tells whether it has the
    same one there: after a restore a number may stand for another event."""


class Hello(Struct, frozen=True, kw_only=True):
    """The first line, and the answer to a request: events after seq `after` follow."""

    after: int
    first_seq: int
    last_seq: int
    kinds: tuple[Kind, ...]
    cameras: tuple[str, ...]
    log_id: UUID
    """Which log this is."""
    epoch: int
    """Rises each time that the log was cut back or a backup was restored."""


class Span(Struct, frozen=True, omit_defaults=True):
    """Positions `first` to `last` of the log, `count` of them, that will not come."""

    first: int
    last: int
    count: int
    reason: Literal["", "cut_back"] = ""
    """`cut_back`: no event of this log has these numbers, as it was cut back."""


class Marker(Struct, frozen=True, omit_defaults=True):
    """A line that is no event; exactly one field is set."""

    hello: Hello | None = None
    gap: Span | None = None
    """Retention had already taken these events, or the log had lost them: see `reason`."""
    skipped: Span | None = None
    """The client was too slow for these events, and the output is set to skip."""
    error: str | None = None
    """Why the server closes the connection."""


_encode = msgspec.json.Encoder().encode
_marker = msgspec.json.Decoder(Marker)
_event = msgspec.json.Decoder(Event)
_request = msgspec.json.Decoder(Request)


def span(first: int, last: int, reason: Literal["", "cut_back"] = "") -> Span:
    return Span(first, last, last - first + 1, reason)


def marker_line(marker: Marker) -> bytes:
    return _encode(marker) + b"\n"


def event_line(body: bytes) -> bytes:
    """The stored native bytes of an event; they hold no line break."""
    return body + b"\n"


def read_line(line: bytes) -> Event | Marker:
    """What a client makes of a line; msgspec.DecodeError where it is neither."""
    return _event.decode(line) if line.startswith(b'{"schema"') else _marker.decode(line)


def request_line(request: Request) -> bytes:
    return _encode(request) + b"\n"


def read_request(line: bytes) -> Request:
    """Raises RequestError, which says what is wrong with the line and shows a valid one."""
    try:
        return _request.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(
            f"invalid request: {wrong_value.reason(error, line, Request)}; send nothing, or one "
            "line such as "
            '{"resume": 123, "id": "the id of event 123", "kinds": ["new", "lost"]}'
        ) from error


class LineReader:
    """Bytes in pieces of any size to whole lines; empty lines are not given.

    Keeps at most `limit` bytes of an unfinished line; RequestError where it grows longer.
    """

    def __init__(self, limit: int = REQUEST_BYTES_MAX) -> None:
        self._limit = limit
        self._kept = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._kept = (self._kept + data).split(b"\n")
        if any(len(line) > self._limit for line in (*lines, self._kept)):
            raise RequestError(
                f"the request exceeds {self._limit} bytes; send one short line of JSON"
            )
        return [line for line in map(bytes.strip, lines) if line]
