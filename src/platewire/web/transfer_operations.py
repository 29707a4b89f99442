"""The operations on transfers and their replays, as `operations` lists them."""

from typing import Any

from platewire.web import transfer_api
from platewire.web.context import Job
from platewire.web.describing import described, described_get
from platewire.web.operation import Answer, Handler, Operation
from platewire.web.overview import TransferStatus
from platewire.web.problem import Problem
from platewire.web.shapes import Jobs, JobStarted, Transfers
from platewire.web.transfer_shapes import (
    AttemptList,
    AttemptsQuery,
    Changed,
    DeadLetters,
    DeadLettersQuery,
    DiscardBody,
    ReplayBody,
    RequeueBody,
    TestBody,
    TransferDetail,
    Trials,
)

TRANSFER = {"name": (str, "Configured name of the transfer")}
JOB = {"job": (str, "Name of the job, as in /api/v1/jobs")}
CANNOT = {409: Answer("This transfer cannot do that", Problem, "application/problem+json")}
NO_JSON = {415: Answer("The body is not JSON", Problem, "application/problem+json")}


def _get(path: str, handler: Handler, summary: str, answer: Answer, **more: Any) -> Operation:
    return described_get(path, handler, "Transfers", summary, answer, **more)


def _post(
    path: str, handler: Handler, summary: str, answer: Answer, status: int = 200, **more: Any
) -> Operation:
    return described("POST", path, handler, "Transfers", summary, {status: answer}, **more)


TRANSFER_OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/transfers",
        transfer_api.list_transfers,
        "All transfers, how they are doing and how far they are behind",
        Answer("The transfers", Transfers),
    ),
    _get(
        "/transfers/{name}",
        transfer_api.show_transfer,
        "One transfer, with what waits for an attempt and what was given up, by reason",
        Answer("The transfer", TransferDetail),
        parts=TRANSFER,
    ),
    _post(
        "/transfers/{name}/pause",
        transfer_api.pause_transfer,
        "Lets a transfer stand still; its events wait in the log",
        Answer("The transfer as it is now", TransferStatus),
        parts=TRANSFER,
    ),
    _post(
        "/transfers/{name}/resume",
        transfer_api.resume_transfer,
        "Lets a paused transfer go on from where it stood; what waits for an attempt is tried at "
        "once",
        Answer("The transfer as it is now", TransferStatus),
        parts=TRANSFER,
    ),
    _get(
        "/transfers/{name}/attempts",
        transfer_api.list_attempts,
        "What was asked and answered: attempts that failed, and the last that succeeded. Newest "
        "first",
        Answer("Some attempts", AttemptList),
        parts=TRANSFER,
        query=AttemptsQuery,
    ),
    _get(
        "/transfers/{name}/dead",
        transfer_api.list_dead_letters,
        "Dead letters: events that were given up, each with its reason. Newest first",
        Answer("Some dead letters", DeadLetters),
        parts=TRANSFER,
        query=DeadLettersQuery,
    ),
    _post(
        "/transfers/{name}/requeue",
        transfer_api.requeue_dead_letters,
        "Sends dead letters again, marked `replayed`, each passage in order, with attempts over a "
        "day as at first",
        Answer("How many will be sent again", Changed),
        parts=TRANSFER,
        body=RequeueBody,
        also=NO_JSON,
    ),
    _post(
        "/transfers/{name}/discard",
        transfer_api.discard_dead_letters,
        "Marks dead letters as settled, with a reason; they stay to be seen",
        Answer("How many were marked", Changed),
        parts=TRANSFER,
        body=DiscardBody,
        also=NO_JSON,
    ),
    _post(
        "/transfers/{name}/replay",
        transfer_api.replay_transfer,
        "Sends events again to one transfer, beside what is new, marked `replayed`; ids stay the "
        "same",
        Answer("The replay has begun", JobStarted),
        202,
        parts=TRANSFER,
        body=ReplayBody,
        also=CANNOT | NO_JSON,
    ),
    _post(
        "/transfers/{name}/test",
        transfer_api.test_transfer,
        "Sends test events, marked `test`, to this transfer alone, and tells what was answered. "
        "They stand in no log and no filter is asked",
        Answer("What came of each", Trials),
        parts=TRANSFER,
        body=TestBody,
        also=CANNOT | NO_JSON,
    ),
    _get(
        "/jobs",
        transfer_api.list_jobs,
        "Replays since the start and how far they have come",
        Answer("The replays", Jobs),
    ),
    _post(
        "/jobs/{job}/cancel",
        transfer_api.cancel_job,
        "Ends a replay; what was sent stays sent",
        Answer("The job as it is now", Job),
        parts=JOB,
    ),
)
