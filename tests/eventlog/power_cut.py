"""A disk that forgets: what would be on it if the power failed now.

A write is safe only once its file was synced. `Disk` is a VFS of SQLite that writes to real files
and remembers for each what was safe at the last sync and what was written since. `cut` makes a
folder as it may be found after the power failed: of what was not synced each sector is there, or is
not, or only the later half of a write's sectors is.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import apsw

SECTOR = 512


class Written(NamedTuple):
    """Bytes at an offset; None shortens the file to the offset."""

    offset: int
    data: bytes | None


class Medium:
    """One file: what is safe, and what was done to it since, in order."""

    def __init__(self, safe: bytes) -> None:
        self.safe = safe
        self.since: list[Written] = []

    def sync(self) -> None:
        content = bytearray(self.safe)
        for one in self.since:
            apply(content, one.offset, one.data)
        self.safe, self.since = bytes(content), []

    def after_cut(self, chance: random.Random) -> bytes:
        content = bytearray(self.safe)
        share = chance.random()
        for offset, data in self.since:
            if data is None:
                if chance.random() < share:
                    apply(content, offset, None)
                continue
            for start in range(0, len(data), SECTOR):
                if chance.random() < share:
                    apply(content, offset + start, data[start : start + SECTOR])
        return bytes(content)


def apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """`changed` is called after each write, sync and deletion, in the thread that made it."""

    def __init__(self, name: str, changed: Callable[[], None]) -> None:
        super().__init__(name, "")
        self.name = name
        self.media: dict[str, Medium] = {}
        self.changed = changed

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return DiskFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.media.pop(Path(filename).name, None)
        self.changed()

    def cut(self, source: Path, target: Path, chance: random.Random) -> None:
        """The folder of the log as it may be found; pictures in files are synced by their own
        hand and are taken as they are."""
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("platewire.db*", "*.lock"))
        for name, medium in self.media.items():
            (target / name).write_bytes(medium.after_cut(chance))


class DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: object, flags: list[int]) -> None:
        super().__init__("", name, flags)  # type: ignore[arg-type] # as SQLite hands it over
        self._disk = disk
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name))
        held = path.read_bytes() if path.exists() else b""
        self._medium = disk.media.setdefault(path.name, Medium(held))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._medium.since.append(Written(offset, bytes(data)))
        self._disk.changed()

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._medium.since.append(Written(newsize, None))
        self._disk.changed()

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._medium.sync()
        self._disk.changed()
