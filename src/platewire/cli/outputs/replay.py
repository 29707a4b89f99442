"""`platewire outputs replay OUTPUT`: sends old events again, marked `replayed`.

A server that runs on the same log folder does it over its own connections, as a job (its API is
asked); where none runs, this command does it itself. Either way the same events are sent, and the
output's live position stays where it is.
"""

import argparse
import asyncio
import math
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from tqdm import tqdm

from platewire.cli.query.events import open_database
from platewire.cli.terminal.options import count, print_json
from platewire.cli.terminal.progress import bar
from platewire.cli.terminal.running import Api, running_api
from platewire.cli.terminal.times import TIMES, time_of
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.delivery import replay
from platewire.delivery.events.choice import Choice, What, choose
from platewire.errors import ConfigError
from platewire.eventlog.lock import holder
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Entry
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board

POLL_SECONDS = 0.25
"""Between two looks at a job of the server."""
WHATS: dict[str, What] = {"all": "all", "failed": "failed", "never-sent": "never_sent"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--what",
        choices=tuple(WHATS),
        default="all",
        help="all matching events, failed events, or events that were never selected (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--from", dest="from_seq", type=seq, metavar="SEQ", help="first sequence number"
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        help=f"instead of --from: events recorded from this time on (failed: dead letters since "
        f"then): {TIMES}",
    )
    parser.add_argument(
        "--to",
        dest="to_seq",
        type=seq,
        metavar="SEQ",
        help="last sequence number (default: newest)",
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="instead of --to: events recorded before this time; a day counts to its end",
    )
    parser.add_argument("--rate", type=rate, metavar="N", help="at most N events per second")
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="return once the running server has started the replay; see `platewire outputs jobs`",
    )
    parser.set_defaults(run=run)


def rate(text: str) -> float:
    """A number above 0."""
    if not (0 < (number := float(text)) < math.inf):
        raise ValueError
    return number


