"""Whole pictures to texts on real photos with truth: how many exactly right, and how long it takes.

Reads what is present of the folder of real pictures (PLATEWIRE_DATA, or ../shared/data); they are
for measuring only, nothing in platewire is tuned on them. The texts' truth confuses O and 0 in
places, so `folded` counts them as one. A photo counts as right when every plate whose text is
known is among the reads, and nothing depends on the country: no country is named to the engine.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import Table
from platewire.model import Frame, Pixels, Read
from platewire.recognition.geometry import cut_out
from platewire.recognition.pictures import load_picture
from platewire.recognition.rapidocr import RapidOcr, RapidOcrEngine

DATA = Path(
    os.environ.get("PLATEWIRE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
SETS = ("openalpr_eu", "openalpr_us", "openalpr_br")
PICTURES_MAX = 130
"""Of each set; larger ones are sampled evenly."""
STAGE_PICTURES = 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Score:
    plates: int = 0
    exact: int = 0
    folded: int = 0
    false: int = 0
    """Reads that are no plate of the truth."""
    pictures: int = 0
    seconds: list[float] = field(default_factory=list)


def run() -> Table:
    table = Table(
        "Recognition of whole pictures",
        ["set", "plates", "exact", "folded (O=0)", "other reads", "median ms", "slowest ms"],
    )
    if not DATA.is_dir():
        table.notes.append(f"Not measured: {DATA} is missing.")
        return table
    engine = RapidOcrEngine().build()
    for name in SETS:
        if (DATA / f"evaluate/{name}.jsonl").exists():
            table.rows.append(row(name, measure(engine, name)))
    table.notes.append(negatives(engine))
    table.notes.append(stages(engine))
    table.notes.append(
        "Exact: texts of the truth found among the picture's reads. Other reads: reads of a "
        "picture that are none of its truth, misreads among them. No country was named."
    )
    return table


def measure(engine: RapidOcr, name: str) -> Score:
    score = Score()
    for entry, pixels in pictures(name):
        started = time.perf_counter()
        reads = engine.read(Frame(name, score.pictures, NOW, pixels))
        score.seconds.append(time.perf_counter() - started)
        score.pictures += 1
        count(score, [plate["text"] for plate in entry["plates"] if plate["text"]], reads)
    return score


def count(score: Score, truths: Sequence[str], reads: Sequence[Read]) -> None:
    texts = {read.text for read in reads}
    score.plates += len(truths)
    score.exact += len(texts & set(truths))
    score.folded += len(folded(texts) & folded(truths))
    score.false += len(folded(texts) - folded(truths))


def folded(texts: Sequence[str] | set[str]) -> set[str]:
    return {text.replace("O", "0") for text in texts}


def pictures(name: str) -> Iterator[tuple[dict[str, Any], Pixels]]:
    lines = (DATA / f"evaluate/{name}.jsonl").read_text("utf-8").splitlines()
    step = -(-len(lines) // PICTURES_MAX)
    for line in lines[::step]:
        entry = json.loads(line)
        yield entry, load_picture(DATA / "evaluate" / entry["file"])


def row(name: str, score: Score) -> list[str]:
    milliseconds = [1000 * seconds for seconds in score.seconds]
    return [
        f"{name} ({score.pictures} pictures)",
        str(score.plates),
        f"{score.exact} ({score.exact / score.plates:.0%})",
        f"{score.folded} ({score.folded / score.plates:.0%})",
        str(score.false),
        f"{statistics.median(milliseconds):.0f}",
        f"{max(milliseconds):.0f}",
    ]


def negatives(engine: RapidOcr) -> str:
    if not (DATA / "evaluate/negatives.jsonl").exists():
        return "False reads: not measured, the pictures without plates are missing."
    score = measure(engine, "negatives")
    rate = 100 * score.false / score.pictures
    return (
        f"False reads on {score.pictures} pictures without a plate: {score.false} "
        f"({rate:.1f} per 100)."
    )


def stages(engine: RapidOcr) -> str:
    """Median time of the two networks, with their scaling, over some pictures of the first set."""
    finding, reading, lines = [], [], []
    for index, (_, pixels) in enumerate(pictures(SETS[0])):
        if index == STAGE_PICTURES:
            break
        started = time.perf_counter()
        boxes = engine.detector.find(pixels)
        between = time.perf_counter()
        engine.reader.read([cut_out(pixels, box.quad) for box in boxes])
        finding.append(1000 * (between - started))
        reading.append(1000 * (time.perf_counter() - between))
        lines.append(len(boxes))
    return (
        f"Stages, median of {len(finding)} pictures of {SETS[0]}: finding text "
        f"{statistics.median(finding):.0f} ms, reading {statistics.median(lines):.0f} lines "
        f"{statistics.median(reading):.0f} ms."
    )
