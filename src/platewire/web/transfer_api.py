"""The handlers of the operations on transfers and their replays."""

from typing import Any

import msgspec
from starlette.responses import Response

from platewire.eventlog.letters import DeadQuery
from platewire.web import overview
from platewire.web.answers import absent, json, next_page
from platewire.web.context import Job, ReplayWish, WebContext
from platewire.web.operation import Call, bad_parameter
from platewire.web.shapes import Jobs, JobStarted, Nothing, Transfers
from platewire.web.transfer_shapes import (
    AttemptList,
    AttemptsQuery,
    Changed,
    DeadLetters,
    DeadLettersQuery,
    ReplayBody,
    TransferDetail,
    Trials,
)

PARKED_SHOWN = 100


async def list_transfers(context: WebContext, call: Call[Nothing]) -> Response:
    return json(Transfers(overview.transfers(context)))


async def show_transfer(context: WebContext, call: Call[Nothing]) -> Response:
    status = _transfer(context, call)
    actions = context.actions
    return json(
        TransferDetail(
            status=status,
            parked=tuple(await actions.parked(status.name))[:PARKED_SHOWN],
            dead=tuple(await actions.dead_groups(status.name)),
            jobs=tuple(job for job in actions.jobs() if job.transfer == status.name),
        )
    )


async def pause_transfer(context: WebContext, call: Call[Nothing]) -> Response:
    await context.actions.pause(_transfer(context, call).name)
    return json(_transfer(context, call))


async def resume_transfer(context: WebContext, call: Call[Nothing]) -> Response:
    await context.actions.resume(_transfer(context, call).name)
    return json(_transfer(context, call))


async def test_transfer(context: WebContext, call: Call[Nothing]) -> Response:
    name = _transfer(context, call).name
    return json(Trials(tuple(await context.actions.test(name, call.body.kinds))))


# --- attempts and dead letters -----------------------------------------------------------------


async def list_attempts(context: WebContext, call: Call[AttemptsQuery]) -> Response:
    name = _transfer(context, call).name
    attempts = await context.actions.attempts(name, call.query.seq, call.query.limit)
    return json(AttemptList(tuple(attempts)))


async def list_dead_letters(context: WebContext, call: Call[DeadLettersQuery]) -> Response:
    name = _transfer(context, call).name
    query = call.query
    wanted = DeadQuery(
        group=query.group,
        since=query.since,
        before_seq=query.before,
        discarded=query.discarded,
    )
    letters = tuple(await context.actions.dead(name, wanted, query.limit))
    path = f"/api/v1/transfers/{name}/dead"
    more = len(letters) == query.limit
    return json(
        DeadLetters(
            letters=letters,
            groups=tuple(await context.actions.dead_groups(name)),
            next=next_page(path, query, "before", letters[-1].seq) if more else None,
        )
    )


async def requeue_dead_letters(context: WebContext, call: Call[Nothing]) -> Response:
    name = _transfer(context, call).name
    body = call.body
    query = DeadQuery(seqs=body.seqs, group=body.group, since=body.since)
    return json(Changed(await context.actions.requeue(name, query)))


async def discard_dead_letters(context: WebContext, call: Call[Nothing]) -> Response:
    name = _transfer(context, call).name
    body = call.body
    query = DeadQuery(seqs=body.seqs, group=body.group, since=body.since)
    return json(Changed(await context.actions.discard(name, query, body.reason)))


# --- replays -----------------------------------------------------------------------------------


async def replay_transfer(context: WebContext, call: Call[Nothing]) -> Response:
    name = _transfer(context, call).name
    job = await context.actions.replay(name, await _wish(context, call.body))
    return json(JobStarted(job), 202)


async def _wish(context: WebContext, body: ReplayBody) -> ReplayWish:
    if (body.from_seq is None) == (body.since is None):
        raise bad_parameter("from_seq", "give from_seq or since: where the replay begins")
    if body.from_seq is None:
        return await _wish_since(context, body)
    if body.to_seq is not None and body.to_seq < body.from_seq:
        raise bad_parameter(
            "to_seq", f"to_seq = {body.to_seq} is less than from_seq = {body.from_seq}"
        )
    if not context.log.first_seq <= body.from_seq <= context.log.last_seq:
        kept = f"{context.log.first_seq} to {context.log.last_seq}"
        raise bad_parameter("from_seq", f"from_seq = {body.from_seq}: the log holds {kept}")
    return ReplayWish(what=body.what, from_seq=body.from_seq, to_seq=body.to_seq, rate=body.rate)


async def _wish_since(context: WebContext, body: ReplayBody) -> ReplayWish:
    assert body.since is not None  # noqa: S101 - the caller has looked
    if body.what == "failed":
        return ReplayWish(
            what="failed", failed_since=body.since, to_seq=body.to_seq, rate=body.rate
        )
    first = await context.queries.seq_at(body.since)
    return ReplayWish(what=body.what, from_seq=max(1, first), to_seq=body.to_seq, rate=body.rate)


async def list_jobs(context: WebContext, call: Call[Nothing]) -> Response:
    jobs = context.actions.jobs()
    return json(Jobs(tuple(msgspec.convert(job, Job, from_attributes=True) for job in jobs)))


async def cancel_job(context: WebContext, call: Call[Nothing]) -> Response:
    job = context.actions.cancel(call.path["job"])
    if job is None:
        raise absent("job", f"no replay is called {call.path['job']!r}")
    return json(job)


def _transfer(context: WebContext, call: Call[Any]) -> overview.TransferStatus:
    name = call.path["name"]
    for transfer in overview.transfers(context):
        if transfer.name == name:
            return transfer
    raise absent("name", f"no transfer is called {name!r}")
