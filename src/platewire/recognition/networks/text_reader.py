"""The image of one line of text -> characters with confidences, by PP-OCR.

The network gets a picture of 48 pixels' height and gives, for every eight pixels of width, the
chance of each of 18,710 classes. They are gathered into the few symbols of `line`.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.model import Pixels
from platewire.recognition.networks.models import RECOGNIZER, REMEDY, model_folder, open_session
from platewire.recognition.networks.text_line import (
    DIGITS,
    GAP,
    LETTERS,
    MARKED,
    OTHER,
    SEPARATOR,
    SYMBOLS,
    Chances,
    TextLine,
    characters_of,
    collapsed,
)

HEIGHT = 48
"""Pixels of the network's input."""
WIDTH_STEP = 32
"""Widths are padded to a multiple of this, so that lines of similar length share one run."""
WIDTH_MAX = 640
"""Pixels of a line's width for the network, at most; longer lines are squeezed, as time grows with
width."""

LATIN_SHAPES = {"l": "I", "口": "0", "ロ": "0", "〇": "0", "工": "I", "丨": "1"}
"""What the network calls by another name but no plate means so."""


class TextReader:
    def __init__(self, *, threads: int, folder: Path | None = None) -> None:
        path = (folder or model_folder()) / RECOGNIZER
        self._session = open_session(path, threads)
        self._input = self._session.get_inputs()[0].name
        listed = self._session.get_modelmeta().custom_metadata_map.get("character", "")
        if len(listed) < len(DIGITS + LETTERS):
            raise ConfigError(f"recognition: the model file {path} has no character list; {REMEDY}")
        self._classes = (GAP, *listed.split("\n"), " ")
        self._symbols = Gathering(self._classes)

    def read(self, lines: Sequence[Pixels]) -> list[TextLine]:
        """One `TextLine` for each picture; pictures of the same padded width share one run."""
        found: dict[int, TextLine] = {}
        by_width: dict[int, list[int]] = {}
        for index, line in enumerate(lines):
            by_width.setdefault(padded_width(line), []).append(index)
        for width, indices in by_width.items():
            batch = np.stack([network_input(lines[index], width) for index in indices])
            (chances,) = self._session.run(None, {self._input: batch})
            for index, one in zip(indices, np.asarray(chances), strict=True):
                share = scaled_width(lines[index]) / width
                found[index] = self._decode(one, share)
        return [found[index] for index in range(len(lines))]

    def _decode(self, chances: Chances, share: float) -> TextLine:
        best = chances.argmax(axis=1)
        written = "".join(self._classes[label] for label in collapsed(best))
        return TextLine(characters_of(self._symbols.gather(chances), share), written)


class Gathering:
    """Maps the classes of the network to symbols."""

    def __init__(self, classes: Sequence[str]) -> None:
        known = {symbol: index for index, symbol in enumerate(SYMBOLS)}
        self._wanted: list[int] = []
        self._target: list[int] = []
        for label, written in enumerate(classes):
            symbol = GAP if label == 0 else symbol_of(written)
            if symbol != OTHER:
                self._wanted.append(label)
                self._target.append(known[symbol])
        self._sum = np.zeros((len(self._wanted), len(SYMBOLS)), np.float32)
        self._sum[np.arange(len(self._wanted)), self._target] = 1

    def gather(self, chances: Chances) -> Chances:
        """Time steps x symbols; what no symbol stands for is OTHER, so that rows sum to 1."""
        gathered = chances[:, self._wanted] @ self._sum
        gathered[:, -1] = np.clip(1 - gathered.sum(axis=1), 0, 1)
        return gathered


def symbol_of(written: str) -> str:
    """The symbol that a class of the network stands for; dots, dashes, seals are one symbol."""
    upper = LATIN_SHAPES.get(written, written.upper())
    if upper in MARKED:
        return upper
    plain = normalize(upper)
    if len(plain) == 1:
        return plain
    return OTHER if plain or unicodedata.category(written)[0] in "LNC" else SEPARATOR


def scaled_width(line: Pixels) -> int:
    height, width = line.shape[:2]
    return int(np.clip(round(width * HEIGHT / height), 8, WIDTH_MAX))


def padded_width(line: Pixels) -> int:
    return -(-scaled_width(line) // WIDTH_STEP) * WIDTH_STEP


def network_input(line: Pixels, width: int) -> npt.NDArray[np.float32]:
    """3 x 48 x width, -1 to 1, padded on the right with middle gray as in training."""
    shrinking = line.shape[0] > HEIGHT
    way = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    scaled = cv2.resize(line, (scaled_width(line), HEIGHT), interpolation=way)
    padded = np.zeros((3, HEIGHT, width), np.float32)
    padded[:, :, : scaled.shape[1]] = (scaled.transpose(2, 0, 1).astype(np.float32) / 127.5) - 1
    return padded
