"""A missing or damaged model says which file, and what to do."""

from pathlib import Path

import pytest

from platewire.errors import ConfigError
from platewire.recognition.networks import models
from platewire.recognition.networks.text_detector import TextDetector
from platewire.recognition.networks.text_reader import TextReader


def test_both_models_are_in_the_installed_package() -> None:
    folder = models.model_folder()
    assert (folder / models.DETECTOR).is_file()
    assert (folder / models.RECOGNIZER).is_file()


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"PP-OCRv6_det_small\.onnx is missing; reinstall"):
        TextDetector(side=640, threads=1, min_score=0.4, folder=tmp_path)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / models.RECOGNIZER).write_bytes(b"no model")
    with pytest.raises(ConfigError, match=r"PP-OCRv6_rec_small\.onnx is corrupted.*; reinstall"):
        TextReader(threads=1, folder=tmp_path)


def test_a_truncated_model_is_named(tmp_path: Path) -> None:
    whole = (models.model_folder() / models.DETECTOR).read_bytes()
    (tmp_path / models.DETECTOR).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r"PP-OCRv6_det_small\.onnx is corrupted"):
        TextDetector(side=640, threads=1, min_score=0.4, folder=tmp_path)


def test_a_recognizer_without_its_characters_is_named(tmp_path: Path) -> None:
    other = (models.model_folder() / models.DETECTOR).read_bytes()
    (tmp_path / models.RECOGNIZER).write_bytes(other)
    with pytest.raises(ConfigError, match=r"has no character list; reinstall"):
        TextReader(threads=1, folder=tmp_path)
