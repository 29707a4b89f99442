"""`platewire outputs …`: how they are doing, what they gave up, and what to do about it.

All of it is asked of the running server over its API, as the page does; only a replay also works
without one (see `replay`).
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import quote

from platewire.cli.outputs import replay
from platewire.cli.terminal.options import add_before, add_config, add_json, add_limit, print_json
from platewire.cli.terminal.running import Api, running_api
from platewire.cli.terminal.times import TIMES, zone_of
from platewire.config.load import load
from platewire.errors import ConfigError
from platewire.runtime.site_time import print_time

Verb = Callable[[Api, argparse.Namespace], Awaitable[int]]
SHOWN_CHARACTERS = 100
"""Characters of a receiver's answer in a row of a table; the JSON form has all of it."""


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "outputs", help="show, pause, test and replay outputs; handle dead letters"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add(verbs, "list", list_all, "list all outputs with their health", name=False)
    _add(verbs, "show", show, "show one output: pending events, and dead letters by reason")
    attempts = _add(
        verbs, "attempts", show_attempts, "show delivery attempts with request and response"
    )
    attempts.add_argument("--seq", type=int, metavar="N", help="only attempts for this event")
    add_limit(attempts, 20)
    dead = _add(verbs, "dead", show_dead, "list dead letters (failed events), newest first")
    _add_choice(dead, seqs=False)
    dead.add_argument(
        "--discarded", action="store_true", help="show discarded dead letters instead"
    )
    add_limit(dead, 100)
    add_before(dead)
    _add_choice(
        _add(verbs, "requeue", requeue, "requeue dead letters for delivery, with new attempts")
    )
    discard_ = _add(verbs, "discard", discard, "mark dead letters as resolved; they remain listed")
    discard_.add_argument(
        "--reason", required=True, metavar="TEXT", help="reason, kept with each dead letter"
    )
    _add_choice(discard_)
    _add(verbs, "pause", pause, "pause an output; its events wait in the event log")
    _add(verbs, "resume", resume, "resume a paused output")
    about = "replay stored events, marked `replayed`; also works without a running server"
    replay.add_arguments(_add(verbs, "replay", None, about))
    _add(verbs, "jobs", jobs, "list the replays since the server started", name=False)
    cancel_ = _add(verbs, "cancel", cancel, "cancel a replay", name=False)
    cancel_.add_argument("job", metavar="JOB", help="id of the replay, see `jobs`")
    test = _add(verbs, "test", try_out, "send test events and show the responses")
    test.add_argument(
        "--kind",
        action="append",
        choices=("new", "updated", "lost"),
        help="only this kind (repeatable; default: one of each kind that the output sends)",
    )


def _add(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name_of_verb: str,
    verb: Verb | None,
    about: str,
    *,
    name: bool = True,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name_of_verb, help=about, description=about[:1].upper() + about[1:])
    add_config(parser)
    add_json(parser)
    if name:
        parser.add_argument("output", metavar="OUTPUT", help="name of the output")
    parser.set_defaults(run=run, ask=verb)
    return parser


def _add_choice(parser: argparse.ArgumentParser, *, seqs: bool = True) -> None:
    if seqs:
        parser.add_argument(
            "--seq",
            action="append",
            type=int,
            metavar="N",
            help="sequence number of the event; repeatable",
        )
        parser.add_argument("--all", action="store_true", help="all dead letters of the output")
    parser.add_argument(
        "--group", metavar="REASON", help="only dead letters with this reason, see `show`"
    )
    parser.add_argument(
        "--since", metavar="TIME", help=f"only dead letters from this time on: {TIMES}"
    )


def run(options: argparse.Namespace) -> int:
    """0 when it was done; 1 when there was nothing to do it with, or the answer is no."""
    return asyncio.run(_ask(options))


async def _ask(options: argparse.Namespace) -> int:
    config = load(options.config)
    options.zone = zone_of(config)
    async with running_api(config) as api:
        code: int = await options.ask(api, options)
        return code


# --- looking -----------------------------------------------------------------------------------


async def list_all(api: Api, options: argparse.Namespace) -> int:
    for each in (await api.get("/outputs"))["outputs"]:
        say(each, output_line(each), options)
    return 0


async def show(api: Api, options: argparse.Namespace) -> int:
    detail = await api.get(path_of(options))
    say(detail, "\n".join(detail_lines(detail)), options)
    return 0


async def show_attempts(api: Api, options: argparse.Namespace) -> int:
    query = {"seq": options.seq, "limit": options.limit}
    found = (await api.get(path_of(options, "/attempts"), query))["attempts"]
    for each in found:
        say(each, attempt_lines(each, options.zone), options)
    return int(not found)


async def show_dead(api: Api, options: argparse.Namespace) -> int:
    query = {
        "group": options.group,
        "since": options.since,
        "before": options.before,
        "limit": options.limit,
    }
    if options.discarded:
        query["discarded"] = "true"
    found = (await api.get(path_of(options, "/dead"), query))["dead_letters"]
    for each in found:
        say(each, letter_line(each, options.zone), options)
    return int(not found)


