"""Each engine on real photos, crops and clips with truth: how much is right, how long it takes.

Reads what is present of the folder of real pictures (PLATEWIRE_DATA, or ../shared/data); they are
for measuring only, nothing in platewire is tuned on them. The texts' truth confuses O and 0 in
places, so `folded` counts them as one. No country is named to the engine. What was measured with
the same code and networks is taken from `build/bench`; delete that folder to measure times anew.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from msgspec.structs import fields

from benchmarks import clips
from benchmarks.photos import KEPT, Score, folded, kept, measure, median_and_p95, photos, share
from benchmarks.report import Table
from platewire.errors import ConfigError
from platewire.model import Pixels
from platewire.recognition.builtin import BUILTIN
from platewire.recognition.engine import Engine
from platewire.recognition.networks.text_line import TextLine
from platewire.recognition.networks.text_reader import TextReader
from platewire.recognition.text.plausible import text_of
from platewire.testing import scene

DATA = Path(
    os.environ.get("PLATEWIRE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
SETS = ("openalpr_eu", "openalpr_us", "openalpr_br")
CROPS = ("openalpr_us_crops", "br_crops", "eu_crops")
PHOTOS_MAX, NEGATIVES_MAX, CROPS_MAX = 130, 160, 150
"""Of each set; larger ones are sampled evenly."""
THREADS = 2

ReadCrops = Callable[[Sequence[Pixels]], Sequence[TextLine]]


def run() -> Table:
    table = Table("Recognition", ["", "goal"])
    if not DATA.is_dir():
        table.notes.append(f"Not measured: {DATA} is missing (set PLATEWIRE_DATA).")
        return table
    columns = []
    for name, config in engines():
        try:
            columns.append(column(name, config))
        except ConfigError as error:
            print(f"   {name} is left out: {error}", flush=True)
            table.notes.append(f"`{name}` is not measured: its models are not on this machine.")
            continue
        table.columns = [*table.columns, f"`{name}`"]
    rows: dict[str, list[str]] = {}
    for index, measured in enumerate(columns):
        for label, (goal, value) in measured.items():
            row = rows.setdefault(label, [label, goal, *["-"] * len(columns)])
            row[2 + index] = value
    table.rows += rows.values()
    table.notes += notes()
    return table


def engines() -> Iterator[tuple[str, Any]]:
    """Those that read pictures here without being told anything first."""
    for kind in BUILTIN:
        if not any(field.required for field in fields(kind)):
            yield str(kind.__struct_config__.tag), kind()


Column = dict[str, tuple[str, str]]
"""Row's label to the goal and what was measured."""


def column(name: str, config: Any) -> Column:
    engine: Engine = config.build()
    try:
        return {
            **of_photos(name, engine),
            **of_negatives(name, engine),
            **of_clips(name, engine),
            **of_speed(name),
        }
    finally:
        engine.close()


def of_photos(name: str, engine: Engine) -> Column:
    rows: Column = {}
    goals = {"openalpr_eu": "95%", "openalpr_us": "88%", "openalpr_br": "95%"}
    scores = []
    for chosen in SETS:
        if not present(chosen):
            continue
        score = kept(f"{name}-{chosen}", part(engine, chosen, PHOTOS_MAX), Score)
        scores.append(score)
        of = f"{chosen}, {score.photos} photos"
        rows[f"{of}: exact"] = ("", share(score.exact, score.plates))
        rows[f"{of}: folded (O = 0)"] = (goals[chosen], share(score.folded, score.plates))
        rows[f"{of}: place found (IoU 0.5)"] = ("", share(score.placed, score.boxes))
        rows[f"{of}: reads that are no plate's text"] = ("", str(score.other_reads))
        rows[f"{of}: ms, median / p95"] = ("", median_and_p95(score.stages["all"]))
    known = sum(score.country_known for score in scores)
    right = sum(score.country_right for score in scores)
    rows["country right, of plates read right"] = ("85%", share(right, known))
    for stage in scores[0].stages if scores else ():
        if stage != "all":
            values = [value for score in scores for value in score.stages.get(stage, [])]
            rows[f"stage `{stage}`: ms per photo, median / p95"] = ("", median_and_p95(values))
    return rows


def of_negatives(name: str, engine: Engine) -> Column:
    if not present("negatives"):
        return {}
    score = kept(f"{name}-negatives", part(engine, "negatives", NEGATIVES_MAX), Score)
    reads = f"{100 * score.other_reads / score.photos:.1f}"
    return {
        "pictures without a plate that give a read": (
            "under 3%",
            share(score.photos_with_reads, score.photos),
        ),
        "false reads per 100 pictures without a plate": ("", reads),
    }


