"""One camera's loop: what it does when the camera, the engine, the disk or the clock misbehaves."""

from collections import defaultdict
from collections.abc import Sequence

import pytest

from platewire.camera.intake import Intake, close_left_open
from platewire.camera.motion import MotionSettings
from platewire.errors import LogError, PictureError
from platewire.model import Event, Kind
from platewire.runtime.status import State
from tests.camera.intaking import CAMERA, END, Road, cut_off, read, seconds, shown

PLATE = "AB12CDE"


def kinds(events: Sequence[Event]) -> list[str]:
    return [event.kind.value for event in events]


async def test_a_recording_is_told_whole_and_ends() -> None:
    road = Road()
    async with road.run(live=False):
        await road.see(PLATE, times=5)
        await road.source.put(END)
        events = await road.logged(2)
        await road.until_state(State.ENDED)
    assert kinds(events) == ["new", "lost"]
    assert events[1].occurred_at == events[1].last_seen_at + seconds(5)
    assert road.line.counters["frames"] == 5
    assert road.line.counters["reads"] == 5


async def test_passages_end_while_the_camera_is_cut_off() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        last_seen_at = road.clock.now() - seconds(0.1)
        await road.source.put(cut_off())
        line = await road.until_state(State.WAITING)
        assert "look at its cable" in line.message
        await road.clock.advance(4.5)
        assert kinds(await road.logged(1)) == ["new"]
        await road.clock.advance(1.5)
        events = await road.logged(2)
    assert kinds(events) == ["new", "lost"]
    assert events[1].occurred_at == last_seen_at + seconds(5)


async def test_a_camera_back_within_the_patience_goes_on_with_its_passage() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        await road.source.put(cut_off())
        await road.until_state(State.WAITING)
        await road.clock.advance(2)
        assert road.source.opened == 2
        await road.see(PLATE, times=3)
        await road.clock.advance(7)
        events = await road.logged(2)
    assert kinds(events) == ["new", "lost"]
    assert events[1].reads == 6


async def test_a_camera_that_is_silent_ends_passages_too() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        await road.clock.advance(7)
        assert kinds(await road.logged(2)) == ["new", "lost"]
        assert road.line.state is State.RUNNING


async def test_frames_without_plates_are_no_silence() -> None:
    """While frames come, frame time decides: here it stands still although minutes pass."""
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        begun = road.clock.now()
        for _ in range(60):
            await road.source.put(road.frame(at=begun))
            await road.clock.advance(1)
        assert kinds(await road.logged(1)) == ["new"]


async def test_a_full_disk_is_waited_for_and_nothing_is_lost() -> None:
    road = Road()
    async with road.run():
        road.log.full = True
        road.source.put_soon(road.frame(PLATE), road.frame(PLATE))
        line = await road.until_state(State.WAITING)
        assert "no space is left" in line.message
        await road.clock.advance(60)
        assert road.log.last_seq == 0
        road.log.full = False
        await road.clock.advance(2)
        await road.logged(1)
        await road.see(PLATE)
        assert road.line.state is State.RUNNING
        await road.clock.advance(7)
        events = await road.logged(2)
    assert kinds(events) == ["new", "lost"]
    assert [event.revision for event in events] == [0, 1]


async def test_stopping_while_the_disk_is_full_leaves_no_half_of_anything() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        road.log.full = True
        await road.clock.advance(7)
        await road.until_state(State.WAITING)
    road.log.full = False
    async with road.run():
        await road.clock.advance(7)
        events = await road.logged(2)
    assert kinds(events) == ["new", "lost"]
    assert [event.revision for event in events] == [0, 1]


@pytest.mark.parametrize("error", [PictureError("the frame is noise"), RuntimeError("a bug")])
async def test_a_frame_that_the_engine_cannot_read_is_counted_and_passed(error: Exception) -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=2)
        bad = road.frame()
        road.reader.by_frame[bad.number] = error
        await road.source.put(bad)
        await road.see(PLATE, times=2)
        assert road.line.counters["unreadable"] == 1
        assert str(error) in road.line.last_error
        assert road.line.state is State.RUNNING
        await road.clock.advance(7)
        events = await road.logged(2)
    assert events[1].reads == 4


