"""A checkpoint is there as a whole, whatever happens while it is written."""

from pathlib import Path
from typing import IO

import pytest

from training.atomic_write import atomic_write


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    atomic_write(path, lambda file: file.write(b"old"))
    assert path.read_bytes() == b"old"
    atomic_write(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_the_old_content_stays_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"old")

    def fail(file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        atomic_write(path, fail)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint.pt"]
