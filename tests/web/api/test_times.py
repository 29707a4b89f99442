"""The same text means the same moment wherever a person or a program writes a time: to the API, to
the commands and to exports."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from msgspec import structs

from platewire.cli.main import main, parser
from platewire.cli.outputs import replay
from platewire.cli.terminal.times import time_of
from platewire.config.load import load
from platewire.errors import ConfigError
from platewire.lists import schedule
from platewire.lists.look_up import Rules
from platewire.runtime.clock import SystemClock
from platewire.runtime.site_time import print_time
from platewire.runtime.status import State
from platewire.web.context import ReplayRequest
from tests.web.world import World, at_rest, event, running

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
STEP = timedelta(milliseconds=1)
TIMES = {
    "now": "2026-11-01T10:00",
    "90min": "2026-11-01T08:30",
    "24h": "2026-10-31T10:00",
    "7d": "2026-10-25T10:00",
    "today": "2026-10-31T23:00",
    "yesterday": "2026-10-30T23:00",
    "2026-01-31": "2026-01-30T23:00",
    "2026-01-31T08:00": "2026-01-31T07:00",
    "2026-01-31 08:00:05": "2026-01-31T07:00:05",
    "2026-07-31T08:00:00Z": "2026-07-31T08:00",
    "2026-07-31T08:00:00+05:45": "2026-07-31T02:15",
    "2026-10-25T02:30": "2026-10-25T00:30",
    "2026-10-25 02:30:00+01:00": "2026-10-25T01:30",
    "2026-03-29T02:30": "2026-03-29T01:00",
}
ENDS = {
    "now": "2026-11-01T10:00",
    "today": "2026-11-01T23:00",
    "2026-01-31": "2026-01-31T23:00",
    "2026-10-25": "2026-10-25T23:00",
    "2026-10-25T02:30": "2026-10-25T00:30",
}
LIMIT = ("--limit", "200")
WRONG = ("31.11.2026", "whenever", "24 h", "30m", "2026-02-30", "2026-01-31T24:00")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Place:
    """A server in Berlin and a configuration file for the commands beside it."""

    def __init__(
        self,
        world: World,
        client: aiohttp.ClientSession,
        config: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.world = world
        self.client = client
        self.config = config
        self.capsys = capsys
        self.wishes: list[ReplayRequest] = []
        world.actions.replay = self._replay  # type: ignore[method-assign]

    async def _replay(self, output: str, wish: ReplayRequest) -> str:
        self.wishes.append(wish)
        return "1"

    async def get(self, path: str, **query: str) -> list[Any]:
        """The JSON values of the answer, one a line; ValueError with the words of a refusal."""
        async with self.client.get(f"/api/v1/{path}", params=query) as answer:
            body = await answer.text()
        if not answer.ok:
            raise ValueError(body)
        return [json.loads(line) for line in body.splitlines()]

    async def post(self, path: str, **body: str) -> None:
        async with self.client.post(f"/api/v1/{path}", json=body) as answer:
            if not answer.ok:
                raise ValueError(await answer.text())

    async def run(self, *arguments: str) -> list[Any]:
        """The JSON values that a command prints; ValueError with the words of a refusal."""
        code = await asyncio.to_thread(main, [*arguments, "--config", str(self.config)])
        out, err = self.capsys.readouterr()
        if code > 1:
            raise ValueError(err)
        return [json.loads(line) for line in out.splitlines()]

    def options(self, *arguments: str) -> argparse.Namespace:
        return parser().parse_args([*arguments, "--config", str(self.config)])


@pytest.fixture
async def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Place]:
    monkeypatch.setattr(SystemClock, "now", lambda self: NOW)
    async with at_rest() as world:
        site = structs.replace(world.context.site, time_zone="Europe/Berlin")
        world.context = replace(world.context, site=site)
        world.lists.rules = Rules(world.lists.rules.lists, BERLIN)
        for moment in sorted({utc(text) for text in (*TIMES.values(), *ENDS.values())}):
            for at in (moment - STEP, moment):
                await world.add(event(at=at))
                await world.give_up("parking", world.log.last_seq, at=at)
        world.board.say("output", "parking", State.RUNNING)
        async with running(world), world.client() as client:
            config = tmp_path / "platewire.toml"
            config.write_text(
                f'[site]\ntime_zone = "Europe/Berlin"\n[log]\nfolder = "{world.folder}"\n'
                f'[web]\nlisten = "{world.url.removeprefix("http://")}"\n'
            )
            yield Place(world, client, config, capsys)


# --- where a time is written ---------------------------------------------------------------------

Write = Callable[[Place, str], Awaitable[datetime]]
"""Gives a text to one of the places where times are written; the moment as which it was taken."""


def first(rows: list[Any], name: str) -> datetime:
    return min(datetime.fromisoformat(row[name]) for row in rows)


def last(rows: list[Any], name: str) -> datetime:
    """Of an end: the first moment that is not in any more."""
    return max(datetime.fromisoformat(row[name]) for row in rows) + STEP


async def api_passages(place: Place, text: str) -> datetime:
    (page,) = await place.get("passages", since=text, limit="200")
    return first([row["event"] for row in page["passages"]], "first_seen_at")


async def api_seen(place: Place, text: str) -> datetime:
    (seen,) = await place.get("seen", since=text)
    return datetime.fromisoformat(seen["since"])


async def api_export(place: Place, text: str) -> datetime:
    rows = await place.get("exports/passages", since=text, format="jsonl")
    return first(rows, "first_seen_at")


async def api_event_export(place: Place, text: str) -> datetime:
    return first(await place.get("exports/events", since=text, format="jsonl"), "occurred_at")


async def api_dead(place: Place, text: str) -> datetime:
    (page,) = await place.get("outputs/parking/dead", since=text, limit="200")
    return first(page["dead_letters"], "at")


async def api_replay(place: Place, text: str) -> datetime:
    await place.post("outputs/parking/replay", what="failed", since=text)
    since = place.wishes.pop().failed_since
    assert since
    return since


async def api_list(place: Place, text: str) -> datetime:
    entry = {"plate": "AB 1", "valid_from": text}
    path = "/api/v1/lists/it/entries"
    async with place.client.post(path, json={"entries": [entry]}) as answer:
        if not answer.ok:
            raise ValueError(await answer.text())
    (page,) = await place.get("lists/it/entries")
    return schedule.begins(page["entries"][0]["valid_from"], BERLIN)


async def command_search(place: Place, text: str) -> datetime:
    rows = await place.run("search", "--json", *LIMIT, "--since", text)
    return first(rows, "first_seen_at")


async def command_export(place: Place, text: str) -> datetime:
    rows = await place.run("export", "passages", "-", "--format", "jsonl", "--since", text)
    return first(rows, "first_seen_at")


async def command_dead(place: Place, text: str) -> datetime:
    rows = await place.run("outputs", "dead", "parking", "--json", *LIMIT, "--since", text)
    return first(rows, "at")


async def command_replay(place: Place, text: str) -> datetime:
    since = replay.span_of(
        load(place.config), place.options("outputs", "replay", "parking", "--since", text)
    ).since
    assert since
    return since


async def command_lists(place: Place, text: str) -> datetime:
    at = time_of(load(place.config), "--at", text)
    assert at
    return at


PLACES: tuple[Write, ...] = (
    api_passages, api_seen, api_export, api_event_export, api_dead, api_replay, api_list,
    command_search, command_export, command_dead, command_replay, command_lists,
)  # fmt: skip
TO_THE_MINUTE = ("2026-01-31 08:00:05", "2026-10-25 02:30:00+01:00")
"""A list holds from a minute of the site's clock on, which names no offset."""


