"""Our own reader of plates: what it makes of the network's answers, and what it reads today."""

import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.country import CODES, normalize
from platewire.errors import ConfigError
from platewire.model import Pixels
from platewire.recognition.networks import models
from platewire.recognition.networks.plate_reader import (
    FILE,
    REGION_MIN,
    PlateReader,
    PlateText,
    network_input,
    spelled,
)
from platewire.recognition.networks.text_line import SYMBOLS

RENDERED = Path(__file__).parents[1] / "rendered"
EXACT_MIN = 62
"""Of the 80 rendered plates; some of them nobody could read."""


class Truth(NamedTuple):
    pixels: Pixels
    text: str
    country: str
    lines: int


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return PlateReader(threads=1)


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    lines = (RENDERED / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [
        Truth(picture(RENDERED / one["file"]), one["text"], one["country"], one["lines"])
        for one in entries
    ]


@pytest.fixture(scope="module")
def read(reader: PlateReader, truths: list[Truth]) -> list[PlateText]:
    return reader.read([truth.pixels for truth in truths])


def picture(path: Path) -> Pixels:
    found = cv2.imread(str(path))
    assert found is not None, path
    return np.asarray(found, np.uint8)


def folded(text: str) -> str:
    return normalize(text).replace("O", "0")


def steps(text: str, sure: float = 0.9) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Forty steps that spell the text, three steps a character, a gap between."""
    chances = np.full((40, 45), (1 - sure) / 44, np.float32)
    chances[:, 0] = sure
    for place, char in enumerate(text):
        rows = slice(4 * place + 1, 4 * place + 4)
        chances[rows, 0] = (1 - sure) / 44
        chances[rows, SYMBOLS.index(char)] = sure
    return chances


@given(st.text(alphabet="ABCXYZ0189ÄŠĐ", max_size=9))
def test_what_the_steps_spell_is_read(text: str) -> None:
    characters = spelled(steps(text))
    assert "".join(one.symbol for one in characters) == text
    assert all(one.chance == pytest.approx(0.9) for one in characters)
    places = [one.at for one in characters]
    assert places == sorted(places)
    assert all(0 < place < 1 for place in places)


def test_equal_neighbors_need_a_gap_between() -> None:
    assert len(spelled(steps("AA"))) == 2
    merged = steps("AA")
    merged[4] = merged[2]
    assert len(spelled(merged)) == 1


def test_the_rendered_plates_are_read_as_before(read: list[PlateText], truths: list[Truth]) -> None:
    pairs = zip(read, truths, strict=True)
    right = sum(folded(one.line.text) == folded(truth.text) for one, truth in pairs)
    assert right >= EXACT_MIN


def test_sure_reads_are_right_more_often(read: list[PlateText], truths: list[Truth]) -> None:
    """Chances mean something: of the surer half more is right."""
    surest = [min((c.chance for c in one.line.characters), default=0.0) for one in read]
    right = [
        folded(one.line.text) == folded(truth.text) for one, truth in zip(read, truths, strict=True)
    ]
    order = np.argsort(surest)
    half = len(order) // 2
    assert np.mean(np.array(right)[order[half:]]) > np.mean(np.array(right)[order[:half]])


def test_two_lines_are_told_from_one(read: list[PlateText], truths: list[Truth]) -> None:
    pairs = list(zip(read, truths, strict=True))
    assert {truth.lines for _, truth in pairs} == {1, 2}
    right = sum(one.lines == truth.lines for one, truth in pairs)
    assert right >= 0.9 * len(pairs)


def test_countries_are_ranked_and_states_are_american(read: list[PlateText]) -> None:
    for one in read:
        chances = [sure for _, sure in one.country]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) <= 1.001
        if one.region is not None:
            assert one.country[0][0] == "US"
            assert one.region[1] >= REGION_MIN
    told = {code for one in read for code, _ in one.country}
    assert told & CODES


def test_a_batch_reads_as_each_alone(reader: PlateReader, truths: list[Truth]) -> None:
    """More crops than one run takes, in their order."""
    crops = [truth.pixels for truth in truths[:20]]
    together = reader.read(crops)
    for crop, one in zip(crops, together, strict=True):
        (alone,) = reader.read([crop])
        assert alone.line.text == one.line.text
        for a, b in zip(alone.line.characters, one.line.characters, strict=True):
            assert a.chance == pytest.approx(b.chance, abs=1e-3)


def test_nothing_gives_nothing(reader: PlateReader) -> None:
    assert reader.read([]) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (900, 2), (48, 160), (1080, 1920)])
def test_a_blank_picture_of_any_size_says_nothing(
    reader: PlateReader, size: tuple[int, int]
) -> None:
    (found,) = reader.read([np.full((*size, 3), 128, np.uint8)])
    assert len(found.line.text) <= 2


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((48, 160), np.uint8),
        np.zeros((48, 160, 4), np.uint8),
        np.zeros((0, 160, 3), np.uint8),
        np.zeros((48, 160, 3), np.uint16),
    ],
)
def test_what_is_no_picture_is_refused(wrong: Pixels) -> None:
    with pytest.raises(ValueError, match="height x width x 3 with 8 bits"):
        network_input(wrong)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plate_reader\.onnx is missing; reinstall platewire"):
        PlateReader(threads=1, folder=tmp_path)


def test_a_truncated_model_is_named(tmp_path: Path) -> None:
    whole = (models.OWN_FOLDER / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        ConfigError, match=r"plate_reader\.onnx is corrupted .*; reinstall platewire"
    ):
        PlateReader(threads=1, folder=tmp_path)


def test_a_model_without_its_lists_is_named(tmp_path: Path) -> None:
    other = (models.model_folder() / models.DETECTOR).read_bytes()
    (tmp_path / FILE).write_bytes(other)
    with pytest.raises(ConfigError, match=r"plate_reader\.onnx has no list countries; reinstall"):
        PlateReader(threads=1, folder=tmp_path)
