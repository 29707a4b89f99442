"""A device that took the command and answers badly is told once for each passage, and booked so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec import structs

from platewire.access import Decision
from platewire.errors import Rejected
from platewire.lists.entry import ListEntry
from platewire.lists.lists import Lists
from platewire.lists.settings import ListKind, ListSettings
from platewire.model import Entry, Kind
from platewire.outputs.output import OutputContext
from platewire.outputs.relay.relay import RelayOutput, RelaySettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.acceptance.ports import free_port
from tests.outputs.http.test_http_auth import PASSWORD, USER
from tests.outputs.relay.devices import (
    Device,
    Habit,
    answers,
    closes,
    device,
    late,
    mute,
    resets,
    says,
)

SOON = {"connect_seconds": 1.0, "total_seconds": 0.4}
"""Seconds: a device that answers after 4 s where 3 are allowed, in a tenth of the time."""
CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=MD5'


@pytest.fixture
async def lists(tmp_path: Path) -> AsyncIterator[Lists]:
    made = opened(tmp_path)
    await made.put("staff", [ListEntry(plate="BU 9042")])
    yield made
    await made.close()


def opened(folder: Path) -> Lists:
    staff = ListSettings(name="staff", kind=ListKind.ALLOW)
    now = datetime.now(UTC)
    return Lists.open(folder, [staff], zone=ZoneInfo("UTC"), cameras=["gate"], now=now)


class Gate:
    def __init__(self, lists: Lists, relay: dict[str, Any], **settings: object) -> None:
        clock = SystemClock()
        raw = {"type": "relay", "name": "barrier", "relay": relay, "fresh_seconds": 1.5}
        self.settings = msgspec.convert({**raw, "min_confidence": 0.5, **settings}, RelaySettings)
        self.lists = lists
        self.board = Board(clock)
        context = OutputContext(clock, MemoryLog(clock), SITE, self.board, lists)
        self.sender: RelayOutput = self.settings.build(context)

    async def pass_by(self) -> None:
        """One passage with two corrections, and the same vehicle on another one."""
        for entry in (car(1), car(1, revision=1), car(1, revision=2), car(2)):
            with contextlib.suppress(Rejected):
                await self.sender.send([entry])

    async def decisions(self) -> list[Decision]:
        page = await self.lists.decisions("barrier", before=None, limit=99)
        return [each.decision for each in reversed(page)]


def car(number: int, revision: int = 0) -> Entry:
    """Seen now."""
    seen = datetime.now(UTC)
    event = structs.replace(
        passage_events(number)[0],
        kind=Kind.UPDATED if revision else Kind.NEW,
        revision=revision,
        first_seen_at=seen,
        last_seen_at=seen,
        occurred_at=seen,
    )
    return Entry(event, native.encode(event), SystemClock().boot())


@contextlib.asynccontextmanager
async def gate_at(
    lists: Lists, habit: Habit, *, modbus: bool = False, **more: Any
) -> AsyncIterator[tuple[Device, Gate]]:
    async with device(habit, modbus=modbus) as there:
        if modbus:
            relay = {"type": "modbus", "host": "127.0.0.1", "port": there.port, **SOON, **more}
        else:
            relay = {"type": "http", "url": f"{there.url}/on", **SOON, **more}
        gate = Gate(lists, relay)
        try:
            yield there, gate
        finally:
            await gate.sender.close()


OK = "HTTP/1.1 200 OK\r\n"
OPENED: dict[str, Habit] = {
    "a damaged header": says(f"{OK}Server : x\r\n\r\n"),
    "no header is one": says(f"{OK}what is this\r\n\r\n"),
    "a length that is none": says(f"{OK}Content-Length: many\r\n\r\n"),
    "two lengths": says(f"{OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\n1"),
    "closed after the status": says(OK),
    "closed in the body": says(f"{OK}Content-Length: 99\r\n\r\nhalf"),
    "mute after the status": says(OK, closes=False),
    "mute in the body": says(f"{OK}Content-Length: 99\r\n\r\nhalf", closes=False),
    "a damaged chunk": says(f"{OK}Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "an interim answer first": says(f"HTTP/1.1 102 Processing\r\n\r\n{OK}Server : x\r\n\r\n"),
    "201": answers("201 Created"),
    "HTTP/1.0": says("HTTP/1.0 200 OK\r\n\r\nok"),
}
UNKNOWN: dict[str, Habit] = {
    "closed": closes,
    "reset": resets,
    "late": late(0.6),
    "mute": mute,
    "no HTTP": says("OK\r\n"),
    "half a status": says("HTTP/1.1 20"),
    "an interim answer only": says("HTTP/1.1 102 Processing\r\n\r\n"),
    "500": answers("500 Internal Server Error"),
    "503": answers("503 Service Unavailable", "busy", "Retry-After: 1"),
    "a redirect to its page": answers("302 Found", "", "Location: /index.html"),
    "half a refusal": says("HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\nno"),
    "a damaged refusal": says("HTTP/1.1 403 Forbidden\r\nServer : x\r\n\r\n"),
}
REFUSED: dict[str, Habit] = {
    name: answers(f"{name} No") for name in ("400", "401", "403", "404", "405", "409", "422", "429")
}


@pytest.mark.parametrize("name", OPENED)
async def test_a_status_of_2xx_is_opened_whatever_follows(lists: Lists, name: str) -> None:
    async with gate_at(lists, OPENED[name]) as (there, gate):
        await gate.pass_by()
        booked = await gate.decisions()
    assert len(there.pulses) == 1
    assert [each.outcome for each in booked] == ["opened"] + ["not_opened"] * 3
    assert [each.reason for each in booked] == ["opened"] + ["already_open"] * 2 + ["hold_off"]
    assert not gate.sender.failure


@pytest.mark.parametrize("name", UNKNOWN)
async def test_what_is_not_confirmed_may_have_opened_and_is_not_repeated(
    lists: Lists, name: str
) -> None:
    async with gate_at(lists, UNKNOWN[name]) as (there, gate):
        await gate.pass_by()
        booked = await gate.decisions()
    assert len(there.pulses) == 1
    assert [each.outcome for each in booked] == ["unknown"] + ["not_opened"] * 3
    assert [each.reason for each in booked] == ["unknown"] + ["already_open"] * 2 + ["hold_off"]
    assert booked[0].opened is None
    assert "may have opened" in gate.sender.failure
    assert gate.board.line("output", "barrier").counters["unknown"] == 1


@pytest.mark.parametrize("name", REFUSED)
async def test_a_whole_refusal_has_not_opened_and_may_be_asked_again(
    lists: Lists, name: str
) -> None:
    async with gate_at(lists, REFUSED[name]) as (there, gate):
        with pytest.raises(Rejected, match="did not open for the authorized plate BU9042"):
            await gate.sender.send([car(1)])
        (booked,) = await gate.decisions()
    assert len(there.pulses) > 1
    assert (booked.outcome, booked.reason) == ("not_opened", "refused")


async def test_an_answer_without_what_it_must_hold_may_have_opened(lists: Lists) -> None:
    habit = answers("200 OK", '{"success": false}')
    async with gate_at(lists, habit, answer_contains='"success":true') as (there, gate):
        await gate.pass_by()
        first, *_ = await gate.decisions()
    assert first.outcome == "unknown"
    assert len(there.pulses) == 1


async def test_what_it_must_hold_is_found_behind_a_damaged_head(lists: Lists) -> None:
    habit = says(f'{OK}Server : x\r\n\r\n{{"success": true}}')
    async with gate_at(lists, habit, answer_contains='"success":true') as (_, gate):
        await gate.pass_by()
        first, *_ = await gate.decisions()
    assert first.outcome == "opened"


class Challenging:
    """Asks for a digest first, on a connection that is kept; then does what it does."""

    def __init__(self, then: Habit) -> None:
        self.then = then
        self.asked = 0

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        first = self.asked % 2 == 1
        await (answers("401 Unauthorized", "who", CHALLENGE) if first else self.then)(writer)


async def test_after_a_challenge_it_is_told_once(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library repeats a GET by itself where a kept connection is closed without an answer."""
    monkeypatch.setenv("RELAY", PASSWORD)
    auth = {"type": "digest", "user": USER, "password": "env:RELAY"}
    async with gate_at(lists, Challenging(closes), auth=auth) as (there, gate):
        await gate.pass_by()
        booked = await gate.decisions()
    assert [b"Authorization: Digest" in each for each in there.pulses] == [False, True]
    assert booked[0].outcome == "unknown"


