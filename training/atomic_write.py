"""A file is written whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def atomic_write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """`write` fills a temporary file beside `path`, which then takes its place.

    Whenever the process or the machine stops, `path` holds the old content or the new, on the disk.
    If `write` raises, the old content stays and the temporary file is removed.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
