"""The table of all operations. Routes, the OpenAPI document, the page that shows it and the tests
that compare the two are all made from here, so they cannot drift apart."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from platewire.exports.formats import MEDIA_TYPES
from platewire.model import Event
from platewire.web import api
from platewire.web.describing import ROOT as ROOT
from platewire.web.describing import described_get as _get
from platewire.web.list_operations import LIST_OPERATIONS
from platewire.web.operation import Answer, Operation
from platewire.web.overview import Status
from platewire.web.problem import Problem
from platewire.web.shapes import (
    Cameras,
    EventPage,
    EventsQuery,
    ExportQuery,
    PassageHistory,
    PassagePage,
    PassagesQuery,
    Seen,
    SeenQuery,
    Seq,
    SnapshotQuery,
    StreamQuery,
)
from platewire.web.transfer_operations import TRANSFER_OPERATIONS

FILES = ", ".join(media.partition(";")[0] for media in MEDIA_TYPES.values())
SEQ = {"seq": (Seq, "Position in the event log")}
PASSAGE = {"id": (UUID, "UUID of the passage")}
CAMERA = {"name": (str, "Configured name of the camera")}
SHA256 = {"sha256": (Annotated[str, Meta(pattern="^[0-9a-f]{64}$")], "SHA-256 of the picture")}


OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/events",
        api.list_events,
        "Events",
        "Events of the log, each exactly as it was stored and sent. Newest first, unless `after` "
        "is given",
        Answer("Some events", EventPage[Event]),
        query=EventsQuery,
    ),
    _get(
        "/events/{seq}",
        api.show_event,
        "Events",
        "One event, exactly as it was stored and sent",
        Answer("The event", Event),
        parts=SEQ,
    ),
    _get(
        "/stream",
        api.follow,
        "Events",
        "The live stream (Server-Sent Events): the log's events as they become durable, under "
        "their kind and with their seq as id; `status` whenever something changes; `skipped` when "
        "the reader was too slow",
        Answer("An endless stream", None, "text/event-stream"),
        query=StreamQuery,
        also={503: Answer("Too many open streams", Problem, "application/problem+json")},
    ),
    _get(
        "/passages",
        api.list_passages,
        "Passages",
        "Passages, each as its last event shows it; newest first, by first sight",
        Answer("Some passages", PassagePage[Event]),
        query=PassagesQuery,
    ),
    _get(
        "/seen",
        api.show_seen,
        "Passages",
        "Whether, how often and when a plate was here: `plate=B-AB 12&match=similar&day=yesterday`",
        Answer("Whether there were such passages", Seen[Event]),
        query=SeenQuery,
    ),
    _get(
        "/exports/passages",
        api.export_passages,
        "Exports",
        "All such passages as a file, newest first: CSV, JSON Lines, XLSX or Parquet",
        Answer("The file", None, FILES),
        query=ExportQuery,
        also={503: Answer("Too many exports at a time", Problem, "application/problem+json")},
    ),
    _get(
        "/exports/events",
        api.export_events,
        "Exports",
        "All such events as a file, in the order of the log; times are when they happened",
        Answer("The file", None, FILES),
        query=ExportQuery,
        also={503: Answer("Too many exports at a time", Problem, "application/problem+json")},
    ),
    _get(
        "/passages/{id}",
        api.show_passage,
        "Passages",
        "One passage with all its events",
        Answer("The passage", PassageHistory[Event]),
        parts=PASSAGE,
    ),
    _get(
        "/images/{sha256}.jpg",
        api.show_image,
        "Passages",
        "A picture of an event, by the `sha256` that the event names. Never changes",
        Answer("The picture", None, "image/jpeg"),
        parts=SHA256,
        also={304: Answer("The caller has it already (If-None-Match)")},
    ),
    _get(
        "/cameras",
        api.list_cameras,
        "Cameras",
        "All cameras and how they are doing",
        Answer("The cameras", Cameras),
    ),
    _get(
        "/cameras/{name}/snapshot.jpg",
        api.show_snapshot,
        "Cameras",
        "The newest picture of a camera",
        Answer("The picture", None, "image/jpeg"),
        parts=CAMERA,
        query=SnapshotQuery,
        also={204: Answer("The camera has given no picture yet")},
    ),
    *TRANSFER_OPERATIONS,
    *LIST_OPERATIONS,
    _get(
        "/status",
        api.show_status,
        "Status",
        "Log, cameras and transfers at a glance",
        Answer("How everything is doing", Status),
    ),
)
