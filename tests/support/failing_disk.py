"""A way to the disk for SQLite that fails when a test says so."""

import apsw

NAME = "fails-at-times"


class Disk(apsw.VFS):
    """Fails the next `left` calls of the method `failing`, with `error`, before or after they are
    done."""

    def __init__(self) -> None:
        self.failing = ""
        self.left = 0
        self.error: apsw.Error = apsw.IOError("the test says so")
        self.after = False
        super().__init__(NAME, "")

    def fail(self, method: str, *, times: int = 1, after: bool = False) -> None:
        self.failing, self.left, self.after = method, times, after

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        self.look("xOpen", after=False)
        return File(self, name or "", flags)

    def look(self, method: str, *, after: bool) -> None:
        if self.left and method == self.failing and after is self.after:
            self.left -= 1
            raise self.error


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's names
        self._disk.look("xRead", after=False)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.look("xWrite", after=False)
        super().xWrite(data, offset)
        self._disk.look("xWrite", after=True)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.look("xSync", after=False)
        super().xSync(flags)
        self._disk.look("xSync", after=True)
