"""`platewire replay TRANSFER --from …`: sends old events again, marked `replayed`.

A server that runs on the same log folder does it over its own connections (its API is asked);
where none runs, this command does it itself. Either way the transfer's live position stays where
it is.
"""

import argparse
import asyncio
import math
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from platewire.cli.events import open_database
from platewire.cli.options import add_config, add_json, print_json
from platewire.cli.progress import bar
from platewire.cli.running import Api, running_api
from platewire.clock import SystemClock
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.control import RESUMES_BY_ITSELF
from platewire.database.queries import Database
from platewire.delivery import replay
from platewire.errors import ConfigError
from platewire.eventlog.lock import holder
from platewire.eventlog.sqlite import SqliteLog
from platewire.status import Board
from platewire.transfers.builtin import AnyTransfer
from platewire.transfers.tcp_lines import JsonLinesTransfer
from platewire.transfers.transfer import TransferContext

POLL_SECONDS = 0.25


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("replay", help="send old events to a transfer again")
    add_config(parser)
    add_json(parser)
    parser.add_argument("transfer", metavar="TRANSFER", help="name of the transfer")
    parser.add_argument(
        "--from",
        dest="start",
        required=True,
        metavar="SEQ|TIME",
        help="first event: its seq, or a UTC time such as 2026-01-31T08:00",
    )
    parser.add_argument("--to", dest="end", metavar="SEQ|TIME", help="last event (default: now)")
    parser.add_argument("--rate", type=rate, metavar="N", help="at most N events a second")
    parser.set_defaults(run=run)


def rate(text: str) -> float:
    """A number above 0."""
    if not (0 < (number := float(text)) < math.inf):
        raise ValueError
    return number


def run(options: argparse.Namespace) -> int:
    """0 when all was sent, 1 when some events were rejected."""
    return asyncio.run(replay_now(load(options.config), options))


async def replay_now(config: Config, options: argparse.Namespace) -> int:
    settings = transfer_of(config, options.transfer)
    database = open_database(config.log.database)
    try:
        first = await seq_of(database, options.start, after=False)
        last = await seq_of(database, options.end, after=True) if options.end else None
    finally:
        await database.close()
    if holder(Path(config.log.folder)):
        return await ask_server(config, first, last, options)
    return await send_here(config, settings, first, last, options)


async def ask_server(
    config: Config, first: int, last: int | None, options: argparse.Namespace
) -> int:
    """The API of the platewire that has the log folder, by this file's `web` settings."""
    async with running_api(config) as api:
        job = await begin(api, options.transfer, first, last, options.rate)
        return await follow(api, job, as_json=options.json)


def transfer_of(config: Config, name: str) -> AnyTransfer:
    named = {transfer.name: transfer for transfer in config.transfer}
    if name not in named:
        there = ", ".join(named) or "none"
        raise ConfigError(f'there is no transfer "{name}"; there are: {there}')
    return named[name]


async def seq_of(database: Database, text: str, *, after: bool) -> int:
    """A seq as it stands; a time as the first event at or after it (`after`: the last before)."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is neither a seq nor a UTC time such as 2026-01-31T08:00"
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    first = await database.seq_at(moment)
    return first - 1 if after else first


async def begin(api: Api, transfer: str, first: int, last: int | None, rate: float | None) -> str:
    """The job's id."""
    body = {"from_seq": first, "to_seq": last, "rate": rate}
    said = await api.post(f"/transfers/{quote(transfer, safe='')}/replay", body)
    return str(said["job"])


async def follow(api: Api, job: str, *, as_json: bool) -> int:
    """Waits until the job has ended, showing how far it is; 1 when it failed."""
    tell = Waiting("the server goes on trying, also without this command")
    with bar(None, f"replay {job}", "events") as progress:
        while (state := await state_of(api, job))["state"] == "running":
            tell(state["message"])
            progress.total = state["to_seq"] - state["from_seq"] + 1
            progress.update(state["at_seq"] - state["from_seq"] + 1 - progress.n)
            await asyncio.sleep(POLL_SECONDS)
    report(state, state["message"], as_json=as_json)
    return int(state["state"] != "done")


async def state_of(api: Api, job: str) -> dict[str, Any]:
    jobs: list[dict[str, Any]] = (await api.get("/jobs"))["jobs"]
    for each in jobs:
        if each["id"] == job:
            return each
    raise ValueError(f"replay {job} is not known any more")


async def send_here(
    config: Config,
    settings: AnyTransfer,
    first: int,
    last: int | None,
    options: argparse.Namespace,
) -> int:
    """Without a server: this process holds the log and the transfer while it sends."""
    if isinstance(settings, JsonLinesTransfer):
        raise ConfigError(RESUMES_BY_ITSELF.format(name=settings.name))
    clock = SystemClock()
    board = Board(clock)
    log = await SqliteLog.open(config.log, clock, board)
    try:
        check_range(log, first, last)
        transfer = settings.build(TransferContext(clock, log, config.as_site(), board))
        with bar(None, f"replay to {settings.name}", "events") as progress:

            def show(done: int, total: int) -> None:
                progress.total = total
                progress.update(done - progress.n)

            result = await replay(
                log,
                settings,
                transfer,
                first,
                last,
                rate=options.rate,
                clock=clock,
                progress=show,
                waiting=Waiting("trying again until Ctrl-C"),
            )
    finally:
        await log.close()
    said = f"{result.delivered} sent, {result.rejected} rejected"
    report(result, "\n".join([said, *result.reasons]), as_json=options.json)
    return int(result.rejected > 0)


def check_range(log: SqliteLog, first: int, last: int | None) -> None:
    if first > log.last_seq or (last is not None and last < max(first, log.first_seq)):
        raise ConfigError(
            f"nothing to replay: the log holds seq {log.first_seq} to {log.last_seq}, and "
            f"{first} to {log.last_seq if last is None else last} was asked for"
        )


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
