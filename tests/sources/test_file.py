"""Clip files: times, loops, pace, and every way in which a file can be wrong."""

import asyncio
import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platewire.errors import ConfigError, Unavailable
from platewire.model import Frame
from platewire.sources.file import FileFrames, FileSettings
from platewire.testing.check_source import Truth, check_source
from platewire.testing.clock import FakeClock
from tests.sources.cameras import Notes, taken, threads_of
from tests.sources.clips import HEIGHT, START, WIDTH, picture, write_clip

TENTH = timedelta(seconds=0.1)


def numbers(frames: list[Frame]) -> list[int]:
    return [frame.number for frame in frames]


def times(frames: list[Frame]) -> list[datetime]:
    return [frame.captured_at for frame in frames]


def recording(path: Path, notes: Notes) -> FileFrames:
    return FileSettings(path=path, start_at=START).build(notes.context())


async def test_passes_the_check(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(os.urandom(1000))
    failing = [FileSettings(path=tmp_path / name).build for name in ("no.mp4", "none.mp4")]
    truth = Truth(live=False, picture=picture(), frames=10)
    await check_source(FileSettings(path=clip).build, truth, frames=10, failing=failing)


async def test_a_clip_in_real_time_passes_the_check(clip: Path) -> None:
    truth = Truth(live=True, picture=picture(), frames=10)
    await check_source(FileSettings(path=clip, pace="real").build, truth)


async def test_a_looped_live_clip_passes_the_check(clip: Path) -> None:
    source = FileSettings(path=clip, loop=True, pace="real")
    await check_source(source.build, Truth(live=True, picture=picture()), frames=12)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "libx264"), ("mkv", "mpeg4"), ("avi", "mpeg4"), ("ts", "libx264")]
)
async def test_every_frame_comes_with_its_time(
    tmp_path: Path, notes: Notes, suffix: str, codec: str
) -> None:
    source = recording(write_clip(tmp_path / f"clip.{suffix}", codec=codec), notes)
    frames = await taken(source)
    assert not source.live
    assert (numbers(frames), source.dropped, source.broken) == (list(range(10)), 0, 0)
    assert times(frames) == [START + n * TENTH for n in range(10)]
    assert np.abs(frames[0].pixels.astype(int) - picture(20)).mean() < 8
    assert notes == []


async def test_a_recording_gives_the_same_frames_again(clip: Path, notes: Notes) -> None:
    one, other = await taken(recording(clip, notes)), await taken(recording(clip, notes))
    assert times(one) == times(other)
    assert all((a.pixels == b.pixels).all() for a, b in zip(one, other, strict=True))


async def test_the_clip_says_when_it_was_made(tmp_path: Path, notes: Notes) -> None:
    path = write_clip(tmp_path / "clip.mp4", made="2024-02-03T04:05:06.000000Z")
    frames = await taken(FileSettings(path=path).build(notes.context()))
    assert frames[0].captured_at == datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize("made", ["", "1904-01-01T00:00:00.000000Z"])
