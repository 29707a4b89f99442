"""A picture's bytes: from the database, or from the file beside it that its row names."""

from contextlib import suppress
from pathlib import Path

import apsw

from platewire.database.connection import rows


def read_picture(connection: apsw.Connection, folder: Path, sha256: str) -> bytes | None:
    """JPEG bytes; None when retention has taken them. `folder` is that of the database."""
    for jpeg, path in rows(connection, "SELECT jpeg, path FROM image WHERE sha256 = ?", sha256):
        if path is None:
            return bytes(jpeg)
        with suppress(FileNotFoundError):
            return (folder / str(path)).read_bytes()
    return None
