"""`bench recognition` measures each stage; what the numbers are is this machine's affair."""

import json
from pathlib import Path

import cv2
import pytest

from platewire.cli.recognition.bench import percentile
from tests.acceptance import small_road
from tests.cli.conftest import Platewire
from tests.recognition.drawing import scene_with


def test_a_clip_goes_through_all_passes(
    platewire: Platewire, config: Path, road: tuple[Path, Path]
) -> None:
    said = platewire("bench", "recognition", road[0], "--config", config, "--json")
    assert said.code == 0
    (figures,) = (json.loads(line) for line in said.lines)
    assert figures["reads"] == len(small_road.PLATES) * small_road.SEEN
    assert set(figures["stages"]) == {"decode", "engine", "read"}
    assert all(0 <= stage["median"] <= stage["p95"] for stage in figures["stages"].values())
    assert figures["intake_frames_per_second"] > 0


def test_frames_can_be_limited(platewire: Platewire, config: Path, road: tuple[Path, Path]) -> None:
    said = platewire("bench", "recognition", road[0], "--config", config, "--frames", 5)
    assert said.code == 0
    assert "5 frames of" in said.out
    assert "whole intake: " in said.out


def test_a_picture_is_measured_stage_by_stage(platewire: Platewire, tmp_path: Path) -> None:
    path = tmp_path / "plate.png"
    cv2.imwrite(str(path), scene_with("12-BDF-3").pixels)
    said = platewire("bench", "recognition", path, "--frames", 3, "--json")
    assert said.code == 0
    (figures,) = (json.loads(line) for line in said.lines)
    assert (figures["frames"], figures["reads"]) == (3, 3)
    assert {"decode", "detect", "rectify", "read", "vehicle", "engine"} <= set(figures["stages"])
    assert figures["intake_frames_per_second"] is None


def test_what_is_no_picture_is_named(
    platewire: Platewire, config: Path, road: tuple[Path, Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no clip")
    files = (bad, tmp_path / "absent.jpg", road[0])
    said = platewire("bench", "recognition", *files, "--config", config, "--frames", 2)
    assert said.code == 3
    assert "bad.mp4 is not a readable video file" in said.err
    assert "absent.jpg is not a file" in said.err
    assert "2 frames of" in said.out


@pytest.mark.parametrize(
    ("count", "at"), [(1, 1), (2, 2), (19, 19), (20, 19), (21, 20), (100, 95), (300, 285)]
)
def test_the_95th_percentile_is_the_smallest_that_95_in_100_do_not_exceed(
    count: int, at: int
) -> None:
    assert percentile(list(range(1, count + 1)), 0.95) == at