async def test_else_the_time_of_the_file_counts(tmp_path: Path, notes: Notes, made: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", made=made)
    os.utime(path, (START.timestamp(), START.timestamp()))
    frames = await taken(FileSettings(path=path).build(notes.context()))
    assert frames[0].captured_at == START


async def test_start_at_is_turned_into_utc(clip: Path, notes: Notes) -> None:
    start = datetime.fromisoformat("2026-05-01T12:00:00+02:00")
    frames = await taken(FileSettings(path=clip, start_at=start).build(notes.context()), 1)
    assert frames[0].captured_at.isoformat() == "2026-05-01T10:00:00+00:00"


async def test_a_loop_goes_on_without_a_step_in_time(clip: Path, notes: Notes) -> None:
    source = FileSettings(path=clip, loop=True, start_at=START).build(notes.context())
    frames = await taken(source, 35)
    assert numbers(frames) == list(range(35))
    assert times(frames) == [START + n * TENTH for n in range(35)]


async def test_a_loop_begins_now_unless_told_otherwise(clip: Path, notes: Notes) -> None:
    clock = FakeClock()
    source = FileSettings(path=clip, loop=True).build(notes.context(clock))
    assert (await taken(source, 1))[0].captured_at == clock.now()


async def test_real_pace_gives_frames_at_the_clips_own_speed(clip: Path, notes: Notes) -> None:
    clock = FakeClock()
    source = FileSettings(path=clip, pace="real").build(notes.context(clock))
    assert source.live
    begun = clock.now()
    iterator = source.frames()
    assert (await anext(iterator)).captured_at == begun
    following = asyncio.ensure_future(anext(iterator))
    done, _ = await asyncio.wait([following], timeout=0.2)
    assert not done, "a frame came before its time"
    await clock.advance(0.1)
    assert (await following).captured_at == begun + TENTH
    await iterator.aclose()
    assert threads_of("clip-") == []


async def test_at_real_pace_the_newest_frame_wins(clip: Path, notes: Notes) -> None:
    clock = FakeClock()
    source = FileSettings(path=clip, pace="real").build(notes.context(clock))
    iterator = source.frames()
    await anext(iterator)
    await clock.advance(0.55)
    while source.dropped < 4:  # noqa: ASYNC110 - a thread plays the clip
        await asyncio.sleep(0.01)
    assert (await anext(iterator)).number == 5
    await iterator.aclose()


@pytest.mark.parametrize(("turned", "corner"), [(90, "bottom"), (180, "right"), (-90, "top")])
async def test_a_turned_clip_is_set_upright(
    tmp_path: Path, notes: Notes, turned: int, corner: str
) -> None:
    path = write_clip(tmp_path / "clip.mp4", turned=turned)
    pixels = (await taken(recording(path, notes), 1))[0].pixels
    assert pixels.shape == ((HEIGHT, WIDTH, 3) if turned == 180 else (WIDTH, HEIGHT, 3))
    sides = {"left": pixels[:, 4], "right": pixels[:, -4], "top": pixels[4], "bottom": pixels[-4]}
    blue = {side: float(line[:, 0].mean() - line[:, 2].mean()) for side, line in sides.items()}
    assert max(blue, key=lambda side: blue[side]) == corner


# --- what can be wrong -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing.mp4", "."])
async def test_a_file_that_is_not_there_may_come_later(
    tmp_path: Path, notes: Notes, name: str
) -> None:
    with pytest.raises(Unavailable, match=r"camera gate: the clip .* cannot be opened.*`path`"):
        await taken(recording(tmp_path / name, notes))


@pytest.mark.parametrize("data", [b"", b"hello", b"<html></html>" * 500, bytes(5000)])
async def test_a_file_that_is_no_video_is_named(tmp_path: Path, notes: Notes, data: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(
        ConfigError, match=r"camera gate: the clip .*clip\.mp4 is not a readable video"
    ):
        await taken(recording(path, notes))


async def test_the_suffix_does_not_matter(clip: Path, tmp_path: Path, notes: Notes) -> None:
    path = tmp_path / "clip.txt"
    path.write_bytes(clip.read_bytes())
    assert len(await taken(recording(path, notes))) == 10


async def test_a_clip_that_is_cut_off_gives_what_it_has_and_says_so(
    tmp_path: Path, notes: Notes
) -> None:
    path = write_clip(tmp_path / "clip.mp4", 40)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    frames = await taken(recording(path, notes))
    assert 5 < len(frames) < 40
    assert numbers(frames) == list(range(len(frames)))
    assert len(notes) == 1
    assert "the clip" in notes[0]
    assert "is truncated: its last" in notes[0]
    assert "copy it again" in notes[0]


async def frames_or_words(path: Path, count: int) -> list[Frame]:
    """The frames of a damaged clip; none when the source says in words that it is no use."""
    notes = Notes()
    with contextlib.suppress(ConfigError):
        return await taken(recording(path, notes), count)
    return []


@given(length=st.integers(0, 12_000))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_a_clip_may_be_cut_anywhere(clip: Path, tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip.read_bytes()[:length])
    frames = await frames_or_words(path, 50)
    assert numbers(frames) == list(range(len(frames)))
    assert len(frames) <= 10


@given(flips=st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_bytes_of_a_clip_may_be_wrong(
    clip: Path, tmp_path: Path, flips: list[tuple[int, int]]
) -> None:
    contents = bytearray(clip.read_bytes())
    for at, bits in flips:
        contents[at % len(contents)] ^= bits
    path = tmp_path / "flipped.mp4"
    path.write_bytes(contents)
    frames = await frames_or_words(path, 50)
    assert times(frames) == sorted(times(frames))


async def test_notes_in_another_encoding_do_no_harm(tmp_path: Path, notes: Notes) -> None:
    path = write_clip(tmp_path / "clip.avi", codec="mpeg4", title="Kamera Süd")
    path.write_bytes(path.read_bytes().replace("Süd".encode(), b"S\xfcd "))
    assert len(await taken(recording(path, notes))) == 10


async def test_a_clip_without_pictures_does_not_spin_in_a_loop(
    tmp_path: Path, notes: Notes
) -> None:
    path = write_clip(tmp_path / "clip.mkv", codec="mpeg4")
    data = path.read_bytes()
    at = data.index(b"\x00\x00\x01\xb6")
    path.write_bytes(data[:at] + bytes(len(data) - at))
    with pytest.raises(ConfigError, match="camera gate: the clip"):
        await taken(FileSettings(path=path, loop=True).build(notes.context()))


@pytest.mark.realdata
async def test_real_clips_are_read_whole(real_data: Path) -> None:
    clips = sorted((real_data / "evaluate" / "clips").glob("*.mp4"))
    assert clips
    for path in clips:
        notes = Notes()
        source = recording(path, notes)
        frames = await taken(source)
        assert (len(frames) > 0, source.broken, notes) == (True, 0, []), path
        assert times(frames) == sorted(set(times(frames)))


@pytest.mark.parametrize("place", ["metadata", "file"])
async def test_a_date_decades_ahead_is_told_and_not_used(
    tmp_path: Path, notes: Notes, place: str
) -> None:
    made = "2089-05-01T00:00:00.000000Z" if place == "metadata" else ""
    # FFmpeg writes a date beyond 2040 into no MP4.
    clip = write_clip(tmp_path / ("future.mkv" if made else "future.mp4"), made=made)
    stamp = START.timestamp() if made else datetime(2089, 5, 1, tzinfo=UTC).timestamp()
    os.utime(clip, (stamp, stamp))
    clock = FakeClock(START + timedelta(days=2))
    frames = await taken(FileSettings(path=clip).build(notes.context(clock)))
    expected = START if made else clock.now()
    assert frames[0].captured_at == expected
    (note,) = notes
    assert f"{clip} has the future date 2089-05-01 00:00 UTC" in note
    assert f"using {expected:%Y-%m-%d %H:%M} UTC" in note