async def jobs(api: Api, options: argparse.Namespace) -> int:
    for each in (await api.get("/jobs"))["jobs"]:
        say(each, job_line(each), options)
    return 0


# --- doing -------------------------------------------------------------------------------------


async def pause(api: Api, options: argparse.Namespace) -> int:
    return say_output(await api.post(path_of(options, "/pause")), options)


async def resume(api: Api, options: argparse.Namespace) -> int:
    return say_output(await api.post(path_of(options, "/resume")), options)


async def requeue(api: Api, options: argparse.Namespace) -> int:
    count = await api.post(path_of(options, "/requeue"), choice_of(options))
    return say_count(count, "requeued", options)


async def discard(api: Api, options: argparse.Namespace) -> int:
    body = {**choice_of(options), "reason": options.reason}
    count = await api.post(path_of(options, "/discard"), body)
    return say_count(count, "marked as resolved", options)


async def cancel(api: Api, options: argparse.Namespace) -> int:
    job = await api.post(f"/jobs/{quote(options.job, safe='')}/cancel")
    say(job, job_line(job), options)
    return int(job["state"] != "canceled")


async def try_out(api: Api, options: argparse.Namespace) -> int:
    body = {"kinds": options.kind} if options.kind else {}
    trials = (await api.post(path_of(options, "/test"), body))["trials"]
    for each in trials:
        say(each, test_event_line(each), options)
    return int(any(each["outcome"] != "delivered" for each in trials))


def choice_of(options: argparse.Namespace) -> dict[str, object]:
    """Which dead letters; all only where that was said."""
    chosen = {"seqs": options.seq, "group": options.group, "since": options.since}
    given = {name: value for name, value in chosen.items() if value is not None}
    if bool(given) == options.all:
        raise ConfigError("no dead letters selected: use --seq, --group, --since or --all")
    return given


def path_of(options: argparse.Namespace, more: str = "") -> str:
    return f"/outputs/{quote(options.output, safe='')}{more}"


# --- in words ----------------------------------------------------------------------------------


def say(value: object, words: str, options: argparse.Namespace) -> None:
    if options.json:
        print_json(value)
    else:
        print(words)


def say_output(output: Mapping[str, Any], options: argparse.Namespace) -> int:
    say(output, output_line(output), options)
    return 0


def say_count(changed: Mapping[str, Any], what: str, options: argparse.Namespace) -> int:
    say(changed, f"{changed['count']} {what}", options)
    return int(not changed["count"])


def output_line(it: Mapping[str, Any]) -> str:
    counters = it["counters"]
    counted = [
        f"{int(counters[name])} {name}"
        for name in ("delivered", "parked", "rejected", "exhausted", "expired", "gap_events")
        if counters.get(name)
    ]
    behind = [f"{it['lag']} behind"] if it["lag"] else []
    return line(f"{it['name']}: {it['state']}", *behind, *counted, it["message"])


def detail_lines(detail: Mapping[str, Any]) -> Iterable[str]:
    yield output_line(detail["status"])
    for row in detail["parked"]:
        why = row["error"] or "waits for an earlier event of its passage"
        yield line(f"  pending: seq {row['seq']}", f"{row['attempts']} attempts", why)
    for group in detail["dead"]:
        yield line(
            f"  dead letters: {group['group']}",
            f"{group['count']} events",
            f"seq {group['first_seq']} to {group['last_seq']}",
            group["example"],
        )
    for job in detail["jobs"]:
        yield f"  {job_line(job)}"


def attempt_lines(it: Mapping[str, Any], zone: tzinfo) -> str:
    head = line(
        f"seq {it['seq']}, attempt {it['number']}",
        display_time(it, zone),
        f"{it['seconds']:.3f} s",
        it["outcome"],
        it["error"],
    )
    said = [f"  > {each}" for each in it["request"].splitlines()]
    heard = [f"  < {each}" for each in f"{it['status'] or ''} {it['answer']}".strip().splitlines()]
    return "\n".join([head, *said, *heard])


def letter_line(it: Mapping[str, Any], zone: tzinfo) -> str:
    seqs = f"seq {it['seq']}" if it["first_seq"] is None else f"seq {it['first_seq']}-{it['seq']}"
    settled = f"discarded: {it['discard_reason']}" if it["discarded_at"] else ""
    return line(seqs, display_time(it, zone), it["outcome"], it["reason"], settled)


def display_time(it: Mapping[str, Any], zone: tzinfo) -> str:
    return print_time(datetime.fromisoformat(it["at"]), zone, timespec="milliseconds")


def job_line(it: Mapping[str, Any]) -> str:
    return line(
        f"replay {it['id']} to {it['output']}: {it['state']}",
        f"{it['what']}, {it['done']} of {it['total']} checked, {it['sent']} sent",
        it["message"],
    )


def test_event_line(it: Mapping[str, Any]) -> str:
    return line(
        f"{it['kind']}: {it['outcome']}",
        f"{it['seconds']:.3f} s",
        "" if it["status"] is None else f"HTTP {it['status']}",
        it["error"] or it["answer"][:SHOWN_CHARACTERS],
    )


def line(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
