"""The clip that ships with the demo: it is what the scene draws, and the demo plays it."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np

from examples.demo.clip import ROAD, clip
from platewire.model import Pixels
from platewire.testing.scene import picture, road_scene, short_scene

EVERY_FRAMES = 14
BLOCK_PX = 40
DIFFERENCE_MAX = 14.0
"""Mean of a block, of 255. Encoding alone makes up to 10; a frame too early or late 15 to 150."""


def difference(first: Pixels, second: Pixels) -> float:
    """Of the block that differs most."""
    apart = np.abs(first.astype(int) - second.astype(int)).mean(axis=2)
    height, width = apart.shape
    rows, columns = height // BLOCK_PX, width // BLOCK_PX
    return float(apart.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3)).max())


def test_the_clip_is_what_the_scene_draws() -> None:
    """Where this fails after a change of the scene: python -m examples.demo.clip"""
    scene = road_scene()
    with av.open(str(ROAD)) as container:
        stream = container.streams.video[0]
        assert stream.frames == scene.frame_count
        assert stream.average_rate == scene.frames_per_second
        for number, frame in enumerate(container.decode(stream)):
            if number % EVERY_FRAMES == 0:
                seen = frame.to_ndarray(format="bgr24").astype(np.uint8)
                assert difference(seen, picture(scene, number)) < DIFFERENCE_MAX, number


def test_only_other_scenes_are_rendered(tmp_path: Path) -> None:
    assert clip(road_scene(), tmp_path) == ROAD
    assert not list(tmp_path.iterdir())
    few = replace(short_scene(), seconds=0.3)
    assert clip(few, tmp_path).parent == tmp_path
