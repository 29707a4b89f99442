"""The first frame, as `platewire check` asks for it."""

import asyncio
from pathlib import Path

import pytest

from platewire.errors import ConfigError, Unavailable
from platewire.runtime.clock import SystemClock
from platewire.sources.file import FileSettings
from platewire.sources.mjpeg import MjpegSettings
from platewire.sources.probe import first_frame
from tests.sources.cameras import Notes, threads_of
from tests.sources.clips import HEIGHT, WIDTH


async def test_one_frame_is_taken_and_the_camera_released(clip: Path, notes: Notes) -> None:
    source = FileSettings(path=clip, loop=True).build(notes.context())
    frame = await first_frame(source, 10, SystemClock())
    assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
    assert threads_of("clip-") == []


async def test_patience_ends(notes: Notes) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        source = MjpegSettings(url=f"http://{host}:{port}/").build(notes.context())
        with pytest.raises(Unavailable, match=r"no frame within \d\.\d s"):
            await first_frame(source, 0.3, SystemClock())


async def test_the_sources_own_words_come_through(tmp_path: Path, notes: Notes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"")
    with pytest.raises(ConfigError, match="is not a readable video"):
        await first_frame(FileSettings(path=path).build(notes.context()), 10, SystemClock())
