"""The table of all operations. Routes, the OpenAPI document, the API page and the tests that
compare them are all generated from this table, so they cannot drift apart.
"""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from platewire.database.search.request import SearchRequest
from platewire.exports.formats import MEDIA_TYPES
from platewire.model import Event
from platewire.runtime.status import Restartable
from platewire.web.api import handlers as api
from platewire.web.api.describing import described
from platewire.web.api.describing import described_get as _get
from platewire.web.api.list_operations import LIST_OPERATIONS
from platewire.web.api.operation import Operation, ResponseSpec
from platewire.web.api.output_operations import OUTPUT_OPERATIONS
from platewire.web.api.shapes import (
    Cameras,
    EventPage,
    EventsQuery,
    ExportQuery,
    PassageHistory,
    PassagePage,
    PassagesQuery,
    Seen,
    Seq,
    SnapshotQuery,
    StreamQuery,
)
from platewire.web.overview import Status
from platewire.web.problem import Problem

FILES = ", ".join(media.partition(";")[0] for media in MEDIA_TYPES.values())
SEQ = {"seq": (Seq, "Sequence number in the event log")}
PASSAGE = {"id": (UUID, "UUID of the passage")}
CAMERA = {"name": (str, "Configured name of the camera")}
PART = {
    "role": (Restartable, "Role of the part"),
    "name": (str, "Name of the part"),
}
SHA256 = {"sha256": (Annotated[str, Meta(pattern="^[0-9a-f]{64}$")], "SHA-256 of the image")}


OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/events",
        api.list_events,
        "Events",
        "List events of the log, each exactly as stored and sent. Newest first, unless `after` "
        "is given",
        ResponseSpec("One page of events", EventPage[Event]),
        query=EventsQuery,
    ),
    _get(
        "/events/{seq}",
        api.show_event,
        "Events",
        "Get one event, exactly as stored and sent",
        ResponseSpec("The event", Event),
        parts=SEQ,
    ),
    _get(
        "/stream",
        api.follow,
        "Events",
        "The live stream (Server-Sent Events): events of the log as they become durable, with "
        "their kind as event type and their seq as id; `status` whenever something changes; "
        "`skipped` when the client was too slow",
        ResponseSpec("An endless stream", None, "text/event-stream"),
        query=StreamQuery,
        also={503: ResponseSpec("Too many open streams", Problem, "application/problem+json")},
    ),
    _get(
        "/passages",
        api.list_passages,
        "Passages",
        "List passages, each as of its last event, newest first by first sight",
        ResponseSpec("One page of passages", PassagePage[Event]),
        query=PassagesQuery,
    ),
    _get(
        "/seen",
        api.show_seen,
        "Passages",
        (
            "Check whether, how often and when a plate was seen: `plate=B-AB "
            "12&match=similar&day=yesterday`"
        ),
        ResponseSpec("Whether there are such passages", Seen[Event]),
        query=SearchRequest,
    ),
    _get(
        "/exports/passages",
        api.export_passages,
        "Exports",
        "Export all matching passages to a file, newest first: CSV, JSON Lines, XLSX or Parquet",
        ResponseSpec("The file", None, FILES),
        query=ExportQuery,
        also={503: ResponseSpec("Too many exports running", Problem, "application/problem+json")},
    ),
    _get(
        "/exports/events",
        api.export_events,
        "Exports",
        "Export all matching events to a file, in log order; times are when they happened",
        ResponseSpec("The file", None, FILES),
        query=ExportQuery,
        also={503: ResponseSpec("Too many exports running", Problem, "application/problem+json")},
    ),
    _get(
        "/passages/{id}",
        api.show_passage,
        "Passages",
        "Get one passage with all its events",
        ResponseSpec("The passage", PassageHistory[Event]),
        parts=PASSAGE,
    ),
    _get(
        "/images/{sha256}.jpg",
        api.show_image,
        "Passages",
        "Get an image of an event, by the `sha256` in the event. Never changes",
        ResponseSpec("The image", None, "image/jpeg"),
        parts=SHA256,
        also={304: ResponseSpec("Not modified (If-None-Match)")},
    ),
    _get(
        "/cameras",
        api.list_cameras,
        "Cameras",
        "List all cameras with their state",
        ResponseSpec("The cameras", Cameras),
    ),
    _get(
        "/cameras/{name}/snapshot.jpg",
        api.show_snapshot,
        "Cameras",
        "Get the latest frame of a camera",
        ResponseSpec("The image", None, "image/jpeg"),
        parts=CAMERA,
        query=SnapshotQuery,
        also={204: ResponseSpec("The camera has not delivered a frame yet")},
    ),
    *OUTPUT_OPERATIONS,
    *LIST_OPERATIONS,
    _get(
        "/status",
        api.show_status,
        "Status",
        "Status of the log, cameras and outputs",
        ResponseSpec("The status", Status),
    ),
    described(
        "POST",
        "/parts/{role}/{name}/restart",
        api.restart_part,
        "Status",
        "Restart one part while all others keep running: a camera, an output, recognition or a "
        "task of the server, as named in `failed` of the status",
        {200: ResponseSpec("The status", Status)},
        parts=PART,
        also={
            409: ResponseSpec("The part cannot be restarted", Problem, "application/problem+json")
        },
    ),
)
