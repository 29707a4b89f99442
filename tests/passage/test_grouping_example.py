"""NumberOk's grouping example, through the configuration that a user writes: text, camera, events.

Six readings: three of one text, two that differ from it in one character, one that differs from
the second in one and from the first in two. The vendor's analytics make of them three, two or one
event.
"""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from platewire.config.load import parse
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event, Kind
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from tests.camera.intaking import Road

EXAMPLE = (*["ZZ0123QQ"] * 3, *["ZZ0183QQ"] * 2, "ZZ1183QQ")
LOOKALIKES = (*["BU0842OB"] * 3, *["BU0B42OB"] * 2, "8U0B42OB")
"""The same, but each difference is one between B and 8."""
OTHERS = (*["AX7777KP"] * 3, *["AX7177KP"] * 2, "AH7177KP")
"""A second vehicle, of whose texts none comes near those of the first."""


def written(passage: str) -> str:
    return f"""
        [[camera]]
        name = "gate"
        source = {{ type = "file", path = "gate.mp4" }}

        [camera.passage]
        {passage}
    """


async def events_of(passage: str, *frames: Sequence[str]) -> list[Event]:
    """What comes of frames with these plates, one after the other, a tenth of a second apart."""
    (camera,) = parse(written(passage), Path("platewire.toml")).camera
    road = Road()
    road.passage = camera.passage
    async with road.run():
        for texts in frames:
            await road.see(*texts)
        await road.clock.advance(7)
        return await road.ended()


def first_told(events: Sequence[Event]) -> list[str]:
    return [event.plate.text for event in events if event.kind is Kind.NEW]


@pytest.mark.parametrize("readings", [EXAMPLE, LOOKALIKES, OTHERS])
@pytest.mark.parametrize(("distance", "groups"), [(0, (0, 3, 5)), (1, (0, 5)), (2, (0,))])
async def test_the_preset_groups_as_the_vendors_example_says(
    readings: Sequence[str], distance: int, groups: Sequence[int]
) -> None:
    events = await events_of(
        f'preset = "numberok"\ndistance = {distance}', *([text] for text in readings)
    )
    expected = [readings[index] for index in groups]
    assert first_told(events) == expected
    assert sorted(e.plate.text for e in events if e.kind is Kind.LOST) == sorted(expected)


@pytest.mark.parametrize(("distance", "count"), [(0, 6), (1, 4), (2, 2)])
async def test_two_vehicles_side_by_side_are_grouped_each_for_itself(
    distance: int, count: int
) -> None:
    road = Road()
    road.passage = (
        parse(written(f'preset = "numberok"\ndistance = {distance}'), Path("platewire.toml"))
        .camera[0]
        .passage
    )
    async with road.run():
        for one, other in zip(EXAMPLE, OTHERS, strict=True):
            await road.see_apart(one, other)
        await road.clock.advance(7)
        events = await road.ended()
    assert len(first_told(events)) == count


async def test_with_the_defaults_a_text_read_once_is_held_back() -> None:
    """What is read once, as the example's last text is, is most often a misreading."""
    for distance in (0, 1, 2):
        events = await events_of(f"distance = {distance}", *([text] for text in EXAMPLE))
        assert first_told(events) == ["ZZ0123QQ"]


async def test_settings_override_the_preset() -> None:
    readings = [[text] for text in ("ZZ0123QQ", "AX7777KP", "AX7777KP")]
    assert first_told(await events_of('preset = "numberok"', *readings)) == ["ZZ0123QQ", "AX7777KP"]
    chosen = 'preset = "numberok"\nhold_back = 1'
    assert first_told(await events_of(chosen, *readings)) == ["AX7777KP"]


async def test_without_soft_comparison_each_read_is_a_passage() -> None:
    """NumberOk sends no end for these; `events = ["new"]` of an output gives a receiver that form,
    and every other receiver and the database see each passage closed."""
    events = await events_of('results = "single"', *([text] for text in EXAMPLE))
    assert first_told(events) == list(EXAMPLE)
    kinds = {
        passage: [e.kind for e in events if e.passage == passage]
        for passage in {event.passage for event in events}
    }
    assert len(kinds) == 6
    assert all(told == [Kind.NEW, Kind.LOST] for told in kinds.values())


async def test_single_results_are_closed_passages_in_the_database(tmp_path: Path) -> None:
    events = await events_of('results = "single"', *([text] for text in EXAMPLE))
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=tmp_path), clock, Board(clock))
    try:
        for event in events:
            await log.append(event.camera, [event])
        with contextlib.closing(sqlite3.connect(f"file:{log.path}?mode=ro", uri=True)) as reader:
            rows = reader.execute(
                "SELECT state, count(*), count(DISTINCT plate) FROM anpr_passage GROUP BY state"
            ).fetchall()
    finally:
        await log.close()
    assert rows == [("closed", 6, 3)]
