"""An engine that plays back recorded reads, for tests, load and demos.

It looks at no picture. The file has one JSON object a line: `{"frame": 3, "reads": [...]}` with
reads as in `model.Read`. Frame N of a camera gets the reads of the line that names N modulo the
largest frame plus one; frames that no line names have none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from platewire.errors import ConfigError
from platewire.model import Frame, Read
from platewire.recognition.engine import Engine, EngineSettings
from platewire.runtime import wrong_value


class ReplaySettings(EngineSettings, frozen=True, kw_only=True, tag="replay"):
    """Plays back recorded reads by frame number instead of reading images."""

    path: Annotated[
        Path, Meta(description="JSON Lines file of recorded reads", examples=["reads.jsonl"])
    ]

    def build(self) -> "Replay":
        return Replay(load(self.path))


class Recorded(Struct, frozen=True):
    """One line of the file."""

    frame: int
    reads: tuple[Read, ...]


class Replay(Engine):
    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._by_frame = {line.frame: line.reads for line in recorded}
        self._length = max(self._by_frame, default=0) + 1

    def read(self, frame: Frame) -> Sequence[Read]:
        reads = self._by_frame.get(frame.number % self._length, ())
        return [
            msgspec.structs.replace(read, at=frame.captured_at, frame=frame.number)
            for read in reads
        ]

    def close(self) -> None:
        """Nothing is held but memory."""


def load(path: Path) -> list[Recorded]:
    """ConfigError names the file, and the line where it is no recording."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(
            f"recognition.path: {path} cannot be read ({error.strerror}); use a file of recorded "
            "reads"
        ) from error
    return [decoded(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def decoded(path: Path, number: int, line: bytes) -> Recorded:
    try:
        return msgspec.json.decode(line, type=Recorded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = wrong_value.reason(error, line, Recorded)
        raise ConfigError(
            f"recognition.path: {path}, line {number}: {why}; write each line like "
            '{"frame": 0, "reads": [...]}'
        ) from error
