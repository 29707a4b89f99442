"""The table of all operations. Routes, the OpenAPI document, the page that shows it and the tests
that compare the two are all made from here, so they cannot drift apart."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from platewire.model import Event
from platewire.web import api
from platewire.web.operation import Answer, Handler, Operation
from platewire.web.overview import Status, TransferStatus
from platewire.web.problem import Problem
from platewire.web.shapes import (
    Cameras,
    EventPage,
    EventsQuery,
    Jobs,
    JobStarted,
    PassageHistory,
    PassagePage,
    PassagesQuery,
    ReplayBody,
    Seen,
    SeenQuery,
    Seq,
    SnapshotQuery,
    StreamQuery,
    Transfers,
)

ROOT = "/api/v1"
SEQ = {"seq": (Seq, "Position in the event log")}
PASSAGE = {"id": (UUID, "UUID of the passage")}
CAMERA = {"name": (str, "Configured name of the camera")}
TRANSFER = {"name": (str, "Configured name of the transfer")}
SHA256 = {"sha256": (Annotated[str, Meta(pattern="^[0-9a-f]{64}$")], "SHA-256 of the picture")}


def _get(
    path: str, handler: Handler, tag: str, summary: str, answer: Answer, **more: Any
) -> Operation:
    return _operation("GET", path, handler, tag, summary, {200: answer}, **more)


def _operation(
    method: str,
    path: str,
    handler: Handler,
    tag: str,
    summary: str,
    answers: dict[int, Answer],
    **more: Any,
) -> Operation:
    problems = {400: Answer("A parameter is wrong", Problem, "application/problem+json")}
    if more.get("parts"):
        problems[404] = Answer("There is no such thing", Problem, "application/problem+json")
    return Operation(
        method=method,
        path=ROOT + path,
        name=handler.__name__,
        tag=tag,
        summary=summary,
        handler=handler,
        answers={**answers, **more.pop("also", {}), **problems},
        **more,
    )


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
    _get(
        "/transfers",
        api.list_transfers,
        "Transfers",
        "All transfers, how they are doing and how far they are behind",
        Answer("The transfers", Transfers),
    ),
    _operation(
        "POST",
        "/transfers/{name}/pause",
        api.pause_transfer,
        "Transfers",
        "Lets a transfer stand still; its events wait in the log",
        {200: Answer("The transfer as it is now", TransferStatus)},
        parts=TRANSFER,
    ),
    _operation(
        "POST",
        "/transfers/{name}/resume",
        api.resume_transfer,
        "Transfers",
        "Lets a paused transfer go on from where it stood",
        {200: Answer("The transfer as it is now", TransferStatus)},
        parts=TRANSFER,
    ),
    _operation(
        "POST",
        "/transfers/{name}/replay",
        api.replay_transfer,
        "Transfers",
        "Sends events again to one transfer, beside what is new; ids stay the same",
        {202: Answer("The replay has begun", JobStarted)},
        parts=TRANSFER,
        body=ReplayBody,
        also={
            409: Answer("This transfer cannot do that", Problem, "application/problem+json"),
            415: Answer("The body is not JSON", Problem, "application/problem+json"),
        },
    ),
    _get(
        "/jobs",
        api.list_jobs,
        "Transfers",
        "Replays since the start and how far they have come",
        Answer("The replays", Jobs),
    ),
    _get(
        "/status",
        api.show_status,
        "Status",
        "Log, cameras and transfers at a glance",
        Answer("How everything is doing", Status),
    ),
)
