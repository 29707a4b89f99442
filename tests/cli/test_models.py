"""A model file that is missing or damaged ends `serve` and shows in `check`, before any frame."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from platewire.recognition.networks import (
    models,
    plate_detector,
    plate_reader,
    text_detector,
    text_reader,
)
from platewire.recognition.vehicle import classifier as vehicle
from tests.cli.conftest import Platewire
from tests.recognition.engines.snapshot_server import running
from tests.recognition.networks import small_networks

Damage = Callable[[Path], object]
DAMAGES: dict[str, Damage] = {
    "is missing": lambda path: path.unlink(),
    "is corrupted": lambda path: path.write_bytes(path.read_bytes()[:100]),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "platewire.toml"


def engine(file: Path, settings: str) -> None:
    file.write_text(f'[web]\nenabled = false\n[log]\nfolder = "log"\n[recognition]\n{settings}\n')


def told(platewire: Platewire, file: Path) -> tuple[str, str]:
    """What `serve` and `check` say; both must fail, and neither make a log or read a frame."""
    serve = platewire("serve", "--config", file)
    assert serve.code == 2
    check = platewire("check", "--json", "--config", file)
    assert check.code == 1
    findings = {line["role"]: line for line in map(json.loads, check.lines)}
    assert findings["recognition"]["good"] is False
    assert not (file.parent / "log").exists()
    return serve.err, findings["recognition"]["message"]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [models.DETECTOR, models.RECOGNIZER])
def test_rapidocr(
    platewire: Platewire, file: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: str
) -> None:
    folder = file.parent / "models"
    shutil.copytree(models.model_folder(), folder, ignore=lambda *_: {"__pycache__"})
    for module in (text_detector, text_reader):
        monkeypatch.setattr(module, "model_folder", lambda: folder)
    DAMAGES[damage](folder / name)
    engine(file, 'type = "rapidocr"')
    for said in told(platewire, file):
        assert str(folder / name) in said
        assert damage in said
        assert "reinstall it with: pip install" in said


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [plate_detector.FILE, plate_reader.FILE, vehicle.MODEL])
def test_plates(
    platewire: Platewire, file: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: str
) -> None:
    folder = file.parent / "own"
    shutil.copytree(models.OWN_FOLDER, folder)
    monkeypatch.setattr(models, "OWN_FOLDER", folder)
    DAMAGES[damage](folder / name)
    engine(file, 'type = "plates"')
    for said in told(platewire, file):
        assert str(folder / name) in said
        assert damage in said
        assert "reinstall platewire" in said


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["detector.onnx", "reader.onnx", "reader.yaml"])
def test_fast_alpr(platewire: Platewire, file: Path, name: str, damage: str) -> None:
    small_networks.detector(file.parent / "detector.onnx", (1, 1, 9, 9))
    small_networks.reader(file.parent, "AB12CDE")
    DAMAGES[damage](file.parent / name)
    engine(
        file,
        'type = "fast_alpr"\ndetector_path = "detector.onnx"\nreader_path = "reader.onnx"\n'
        'reader_config_path = "reader.yaml"',
    )
    for said in told(platewire, file):
        assert str(file.parent) in said
        assert (
            "not found; check the path" in said or "is corrupted or not a supported model" in said
        )


def test_replay(platewire: Platewire, file: Path) -> None:
    engine(file, 'type = "replay"\npath = "reads.jsonl"')
    for said in told(platewire, file):
        assert str(file.parent / "reads.jsonl") in said


def test_remote_is_reached_by_check(platewire: Platewire, file: Path) -> None:
    token = file.parent / "token"
    token.write_text("wrong")
    with running() as server:
        engine(file, f'type = "remote"\nurl = "{server.url}"\ntoken = "file:{token}"')
        said = platewire("check", "--config", file)
        assert said.code == 1
        assert "Invalid token" in said.out
        token.write_text("s3cret")
        said = platewire("check", "--config", file)
        assert f"connected to {server.url}" in said.out
    said = platewire("check", "--config", file)
    assert said.code == 1
    assert "cannot be reached" in said.out