@pytest.mark.parametrize("write", PLACES, ids=lambda write: write.__name__)
async def test_a_time_is_the_same_moment_everywhere(place: Place, write: Write) -> None:
    texts = [text for text in TIMES if write is not api_list or text not in TO_THE_MINUTE]
    assert {text: await write(place, text) for text in texts} == {
        text: utc(TIMES[text]) for text in texts
    }


@pytest.mark.parametrize("write", PLACES, ids=lambda write: write.__name__)
async def test_what_is_printed_can_be_typed(place: Place, write: Write) -> None:
    for text in ("2026-01-31T08:00", "2026-10-25T02:30"):
        moment = utc(TIMES[text])
        assert await write(place, print_time(moment, BERLIN)) == moment
        assert await write(place, moment.isoformat()) == moment


@pytest.mark.parametrize("write", PLACES, ids=lambda write: write.__name__)
async def test_what_is_no_time_is_refused_in_the_same_words(place: Place, write: Write) -> None:
    for text in WRONG:
        with pytest.raises((ValueError, ConfigError)) as told:
            await write(place, text)
        assert "invalid time" in str(told.value)
        assert text in str(told.value)
        assert "use 2026-11-30, 2026-11-30T08:00, 24h, today or yesterday" in str(told.value)


async def test_an_end_is_the_same_moment_everywhere(place: Place) -> None:
    for text, moment in ENDS.items():
        (seen,) = await place.get("seen", until=text)
        (page,) = await place.get("passages", until=text, limit="200")
        rows = await place.get("exports/events", until=text, format="jsonl")
        found = await place.run("search", "--json", *LIMIT, "--until", text)
        replayed = place.options("outputs", "replay", "parking", "--from", "1", "--until", text)
        assert {
            datetime.fromisoformat(seen["until"]),
            last([row["event"] for row in page["passages"]], "first_seen_at"),
            last(rows, "occurred_at"),
            last(found, "first_seen_at"),
            replay.span_of(load(place.config), replayed).until,
        } == {utc(moment)}, text


async def test_people_read_the_time_of_the_site(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["search", "--until", "7d"], ["outputs", "dead", "parking"]):
        await asyncio.to_thread(main, [*command, "--config", str(place.config)])
        said = capsys.readouterr().out
        assert "2026-10-25 02:30:00.000+02:00" in said
        assert "2026-01-31 08:00:05.000" in said
        assert "Z" not in said
