"""Events that are gone from the log before they were sent: retention took them, or the disk did.

Told with exact bounds among the dead letters, on the board and in the diagnostics; all others are
delivered. With the log on the disk, the delivery loop and the lines that TCP clients read.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from platewire.model import Site
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.json_lines import JsonLinesSettings
from platewire.testing.sample_events import passage_events
from tests.faults.real_log import Whole, whole

DAY = 86_400.0
SITE = Site(name="yard", system_id=1, latitude=0, longitude=0, channels={}, zones={})


async def fill(world: Whole, first: int, last: int, *, days_between: float = 0.0) -> None:
    for number in range(first, last + 1):
        await world.log.append("gate", passage_events(number, start=world.log_clock.now()))
        world.log_clock.suspend(days_between * DAY)


async def retain(world: Whole) -> None:
    await world.log.retain(["gate"])


async def spoil(world: Whole, first: int = 7, last: int = 9) -> None:
    """Bits flip on the disk in these events."""
    connection = apsw.Connection(str(world.log.path))
    connection.execute("DROP TRIGGER event_is_never_edited")
    connection.execute(
        "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'BU9042', 'BU9043') AS BLOB) "
        "WHERE seq BETWEEN ? AND ?",
        (first, last),
    )
    connection.close()


LOSSES = {
    "retention": (retain, range(4, 16), "were deleted by retention"),
    "damage": (spoil, range(7, 10), "are corrupted in the event log"),
}


@pytest.mark.parametrize("how", LOSSES)
async def test_a_output_that_slept_is_told_what_it_missed(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lose, lost, reason = LOSSES[how]
    limits: dict[str, Any] = {"retention_days": 3.5, "keep_for_outputs": False, "memory_bytes": 0}
    async with whole(tmp_path, {}, **limits) as world:
        await fill(world, 1, 1)
        async with world.delivering():
            await world.receiver.until(1, 2, 3)
        await fill(world, 2, 8, days_between=1.0)
        await lose(world)
        async with world.delivering():
            await world.receiver.until(24)
            await at_floor(world, 24)
        assert sorted(world.receiver.seqs) == [n for n in range(1, 25) if n not in lost]
        (letter,) = await world.letters()
        assert (letter.outcome, letter.first_seq, letter.seq) == ("gap", lost[0], lost[-1])
        counters = world.board.line("output", "gate").counters
        assert counters["gap_events"] == letter.events == len(lost)
    told = f"{len(lost)} events, seq {lost[0]} to {lost[-1]}, {reason}"
    for said in (letter.reason, world.board.line("output", "gate").last_error, caplog.text):
        assert told in said


async def test_damage_at_the_end_is_said_and_passed_with_the_next_event(tmp_path: Path) -> None:
    async with whole(tmp_path, {}, memory_bytes=0) as world:
        await fill(world, 1, 3)
        await spoil(world)
        async with world.delivering():
            await world.receiver.until(*range(1, 7))
            async with asyncio.timeout(60):
                line = world.board.line("output", "gate")
                while "event 9 is corrupted" not in line.message:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert await world.letters() == []
            await fill(world, 4, 4)
            await world.receiver.until(10, 11, 12)
            await at_floor(world, 12)
        (letter,) = await world.letters()
        assert (letter.outcome, letter.first_seq, letter.seq) == ("gap", 7, 9)


async def at_floor(world: Whole, seq: int) -> None:
    async with asyncio.timeout(60):
        while await world.log.deliveries.cursor("gate") != seq:  # noqa: ASYNC110 - a cursor tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", LOSSES)
async def test_a_client_that_resumes_is_told_what_it_missed(how: str, tmp_path: Path) -> None:
    lose, lost, _ = LOSSES[how]
    limits: dict[str, Any] = {"retention_days": 3.5, "keep_for_outputs": False, "memory_bytes": 0}
    async with whole(tmp_path, {}, **limits) as world:
        await fill(world, 1, 1)
        await fill(world, 2, 8, days_between=1.0)
        await world.log.deliveries.set_cursor("gate", 3)
        await lose(world)
        output = JsonLinesSettings(name="lines", listen="127.0.0.1:0").build(
            OutputContext(world.clock, world.log, SITE, world.board)
        )
        await output.connect()
        try:
            lines = await resumed(*output.address, 3, 24)
        finally:
            await output.close()
    gaps = [line["gap"] for line in lines if "gap" in line]
    assert gaps == [{"first": lost[0], "last": lost[-1], "count": len(lost)}]
    seqs = [line["seq"] for line in lines if "seq" in line]
    assert seqs == [n for n in range(4, 25) if n not in lost]


async def resumed(host: str, port: int, after: int, last: int) -> list[dict[str, Any]]:
    """All lines after that seq, up to the event with the last one."""
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    writer.write(json.dumps({"resume": after}).encode() + b"\n")
    lines: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(60):
            while not lines or lines[-1].get("seq") != last:
                lines.append(json.loads(await reader.readline()))
    finally:
        writer.close()
        await writer.wait_closed()
    return lines
