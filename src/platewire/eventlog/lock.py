"""One platewire per folder: advisory locks, which the system releases when the process ends.

Two things are locked. The folder itself, so that nobody can replace it under a running server;
Windows has no such lock, but does not let an open file be removed. And a file in it, which names
the process, and is the only lock where a file system cannot lock folders (NFS).
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from platewire.database.connection import of_file
from platewire.errors import LogError

NAME = "platewire.lock"
UNKNOWN = "of unknown number"


class FolderLock:
    """Held from construction to `release`. Raises LogError when another process holds it, LogWaits
    when it cannot be opened for a moment."""

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        try:
            self._folder = _open_folder(folder)
            try:
                self._file = _open(path, "a+")
            except BaseException:
                _close_folder(self._folder)
                raise
        except OSError as error:
            raise of_file(f"{path} is not writable", error) from error
        if not (_try_lock_folder(self._folder) and _try_lock(self._file)):
            holder = _holder(self._file)
            self.release()
            raise LogError(
                f"another platewire (process {holder}) already uses the folder {folder}; stop it, "
                "or set another folder for the event log"
            )
        self._write_holder()

    def _write_holder(self) -> None:
        """For the message above; a full disk must not keep platewire from starting."""
        try:
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()
        except OSError:
            return

    def release(self) -> None:
        # What could not be written is tried again at closing; by then it does not matter.
        with suppress(OSError):
            self._file.close()
        _close_folder(self._folder)


def holder(folder: Path) -> str | None:
    """The number of the process that uses the folder; None when there is none."""
    try:
        descriptor = _open_folder(folder)
    except OSError:
        return None
    try:
        return _holder_beside(folder, free=_try_lock_folder(descriptor))
    finally:
        _close_folder(descriptor)


def _holder_beside(folder: Path, *, free: bool) -> str | None:
    """`free` is whether the folder itself could be locked."""
    try:
        file = _open(folder / NAME, "r+")
    except OSError:
        return None if free else UNKNOWN
    with file:
        return None if free and _try_lock(file) else _holder(file)


def _open(path: Path, mode: Literal["a+", "r+"]) -> IO[str]:
    return path.open(mode, encoding="ascii", errors="replace")


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read(20).strip() or UNKNOWN


if sys.platform == "win32":
    import msvcrt

    def _open_folder(folder: Path) -> int:
        return -1

    def _close_folder(descriptor: int) -> None:
        pass

    def _try_lock_folder(descriptor: int) -> bool:
        return True

    def _try_lock(file: IO[str]) -> bool:
        file.seek(1000)  # Beyond the holder's number, as Windows locks what it covers for reading.
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _open_folder(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def _close_folder(descriptor: int) -> None:
        os.close(descriptor)

    def _try_lock_folder(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # This file system cannot: the file in it has to do.
        return True

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
