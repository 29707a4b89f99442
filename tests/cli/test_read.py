"""`read` and `passages` on good files and bad ones; the reads are recorded ones."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import cv2
import pytest
from msgspec import structs

from platewire.cli.recognition.read import words
from tests.acceptance import small_road
from tests.cli.conftest import Platewire
from tests.passage.scene import read_of
from tests.recognition.drawing import plate_picture, put, wall
from tests.sources.clips import jpeg, write_clip


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.jpg"
    path.write_bytes(jpeg())
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.jpg"
    path.write_bytes(jpeg()[:100])
    return path


def test_a_picture_is_read(platewire: Platewire, config: Path, good: Path) -> None:
    said = platewire("read", good, "--config", config)
    assert said.code == 0
    (line,) = (json.loads(line) for line in said.lines)
    assert (line["file"], line["frame"], line["text"]) == (str(good), 0, small_road.PLATES[0])


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A picture of a plate and of a word."""
    scene = wall()
    put(scene, plate_picture("12-BDF-3"), (320, 320))
    put(scene, plate_picture("TOYOTA"), (320, 120))
    path = tmp_path / "street.png"
    cv2.imwrite(str(path), scene)
    return path


@pytest.fixture
def general(tmp_path: Path) -> Path:
    """The engine to which a word on a plate is a word."""
    path = tmp_path / "general.toml"
    path.write_text('[recognition]\ntype = "rapidocr"\n', "utf-8")
    return path


def test_quality_and_what_was_refused_are_told(
    platewire: Platewire, street: Path, general: Path
) -> None:
    said = platewire("read", street, "--refused", "--config", general)
    assert said.code == 0
    read, refused = (json.loads(line) for line in said.lines)
    assert read["text"] == "12BDF3"
    assert read["quality"]["weight"] == 1.0
    assert (refused["file"], refused["frame"]) == (str(street), 0)
    assert refused["refused"]["reason"] == "form"
    assert refused["refused"]["text"] == "TOYOTA"
    assert len(platewire("read", street, "--config", general).lines) == 1


def test_reads_and_refusals_in_words(
    platewire: Platewire, street: Path, broken: Path, general: Path
) -> None:
    said = platewire("read", street, broken, "--refused", "--text", "--config", general)
    assert said.code == 3
    read, refused = said.lines
    assert re.search(r"street.png  frame 0  12BDF3  NL  [01]\.\d\d  quality 1\.00 \(\d+ x", read)
    assert re.search(r"refused: form  TOYOTA  [01]\.\d\d  \(\d+ x \d+ pixels at ", refused)
    assert "broken.jpg is not a decodable image" in said.err


def test_a_partial_read_says_so() -> None:
    read = read_of("PH792", confidence=1.0, country=None)
    assert words(read) == "PH792  --  1.00"
    assert words(structs.replace(read, partial=True)) == "PH792  --  1.00  partial"


def test_recorded_reads_have_no_quality(platewire: Platewire, config: Path, good: Path) -> None:
    said = platewire("read", good, "--text", "--config", config)
    assert small_road.PLATES[0] in said.lines[0].split()
    assert "quality" not in said.out


def test_a_clip_is_read_frame_by_frame(
    platewire: Platewire, config: Path, road: tuple[Path, Path]
) -> None:
    said = platewire("read", road[0], "--config", config)
    assert said.code == 0
    assert len(said.lines) == len(small_road.PLATES) * small_road.SEEN


def test_what_is_no_picture_is_named_and_the_others_are_read(
    platewire: Platewire, config: Path, good: Path, broken: Path, tmp_path: Path
) -> None:
    said = platewire("read", broken, tmp_path / "absent.png", good, "--config", config)
    assert said.code == 3
    first, second, third = (json.loads(line) for line in said.lines)
    assert "broken.jpg is not a decodable image, or truncated" in first["error"]
    assert "absent.png is not a file" in second["error"]
    assert third["text"] == small_road.PLATES[0]


