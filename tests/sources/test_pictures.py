"""Picture folders: order, times, broken pictures, and folders into which cameras drop files."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platewire.decoding.decode import decode
from platewire.errors import ConfigError, Unavailable
from platewire.model import Frame, Pixels
from platewire.sources.pictures import PictureFrames, PicturesSettings
from platewire.testing.check_source import Truth, check_source
from platewire.testing.clock import FakeClock
from tests.decoding.foreign import gif, odd_pictures
from tests.sources.cameras import Notes, taken
from tests.sources.clips import HEIGHT, START, WIDTH, jpeg, picture

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


async def test_passes_the_check(folder: Path, tmp_path: Path) -> None:
    absent = PicturesSettings(path=tmp_path / "none")
    truth = Truth(live=False, picture=picture(), frames=3)
    await check_source(PicturesSettings(path=folder).build, truth, failing=[absent.build])


async def test_pictures_come_as_a_person_counts_at_a_fixed_interval(
    folder: Path, notes: Notes
) -> None:
    settings = PicturesSettings(path=folder, interval_seconds=0.5, start_at=START)
    frames = await taken(settings.build(notes.context()))
    assert [round(float(frame.pixels[80, 80].mean())) for frame in frames] == [42, 40, 41]
    assert [frame.captured_at for frame in frames] == [START + n * SECOND / 2 for n in range(3)]
    (note,) = notes
    assert "notes.txt is skipped: names that end in .txt are not read as pictures" in note


async def test_without_start_the_first_files_time_counts(folder: Path, notes: Notes) -> None:
    frames = await taken(PicturesSettings(path=folder).build(notes.context()))
    assert frames[0].captured_at == START + 120 * SECOND


async def test_files_times_may_count_and_give_the_order(folder: Path, notes: Notes) -> None:
    settings = PicturesSettings(path=folder / "*[0-9].jp*", times="modified")
    frames = await taken(settings.build(notes.context()))
    assert [frame.captured_at for frame in frames] == [START, START + 120 * SECOND]


async def test_a_pattern_may_reach_into_folders(tmp_path: Path, notes: Notes) -> None:
    for day in ("monday", "tuesday"):
        (tmp_path / day).mkdir()
        drop(tmp_path / day / "a.jpg", jpeg())
    frames = await taken(PicturesSettings(path=tmp_path / "**" / "*.jpg").build(notes.context()))
    assert len(frames) == 2


# --- what can be wrong -------------------------------------------------------------------------


async def test_broken_pictures_are_counted_named_and_skipped(folder: Path, notes: Notes) -> None:
    drop(folder / "car3.jpg", jpeg()[:-400])
    drop(folder / "car4.jpg", b"")
    drop(folder / "car5.png", b"<html>")
    drop(folder / "car6.jpg", jpeg(90, 1, 1))
    source = PicturesSettings(path=folder).build(notes.context())
    frames = await taken(source)
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert source.broken == 4
    reasons = {"3.jpg": "truncated", "4.jpg": "empty", "5.png": "cannot be decoded"}
    for name, reason in reasons.items():
        assert any(
            f"car{name} is skipped" in note and reason in note and note.startswith("camera gate")
            for note in notes
        )


async def test_a_folder_of_broken_pictures_is_an_error(tmp_path: Path, notes: Notes) -> None:
    drop(tmp_path / "a.jpg", b"no picture")
    with pytest.raises(ConfigError, match="camera gate: none of the 1 files"):
        await taken(PicturesSettings(path=tmp_path).build(notes.context()))


async def test_an_empty_folder_is_an_error(tmp_path: Path, notes: Notes) -> None:
    with pytest.raises(ConfigError, match=r"camera gate: .*contains no image"):
        await taken(PicturesSettings(path=tmp_path).build(notes.context()))


async def test_a_missing_folder_may_come_later(tmp_path: Path, notes: Notes) -> None:
    for watch in (True, False):
        source = PicturesSettings(path=tmp_path / "nowhere", watch=watch).build(notes.context())
        with pytest.raises(
            Unavailable, match=r"camera gate: cannot read the folder .*nowhere.*`path`"
        ):
            await taken(source, 1)


def test_a_watched_folder_cannot_have_a_fixed_interval(tmp_path: Path, notes: Notes) -> None:
    with pytest.raises(ConfigError, match="camera gate: `watch = true`"):
        PicturesSettings(path=tmp_path, watch=True, times="interval").build(notes.context())


# --- watching ----------------------------------------------------------------------------------


class Watching:
    """A watched folder under a clock that the test turns."""

    def __init__(self, folder: Path, *, existing: bool = False) -> None:
        self.clock = FakeClock(START + 1000 * SECOND)
        self.notes = Notes()
        settings = PicturesSettings(path=folder, watch=True, existing=existing)
        self.source: PictureFrames = settings.build(self.notes.context(self.clock))
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


async def test_a_watched_folder_passes_the_check(folder: Path) -> None:
    settings = PicturesSettings(path=folder, watch=True, existing=True, poll_seconds=0.1)
    stop = asyncio.Event()

    async def camera() -> None:
        number = 0
        while not stop.is_set():
            drop(folder / f"new{number}.jpg", jpeg(), 1000 + number)
            number += 1
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        group.create_task(camera())
        await check_source(settings.build, Truth(live=True, picture=picture()), frames=5)
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


# --- what others may drop ------------------------------------------------------------------------

FAR_AHEAD = datetime(2040, 1, 1, tzinfo=UTC).timestamp() - START.timestamp()
NO_DATE = 10**12
"""Seconds: a year that no calendar of Python has, yet a file system does."""


@pytest.mark.parametrize("seconds", [FAR_AHEAD, NO_DATE])
async def test_one_files_time_moves_no_others(folder: Path, notes: Notes, seconds: float) -> None:
    drop(folder / "car0.jpg", jpeg(), seconds)
    if (folder / "car0.jpg").stat().st_mtime < START.timestamp() + seconds:
        pytest.skip("this file system cannot date a file so")
    for settings in (
        PicturesSettings(path=folder, times="modified"),
        PicturesSettings(path=folder, interval_seconds=60),
    ):
        clock = FakeClock(START + 1000 * SECOND)
        frames = await taken(settings.build(notes.context(clock)))
        assert len(frames) == 4
        assert all(frame.captured_at <= clock.now() for frame in frames)
        assert START in {frame.captured_at for frame in frames} or settings.times is None
    assert any("car0.jpg has the future time" in note and "arrival time" in note for note in notes)


async def test_a_picture_dated_ahead_counts_as_taken_when_it_came(folder: Path) -> None:
    watching = Watching(folder)
    assert await watching.next_after(looks=1) is None
    drop(folder / "ahead.jpg", jpeg(), FAR_AHEAD)
    ahead = await watching.next_after(looks=3)
    assert ahead is not None
    assert ahead.captured_at <= watching.clock.now()
    drop(folder / "next.jpg", jpeg(), 1003)
    following = await watching.next_after(looks=3)
    assert following is not None
    assert ahead.captured_at <= following.captured_at <= watching.clock.now()


async def test_a_clock_that_is_set_back_begins_afresh(folder: Path) -> None:
    watching = Watching(folder)
    assert await watching.next_after(looks=1) is None
    drop(folder / "one.jpg", jpeg(), 1000)
    one = asyncio.ensure_future(anext(watching.frames))
    while not one.done():
        await watching.clock.advance(1)
        await asyncio.sleep(0.001)
    watching.clock.jump(-7200)
    drop(folder / "two.jpg", jpeg(), -6000)
    two = asyncio.ensure_future(anext(watching.frames))
    while not two.done():
        await watching.clock.advance(1)
        await asyncio.sleep(0.001)
    with pytest.raises(Unavailable, match="clock of this computer was set back"):
        two.result()


def links(folder: Path, outside: Path) -> None:
    """Of each kind that a link can be; only `inside.jpg` leads to a picture of the folder."""
    outside.mkdir()
    drop(outside / "secret.jpg", jpeg(99))
    (folder / "out.jpg").symlink_to(outside / "secret.jpg")
    (folder / "inside.jpg").symlink_to("car2.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "nowhere.jpg").symlink_to("gone.jpg")
    (folder / "round").symlink_to(".", target_is_directory=True)
    (folder / "round2").symlink_to(".", target_is_directory=True)
    (folder / "away").symlink_to(outside, target_is_directory=True)
    os.mkfifo(folder / "pipe.jpg")


@pytest.mark.parametrize("pattern", ["", "**/*.jp*g", "*/*.jpg"])
async def test_links_stop_no_camera_and_lead_nowhere_else(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, notes: Notes, pattern: str
) -> None:
    links(folder, tmp_path_factory.mktemp("elsewhere") / "outside")
    source = PicturesSettings(path=folder / pattern).build(notes.context())
    frames = await taken(source)
    assert 99 not in {round(float(frame.pixels[80, 80].mean())) for frame in frames}
    if pattern == "":
        assert len(frames) == 4
        for name, reason in (
            ("out.jpg", "a link outside of the folder"),
            ("loop.jpg", "a circular link"),
            ("nowhere.jpg", "a dangling link"),
        ):
            assert [reason in note for note in notes if f"/{name} is" in note] == [True]


async def test_uploads_under_way_are_left_alone(folder: Path, notes: Notes) -> None:
    drop(folder / ".in.car9.jpg", jpeg(99))
    frames = await taken(PicturesSettings(path=folder / "*.jpg").build(notes.context()))
    assert len(frames) == 1


async def test_a_picture_of_yesterday_that_is_dated_ahead_is_not_fresh(
    folder: Path, notes: Notes
) -> None:
    """It counts as taken when the file system saw it come, which nobody can set."""
    came = datetime.now(UTC)
    drop(folder / "car0.jpg", jpeg(), FAR_AHEAD)
    clock = FakeClock(came + timedelta(days=1))
    settings = PicturesSettings(path=folder / "car0.jpg*", times="modified")
    (frame,) = await taken(settings.build(notes.context(clock)))
    assert abs(frame.captured_at - came) < timedelta(minutes=1)


async def test_a_decoder_that_raises_what_it_likes_costs_one_picture(
    folder: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(data: bytes) -> Pixels:
        if data == jpeg(41):
            raise KeyError("damaged")
        return decode(data)

    monkeypatch.setattr("platewire.sources.pictures.decode", odd)
    frames = await taken(PicturesSettings(path=folder).build(notes.context()))
    assert len(frames) == 2
    assert any("car10.JPG is skipped" in note and "KeyError" in note for note in notes)


async def test_a_picture_whose_rights_change_is_not_read_again(folder: Path) -> None:
    watching = Watching(folder)
    assert await watching.next_after(looks=1) is None
    drop(folder / "new.jpg", jpeg(), 300)
    assert await watching.next_after(looks=3) is not None
    (folder / "new.jpg").chmod(0o600)
    assert await watching.next_after(looks=3) is None


# --- other people's pictures -------------------------------------------------------------------


async def test_a_folder_takes_every_kind_that_read_takes(tmp_path: Path, notes: Notes) -> None:
    pictures = odd_pictures()
    for number, data in enumerate(pictures.values()):
        drop(tmp_path / f"{number}.jpg", data)
    source = PicturesSettings(path=tmp_path).build(notes.context())
    assert len(await taken(source)) == len(pictures)
    assert (source.broken, notes) == (0, [])


async def test_a_gif_is_a_clip(tmp_path: Path, notes: Notes) -> None:
    drop(tmp_path / "a.gif", gif(3, 500))
    settings = PicturesSettings(path=tmp_path, start_at=START)
    frames = await taken(settings.build(notes.context()))
    assert [frame.captured_at for frame in frames] == [START + n * SECOND / 2 for n in range(3)]
    assert [frame.number for frame in frames] == [0, 1, 2]


async def test_what_is_passed_over_is_named_once_of_each_kind(folder: Path, notes: Notes) -> None:
    for name in ("a.xml", "b.xml", "clip.mp4", "README", ".hidden.jpg"):
        drop(folder / name, b"")
    (folder / "2026-12-01").mkdir()
    await taken(PicturesSettings(path=folder).build(notes.context()))
    told = {note.partition(" is skipped")[0].rpartition("/")[2]: note for note in notes}
    assert len(notes) == 5
    assert {"notes.txt", "clip.mp4", "README", "2026-12-01"} <= told.keys()
    assert f'set `path` to "{folder}/**/*"' in told["2026-12-01"]
    assert '`type = "file"`' in told["clip.mp4"]


async def test_a_first_file_from_the_future_is_told(tmp_path: Path, notes: Notes) -> None:
    drop(tmp_path / "a.jpg", jpeg(), FAR_AHEAD)
    drop(tmp_path / "b.jpg", jpeg())
    clock = FakeClock(START + timedelta(days=1))
    frames = await taken(PicturesSettings(path=tmp_path).build(notes.context(clock)))
    assert frames[0].captured_at == START
    (note,) = notes
    assert "a.jpg has the future time" in note
