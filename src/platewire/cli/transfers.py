"""`platewire transfers …`: how they are doing, what they gave up, and what to do about it.

All of it is asked of the running server over its API, as the page does.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from platewire.cli.options import add_config, add_json, print_json
from platewire.cli.replay import rate
from platewire.cli.running import Api, running_api
from platewire.config.load import load
from platewire.errors import ConfigError

Verb = Callable[[Api, argparse.Namespace], Awaitable[int]]
WHATS = {"all": "all", "failed": "failed", "never-sent": "never_sent"}
SHOWN_CHARACTERS = 100


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "transfers", help="see, pause, test and replay transfers; handle what they gave up"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add(verbs, "list", list_all, "all transfers and how they are doing", name=False)
    _add(verbs, "show", show, "one transfer: what waits, what was given up and why")
    attempts = _add(verbs, "attempts", show_attempts, "what was asked and answered")
    attempts.add_argument("--seq", type=int, metavar="N", help="only at this event")
    attempts.add_argument("--limit", type=int, default=20, metavar="N", help="how many at most")
    dead = _add(verbs, "dead", show_dead, "events that were given up, newest first")
    _add_choice(dead, seqs=False)
    dead.add_argument("--discarded", action="store_true", help="those that were discarded")
    dead.add_argument("--limit", type=int, default=100, metavar="N", help="how many at most")
    _add_choice(_add(verbs, "requeue", requeue, "send given up events again, with new attempts"))
    discard_ = _add(verbs, "discard", discard, "call given up events settled; they stay to be seen")
    discard_.add_argument("--reason", required=True, metavar="TEXT", help="why, for the record")
    _add_choice(discard_)
    _add(verbs, "pause", pause, "let it stand still; its events wait in the log")
    _add(verbs, "resume", resume, "let it go on")
    _add_replay(verbs)
    _add(verbs, "jobs", jobs, "replays since the start", name=False)
    cancel_ = _add(verbs, "cancel", cancel, "end a replay", name=False)
    cancel_.add_argument("job", metavar="JOB", help="number of the replay")
    test = _add(verbs, "test", try_out, "send test events, and show the answers")
    test.add_argument(
        "--kind",
        action="append",
        choices=("new", "updated", "lost"),
        help="only this kind (may be given again; default: one of each)",
    )


def _add(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name_of_verb: str,
    verb: Verb,
    about: str,
    *,
    name: bool = True,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name_of_verb, help=about, description=about[:1].upper() + about[1:])
    add_config(parser)
    add_json(parser)
    if name:
        parser.add_argument("transfer", metavar="TRANSFER", help="name of the transfer")
    parser.set_defaults(run=run, ask=verb)
    return parser


def _add_choice(parser: argparse.ArgumentParser, *, seqs: bool = True) -> None:
    if seqs:
        parser.add_argument(
            "--seq", action="append", type=int, metavar="N", help="this event (may be given again)"
        )
        parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--group", metavar="REASON", help="only of this reason, see `show`")
    parser.add_argument(
        "--since", type=moment, metavar="TIME", help="only given up then or later (UTC)"
    )


def _add_replay(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add(verbs, "replay", replay, "send old events again, marked `replayed`, as a job")
    parser.add_argument(
        "--what",
        choices=tuple(WHATS),
        default="all",
        help="all that matches, what failed, or what was never to be sent (default: %(default)s)",
    )
    parser.add_argument("--from", dest="start", type=int, metavar="SEQ", help="first event")
    parser.add_argument("--since", type=moment, metavar="TIME", help="or: from then on (UTC)")
    parser.add_argument("--to", dest="end", type=int, metavar="SEQ", help="last event")
    parser.add_argument("--rate", type=rate, metavar="N", help="at most N events a second")


def moment(text: str) -> str:
    """A time such as 2026-01-31T08:00, UTC unless it says otherwise."""
    given = datetime.fromisoformat(text)
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).isoformat()


def run(options: argparse.Namespace) -> int:
    """0 when it was done; 1 when there was nothing to do it with, or the answer is no."""
    return asyncio.run(_ask(options))


async def _ask(options: argparse.Namespace) -> int:
    async with running_api(load(options.config)) as api:
        code: int = await options.ask(api, options)
        return code


# --- looking -----------------------------------------------------------------------------------


async def list_all(api: Api, options: argparse.Namespace) -> int:
    for each in (await api.get("/transfers"))["transfers"]:
        say(each, transfer_line(each), options)
    return 0


async def show(api: Api, options: argparse.Namespace) -> int:
    shown = await api.get(path_of(options))
    say(shown, "\n".join(detail_lines(shown)), options)
    return 0


async def show_attempts(api: Api, options: argparse.Namespace) -> int:
    query = {"seq": options.seq, "limit": options.limit}
    found = (await api.get(path_of(options, "/attempts"), query))["attempts"]
    for each in found:
        say(each, attempt_lines(each), options)
    return int(not found)


async def show_dead(api: Api, options: argparse.Namespace) -> int:
    query = {"group": options.group, "since": options.since, "limit": options.limit}
    if options.discarded:
        query["discarded"] = "true"
    found = (await api.get(path_of(options, "/dead"), query))["letters"]
    for each in found:
        say(each, letter_line(each), options)
    return int(not found)


async def jobs(api: Api, options: argparse.Namespace) -> int:
    for each in (await api.get("/jobs"))["jobs"]:
        say(each, job_line(each), options)
    return 0


# --- doing -------------------------------------------------------------------------------------


async def pause(api: Api, options: argparse.Namespace) -> int:
    return say_transfer(await api.post(path_of(options, "/pause")), options)


async def resume(api: Api, options: argparse.Namespace) -> int:
    return say_transfer(await api.post(path_of(options, "/resume")), options)


async def requeue(api: Api, options: argparse.Namespace) -> int:
    count = await api.post(path_of(options, "/requeue"), choice_of(options))
    return say_count(count, "will be sent again", options)


async def discard(api: Api, options: argparse.Namespace) -> int:
    body = {**choice_of(options), "reason": options.reason}
    count = await api.post(path_of(options, "/discard"), body)
    return say_count(count, "called settled", options)


async def replay(api: Api, options: argparse.Namespace) -> int:
    if (options.start is None) == (options.since is None):
        raise ConfigError("say where the replay begins: --from SEQ or --since TIME")
    body = {
        "what": WHATS[options.what],
        "from_seq": options.start,
        "since": options.since,
        "to_seq": options.end,
        "rate": options.rate,
    }
    started = await api.post(path_of(options, "/replay"), body)
    words = f"replay {started['job']} has begun; see `platewire transfers jobs`"
    say(started, words, options)
    return 0


async def cancel(api: Api, options: argparse.Namespace) -> int:
    job = await api.post(f"/jobs/{quote(options.job, safe='')}/cancel")
    say(job, job_line(job), options)
    return int(job["state"] != "canceled")


async def try_out(api: Api, options: argparse.Namespace) -> int:
    body = {"kinds": options.kind} if options.kind else {}
    trials = (await api.post(path_of(options, "/test"), body))["trials"]
    for each in trials:
        say(each, trial_line(each), options)
    return int(any(each["outcome"] != "delivered" for each in trials))


def choice_of(options: argparse.Namespace) -> dict[str, object]:
    """Which dead letters; all only where that was said."""
    chosen = {"seqs": options.seq, "group": options.group, "since": options.since}
    given = {name: value for name, value in chosen.items() if value is not None}
    if bool(given) == options.all:
        raise ConfigError("say which: --seq, --group, --since or --all")
    return given


def path_of(options: argparse.Namespace, more: str = "") -> str:
    return f"/transfers/{quote(options.transfer, safe='')}{more}"


# --- in words ----------------------------------------------------------------------------------


def say(value: object, words: str, options: argparse.Namespace) -> None:
    if options.json:
        print_json(value)
    else:
        print(words)


def say_transfer(transfer: Mapping[str, Any], options: argparse.Namespace) -> int:
    say(transfer, transfer_line(transfer), options)
    return 0


def say_count(changed: Mapping[str, Any], what: str, options: argparse.Namespace) -> int:
    say(changed, f"{changed['count']} {what}", options)
    return int(not changed["count"])


def transfer_line(it: Mapping[str, Any]) -> str:
    counters = it["counters"]
    counted = [
        f"{int(counters[name])} {name}"
        for name in ("delivered", "parked", "rejected", "exhausted", "expired", "gap_events")
        if counters.get(name)
    ]
    behind = [f"{it['lag']} behind"] if it["lag"] else []
    return line(f"{it['name']}: {it['state']}", *behind, *counted, it["message"])


def detail_lines(shown: Mapping[str, Any]) -> Iterable[str]:
    yield transfer_line(shown["status"])
    for row in shown["parked"]:
        why = row["error"] or "behind an earlier event of its passage"
        yield line(f"  waits: seq {row['seq']}", f"{row['attempts']} attempts", why)
    for group in shown["dead"]:
        yield line(
            f"  given up: {group['group']}",
            f"{group['count']} events",
            f"seq {group['first_seq']} to {group['last_seq']}",
            group["example"],
        )
    for job in shown["jobs"]:
        yield f"  {job_line(job)}"


def attempt_lines(it: Mapping[str, Any]) -> str:
    head = line(
        f"seq {it['seq']}, attempt {it['number']}",
        it["at"],
        f"{it['seconds']:.3f} s",
        it["outcome"],
        it["error"],
    )
    said = [f"  > {each}" for each in it["request"].splitlines()]
    heard = [f"  < {each}" for each in f"{it['status'] or ''} {it['answer']}".strip().splitlines()]
    return "\n".join([head, *said, *heard])


def letter_line(it: Mapping[str, Any]) -> str:
    seqs = f"seq {it['seq']}" if it["first_seq"] is None else f"seq {it['first_seq']}-{it['seq']}"
    settled = f"discarded: {it['discard_reason']}" if it["discarded_at"] else ""
    return line(seqs, it["at"], it["outcome"], it["reason"], settled)


def job_line(it: Mapping[str, Any]) -> str:
    return line(
        f"replay {it['id']} to {it['transfer']}: {it['state']}",
        f"{it['what']}, {it['done']} of {it['total']} looked at, {it['sent']} sent",
        it["message"],
    )


def trial_line(it: Mapping[str, Any]) -> str:
    return line(
        f"{it['kind']}: {it['outcome']}",
        f"{it['seconds']:.3f} s",
        "" if it["status"] is None else f"HTTP {it['status']}",
        it["error"] or it["answer"][:SHOWN_CHARACTERS],
    )


def line(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