async def test_a_restart_goes_on_with_open_passages() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
    async with road.run():
        await road.see(PLATE, times=3)
        await road.clock.advance(7)
        events = await road.logged(2)
    assert kinds(events) == ["new", "lost"]
    assert len({event.passage for event in events}) == 1


async def test_after_a_restart_passages_end_although_the_camera_never_comes() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
    async with road.run():
        await road.source.put(cut_off())
        await road.clock.advance(7)
        assert kinds(await road.logged(2)) == ["new", "lost"]


async def test_a_recording_begins_anew_after_a_restart() -> None:
    road = Road()
    async with road.run(live=False):
        await road.see(PLATE, times=3)
    async with road.run(live=False):
        events = await road.logged(2)
        await road.see(PLATE, times=3)
        more = await road.logged(3)
    assert kinds(events) == ["new", "lost"]
    assert kinds(more[2:]) == ["new"]
    assert more[2].passage != events[0].passage


async def test_a_camera_that_is_not_configured_any_more_is_closed() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
    await close_left_open([CAMERA], road.context)
    assert road.log.last_seq == 1
    await close_left_open(["another"], road.context)
    assert kinds(await road.logged(2)) == ["new", "lost"]
    await close_left_open(["another"], road.context)
    assert road.log.last_seq == 2


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 86_400.0 * 365, -2.0, 2.0])
async def test_a_clock_that_jumps_leaves_every_passage_whole(jump: float) -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        road.clock.jump(jump)
        await road.see(PLATE, times=3)
        road.clock.jump(-jump)
        await road.see(PLATE, times=3)
        road.clock.jump(jump)
        await road.clock.advance(20)
        events = await road.ended()
    assert_whole(events)


async def test_a_clock_set_back_while_platewire_was_off() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
    road.clock.jump(-86_400)
    async with road.run():
        await road.clock.advance(7)
        assert kinds(await road.logged(2)) == ["new", "lost"]


def assert_whole(events: Sequence[Event]) -> None:
    passages = defaultdict(list)
    for event in events:
        passages[event.passage].append(event)
    for own in passages.values():
        assert [event.revision for event in own] == list(range(len(own)))
        assert (own[0].kind, own[-1].kind) == (Kind.NEW, Kind.LOST)
        assert all(event.kind is Kind.UPDATED for event in own[1:-1])


async def test_a_kept_state_that_cannot_be_read_ends_the_server_by_name() -> None:
    road = Road()
    await road.log.append(CAMERA, [], (), b"no state")
    intake = Intake(CAMERA, road.source, road.passage, road.pictures, road.context)
    with pytest.raises(LogError, match=r'camera "gate": .*table open_passages'):
        await intake.run()


async def test_the_newest_frame_is_there_for_a_snapshot() -> None:
    road = Road()
    async with road.run() as intake:
        assert intake.latest is None
        frame = road.frame(PLATE)
        await road.source.put(frame)
        assert intake.latest is frame


async def test_a_better_picture_alone_is_an_update_of_its_own() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        near = road.frame()
        road.reader.by_frame[near.number] = [read(PLATE, near, size=120)]
        await road.source.put(near)
        events = await road.logged(2)
    assert kinds(events) == ["new", "updated"]
    assert events[1].changed == ("images",)
    assert events[1].images.plate != events[0].images.plate


# --- stills ------------------------------------------------------------------------------------


async def test_a_still_is_an_event_and_is_read_although_it_looks_like_the_last_one() -> None:
    road = Road(stills=True)
    road.motion = MotionSettings()
    async with road.run():
        for number in range(2):
            await road.source.put(road.frame(f"AB1{number}CDE", pixels=shown(0)))
        events = await road.logged(2)
    assert kinds(events) == ["new", "new"]
    assert road.line.counters["unconfirmed"] == 0


async def test_what_is_read_once_and_held_back_is_counted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE)
        await road.clock.advance(7)
        assert road.line.counters["unconfirmed"] == 1
        await road.see("XY99ZZZ")
        await road.clock.advance(7)
        assert road.line.counters["unconfirmed"] == 2
        assert road.log.last_seq == 0
    (line,) = [each.getMessage() for each in caplog.records if "never confirmed" in each.message]
    assert line.startswith("camera gate: a vehicle read, never confirmed, no event; last: AB12CDE;")
    assert "at least 2 reads are required" in line
    assert "stills = true" in line