def of_clips(name: str, engine: Engine) -> Column:
    if not present("clips"):
        return {}
    results = kept(f"{name}-clips", lambda: clips.measure(engine, DATA), list[clips.Result])
    for result in results:
        if not result.exact:
            print(f"   {clips.said(result)}", flush=True)
    vehicles = sum(sum(result.truth.values()) for result in results)
    wrong = sum(result.wrong for result in results) / len(results)
    speeds = [result.frames_per_second for result in results]
    return {
        "clips with exactly the right texts, no extra passage": (
            "85%",
            share(sum(result.exact for result in results), len(results)),
        ),
        "vehicles in clips whose final text is right": (
            "",
            share(sum(result.right for result in results), vehicles),
        ),
        "wrong passages per clip": ("", f"{wrong:.2f}"),
        "clips, 640x480, to passages: frames a second, median": (
            "",
            f"{statistics.median(speeds):.0f}",
        ),
        **{f"{field}, in clips": ("", described(field, results)) for field in clips.FIELDS},
    }


def described(field: str, results: list[clips.Result]) -> str:
    told = sum((result.described[field] for result in results), clips.Described())
    return f"said for {told.said} of {told.known}, right for {told.right}"


def of_speed(name: str) -> Column:
    """A clip of our own scene through `platewire bench recognition`, in a process of its own."""
    figures = kept(f"{name}-speed", lambda: speed(name), dict[str, Any])
    size = f"{figures['width']}x{figures['height']}"
    whole = figures["stages"]["engine"]
    return {
        f"a frame of {size} with plates: ms, median / p95": (
            "60",
            f"{whole['median']:.0f} / {whole['p95']:.0f}",
        ),
        f"whole intake, {size}: frames a second": (
            "25",
            f"{figures['intake_frames_per_second']:.0f}",
        ),
        "memory of the engine: MiB": ("under 400", f"{figures['engine_mebibytes']:.0f}"),
    }


def speed(name: str) -> dict[str, Any]:
    clip = scene.clip(scene.short_scene(), KEPT)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "engine.toml"
        config.write_text(f'[recognition]\ntype = "{name}"\n')
        command = ["bench", "recognition", str(clip), "--config", str(config), "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "platewire.cli", *command, "--frames", "200"],
            check=True,
            capture_output=True,
        )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def part(engine: Engine, chosen: str, most: int) -> Callable[[], Score]:
    return lambda: measure(engine, DATA, chosen, most)


def present(name: str) -> bool:
    return (DATA / f"evaluate/{name}.jsonl").exists()


# --- readers on crops ---------------------------------------------------------------------------


NOT_BLIND = (
    "The clips are not a blind test of `rapidocr`: two general rules were written after its "
    "results on them had been seen (a low-confidence character at either end of a line is "
    "dropped; a misread that shares half its characters with the plate at its place needs three "
    "more reads). Before these rules, 28 of 29 clips and 31 of 32 texts were right. Rules of "
    "`plates` were also changed after errors on photos and clips had been reviewed: before the "
    "second detector pass at a smaller scale for plates that fill the picture, 26 of 29 clips "
    "were right. No model was trained on them, and no threshold was set by them."
)


def notes() -> list[str]:
    said = [
        "*Exact*: texts of the ground truth that are among the reads of the photo. *Place*: "
        "bounding boxes of reads and of refused candidates. Stages are sums per photo. "
        "`countries` was not set. The machine may have been running other programs.",
        NOT_BLIND,
    ]
    if any(map(present, CROPS)):
        said.append(crops_table())
    return said


def crops_table() -> str:
    rows = ["Readers on crops of plates, folded:", "", "| crops | PP-OCR's reader | our reader |"]
    rows.append("| --- | --- | --- |")
    ours = own_reader()
    for name in filter(present, CROPS):
        general = kept(f"ppocr-{name}", partial(right_crops, name, general_reader), list[int])
        own = ["not built in"]
        if ours:
            found = kept(f"own-{name}", partial(right_crops, name, ours), list[int])
            own = [share(*found)]
        rows.append(" | ".join([f"| {name}", share(*general), *own]) + " |")
    return "\n".join(rows)


def right_crops(name: str, read: ReadCrops) -> list[int]:
    """How many crops are read right, and how many there are."""
    right = whole = 0
    for entry, pixels in photos(DATA, name, CROPS_MAX):
        if truth := entry["plates"][0]["text"]:
            whole += 1
            right += folded(text_of(read([pixels])[0])) == folded(truth)
    return [right, whole]


@cache
def of_general_text() -> TextReader:
    return TextReader(threads=THREADS)


def general_reader(crops: Sequence[Pixels]) -> Sequence[TextLine]:
    return of_general_text().read(crops)


def own_reader() -> ReadCrops | None:
    try:
        from platewire.recognition.networks.plate_reader import PlateReader

        reader = PlateReader(threads=THREADS)
    except (ImportError, ConfigError):
        return None
    return lambda crops: [text.line for text in reader.read(crops)]