def test_a_folder_stands_for_its_pictures(
    platewire: Platewire, config: Path, good: Path, broken: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no picture, and not named")
    said = platewire("read", tmp_path, "--config", config)
    assert said.code == 3
    assert [json.loads(line)["file"] for line in said.lines] == [str(broken), str(good)]


def test_boxes_are_drawn(platewire: Platewire, config: Path, good: Path, tmp_path: Path) -> None:
    said = platewire("read", good, "--annotate", tmp_path / "drawn", "--config", config)
    assert said.code == 0
    assert (tmp_path / "drawn" / "good.jpg").read_bytes().startswith(b"\xff\xd8")
    said = platewire("read", good, "--annotate", good, "--config", config)
    assert said.code == 2
    assert f"--annotate: the folder {good} cannot be created" in said.err


def test_no_plate_is_told_and_is_no(
    platewire: Platewire, config: Path, good: Path, road: tuple[Path, Path]
) -> None:
    config.write_text(config.read_text().replace(str(road[1]), "nothing.jsonl"))
    (config.parent / "nothing.jsonl").write_text("")
    for command in ("read", "passages"):
        said = platewire(command, good, "--config", config)
        assert (said.code, said.out) == (1, "")
        assert "no plates read" in said.err


def test_passages_of_a_clip(platewire: Platewire, config: Path, road: tuple[Path, Path]) -> None:
    said = platewire("passages", road[0], "--json", "--config", config)
    assert said.code == 0
    events = [json.loads(line) for line in said.lines]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    for kind in ("new", "lost"):
        told = [event["plate"]["text"] for event in events if event["kind"] == kind]
        assert told == list(small_road.PLATES)
    words = platewire("passages", road[0], "--config", config)
    assert len(words.lines) == len(events)
    assert words.lines[0].split()[2:4] == ["small", "new"]


def test_passages_of_bad_clips(
    platewire: Platewire, config: Path, road: tuple[Path, Path], tmp_path: Path
) -> None:
    whole = write_clip(tmp_path / "whole.mp4", 60).read_bytes()
    cut, noise = tmp_path / "cut.mp4", tmp_path / "noise.mp4"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    noise.write_bytes(bytes(range(256)) * 40)
    said = platewire("passages", noise, tmp_path / "absent.mp4", cut, road[0], "--config", config)
    assert said.code == 3
    told = said.err.splitlines()
    assert "noise.mp4 is not a readable video file" in told[0]
    assert "absent.mp4 is not a file" in told[1]
    assert "cut.mp4 is truncated: its last" in told[2]
    assert [line.split()[2] for line in said.lines].count("small") == 6
    assert "cut" in [line.split()[2] for line in said.lines]


def test_settings_are_those_of_the_camera_that_is_named(
    platewire: Platewire, config: Path, road: tuple[Path, Path]
) -> None:
    said = platewire("passages", road[0], "--config", config, "--camera", "absent")
    assert said.code == 2
    assert "--camera must name one of: road" in said.err


def test_passages_of_one_picture(platewire: Platewire, config: Path, good: Path) -> None:
    said = platewire("passages", good, "--json", "--config", config)
    assert said.code == 0
    events = [json.loads(line) for line in said.lines]
    assert [event["kind"] for event in events] == ["new", "lost"]
    assert events[0]["plate"]["text"] == small_road.PLATES[0]


def test_passages_tell_what_was_never_confirmed(
    platewire: Platewire, config: Path, good: Path
) -> None:
    config.write_text(config.read_text().replace("passage = {", "passage = { hold_back = 1,"))
    said = platewire("passages", good, "--config", config)
    assert (said.code, said.out) == (1, "")
    assert f"1 read, never confirmed; last: {small_road.PLATES[0]}; at least 2 reads" in said.err
    assert "no plates read" not in said.err


def test_a_picture_dated_decades_ahead_is_told(
    platewire: Platewire, config: Path, good: Path
) -> None:
    os.utime(good, (datetime(2089, 5, 1, tzinfo=UTC).timestamp(),) * 2)
    said = platewire("passages", good, "--json", "--config", config)
    assert "good.jpg has the future date 2089-05-01 00:00 UTC; using the present time" in said.err
    events = [json.loads(line) for line in said.lines]
    assert [event["kind"] for event in events] == ["new", "lost"]
    assert not any("2089" in event["occurred_at"] for event in events)
