"""Pictures as files beside the database, named by their content, durable before they are named.

A file is written under a temporary name, flushed, renamed to `ab/<sha256>.jpg`, and its folder is
flushed, all before the transaction that names it. So a row never points at a file that is not
there. What a crash leaves over (a file without a row) is swept later. Writer thread only.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PARTIAL = "partial"
"""Sub-folder of files that are not whole yet; emptied at every start."""
PROBE = "probe"
PICTURES = f"{'?' * 64}.jpg"


class ImageFiles:
    """The files under `folder / name`; paths are given relative to `folder`, as the rows have."""

    def __init__(self, folder: Path, name: str) -> None:
        self._base = folder
        self._root = folder / name
        self._unflushed: set[Path] = set()
        self._swept = 0

    def prepare(self) -> None:
        """Makes the folders and clears what a crash left half written."""
        partial = self._root / PARTIAL
        partial.mkdir(parents=True, exist_ok=True)
        for file in partial.iterdir():
            file.unlink()

    def path(self, sha256: str) -> str:
        return f"{self._root.name}/{sha256[:2]}/{sha256}.jpg"

    def write(self, sha256: str, jpeg: bytes) -> str:
        """Returns the path for the row. Durable only after `flush`. Raises OSError."""
        path = self.path(sha256)
        target = self._base / path
        if not _has_size(target, len(jpeg)):
            self._make_folder(target.parent)
            self._write_whole(target, jpeg)
        self._unflushed.add(target.parent)
        return path

    def probe(self) -> None:
        """Raises OSError where no picture could be kept now."""
        self._write_whole(self._root / PARTIAL / PROBE, PROBE.encode())
        self.unlink(f"{self._root.name}/{PARTIAL}/{PROBE}")

    def _make_folder(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir()
            self._unflushed.add(folder.parent)

    def _write_whole(self, target: Path, jpeg: bytes) -> None:
        partial = self._root / PARTIAL / target.name
        self._make_folder(partial.parent)
        try:
            with partial.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(target)
        except OSError:
            partial.unlink(missing_ok=True)
            raise

    def flush(self) -> None:
        """Makes the names durable: one flush per folder that was written to."""
        for folder in sorted(self._unflushed):
            try:
                flush_folder(folder)
            except FileNotFoundError:
                # Taken away, with its files: whoever needs them has to write them once more.
                self._unflushed.discard(folder)
                raise
        self._unflushed.clear()

    def unlink(self, path: str) -> None:
        """A file that cannot be deleted is left to the sweep."""
        with suppress(OSError):
            (self._base / path).unlink()

    def next_folder(self) -> Iterator[str]:
        """The path of each picture in the next of the 256 folders, for the sweep."""
        folder = self._root / f"{self._swept:02x}"
        self._swept = (self._swept + 1) % 256
        if folder.is_dir():
            yield from (self.path(file.stem) for file in sorted(folder.glob(PICTURES)))


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def copy_durably(source: Path, target: Path) -> None:
    """The bytes are on the disk when this returns; the name is after `flush_folder`."""
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def flush_folder(folder: Path) -> None:
    """Makes the names in it durable."""
    if sys.platform == "win32":
        return  # Windows has no such call; NTFS journals names itself.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
