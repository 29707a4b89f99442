"""Picture folders: order, times, broken pictures, and folders into which cameras drop files."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from platewire.errors import ConfigError, Unavailable
from platewire.model import Frame
from platewire.sources.pictures import PictureFrames, PicturesSource
from platewire.testing.check_source import check_source
from platewire.testing.clock import FakeClock
from tests.sources.cameras import Notes, taken
from tests.sources.clips import CAMERA, HEIGHT, START, WIDTH, jpeg

SECOND = timedelta(seconds=1)


def drop(path: Path, data: bytes, seconds: float = 0) -> None:
    """Writes a file whose time of writing is `seconds` after START."""
    path.write_bytes(data)
    os.utime(path, (START.timestamp() + seconds,) * 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(["car2.jpg", "car10.JPG", "car1.jpeg"]):
        drop(tmp_path / name, jpeg(40 + number), 60 * number)
    drop(tmp_path / "notes.txt", b"no picture")
    return tmp_path


async def test_passes_the_check(folder: Path, notes: Notes) -> None:
    await check_source(PicturesSource(path=folder).build(notes.context()), CAMERA, frames=3)


async def test_pictures_come_as_a_person_counts_at_a_fixed_interval(
    folder: Path, notes: Notes
) -> None:
    settings = PicturesSource(path=folder, interval_seconds=0.5, start_at=START)
    frames = await taken(settings.build(notes.context()))
    assert [round(float(frame.pixels[80, 80].mean())) for frame in frames] == [42, 40, 41]
    assert [frame.captured_at for frame in frames] == [START + n * SECOND / 2 for n in range(3)]
    assert notes == []


async def test_without_start_the_first_files_time_counts(folder: Path, notes: Notes) -> None:
    frames = await taken(PicturesSource(path=folder).build(notes.context()))
    assert frames[0].captured_at == START + 120 * SECOND


async def test_files_times_may_count_but_never_go_back(folder: Path, notes: Notes) -> None:
    settings = PicturesSource(path=folder / "*[0-9].jp*", times="modified")
    frames = await taken(settings.build(notes.context()))
    assert [frame.captured_at for frame in frames] == [START + 120 * SECOND] * 2


async def test_a_pattern_may_reach_into_folders(tmp_path: Path, notes: Notes) -> None:
    for day in ("monday", "tuesday"):
        (tmp_path / day).mkdir()
        drop(tmp_path / day / "a.jpg", jpeg())
    frames = await taken(PicturesSource(path=tmp_path / "**" / "*.jpg").build(notes.context()))
    assert len(frames) == 2


# --- what can be wrong -------------------------------------------------------------------------


async def test_broken_pictures_are_counted_named_and_skipped(folder: Path, notes: Notes) -> None:
    drop(folder / "car3.jpg", jpeg()[:-400])
    drop(folder / "car4.jpg", b"")
    drop(folder / "car5.png", b"<html>")
    drop(folder / "car6.jpg", jpeg(90, 1, 1))
    source = PicturesSource(path=folder).build(notes.context())
    frames = await taken(source)
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert source.broken == 4
    for name, reason in [("3.jpg", "cut off"), ("4.jpg", "empty"), ("5.png", "cannot be decoded")]:
        assert any(
            f"car{name} is skipped" in note and reason in note and note.startswith("camera gate")
            for note in notes
        )


async def test_a_folder_of_broken_pictures_is_an_error(tmp_path: Path, notes: Notes) -> None:
    drop(tmp_path / "a.jpg", b"no picture")
    with pytest.raises(ConfigError, match="camera gate: none of the 1 files"):
        await taken(PicturesSource(path=tmp_path).build(notes.context()))


async def test_an_empty_folder_is_an_error(tmp_path: Path, notes: Notes) -> None:
    with pytest.raises(ConfigError, match="camera gate: there is no picture in"):
        await taken(PicturesSource(path=tmp_path).build(notes.context()))


async def test_a_missing_folder_may_come_later(tmp_path: Path, notes: Notes) -> None:
    for watch in (True, False):
        source = PicturesSource(path=tmp_path / "nowhere", watch=watch).build(notes.context())
        with pytest.raises(Unavailable, match=r"camera gate: the folder .*nowhere.*`path`"):
            await taken(source, 1)


def test_a_watched_folder_cannot_have_a_fixed_interval(tmp_path: Path, notes: Notes) -> None:
    with pytest.raises(ConfigError, match="camera gate: `watch = true`"):
        PicturesSource(path=tmp_path, watch=True, times="interval").build(notes.context())


# --- watching ----------------------------------------------------------------------------------


class Watching:
    """A watched folder under a clock that the test turns."""

    def __init__(self, folder: Path, *, existing: bool = False) -> None:
        self.clock = FakeClock()
        settings = PicturesSource(path=folder, watch=True, existing=existing)
        self.source: PictureFrames = settings.build(Notes().context(self.clock))
        self.frames: AsyncIterator[Frame] = self.source.frames()

    async def next_after(self, looks: int) -> Frame | None:
        """The next frame, if it comes within one look at the folder and so many more."""
        following = asyncio.ensure_future(anext(self.frames))
        for look in range(looks + 1):
            if look:
                await self.clock.advance(1)
            while not following.done() and not self.clock.sleeping:  # noqa: ASYNC110 - a thread looks
                await asyncio.sleep(0.001)
            if following.done():
                return following.result()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        self.frames = self.source.frames()
        return None


async def test_a_watched_folder_passes_the_check(folder: Path, notes: Notes) -> None:
    settings = PicturesSource(path=folder, watch=True, existing=True, poll_seconds=0.1)
    source = settings.build(notes.context())
    assert source.live
    stop = asyncio.Event()

    async def camera() -> None:
        number = 0
        while not stop.is_set():
            drop(folder / f"new{number}.jpg", jpeg(), 1000 + number)
            number += 1
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        group.create_task(camera())
        await check_source(source, CAMERA, frames=5)
        stop.set()


async def test_only_new_pictures_are_read_unless_told_otherwise(folder: Path) -> None:
    assert await Watching(folder).next_after(looks=3) is None
    first = await Watching(folder, existing=True).next_after(looks=3)
    assert first is not None
    assert (first.captured_at, first.pixels.shape) == (START, (HEIGHT, WIDTH, 3))


async def test_a_new_picture_is_read_once_it_has_stopped_growing(folder: Path) -> None:
    watching = Watching(folder)
    assert await watching.next_after(looks=1) is None
    drop(folder / "new.jpg", jpeg()[:100], 200)
    assert await watching.next_after(looks=0) is None
    drop(folder / "new.jpg", jpeg()[:500], 201)
    assert await watching.next_after(looks=0) is None
    drop(folder / "new.jpg", jpeg(), 202)
    frame = await watching.next_after(looks=2)
    assert frame is not None
    assert frame.captured_at == START + 202 * SECOND
    assert watching.source.broken == 0
    assert await watching.next_after(looks=3) is None


async def test_a_picture_that_is_overwritten_is_read_again(folder: Path) -> None:
    watching = Watching(folder)
    assert await watching.next_after(looks=1) is None
    for seconds in (300, 301):
        drop(folder / "latest.jpg", jpeg(), seconds)
        frame = await watching.next_after(looks=3)
        assert frame is not None
        assert frame.captured_at == START + seconds * SECOND
        (folder / "car1.jpeg").unlink(missing_ok=True)
