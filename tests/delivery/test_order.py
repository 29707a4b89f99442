"""What is sent in order, what may hold that up, and how soon a receiver is noticed."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from platewire.config.load import parse
from platewire.errors import ConfigError, Unavailable
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.model import Entry, Event
from platewire.testing.sample_events import passage_events
from tests.support.delivering import Stage

HERE = Path("/etc/platewire")


def car(number: int, camera: str) -> Event:
    return passage_events(number, camera=camera)[0]


def never(*numbers: int) -> Any:
    def refuses(entry: Entry) -> Exception | None:
        known = entry.event.passage_number % 1000
        return Unavailable("500 for this one") if known in numbers else None

    return refuses


async def letters(stage: Stage) -> list[tuple[int, str]]:
    found = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 100)
    return sorted((letter.seq, letter.outcome) for letter in found)


@pytest.mark.parametrize(
    ("order", "seqs"),
    [("passage", [2, 3, 4, 5, 6]), ("camera", [2, 4, 6, 3, 5]), ("site", [2, 3, 4, 5, 6])],
)
async def test_event_that_is_never_accepted(order: str, seqs: list[int]) -> None:
    """It holds up its passage, its camera or all, and the latter two for a minute."""
    stage = Stage(order=order, lanes=2)
    stage.output.refuses = never(1)
    await stage.append(*(car(number, ["a", "b"][(number + 1) % 2]) for number in range(1, 7)))
    async with stage.running():
        soon = {"passage": [2, 3, 4, 5, 6], "camera": [2, 4, 6], "site": []}[order]
        assert sorted(stage.output.seqs) == soon
        await stage.clock.advance(50)
        assert sorted(stage.output.seqs) == soon
        await stage.clock.advance(100)
        assert sorted(stage.output.seqs) == [2, 3, 4, 5, 6]
        if order == "passage":
            return
        assert stage.output.seqs == seqs
        assert await letters(stage) == [(1, "exhausted")]
        assert await stage.log.deliveries.parked("gate") == []
        assert await stage.log.deliveries.cursor("gate") == 6
        (letter,) = await stage.log.deliveries.dead_letters("gate", DeadQuery(), 1)
        assert "`order_wait_seconds` is 60, and other events were accepted" in letter.reason


@pytest.mark.parametrize("order", ["camera", "site"])
async def test_an_outage_of_an_hour_changes_no_order(order: str) -> None:
    stage = Stage(order=order, lanes=4)
    stage.output.refuses = lambda _: Unavailable("down")
    await stage.append(*(car(number, f"camera-{number % 2}") for number in range(1, 7)))
    async with stage.running():
        await stage.clock.advance(3600)
        stage.output.refuses = lambda _: None
        await stage.clock.advance(60)
        assert await letters(stage) == []
        odd, even = [[seq for seq in stage.output.seqs if seq % 2 == rest] for rest in (1, 0)]
        assert (odd, even) == ([1, 3, 5], [2, 4, 6])
        if order == "site":
            assert stage.output.seqs == [1, 2, 3, 4, 5, 6]


async def test_a_camera_that_waits_goes_on_in_order_after_a_restart() -> None:
    stage = Stage(order="camera", lanes=2)
    stage.output.refuses = never(1)
    await stage.append(car(1, "a"), car(2, "b"), car(3, "a"))
    async with stage.running():
        await stage.clock.advance(5)
        assert stage.output.seqs == [2]
        assert [row.seq for row in await stage.log.deliveries.parked("gate")] == [1, 3]
    stage.output.refuses = lambda _: None
    async with stage.running():
        await stage.clock.advance(60)
        assert stage.output.seqs == [2, 1, 3]


@pytest.mark.parametrize(
    ("more", "seconds"),
    [({}, 60), ({"events": "parking"}, 5), ({"probe_seconds_max": 2}, 2)],
)
async def test_recovered_receiver_is_detected_soon(more: dict[str, Any], seconds: int) -> None:
    stage = Stage(**more)
    await stage.passages(1)
    stage.output.says_at_connect.extend([Unavailable("down")] * 1000)
    async with stage.running():
        await stage.clock.advance(600)
        stage.output.says_at_connect.clear()
        await stage.clock.advance(seconds)
        assert stage.output.seqs[:2] == [1, 2]
        assert stage.output.attempts[0][0] > 600


def test_a_gate_waits_for_no_other_vehicle() -> None:
    text = """
[[list]]
name = "staff"
kind = "allow"
[[output]]
type = "relay"
name = "barrier"
order = "site"
relay = { type = "http", url = "http://127.0.0.1/on" }
"""
    with pytest.raises(ConfigError, match=r'"barrier": `order` "site" is not supported'):
        parse(text, HERE)
    gate = parse(text.replace('order = "site"', ""), HERE).output[0]
    assert gate.probe_seconds == 5
    assert structs.replace(gate, probe_seconds_max=30).probe_seconds == 30


@pytest.mark.parametrize("order", ["passage", "site"])
async def test_days_of_an_outage_give_up_nothing_that_was_parked(order: str) -> None:
    """A receiver that answers 503 to all is away, however long."""
    stage = Stage(order="passage", lanes=2)
    stage.output.refuses = never(1)
    await stage.append(*(car(number, "a") for number in range(1, 4)))
    async with stage.running():
        await stage.clock.advance(60)
        assert [row.seq for row in await stage.log.deliveries.parked("gate")] == [1]
    stage.settings = structs.replace(stage.settings, order=order)
    stage.output.refuses = lambda _: Unavailable("503 for all")
    await stage.append(*(car(number, "a") for number in range(4, 7)))
    async with stage.running():
        for _ in range(3 * 24):
            await stage.clock.advance(3600)
        assert await letters(stage) == []
        stage.output.refuses = lambda _: None
        await stage.clock.advance(2 * 3600)
        assert sorted(stage.output.seqs) == [1, 2, 3, 4, 5, 6]
        assert await letters(stage) == []
