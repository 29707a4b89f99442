"""A clip of the sample scene, what the real engine reads in it, and servers as own processes."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import av
import msgspec
import pytest

from platewire.model import Frame, Pixels
from platewire.recognition.engines.plates import PlatesSettings
from platewire.testing import scene
from tests.acceptance.running import Running


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short scene, rendered."""
    return scene.clip(scene.short_scene(), tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="session")
def recorded(clip: Path) -> Path:
    """What the real engine reads in each frame of the clip, for tests that start it many times."""
    engine = PlatesSettings().build()
    path = clip.with_suffix(".reads.jsonl")
    with path.open("wb") as file:
        for frame in frames_of(clip):
            reads = [msgspec.to_builtins(read) for read in engine.read(frame)]
            file.write(json.dumps({"frame": frame.number, "reads": reads}).encode() + b"\n")
    engine.close()
    return path


def frames_of(path: Path) -> Iterator[Frame]:
    start = datetime(2026, 5, 6, 10, 12, tzinfo=UTC)
    with av.open(str(path)) as container:
        for number, picture in enumerate(container.decode(video=0)):
            at = start + timedelta(seconds=float(picture.time or 0))
            yield Frame("clip", number, at, cast("Pixels", picture.to_ndarray(format="bgr24")))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    """Starts `platewire serve` with a configuration text; ends what is left at the end."""
    begun: list[Running] = []

    def begin(config: str) -> Running:
        path = tmp_path / "platewire.toml"
        path.write_text(config, "utf-8")
        running = Running(path)
        begun.append(running)
        return running

    yield begin
    for running in begun:
        running.kill()
