"""The live stream: nothing is left out unless it says so, and it ends when it should."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from platewire.model import Kind
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import State
from platewire.testing.memory_log import MemoryLog
from platewire.web.api import stream
from platewire.web.context import STREAMS_MAX
from tests.web.world import World, after, at_rest, blocks, event, running

Client = aiohttp.ClientSession


async def take(found: AsyncIterator[dict[str, str]], *kinds: str, count: int) -> Sequence[Any]:
    """The next `count` blocks of these kinds."""
    taken: list[dict[str, str]] = []
    async for block in found:
        if block.get("event") in kinds:
            taken.append(block)
        if len(taken) == count:
            break
    return taken


async def test_events_come_as_stored_under_their_kind_and_seq(world: World, client: Client) -> None:
    async with client.get("/api/v1/stream") as answer:
        assert answer.content_type == "text/event-stream"
        first = event()
        entries = [*await world.add(first), *await world.add(after(first, Kind.LOST))]
        taken = await take(blocks(answer.content), "new", "lost", count=2)
    assert [block["event"] for block in taken] == ["new", "lost"]
    assert [block["id"] for block in taken] == ["1", "2"]
    assert [block["data"].encode() for block in taken] == [entry.body for entry in entries]


async def test_a_stream_begins_with_what_comes_next(world: World, client: Client) -> None:
    await world.add(event("OLD 1"))
    async with client.get("/api/v1/stream") as answer:
        await world.add(event("YOUNG 2"))
        (block,) = await take(blocks(answer.content), "new", count=1)
    assert block["id"] == "2"


@pytest.mark.parametrize("seen", range(4))
@pytest.mark.parametrize("how", ["header", "query"])
async def test_a_stream_resumes_without_a_gap(
    world: World, client: Client, seen: int, how: str
) -> None:
    await world.add(*(event(f"B {number}") for number in range(4)))
    headers = {"Last-Event-ID": str(seen)} if how == "header" else {}
    query = "" if how == "header" else f"?after={seen}"
    async with client.get(f"/api/v1/stream{query}", headers=headers) as answer:
        taken = await take(blocks(answer.content), "new", count=4 - seen)
    assert [int(block["id"]) for block in taken] == list(range(seen + 1, 5))


async def test_the_header_goes_before_the_query(world: World, client: Client) -> None:
    await world.add(*(event(f"B {number}") for number in range(4)))
    headers = {"Last-Event-ID": "3"}
    async with client.get("/api/v1/stream?after=0", headers=headers) as answer:
        (block,) = await take(blocks(answer.content), "new", count=1)
    assert block["id"] == "4"


async def test_a_seq_of_another_log_means_from_now(world: World, client: Client) -> None:
    await world.add(event("OLD 1"))
    async with client.get("/api/v1/stream?after=900") as answer:
        await world.add(event("YOUNG 2"))
        (block,) = await take(blocks(answer.content), "new", count=1)
    assert block["id"] == "2"


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30])
async def test_a_last_event_id_that_is_none_is_refused(client: Client, given: str) -> None:
    answer = await client.get("/api/v1/stream", headers={"Last-Event-ID": given})
    assert answer.status == 400
    assert (await answer.json())["parameter"] == "Last-Event-ID"


async def test_who_is_too_far_behind_hears_what_was_skipped(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BEHIND_MAX", 5)
    await world.add(*(event(f"B {number}") for number in range(8)))
    async with client.get("/api/v1/stream?after=1") as answer:
        found = blocks(answer.content)
        (skipped,) = await take(found, "skipped", "new", count=1)
        assert (skipped["event"], skipped["id"]) == ("skipped", "8")
        assert json.loads(skipped["data"]) == {"from_seq": 2, "to_seq": 8}
        await world.add(event("NEXT 9"))
        (block,) = await take(found, "new", count=1)
    assert block["id"] == "9"


async def test_what_retention_took_is_named() -> None:
    log = MemoryLog(SystemClock())
    await log.append("gate", [event(f"B {number}") for number in range(8)])
    log.drop_before(5)
    async with at_rest() as world:
        world.context = replace(world.context, log=log)
        stream_path = "/api/v1/stream?after=1"
        async with running(world), world.client() as client, client.get(stream_path) as answer:
            (skipped,) = await take(blocks(answer.content), "skipped", "new", count=1)
    assert json.loads(skipped["data"]) == {"from_seq": 2, "to_seq": 4}


async def test_numbers_that_stay_empty_are_named() -> None:
    """In the middle of the log and at its end, where nothing else would ever wake the stream."""
    log = MemoryLog(SystemClock())
    await log.append("gate", [event(f"B {number}") for number in range(6)])
    log.cut_back(2)
    await log.append("gate", [event("NEXT 7")])
    await log.append("gate", [event("LOST 8")])
    log.cut_back(7)
    async with at_rest() as world:
        world.context = replace(world.context, log=log)
        stream_path = "/api/v1/stream?after=1"
        async with running(world), world.client() as client, client.get(stream_path) as answer:
            taken = await take(blocks(answer.content), "skipped", "new", count=4)
    assert [(each["event"], each["id"]) for each in taken] == [
        ("new", "2"),
        ("skipped", "6"),
        ("new", "7"),
        ("skipped", "8"),
    ]


async def test_the_board_is_told_when_it_changes(world: World, client: Client) -> None:
    async with client.get("/api/v1/stream") as answer:
        found = blocks(answer.content)
        await take(found, "status", count=1)
        world.board.fail("camera", "gate", State.WAITING, "camera gate: no answer")
        (block,) = await take(found, "status", count=1)
    assert json.loads(block["data"])["warnings"] == ["Camera gate: no answer"]


async def test_a_quiet_stream_gives_signs_of_life(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STATUS_SECONDS", 0.01)
    monkeypatch.setattr(stream, "ALIVE_SECONDS", 0.02)
    async with client.get("/api/v1/stream") as answer:
        assert len(await take(blocks(answer.content), "alive", count=3)) == 3


async def all_given_back(world: World) -> None:
    """Returns when no stream is open any more."""
    async with asyncio.timeout(20):
        while world.context.streams.taken:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.001)


async def test_there_is_an_end_to_open_streams(world: World, client: Client) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(STREAMS_MAX):
            held.enter_context(world.context.streams.held("somebody"))
        answer = await client.get("/api/v1/stream")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")


async def test_a_stream_that_was_left_is_given_back(world: World, client: Client) -> None:
    async with client.get("/api/v1/stream") as answer:
        await take(blocks(answer.content), "status", count=1)
    await all_given_back(world)


async def test_a_reader_that_takes_nothing_is_let_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(stream, "END_SECONDS", 0.1)
    monkeypatch.setattr(stream, "BEHIND_MAX", 1_000_000)
    await world.add(*(event(f"B {number}") for number in range(6000)))
    host, port = world.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(b"GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b"200" in await reader.readline()
    await all_given_back(world)
    writer.close()
