"""Real clips, whole way: frames in, passages out, compared with the texts of the vehicles in them.

A clip is exactly right when its passages' final texts are the vehicles' texts, each once. Clips
are for measuring only; no setting was chosen by them.
"""

import asyncio
import json
import os
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import Table
from platewire.cli.passages import events_of
from platewire.model import Event, Kind
from platewire.passage.settings import PassageSettings
from platewire.recognition.engine import Engine
from platewire.recognition.rapidocr import RapidOcrEngine

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
DATA = Path(os.environ.get("PLATEWIRE_DATA", BESIDE)) / "evaluate"


NOT_BLIND = (
    "Not a blind score: two general rules were written after results on these clips had been seen "
    "(an unsure character at either end of a line is dropped; a misreading that shares half its "
    "characters with the plate at its place needs three more reads). Before them it was 28 of 29 "
    "clips and 31 of 32 texts. No model was trained and no threshold set by these clips."
)


@dataclass
class Result:
    name: str
    truth: Counter[str]
    found: Counter[str]
    paired: bool
    """Each passage has exactly one new first and one lost last."""
    frame_ms: float

    @property
    def exact(self) -> bool:
        return self.truth == self.found


def run() -> Table:
    table = Table("Clips: passages against truth", ["", "result"])
    if not DATA.is_dir():
        table.notes.append(f"Not run: {DATA} is missing (set PLATEWIRE_DATA).")
        return table
    clips = [json.loads(line) for line in (DATA / "clips.jsonl").read_text().splitlines()]
    engine = RapidOcrEngine().build()
    results = [measure(clip, engine) for clip in clips]
    engine.close()
    vehicles = sum(result.truth.total() for result in results)
    right = sum((result.truth & result.found).total() for result in results)
    extra = sum((result.found - result.truth).total() for result in results)
    exact = sum(result.exact for result in results)
    table.rows += [
        ["clips with exactly the right texts, no extra passage", share(exact, len(results))],
        ["vehicles whose final text is exactly right", share(right, vehicles)],
        ["passages with a text that is no vehicle's, per clip", f"{extra / len(results):.2f}"],
        ["passages with exactly one new and one lost", share(*pairing(results))],
        ["ms per frame of 640x480, median of clips", f"{median_ms(results):.0f}"],
    ]
    table.notes.append(NOT_BLIND)
    wrong = [f"{r.name}: {said(r.truth)} read as {said(r.found)}" for r in results if not r.exact]
    if wrong:
        table.notes += ["Not exactly right:", "\n".join(f"- {line}" for line in wrong)]
    return table


def measure(clip: dict[str, Any], engine: Engine) -> Result:
    started = time.perf_counter()
    events = asyncio.run(collect(DATA / clip["file"], engine))
    spent = time.perf_counter() - started
    last = {event.passage: event.plate.text for event in events}
    return Result(
        name=Path(clip["file"]).stem,
        truth=Counter(vehicle["text"] for vehicle in clip["vehicles"]),
        found=Counter(last.values()),
        paired=all(well_formed(events, passage) for passage in last),
        frame_ms=1000 * spent / clip["frames"],
    )


async def collect(path: Path, engine: Engine) -> list[Event]:
    return [event async for event in events_of(path, engine, PassageSettings())]


def well_formed(events: list[Event], passage: object) -> bool:
    kinds = [event.kind for event in events if event.passage == passage]
    middle = set(kinds[1:-1]) <= {Kind.UPDATED}
    return kinds[0] is Kind.NEW and kinds[-1] is Kind.LOST and len(kinds) > 1 and middle


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / max(whole, 1):.0f}%)"


def pairing(results: list[Result]) -> tuple[int, int]:
    return sum(result.paired for result in results), len(results)


def median_ms(results: list[Result]) -> float:
    return statistics.median(result.frame_ms for result in results)


def said(texts: Counter[str]) -> str:
    return " ".join(sorted(texts.elements())) or "nothing"
