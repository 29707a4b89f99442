"""One platewire per folder, whatever becomes of the file that says so."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from platewire.errors import LogError
from platewire.eventlog.lock import NAME, FolderLock, holder

HOLD = """
import sys
from pathlib import Path
from platewire.eventlog.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """By another process, until it is killed."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield other
        other.kill()


def left_alone(path: Path) -> None:
    pass


def removed(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    path.unlink()
    path.touch()


def moved_over(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(b"\xff nobody\n")
    other.replace(path)


@pytest.mark.skipif(sys.platform == "win32", reason="there a file that is open cannot be removed")
@pytest.mark.parametrize("what", [left_alone, removed, replaced, moved_over])
def test_a_second_one_is_refused_whatever_becomes_of_the_lock_file(
    tmp_path: Path, what: Callable[[Path], None]
) -> None:
    with held(tmp_path) as other:
        what(tmp_path / NAME)
        for _ in range(2):  # the refused one has made the file anew
            assert holder(tmp_path)
            with pytest.raises(LogError, match=r"another platewire .* already uses the folder"):
                FolderLock(tmp_path)
        if what is left_alone:
            assert holder(tmp_path) == str(other.pid)


def test_what_a_killed_one_left_does_not_hold(tmp_path: Path) -> None:
    with held(tmp_path):
        pass
    assert (tmp_path / NAME).read_text("ascii").strip()
    assert holder(tmp_path) is None
    lock = FolderLock(tmp_path)
    assert holder(tmp_path) == str(os.getpid())
    lock.release()
    assert holder(tmp_path) is None


def test_asking_leaves_nothing_behind(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    assert holder(tmp_path / "gone") is None
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors there")
def test_a_folder_that_cannot_be_locked_leaves_no_descriptor(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(LogError, match="is not writable"):
        FolderLock(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