def seq(text: str) -> int:
    """The sequence number of an event."""
    try:
        return count(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; for a time use --since or --until") from error


class Span(NamedTuple):
    """Which events, as the options say: each end by sequence number or by time, UTC."""

    what: What
    from_seq: int | None
    since: datetime | None
    to_seq: int | None
    until: datetime | None


def span_of(config: Config, options: argparse.Namespace) -> Span:
    """ConfigError where an end is missing, given twice or impossible."""
    since = time_of(config, "--since", options.since)
    until = time_of(config, "--until", options.until, end=True)
    if (options.from_seq is None) == (since is None):
        raise ConfigError("set the start of the replay with either --from SEQ or --since TIME")
    if options.to_seq is not None and until is not None:
        raise ConfigError(
            "set the end of the replay with either --to SEQ or --until TIME, not both"
        )
    if since is not None and until is not None and until <= since:
        raise ConfigError(f"--until {options.until!r} is not after --since {options.since!r}")
    return Span(WHATS[options.what], options.from_seq, since, options.to_seq, until)


def run(options: argparse.Namespace) -> int:
    """0 when all was sent, or was started with --no-wait; 1 when some events were rejected."""
    return asyncio.run(replay_now(load(options.config), options))


async def replay_now(config: Config, options: argparse.Namespace) -> int:
    settings = output_of(config, options.output)
    span = span_of(config, options)
    if holder(Path(config.log.folder)):
        async with running_api(config) as api:
            return await ask_server(api, span, options)
    if options.no_wait:
        raise ConfigError(
            f"--no-wait needs a running server, and none runs on {config.log.folder}; remove "
            "--no-wait, or start it with `platewire serve`"
        )
    return await send_here(config, settings, span, options)


def output_of(config: Config, name: str) -> OutputSettings:
    named = {output.name: output for output in config.output}
    if name not in named:
        there = ", ".join(named) or "none"
        raise ConfigError(f'no output "{name}"; configured outputs: {there}')
    return named[name]


# --- by the server -------------------------------------------------------------------------------


async def ask_server(api: Api, span: Span, options: argparse.Namespace) -> int:
    """The API of the platewire that has the log folder, by this file's `web` settings."""
    ends = {name: _as_json(value) for name, value in span._asdict().items()}
    path = f"/outputs/{quote(options.output, safe='')}/replay"
    started = await api.post(path, {**ends, "rate": options.rate})
    if options.no_wait:
        words = f"replay {started['job']} has started; see `platewire outputs jobs`"
        report(started, words, as_json=options.json)
        return 0
    return await follow(api, str(started["job"]), as_json=options.json)


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


async def follow(api: Api, job: str, *, as_json: bool) -> int:
    """Waits until the job has ended, showing how far it is; 1 when it failed."""
    tell = Waiting("the server keeps retrying, also if this command is stopped")
    with bar(None, f"replay {job}", "events") as progress:
        while (state := await state_of(api, job))["state"] == "running":
            tell(state["message"])
            progress.total = state["total"]
            progress.update(state["done"] - progress.n)
            await asyncio.sleep(POLL_SECONDS)
    report(state, state["message"], as_json=as_json)
    return int(state["state"] != "done")


async def state_of(api: Api, job: str) -> dict[str, Any]:
    jobs: list[dict[str, Any]] = (await api.get("/jobs"))["jobs"]
    for each in jobs:
        if each["id"] == job:
            return each
    raise ValueError(f"replay {job} is unknown; the server may have been restarted")


# --- by this process -----------------------------------------------------------------------------


async def send_here(
    config: Config, settings: OutputSettings, span: Span, options: argparse.Namespace
) -> int:
    """Without a server: this process holds the log and the output while it sends."""
    if settings.why_no_replay:
        raise ConfigError(settings.why_no_replay)
    clock = SystemClock()
    board = Board(clock)
    first, last = await seqs_of(config, span)
    log = await SqliteLog.open(config.log, clock, board)
    try:
        choice = await plan_replay(log, settings, span, first, last)
        output = settings.build(OutputContext(clock, log, config.as_site(), board))
        with bar(choice.total, f"replay to {settings.name}", "events") as progress:

            async def delivered(entries: Sequence[Entry]) -> None:
                if choice.what == "failed":
                    await log.deliveries.resolve(
                        settings.name, [entry.event.seq for entry in entries]
                    )

            result = await replay(
                log,
                output,
                choice,
                rate=options.rate,
                clock=clock,
                progress=lambda done, total: _advance(progress, done),
                on_delivered=delivered,
                probe_seconds=settings.probe_seconds,
                waiting=Waiting("retrying until Ctrl-C"),
            )
    finally:
        await log.close()
    said = f"{result.delivered} sent, {result.rejected} rejected"
    report(result, "; ".join([said, *result.reasons]), as_json=options.json)
    return int(result.rejected > 0)


def _advance(progress: "tqdm[Any]", done: int) -> None:
    progress.update(done - progress.n)


async def seqs_of(config: Config, span: Span) -> tuple[int, int | None]:
    """First and last event by their sequence numbers. Of what failed, `since` goes by the time at
    which it was given up, so any event may be the first."""
    database = open_database(config.log.database)
    try:
        first, last = span.from_seq or 1, span.to_seq
        if span.since is not None and span.what != "failed":
            first = max(1, await database.seq_at(span.since))
        if span.until is not None:
            last = await database.seq_at(span.until) - 1
    finally:
        await database.close()
    return first, last


async def plan_replay(
    log: SqliteLog, settings: OutputSettings, span: Span, first: int, last: int | None
) -> Choice:
    """ConfigError where there is nothing to send."""
    choice = await choose(log, settings, span.what, first, last, span.since)
    if not choice.total or first > log.last_seq:
        raise ConfigError(
            f"nothing to replay in seq {first} to {log.last_seq if last is None else last}; the "
            f"log holds seq {log.first_seq} to {log.last_seq}"
        )
    return choice


class Waiting:
    """Tells on stderr what a replay waits for, each reason once."""

    def __init__(self, outlook: str) -> None:
        self._outlook = outlook
        self._told = ""

    def __call__(self, reason: str) -> None:
        if reason and reason != self._told:
            print(f"platewire: {reason}; {self._outlook}", file=sys.stderr)
        self._told = reason


def report(value: Any, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        print(words)
