"""An event as a CloudEvent 1.0 (https://github.com/cloudevents/spec, v1.0.2), bound to HTTP.

    id        that of the event, the same on every attempt and replay
    source    /platewire/<site>/<camera>, without a percent sign (`_segment`)
    type      io.platewire.passage.new, .updated or .lost
    subject   the passage
    time      when it happened: frame time
    data      the native JSON, byte for byte in binary mode

Receivers drop repeats by `source` and `id`, as the specification has it.
"""

from collections.abc import Mapping
from string import ascii_letters, digits
from urllib.parse import quote

import msgspec

from platewire.model import Entry, Event

JSON = "application/json"
STRUCTURED = "application/cloudevents+json; charset=UTF-8"

# Of what is printable, space, `"` and `%` are percent-encoded in a header (HTTP binding, 3.1.3.2).
_PLAIN_IN_HEADER = ascii_letters + digits + "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"


def attributes(event: Event, site: str) -> Mapping[str, str]:
    """The context attributes, as text."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": f"/platewire/{_segment(site)}/{_segment(event.camera)}",
        "type": f"io.platewire.passage.{event.kind}",
        "subject": str(event.passage),
        "time": event.occurred_at.isoformat().replace("+00:00", "Z"),
    }


def _segment(name: str) -> str:
    """Path segment: percent-encoded with `~` instead of `%`, which is unambiguous.

    A `%` must be encoded again in a header; SDKs that do not decode it would see different sources
    in binary and in structured mode.
    """
    return quote(name, safe="").replace("~", "%7E").replace("%", "~")


def binary(entry: Entry, site: str) -> tuple[dict[str, str], bytes]:
    """Headers and body in binary mode: the attributes are headers, the body is the event."""
    headers = {
        f"ce-{name}": quote(value, safe=_PLAIN_IN_HEADER)
        for name, value in attributes(entry.event, site).items()
    }
    return {"Content-Type": JSON, **headers}, entry.body


def structured(entry: Entry, site: str) -> tuple[dict[str, str], bytes]:
    """Headers and body in structured mode: all in one JSON object, the event under `data`."""
    envelope = {
        **attributes(entry.event, site),
        "datacontenttype": JSON,
        "data": msgspec.Raw(entry.body),
    }
    return {"Content-Type": STRUCTURED}, msgspec.json.encode(envelope)
