"""Frames in which nothing moves are left unread, and no passage suffers for it."""

import tracemalloc
from collections.abc import Callable

import pytest

from platewire.camera.motion import MotionSettings
from platewire.errors import Unavailable
from platewire.model import Box, Frame, Kind
from platewire.passage.settings import Zone
from platewire.recognition.refused import Examined, Reason, Refused
from tests.camera.intaking import CAMERA, Road, read, shown

PLATE = "AB12CDE"
RATE = 10
STANDING, EMPTY = shown(1), shown(20)


def road_of(**passage: object) -> Road:
    road = Road(**passage)
    road.motion = MotionSettings()
    return road


async def stand(road: Road, seconds: int, reads: Callable[[int], bool] = lambda _: True) -> None:
    """The vehicle stands for so long; frame `n` of the reader is read where `reads(n)`."""
    for number in range(seconds * RATE):
        texts = [PLATE] if reads(number) else []
        await road.source.put(road.frame(*texts, pixels=STANDING))
        await road.clock.advance(1 / RATE)


async def leave(road: Road) -> None:
    await road.source.put(road.frame(pixels=EMPTY))


async def test_a_vehicle_that_stands_is_one_passage_and_few_reads() -> None:
    road = road_of()
    async with road.run():
        await stand(road, 60)
        assert [event.kind for event in await road.logged(1)] == [Kind.NEW]
        await leave(road)
        events = await road.ended()
    assert [event.kind for event in events] == [Kind.NEW, Kind.LOST]
    counters = road.line.counters
    assert counters["frames"] < 60 * RATE / 5
    assert counters["frames"] + counters["still"] == 60 * RATE + 1


@pytest.mark.parametrize("every", [2, 3, 7, 20])
async def test_a_plate_that_is_read_now_and_then_only_is_not_lost(every: int) -> None:
    """Read without gating it would never be silent for five seconds, so gating must not be."""
    road = road_of()
    async with road.run():
        await stand(road, 60, lambda number: number % every == 0)
        assert [event.kind for event in await road.logged(1)] == [Kind.NEW]
        await leave(road)
        await road.ended()


async def test_a_short_patience_is_heeded() -> None:
    road = road_of(lost_after_seconds=0.9)
    async with road.run():
        await stand(road, 20)
        assert [event.kind for event in await road.logged(1)] == [Kind.NEW]


async def test_an_empty_road_is_read_once_a_second_and_keeps_nothing() -> None:
    road = road_of()
    async with road.run():
        for _ in range(30 * RATE):
            await road.source.put(road.frame(pixels=EMPTY))
            await road.clock.advance(1 / RATE)
    assert road.line.counters["frames"] == pytest.approx(30 + RATE, abs=3)
    assert road.log.last_seq == 0


async def test_recordings_are_read_whole() -> None:
    road = road_of()
    async with road.run(live=False):
        await stand(road, 5)
    assert road.line.counters["frames"] == 5 * RATE
    assert "still" not in road.line.counters


# --- what is counted and said --------------------------------------------------------------------


async def test_what_was_refused_is_counted_by_reason() -> None:
    road = Road()
    box = Box(1, 2, 30, 10)
    async with road.run():
        for reasons in ([Reason.FORM, Reason.FORM, Reason.UNSURE], [Reason.SMALL, Reason.FORM]):
            frame = road.frame()
            road.reader.examined[frame.number] = Examined(
                (read(PLATE, frame),),
                tuple(Refused(reason=one, text="X", confidence=0.4, box=box) for one in reasons),
            )
            await road.source.put(frame)
    counters = road.line.counters
    named = {name: count for name, count in counters.items() if name.startswith("refused_")}
    assert named == {"refused_form": 3, "refused_unsure": 1, "refused_small": 1}
    assert counters["reads"] == 2


async def test_reads_that_no_passage_takes_are_counted_by_reason() -> None:
    corner = ((0.9, 0.9), (1.0, 0.9), (1.0, 1.0))
    for passage, read_of in (
        ({"min_confidence": 0.95}, "unused_unsure"),
        ({"min_characters": 8}, "unused_short"),
        ({"zones": (Zone(name="corner", polygon=corner),)}, "unused_outside"),
    ):
        road = Road(**passage)
        async with road.run():
            await road.see(PLATE, times=3)
        counters = road.line.counters
        named = {name: count for name, count in counters.items() if name.startswith("unused_")}
        assert named == {read_of: 3}


async def test_an_engine_that_is_not_there_is_said_and_the_camera_goes_on() -> None:
    road = Road()
    async with road.run():
        frame = road.frame()
        road.reader.by_frame[frame.number] = Unavailable("recognition at x answers 502")
        await road.source.put(frame)
        assert road.line.last_error == "recognition at x answers 502"
        await road.see(PLATE, times=2)
    assert road.line.counters["unreadable"] == 1
    assert road.line.counters["frames"] == 3


async def test_a_camera_whose_frames_are_skipped_says_so() -> None:
    road = Road()
    async with road.run():
        for _ in range(30):
            await road.source.put(road.frame())
            road.source.dropped += 3
            await road.clock.advance(0.1)
        assert road.line.message.startswith("CPU overloaded: processing 10.0 of 40.0 fps")


async def test_frames_without_a_plate_leave_nothing_behind() -> None:
    """One frame kept of each ten would be 14 megabytes."""
    road = road_of()
    async with road.run():
        await stand(road, 5, lambda _: False)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(600):
            at = road.clock.now()
            await road.source.put(Frame(CAMERA, 100 + number, at, shown(number)))
            await road.clock.advance(0.1)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    assert road.line.counters["frames"] > 400
    assert grown < 5_000_000
