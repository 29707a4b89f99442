"""Secrets come from the environment or a file, and never show."""

from pathlib import Path

import msgspec
import pytest

from platewire.errors import ConfigError
from platewire.runtime.secret import MASK, Secret, masked, reveal


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_TOKEN", " hunter2\n")
    assert reveal("env:GATE_TOKEN") == "hunter2"
    monkeypatch.setenv("GATE_TOKEN", "")
    assert reveal("env:GATE_TOKEN") == ""


def test_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hünter2\n", "utf-8")
    assert reveal(f"file:{tmp_path / 'token'}") == "hünter2"


def test_what_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATE_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="the environment variable GATE_TOKEN is not set"):
        reveal("env:GATE_TOKEN")
    with pytest.raises(ConfigError, match=r"the file is not readable.*missing"):
        reveal(f"file:{tmp_path / 'missing'}")
    (tmp_path / "noise").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match="the file is not readable"):
        reveal(f"file:{tmp_path / 'noise'}")


def test_a_secret_in_the_clear_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match="a secret must be a reference") as refused:
        reveal("hunter2")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(msgspec.ValidationError) as invalid:
        msgspec.convert("hunter2", Secret)
    assert "hunter2" not in str(invalid.value)


def test_what_was_revealed_is_taken_out_of_what_others_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_TOKEN", "hünter2/&hünter2")
    monkeypatch.setenv("SHORT", "abc")
    reveal("env:GATE_TOKEN")
    reveal("env:SHORT")
    said = "no: hünter2/&hünter2 at /x?key=h%C3%BCnter2%2F%26h%C3%BCnter2, abc"
    assert masked(said) == f"no: {MASK} at /x?key={MASK}, abc"


def test_what_nobody_revealed_stays() -> None:
    assert masked("an answer like any other") == "an answer like any other"
