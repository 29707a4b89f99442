"""One platewire per folder: an advisory lock that the system lets go of when the process ends."""

import os
import sys
from pathlib import Path
from typing import IO

from platewire.errors import LogError

NAME = "platewire.lock"


class FolderLock:
    """Held from construction to `release`. Raises LogError when another process holds it."""

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        try:
            self._file = path.open("a+", encoding="ascii")
        except OSError as error:
            raise LogError(
                f"{path} cannot be written: {error.strerror}; the folder {folder} must be "
                "writable for platewire"
            ) from error
        if not _try_lock(self._file):
            holder = _holder(self._file)
            self._file.close()
            raise LogError(
                f"another platewire (process {holder}) already uses the folder {folder}; stop it, "
                "or name another folder for the event log"
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
        self._file.close()


def holder(folder: Path) -> str | None:
    """The number of the process that uses the folder; None when there is none."""
    try:
        file = (folder / NAME).open("a+", encoding="ascii")
    except OSError:
        return None
    with file:
        return None if _try_lock(file) else _holder(file)


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read(20).strip() or "of unknown number"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> bool:
        file.seek(1000)  # Beyond the holder's number, as Windows locks what it covers for reading.
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
