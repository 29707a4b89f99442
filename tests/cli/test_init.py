from pathlib import Path

import pytest

from platewire.config.load import load
from tests.cli.conftest import Platewire


def test_the_file_is_written_and_can_be_used(platewire: Platewire, tmp_path: Path) -> None:
    path = tmp_path / "platewire.toml"
    said = platewire("init", path)
    assert said.code == 0
    assert f"platewire check --config {path}" in said.out
    assert load(path).camera == ()


def test_the_default_is_where_the_other_commands_look(
    platewire: Platewire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert platewire("init").code == 0
    assert (tmp_path / "platewire.toml").is_file()


def test_a_file_is_not_overwritten_unless_asked(platewire: Platewire, tmp_path: Path) -> None:
    path = tmp_path / "platewire.toml"
    path.write_text("# mine")
    said = platewire("init", path)
    assert said.code == 2
    assert "overwrite it with --force" in said.err
    assert path.read_text() == "# mine"
    assert platewire("init", path, "--force").code == 0
    assert path.read_text() != "# mine"


def test_places_where_nothing_can_be_written(platewire: Platewire, tmp_path: Path) -> None:
    absent = tmp_path / "absent" / "platewire.toml"
    said = platewire("init", absent)
    assert said.code == 2
    assert f"{absent} cannot be written: No such file or directory" in said.err
    said = platewire("init", tmp_path, "--force")
    assert said.code == 2
    assert f"{tmp_path} is a folder" in said.err


def test_the_reference_is_printed_without_a_file(platewire: Platewire, tmp_path: Path) -> None:
    said = platewire("init", "--reference", tmp_path / "no.toml")
    assert said.code == 0
    assert said.out.startswith("# Configuration")
    assert not (tmp_path / "no.toml").exists()
