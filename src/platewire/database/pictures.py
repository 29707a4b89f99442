"""The bytes of a picture: from the database, or from the file that its row names.

Its name is the SHA-256 of its bytes. A picture with other bytes is corrupted and never delivered.
"""

import hashlib
import logging
from pathlib import Path

import apsw

from platewire.database.connection import FILE_NAME, rows

diagnostics = logging.getLogger(__name__)


def read_picture(connection: apsw.Connection, folder: Path, sha256: str) -> bytes | None:
    """JPEG bytes; None when retention has taken them, or when they are damaged. `folder` is that
    of the database."""
    for jpeg, path in rows(connection, "SELECT jpeg, path FROM image WHERE sha256 = ?", sha256):
        found = bytes(jpeg) if path is None else _read(folder / str(path))
        if found is None or hashlib.sha256(found).hexdigest() == sha256:
            return found
        where = f"in {FILE_NAME}" if path is None else f"in the file {folder / str(path)}"
        diagnostics.error("the picture %s %s is corrupted and is never delivered", sha256, where)
    return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
