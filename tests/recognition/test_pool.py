"""The pool reads off the event loop, in the order of arrival, one frame a camera at a time."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from platewire.errors import PictureError
from platewire.model import Frame, Read
from platewire.recognition.engine import Engine
from platewire.recognition.pool import Pool
from tests.recognition.drawing import NOW, wall


class Recorder(Engine):
    """An engine that notes what it is asked and waits until the test lets it go on."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.threads: set[str] = set()
        self.go = threading.Event()
        self.started = threading.Event()
        self.closed = 0

    def read(self, frame: Frame) -> Sequence[Read]:
        self.asked.append((frame.camera, frame.number))
        self.threads.add(threading.current_thread().name)
        self.started.set()
        assert self.go.wait(10)
        if frame.number == 13:
            raise PictureError("broken")
        if frame.number == 99:
            raise ZeroDivisionError
        return []

    def close(self) -> None:
        self.closed += 1


def frame(camera: str, number: int) -> Frame:
    return Frame(camera, number, NOW, wall(32, 32))


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_frames_are_read_on_a_named_thread() -> None:
    engine = Recorder()
    engine.go.set()
    pool = Pool(engine)
    assert list(await pool.read(frame("a", 0))) == []
    await pool.close()
    assert [name.rpartition("_")[0] for name in engine.threads] == ["recognition"]


async def test_cameras_take_turns_and_a_camera_has_one_frame_waiting() -> None:
    engine = Recorder()
    pool = Pool(engine)
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(pool.read(frame("busy", number)))
        await turns()
        tasks.create_task(pool.read(frame("other", 0)))
        await turns()
        engine.go.set()
    await pool.close()
    assert engine.asked == [("busy", 0), ("other", 0), ("busy", 1), ("busy", 2)]


@pytest.mark.parametrize(("number", "error"), [(13, PictureError), (99, ZeroDivisionError)])
async def test_errors_come_through_and_the_pool_goes_on(
    number: int, error: type[Exception]
) -> None:
    engine = Recorder()
    engine.go.set()
    pool = Pool(engine)
    with pytest.raises(error):
        await pool.read(frame("a", number))
    assert list(await pool.read(frame("a", 1))) == []
    await pool.close()


async def test_closing_waits_for_the_frame_in_work_and_closes_the_engine_once() -> None:
    engine = Recorder()
    pool = Pool(engine)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(pool.read(frame("a", 0)))
        await asyncio.to_thread(engine.started.wait)
        closing = tasks.create_task(pool.close())
        await turns()
        assert engine.closed == 0
        engine.go.set()
        await closing
    await pool.close()
    assert list(reading.result()) == []
    assert engine.closed == 1
    with pytest.raises(RuntimeError, match="closed"):
        await pool.read(frame("a", 1))


async def test_busy_cameras_get_equal_turns_and_an_idle_one_all_it_asks_for() -> None:
    """Eight cameras that always have a newer frame; a ninth that has five in all."""
    engine = Recorder()
    pool = Pool(engine)
    cameras = [f"camera-{number}" for number in range(8)]

    async def busy(camera: str) -> None:
        for number in range(13, 53):
            with contextlib.suppress(PictureError):
                await pool.read(frame(camera, number))

    async def idle() -> None:
        for number in range(5):
            await pool.read(frame("idle", number))

    async with asyncio.TaskGroup() as tasks:
        for camera in cameras:
            tasks.create_task(busy(camera))
        tasks.create_task(idle())
        await asyncio.sleep(0)  # Until all have asked, or the first would get a turn more.
        engine.go.set()
    await pool.close()
    first = Counter(camera for camera, _ in engine.asked[:90])
    assert first["idle"] == 5
    turns_of_each = [first[camera] for camera in cameras]
    assert max(turns_of_each) - min(turns_of_each) <= 1


class Waiting(Recorder):
    """An engine that waits for another machine."""

    calls_at_once = 2


async def test_an_engine_that_waits_for_others_gets_several_frames_at_once() -> None:
    engine = Waiting()
    pool = Pool(engine)
    async with asyncio.TaskGroup() as tasks:
        for camera in ("a", "b", "c"):
            tasks.create_task(pool.read(frame(camera, 0)))
        while len(engine.asked) < 2:
            await asyncio.to_thread(engine.started.wait)
            await asyncio.sleep(0)
        assert {camera for camera, _ in engine.asked} == {"a", "b"}
        engine.go.set()
    await pool.close()
    assert len(engine.asked) == 3