async def test_off_follows_what_may_have_opened(lists: Lists) -> None:
    async with device(closes) as there:
        urls = {"url": f"{there.url}/on", "off_url": f"{there.url}/off", "pulse_seconds": 0.1}
        gate = Gate(lists, {"type": "http", **urls, **SOON})
        await gate.pass_by()
        await gate.sender.close()
    assert (len(there.pulses), there.offs) == (1, 1)


@pytest.mark.parametrize(
    ("habit", "outcome"),
    [
        (mute, "unknown"),
        (closes, "unknown"),
        (resets, "unknown"),
        (says("HTTP/1.1 400 Bad Request\r\n\r\n"), "unknown"),
        (late(0.6), "unknown"),
    ],
    ids=["mute", "closes", "resets", "not Modbus", "late"],
)
async def test_a_coil_that_is_not_confirmed_is_written_once(
    lists: Lists, habit: Habit, outcome: str
) -> None:
    async with gate_at(lists, habit, modbus=True, pulse_seconds=0.1) as (there, gate):
        await gate.pass_by()
        booked = await gate.decisions()
    assert (len(there.pulses), there.offs) == (1, 1)
    assert [each.outcome for each in booked] == [outcome] + ["not_opened"] * 3


async def test_before_any_byte_left_it_is_tried_again_freely(lists: Lists) -> None:
    gate = Gate(lists, {"type": "http", "url": f"http://127.0.0.1:{free_port()}/on", **SOON})
    with pytest.raises(Rejected, match="did not open"):
        await gate.sender.send([car(1)])
    assert [each.outcome for each in await gate.decisions()] == ["not_opened"]
    await gate.sender.close()


