"""Photos with truth -> how an engine reads them: texts, places, countries, times.

What is measured of one part (a set of photos) is kept as a file, so that a run that was stopped
goes on where it was; the name of the file has a fingerprint of the code and the networks in it.
"""

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from platewire.model import Box, Frame, Pixels, Read
from platewire.recognition.engine import Engine
from platewire.recognition.pictures import load_picture
from platewire.recognition.stopwatch import Stopwatch
from platewire.wire.iso3166 import alpha2

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "bench"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OVERLAP = 0.5
"""Intersection over union of a read's box and the truth's, from which on the place is right."""

T = TypeVar("T")


class Score(Struct):
    """Sums over the photos of one set."""

    photos: int = 0
    plates: int = 0
    exact: int = 0
    folded: int = 0
    placed: int = 0
    """Plates whose place a read or a refused candidate has, at IoU 0.5."""
    boxes: int = 0
    """Plates of which the truth says the place."""
    other_reads: int = 0
    """Reads that are no plate of the truth, misreads among them."""
    photos_with_reads: int = 0
    country_known: int = 0
    country_right: int = 0
    stages: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds of each photo, `all` of the whole engine."""


def measure(engine: Engine, data: Path, name: str, most: int) -> Score:
    score = Score()
    for entry, pixels in photos(data, name, most):
        watch = Stopwatch(time.perf_counter)
        begun = time.perf_counter()
        found = engine.examine(Frame(name, score.photos, NOW, pixels), watch)
        watch.seconds["all"] = time.perf_counter() - begun
        for stage, seconds in watch.seconds.items():
            score.stages.setdefault(stage, []).append(1000 * seconds)
        count(score, entry, found.reads)
        places = [read.box for read in found.reads] + [one.box for one in found.refused]
        count_places(score, entry["plates"], places)
    return score


def photos(data: Path, name: str, most: int) -> Iterator[tuple[dict[str, Any], Pixels]]:
    """Entries of an index with their pictures; of more than `most` every n-th."""
    lines = (data / f"evaluate/{name}.jsonl").read_text("utf-8").splitlines()
    for line in lines[:: -(-len(lines) // most)]:
        entry = json.loads(line)
        yield entry, load_picture(data / "evaluate" / entry["file"])


def count(score: Score, entry: dict[str, Any], reads: Sequence[Read]) -> None:
    truths = [plate["text"] for plate in entry["plates"] if plate["text"]]
    texts = {read.text for read in reads}
    right = {folded(truth) for truth in truths}
    score.photos += 1
    score.photos_with_reads += bool(reads)
    score.plates += len(truths)
    score.exact += len(texts & set(truths))
    score.folded += len({folded(text) for text in texts} & right)
    score.other_reads += len({folded(text) for text in texts} - right)
    country = alpha2(entry["country"]) if entry.get("country") else None
    for read in reads if country else ():
        if folded(read.text) in right:
            score.country_known += 1
            score.country_right += read.country == country


def count_places(score: Score, plates: Sequence[dict[str, Any]], places: Sequence[Box]) -> None:
    for plate in plates:
        if plate["box"]:
            truth = Box(*plate["box"])
            score.boxes += 1
            score.placed += any(overlap(truth, place) >= OVERLAP for place in places)


def folded(text: str) -> str:
    """O and 0 as one, as the truth does not keep them apart."""
    return text.replace("O", "0")


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    wide = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    high = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    shared = max(wide, 0.0) * max(high, 0.0)
    return shared / max(a.area + b.area - shared, 1e-9)


def kept(name: str, make: Callable[[], T], kind: type[T]) -> T:
    """What an earlier run with the same code and networks measured, or `make` now."""
    path = KEPT / f"{name}-{fingerprint()}.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=kind)
    print(f"   {name}", flush=True)
    value = make()
    KEPT.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(value))
    return value


def fingerprint() -> str:
    """Of all that reading depends on."""
    digest = hashlib.sha256()
    rooms = ("recognition", "country", "passage")
    for path in sorted(
        path for room in rooms for path in (ROOT / "src/platewire" / room).rglob("*")
    ):
        if path.suffix in (".py", ".onnx"):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()[:12]


# --- as text ------------------------------------------------------------------------------------


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f}%)" if whole else "not known"


def median_and_p95(values: Sequence[float]) -> str:
    if not values:
        return "-"
    ordered = sorted(values)
    high = ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
    return f"{statistics.median(ordered):.0f} / {high:.0f}"
