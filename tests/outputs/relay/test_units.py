"""A unit that decides itself is told each event once, where it may have opened."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from platewire.access import Decision
from platewire.errors import Rejected, Unavailable
from platewire.lists.lists import Lists
from platewire.model import Entry, Kind
from platewire.outputs.output import OutputContext
from platewire.outputs.relay.two_n import TwoNOutput, TwoNSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.outputs.relay.devices import (
    Habit,
    answers,
    closes,
    device,
    late,
    mute,
    resets,
    says,
)

TOLD = answers("200 OK", '{"success": true}')
UNKNOWN: dict[str, Habit] = {
    "closed": closes,
    "reset": resets,
    "mute": mute,
    "late": late(0.6),
    "a damaged head": says("HTTP/1.1 200 OK\r\nServer : x\r\n\r\n"),
    "no answer of a unit": answers("200 OK", "<html>"),
    "500": answers("500 Internal Server Error"),
    "half a refusal": says("HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\nno"),
}


def opened(folder: Path) -> Lists:
    return Lists.open(folder, [], zone=ZoneInfo("UTC"), cameras=[], now=datetime.now(UTC))


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[Lists]:
    made = opened(tmp_path)
    yield made
    await made.close()


@contextlib.asynccontextmanager
async def unit_at(port: int, book: Lists, *, idempotent: bool = False) -> AsyncIterator[TwoNOutput]:
    clock = SystemClock()
    context = OutputContext(clock, MemoryLog(clock), SITE, Board(clock), book)
    url = f"http://127.0.0.1:{port}"
    settings = TwoNSettings(name="barrier", url=url, total_seconds=0.4, idempotent=idempotent)
    sender = settings.build(context)
    with contextlib.suppress(Unavailable):
        await sender.connect()
    try:
        yield sender
    finally:
        await sender.close()


def event(number: int, revision: int = 0) -> Entry:
    made = passage_events(number)[0]
    kind = Kind.UPDATED if revision else Kind.NEW
    found = structs.replace(made, kind=kind, revision=revision)
    return Entry(found, native.encode(found))


async def decisions(book: Lists) -> list[Decision]:
    page = await book.decisions("barrier", before=None, limit=99)
    return [each.decision for each in page]


@pytest.mark.parametrize("name", UNKNOWN)
async def test_what_may_have_opened_is_not_told_again_on_that_passage(
    book: Lists, name: str
) -> None:
    async with device(UNKNOWN[name]) as there, unit_at(there.port, book) as sender:
        for revision in range(3):
            with pytest.raises(Rejected, match="may have opened"):
                await sender.send([event(1, revision)])
        assert len(there.pulses) == 1
        assert "check the gate" in sender.failure
        (booked,) = await decisions(book)
        assert (booked.outcome, booked.opened, booked.plate) == ("unknown", None, "BU9042")
        there.habit = TOLD
        await sender.send([event(2)])
    assert not sender.failure
    assert len(there.pulses) == 2


async def test_a_unit_that_does_not_mind_is_told_again(book: Lists) -> None:
    async with device(closes) as there, unit_at(there.port, book, idempotent=True) as sender:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await sender.send([event(1)])
    assert len(there.pulses) == 2
    assert not await decisions(book)


async def test_what_was_refused_or_never_left_may_be_told_again(book: Lists) -> None:
    off = '{"success": false, "error": {"code": 4, "description": "function is disabled"}}'
    refusal = answers("401 Unauthorized")
    async with device(refusal) as there, unit_at(there.port, book) as sender:
        for habit in (refusal, answers("200 OK", off)):
            there.habit = habit
            with pytest.raises(Unavailable):
                await sender.send([event(1)])
        there.habit = TOLD
        await sender.send([event(1)])
        await sender.send([event(1, 1)])
    assert len(there.pulses) == 4
    async with unit_at(there.port, book) as sender:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await sender.send([event(2)])
    assert not await decisions(book)


async def test_a_crash_while_it_is_told_may_have_opened(tmp_path: Path) -> None:
    first = opened(tmp_path)
    async with device(mute) as there, unit_at(there.port, first) as sender:
        sending = asyncio.ensure_future(sender.send([event(1)]))
        await there.told.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    await first.close()
    second = opened(tmp_path)
    async with device(TOLD) as there, unit_at(there.port, second) as sender:
        await sender.recover()
        assert "may have opened" in sender.failure
        with pytest.raises(Rejected, match="may have opened"):
            await sender.send([event(1)])
        (booked,) = await decisions(second)
    await second.close()
    assert not there.pulses
    assert (booked.outcome, booked.reason) == ("unknown", "interrupted")
