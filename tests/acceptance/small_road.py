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


def write(folder: Path) -> tuple[Path, Path]:
    """The clip, and the reads in it: three vehicles, each seen for a second, one after another."""
    clip = write_clip(folder / "small.mp4", len(PLATES) * FRAMES_EACH, fps=FPS)
    lines = []
    for frame in range(len(PLATES) * FRAMES_EACH):
        vehicle, since = divmod(frame, FRAMES_EACH)
        reads = [read(PLATES[vehicle], since)] if since < SEEN else []
        lines.append(json.dumps({"frame": frame, "reads": reads}) + "\n")
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