async def test_a_device_that_speaks_no_tls_was_told_nothing(lists: Lists) -> None:
    async with gate_at(lists, mute) as (there, _):
        secure = {"type": "http", "url": f"https://127.0.0.1:{there.port}/on", **SOON}
        gate = Gate(lists, secure)
        with pytest.raises(Rejected, match="did not open"):
            await gate.sender.send([car(1)])
        await gate.sender.close()
    assert not there.pulses


async def test_a_crash_between_telling_and_booking_may_have_opened(tmp_path: Path) -> None:
    """Whoever starts next finds it begun: that counts as opened, and is shown as unknown."""
    lists = opened(tmp_path)
    await lists.put("staff", [ListEntry(plate="BU 9042")])
    async with gate_at(lists, mute, total_seconds=60) as (there, gate):
        sending = asyncio.ensure_future(gate.sender.send([car(1)]))
        await there.told.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    await lists.close()
    again = opened(tmp_path)
    async with gate_at(again, mute) as (there, gate):
        await gate.sender.recover()
        await gate.pass_by()
        booked = await gate.decisions()
    await again.close()
    assert not there.pulses
    assert (booked[0].outcome, booked[0].reason) == ("unknown", "interrupted")
    assert {each.reason for each in booked[1:]} == {"already_open", "hold_off"}
    assert "may have opened" in gate.sender.failure
    assert booked[0].at - datetime.now(UTC) < timedelta(0)
