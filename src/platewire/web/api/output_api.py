"""The handlers of the operations on outputs and their replays."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import structs
from starlette.responses import Response

from platewire.eventlog.deliveries.records import DeadQuery
from platewire.web import overview
from platewire.web.api.answers import absent, json, next_page
from platewire.web.api.operation import Call, bad_parameter, time_of
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
)
from platewire.web.api.shapes import Jobs, JobStarted, Nothing, Outputs
from platewire.web.context import Job, ReplayRequest, WebContext

PARKED_SHOWN = 100
"""Keys on hold that the status of an output names; a bound on the answer."""


async def list_outputs(context: WebContext, call: Call[Nothing]) -> Response:
    return json(Outputs(overview.outputs(context)))


async def show_output(context: WebContext, call: Call[Nothing]) -> Response:
    status = _output(context, call)
    actions = context.actions
    return json(
        OutputDetail(
            status=status,
            parked=tuple(await actions.parked(status.name))[:PARKED_SHOWN],
            dead=tuple(await actions.dead_groups(status.name)),
            jobs=tuple(job for job in actions.jobs() if job.output == status.name),
        )
    )


async def pause_output(context: WebContext, call: Call[Nothing]) -> Response:
    await context.actions.pause(_output(context, call).name)
    return json(_output(context, call))


async def resume_output(context: WebContext, call: Call[Nothing]) -> Response:
    await context.actions.resume(_output(context, call).name)
    return json(_output(context, call))


async def test_output(context: WebContext, call: Call[Nothing]) -> Response:
    name = _output(context, call).name
    return json(EventTestResults(tuple(await context.actions.test(name, call.body.kinds))))


# --- attempts and dead letters -----------------------------------------------------------------


async def list_attempts(context: WebContext, call: Call[AttemptsQuery]) -> Response:
    name = _output(context, call).name
    attempts = await context.actions.attempts(name, call.query.seq, call.query.limit)
    return json(AttemptList(tuple(attempts)))


async def list_dead_letters(context: WebContext, call: Call[DeadLettersQuery]) -> Response:
    name = _output(context, call).name
    query = call.query
    wanted = DeadQuery(
        group=query.group,
        since=time_of(context, "since", query.since),
        before_seq=query.before,
        discarded=query.discarded,
    )
    letters = tuple(await context.actions.dead(name, wanted, query.limit))
    path = f"/api/v1/outputs/{name}/dead"
    more = len(letters) == query.limit
    return json(
        DeadLetters(
            dead_letters=letters,
            groups=tuple(await context.actions.dead_groups(name)),
            next=next_page(path, query, "before", letters[-1].seq) if more else None,
        )
    )


async def requeue_dead_letters(context: WebContext, call: Call[Nothing]) -> Response:
    name = _output(context, call).name
    return json(Changed(await context.actions.requeue(name, _dead_query(context, call.body))))


async def discard_dead_letters(context: WebContext, call: Call[Nothing]) -> Response:
    name = _output(context, call).name
    query = _dead_query(context, call.body)
    return json(Changed(await context.actions.discard(name, query, call.body.reason)))


def _dead_query(context: WebContext, body: RequeueBody | DiscardBody) -> DeadQuery:
    since = time_of(context, "since", body.since)
    return DeadQuery(seqs=body.seqs, group=body.group, since=since)


# --- replays -----------------------------------------------------------------------------------


async def replay_output(context: WebContext, call: Call[Nothing]) -> Response:
    name = _output(context, call).name
    job = await context.actions.replay(name, await _replay_request(context, call.body))
    return json(JobStarted(job), 202)


async def _replay_request(context: WebContext, body: ReplayBody) -> ReplayRequest:
    if (body.from_seq is None) == (body.since is None):
        raise bad_parameter(
            "from_seq", ("`from_seq` or `since` is required: where the replay starts")
        )
    if body.to_seq is not None and body.until is not None:
        raise bad_parameter("to_seq", "`to_seq` or `until` is required: where the replay ends")
    since = time_of(context, "since", body.since)
    until = time_of(context, "until", body.until, end=True)
    if since is not None and until is not None and until <= since:
        raise bad_parameter("until", f"until = {body.until!r} is not after since = {body.since!r}")
    wish = ReplayRequest(
        what=body.what, to_seq=await _last_seq(context, body.to_seq, until), rate=body.rate
    )
    if since is None:
        return structs.replace(wish, from_seq=_first_seq(context, body.from_seq or 0, wish.to_seq))
    if body.what == "failed":
        return structs.replace(wish, failed_since=since)
    return structs.replace(wish, from_seq=max(1, await context.queries.seq_at(since)))


async def _last_seq(context: WebContext, to_seq: int | None, until: datetime | None) -> int | None:
    return to_seq if until is None else await context.queries.seq_at(until) - 1


def _first_seq(context: WebContext, from_seq: int, to_seq: int | None) -> int:
    if to_seq is not None and to_seq < from_seq:
        raise bad_parameter("to_seq", f"to_seq = {to_seq} is less than from_seq = {from_seq}")
    if not context.log.first_seq <= from_seq <= context.log.last_seq:
        seq_range = f"{context.log.first_seq} to {context.log.last_seq}"
        raise bad_parameter(
            "from_seq", f"from_seq = {from_seq} is not in the log; the log holds {seq_range}"
        )
    return from_seq


async def list_jobs(context: WebContext, call: Call[Nothing]) -> Response:
    jobs = context.actions.jobs()
    return json(Jobs(tuple(msgspec.convert(job, Job, from_attributes=True) for job in jobs)))


async def cancel_job(context: WebContext, call: Call[Nothing]) -> Response:
    job = context.actions.cancel(call.path["job"])
    if job is None:
        raise absent("job", f"replay {call.path['job']!r} not found")
    return json(job)


def _output(context: WebContext, call: Call[Any]) -> overview.OutputStatus:
    name = call.path["name"]
    for output in overview.outputs(context):
        if output.name == name:
            return output
    raise absent("name", f"output {name!r} not found")
