"""The operations on outputs and their replays, as `operations` lists them."""

from typing import Any

from platewire.web.api import output_api
from platewire.web.api.describing import described, described_get
from platewire.web.api.operation import Handler, Operation, ResponseSpec
from platewire.web.api.output_shapes import (
    AttemptList,
    AttemptsQuery,
    Changed,
    DeadLetters,
    DeadLettersQuery,
    DiscardBody,
    EventTestResults,
    OutputDetail,
    ReplayBody,
    RequeueBody,
    TestBody,
)
from platewire.web.api.shapes import Jobs, JobStarted, Outputs
from platewire.web.context import Job
from platewire.web.overview import OutputStatus
from platewire.web.problem import Problem

OUTPUT = {"name": (str, "Configured name of the output")}
JOB = {"job": (str, "Name of the job, as in /api/v1/jobs")}
CANNOT = {409: ResponseSpec("Not supported by this output", Problem, "application/problem+json")}
NO_JSON = {415: ResponseSpec("The body is not valid JSON", Problem, "application/problem+json")}


def _get(path: str, handler: Handler, summary: str, answer: ResponseSpec, **more: Any) -> Operation:
    return described_get(path, handler, "Outputs", summary, answer, **more)


def _post(
    path: str, handler: Handler, summary: str, answer: ResponseSpec, status: int = 200, **more: Any
) -> Operation:
    return described("POST", path, handler, "Outputs", summary, {status: answer}, **more)


OUTPUT_OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/outputs",
        output_api.list_outputs,
        "List all outputs with their state and lag",
        ResponseSpec("The outputs", Outputs),
    ),
    _get(
        "/outputs/{name}",
        output_api.show_output,
        "Get one output, with its waiting events and its dead letters by reason",
        ResponseSpec("The output", OutputDetail),
        parts=OUTPUT,
    ),
    _post(
        "/outputs/{name}/pause",
        output_api.pause_output,
        "Pause an output; its events wait in the log",
        ResponseSpec("The current state of the output", OutputStatus),
        parts=OUTPUT,
    ),
    _post(
        "/outputs/{name}/resume",
        output_api.resume_output,
        "Resume a paused output where it stopped; waiting events are retried at once",
        ResponseSpec("The current state of the output", OutputStatus),
        parts=OUTPUT,
    ),
    _get(
        "/outputs/{name}/attempts",
        output_api.list_attempts,
        "List attempts with request and response: those that failed, and the last that "
        "succeeded. Newest first",
        ResponseSpec("One page of attempts", AttemptList),
        parts=OUTPUT,
        query=AttemptsQuery,
    ),
    _get(
        "/outputs/{name}/dead",
        output_api.list_dead_letters,
        "List dead letters: failed events, each with its reason. Newest first",
        ResponseSpec("One page of dead letters", DeadLetters),
        parts=OUTPUT,
        query=DeadLettersQuery,
    ),
    _post(
        "/outputs/{name}/requeue",
        output_api.requeue_dead_letters,
        "Requeue dead letters, marked `replayed`, each passage in order, with up to a day of "
        "retries as before",
        ResponseSpec("How many are requeued", Changed),
        parts=OUTPUT,
        body=RequeueBody,
        also=NO_JSON,
    ),
    _post(
        "/outputs/{name}/discard",
        output_api.discard_dead_letters,
        "Mark dead letters as resolved, with a reason; they stay visible",
        ResponseSpec("How many were marked", Changed),
        parts=OUTPUT,
        body=DiscardBody,
        also=NO_JSON,
    ),
    _post(
        "/outputs/{name}/replay",
        output_api.replay_output,
        "Replay events to one output, beside new events, marked `replayed`; ids stay the same",
        ResponseSpec("The replay has started", JobStarted),
        202,
        parts=OUTPUT,
        body=ReplayBody,
        also=CANNOT | NO_JSON,
    ),
    _post(
        "/outputs/{name}/test",
        output_api.test_output,
        "Send test events, marked `test`, to this output only, and return the responses. They "
        "are not logged, and only the `events` filter applies",
        ResponseSpec("The result of each test event", EventTestResults),
        parts=OUTPUT,
        body=TestBody,
        also=CANNOT | NO_JSON,
    ),
    _get(
        "/jobs",
        output_api.list_jobs,
        "List replays since the start with their progress",
        ResponseSpec("The replays", Jobs),
    ),
    _post(
        "/jobs/{job}/cancel",
        output_api.cancel_job,
        "Stop a replay; sent events stay sent",
        ResponseSpec("The current state of the job", Job),
        parts=JOB,
    ),
)
