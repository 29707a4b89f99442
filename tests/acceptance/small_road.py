"""A clip of a few seconds that is made in no time, with the reads that belong to it.

For tests in which it does not matter what the engine sees: they name the recorded reads as their
engine (`type = "replay"`), everything else is the real thing.
"""

import json
from pathlib import Path

from tests.sources.clips import write_clip

PLATES = ("AB12CDE", "KRA48PT", "BU9042")
FRAMES_EACH = 20
SEEN = 10
FPS = 10


def write(folder: Path, *, empty_after_first: int = 0) -> tuple[Path, Path]:
    """The clip, and the reads in it: three vehicles, each seen for a second, one after another.

    `empty_after_first` is how many more frames than else lie between the first and the second.
    """
    seen = [
        [read(plate, since)] if since < SEEN else []
        for plate in PLATES
        for since in range(FRAMES_EACH)
    ]
    seen[FRAMES_EACH:FRAMES_EACH] = [[]] * empty_after_first
    clip = write_clip(folder / "small.mp4", len(seen), fps=FPS)
    lines = [
        json.dumps({"frame": frame, "reads": reads}) + "\n" for frame, reads in enumerate(seen)
    ]
    recorded = folder / "small.reads.jsonl"
    recorded.write_text("".join(lines), "utf-8")
    return clip, recorded


def read(text: str, since: int) -> dict[str, object]:
    """A plate that moves down the picture."""
    spelled = dict.fromkeys(("text", "raw", "display", "unicode"), text)
    return {
        **spelled,
        "at": "2026-01-01T00:00:00Z",
        "confidence": 0.9,
        "characters": [0.9] * len(text),
        "box": [40, 10 + 4 * since, 40, 12],
    }
