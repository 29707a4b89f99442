"""Photos cut through their plate: how many pieces are reported as whole plates, and the reverse.

Each plate that is read surely on the uncut photo (`SURE`, a known form) is cut from the left and
the right in steps, cropped tightly, shown near the edge, and hidden by a painted pole. Results
are stored in `build/bench` after every few photos, so that a stopped run can be resumed. The photos
are in random order with a fixed seed; PLATEWIRE_BENCH_MINUTES ends the run early, and the rows
state how many photos were measured. Thresholds were set on the first half of the training photos;
the other half and the photos for evaluation are only measured.
"""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from benchmarks import bench_recognition, photos
from benchmarks.cuts import Cut, cuts, uncut
from benchmarks.report import Table
from platewire.country import understand
from platewire.model import Box, Frame, Pixels, Read
from platewire.recognition.engines.plates import Plates, PlatesSettings
from platewire.recognition.networks.plate_detector import ENLARGED_MAX, PlateDetector
from platewire.recognition.pictures import load_picture
from platewire.recognition.vehicle.vehicle_data import NOTHING

DATA = bench_recognition.DATA
SETTINGS = PlatesSettings(threads=1, vehicle=NOTHING)
SURE = 0.9
"""Minimum confidence, 0 to 1, of a text read on the uncut photo that counts as ground truth."""
WIDTH_MIN = 60.0
"""Pixels of the photo; narrower plates are rarely read once a part is missing."""
WRONG = 0.8
"""Minimum confidence, 0 to 1, of a piece reported as whole that counts as an error."""
CHUNK = 2
"""Photos measured before results are stored."""
MINUTES = float(os.environ.get("PLATEWIRE_BENCH_MINUTES", "inf"))
CROPS = ("openalpr_us_crops", "br_crops")
CROPS_MAX = 60
"""Of each set; larger ones are sampled evenly."""
TRAIN = ("openlpr", "kaggle_cars", "romania")
GOAL = "under 1%"


class Seen(Struct):
    """What was read of one picture; `text` is empty where nothing was."""

    source: str
    kind: str
    step: float
    whole: str
    text: str = ""
    confidence: float = 0.0
    partial: bool = False
    gap: float = 0.0
    """Of the plate's height: from its box to the nearest edge of the picture."""

    @property
    def is_piece(self) -> bool:
        return bool(self.text) and self.text != self.whole


class Chunk(Struct):
    photos: int
    seen: list[Seen]


class Photo(Struct):
    source: str
    path: str
    boxes: list[tuple[float, float, float, float]]


def run() -> Table:
    table = Table("Partial plates", ["", "goal", "measured", "95% interval", "by source"])
    if not DATA.is_dir():
        table.notes.append(f"Not measured: {DATA} is missing (set PLATEWIRE_DATA).")
        return table
    bench = Bench()
    evaluate = mixed("evaluate", bench_recognition.SETS)
    halves = [half_of(number) for number in (1, 0)]
    named = ("training photos, other half", halves[0]), ("photos for evaluation", evaluate)
    for index, (name, chosen) in enumerate((*named, ("training photos, first half", halves[1]))):
        ends = time.monotonic() + 60 * MINUTES / 3
        if (measured := bench.measure(f"partial-{index}", chosen, ends)).photos:
            table.rows += rows_of(name, measured)
    crops = [each for name in CROPS for each in bench.of_crops(name)]
    table.rows.append(
        row("crops that hold a plate alone: reported as partial", GOAL, crops, partial)
    )
    table.notes.append(NOTE)
    return table


class Bench:
    def __init__(self) -> None:
        self._engine = Plates(SETTINGS)
        self._looks = 0

    def measure(self, name: str, chosen: Sequence[Photo], ends: float) -> Chunk:
        """In chunks, as far as the time allows; what was measured before takes none."""
        total = Chunk(0, [])
        for start in range(0, len(chosen), CHUNK):
            part = chosen[start : start + CHUNK]
            key = f"{name}-{start:05}"
            if time.monotonic() > ends and not kept_before(key):
                break
            chunk = photos.kept(key, self._measured(part), Chunk)
            total.photos += chunk.photos
            total.seen += chunk.seen
        return total

    def of_crops(self, name: str) -> list[Seen]:
        """Crops of which the text is read right."""
        chunk = photos.kept(f"partial-{name}", lambda: self._of_crops(name), Chunk)
        return [each for each in chunk.seen if photos.folded(each.text) == each.whole]

    def _of_crops(self, name: str) -> Chunk:
        self._engine.detector = self._detector(SETTINGS.detector_side)
        given = list(photos.photos(DATA, name, CROPS_MAX))
        return Chunk(len(given), [self._seen(name, *crop_of(*each)) for each in given])

    def _measured(self, part: Sequence[Photo]) -> Callable[[], Chunk]:
        return lambda: Chunk(len(part), [seen for photo in part for seen in self._of_photo(photo)])

    def _of_photo(self, photo: Photo) -> Iterator[Seen]:
        pixels = load_picture(DATA / photo.path)
        for box in map(Box._make, photo.boxes):
            if box.width >= WIDTH_MIN:
                yield from self._of_plate(photo, pixels, box)

    def _of_plate(self, photo: Photo, pixels: Pixels, plate: Box) -> Iterator[Seen]:
        zoom = min(SETTINGS.detector_side / max(pixels.shape[:2]), ENLARGED_MAX)
        first = uncut(pixels, plate)
        self._engine.detector = self._detector(round(zoom * max(first.pixels.shape[:2])))
        whole = self._read(first)
        if whole is None or whole.confidence < SURE or not has_known_form(whole):
            return
        for cut in cuts(pixels, plate, photo.path):
            if min(cut.pixels.shape[:2]) > 0:
                yield self._seen(photo.source, whole.text, cut)

    def _detector(self, side: int) -> PlateDetector:
        return PlateDetector(side=side, threads=SETTINGS.threads, min_score=SETTINGS.min_score)

    def _seen(self, source: str, whole: str, cut: Cut) -> Seen:
        read = self._read(cut)
        seen = Seen(source, cut.kind, cut.step, whole)
        if read is not None:
            seen.text, seen.confidence, seen.partial = read.text, read.confidence, read.partial
            seen.gap = gap_of(read.box, cut.pixels)
        return seen

    def _read(self, cut: Cut) -> Read | None:
        """The surest read of the plate; each look is a camera of its own, so none is skipped."""
        self._looks += 1
        frame = Frame(f"look {self._looks}", 0, photos.NOW, cut.pixels)
        reads = [read for read in self._engine.read(frame) if lies_in(read.box, cut.place)]
        return max(reads, key=lambda read: read.confidence, default=None)


def lies_in(box: Box, plate: Box) -> bool:
    x, y = box.center
    across, down = 0.1 * plate.width, 0.3 * plate.height
    return (
        plate.x - across <= x <= plate.x + plate.width + across
        and plate.y - down <= y <= plate.y + plate.height + down
    )


def gap_of(box: Box, pixels: Pixels) -> float:
    height, width = pixels.shape[:2]
    gaps = box.x, box.y, width - box.x - box.width, height - box.y - box.height
    return float(round(min(gaps) / box.height, 3))


def has_known_form(read: Read) -> bool:
    return not read.partial and understand(read.text, read.characters).exact


def crop_of(entry: dict[str, Any], pixels: Pixels) -> tuple[str, Cut]:
    """The text of a crop, O as 0, and the crop, in which the plate fills everything."""
    height, width = pixels.shape[:2]
    whole = Box(0, 0, float(width), float(height))
    return photos.folded(entry["plates"][0]["text"] or ""), Cut("crop", 0.0, pixels, whole)


def kept_before(key: str) -> bool:
    return (photos.KEPT / f"{key}-{photos.fingerprint()}.json").exists()


# --- which photos -------------------------------------------------------------------------------


def half_of(number: int) -> list[Photo]:
    """One half of the training photos, by a checksum of their path."""
    return [each for each in mixed("train", TRAIN) if checksum(each) % 2 == number]


def mixed(folder: str, names: Sequence[str]) -> list[Photo]:
    """The photos of the sets in random order with a fixed seed."""
    return sorted((each for name in names for each in listed(folder, name)), key=checksum)


def listed(folder: str, name: str) -> list[Photo]:
    """The photos of a set that have a box."""
    lines = (DATA / folder / f"{name}.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    found = [Photo(name, f"{folder}/{each['file']}", boxes_of(each)) for each in entries]
    return [each for each in found if each.boxes]


def boxes_of(entry: dict[str, Any]) -> list[tuple[float, float, float, float]]:
    return [tuple(plate["box"]) for plate in entry["plates"] if plate["box"]]


def checksum(photo: Photo) -> int:
    return int(hashlib.sha256(photo.path.encode()).hexdigest(), 16)


# --- rows ---------------------------------------------------------------------------------------

Row = list[str]
NOTE = (
    "A plate counts if its text on the uncut photo is read with a confidence of 0.9 or more and "
    "has a known form; its box is at least 60 pixels wide. *Cut*: through the plate from the left "
    "and from the right, in steps of 15% to 75% of its width; the outer 12% are band and border. "
    "Pictures of which no piece was read, or of which the whole text was read in spite of the "
    "cut, are not counted. *By source*: lowest to highest share over the folders of photos. The "
    "interval is Wilson's; cuts of one photo are not independent, so it is too narrow. Thresholds "
    "were set on the first half of the training photos only. The engine gets the surroundings of "
    "the plate, at the scale of the whole photo. Crops are of openalpr_us_crops and br_crops."
)


def rows_of(name: str, chunk: Chunk) -> list[Row]:
    seen = chunk.seen
    plates = sum(each.kind == "uncut" for each in seen)
    of = f"{name} ({plates} plates of {chunk.photos} photos)"
    cut = [each for each in seen if each.kind in ("left", "right") and each.is_piece]
    pole = [each for each in seen if each.kind == "pole" and each.is_piece]
    error = f"reported as whole with {WRONG} or more"
    return [
        row(f"{of}: cut plates {error}", GOAL, cut, reported_as_whole),
        row(
            f"{of}: whole plates reported as partial",
            GOAL,
            whole_of(seen, "uncut", "tight"),
            partial,
        ),
        row(f"{of}: the same within 20% of the edge", "", whole_of(seen, "near"), partial),
        row(f"{of}: plates behind a pole {error}", "", pole, reported_as_whole),
    ]


def whole_of(seen: Sequence[Seen], *kinds: str) -> list[Seen]:
    return [each for each in seen if each.kind in kinds and each.text == each.whole]


def reported_as_whole(seen: Seen) -> bool:
    return not seen.partial and seen.confidence >= WRONG


def partial(seen: Seen) -> bool:
    return seen.partial


def row(label: str, goal: str, seen: Sequence[Seen], counts: Callable[[Seen], bool]) -> Row:
    if not seen:
        return [label, goal, "not known", "-", "-"]
    wrong = sum(map(counts, seen))
    low, high = interval(wrong, len(seen))
    measured = f"{wrong} of {len(seen)} ({100 * wrong / len(seen):.1f}%)"
    return [label, goal, measured, f"{100 * low:.1f}-{100 * high:.1f}%", by_source(seen, counts)]


def by_source(seen: Sequence[Seen], counts: Callable[[Seen], bool]) -> str:
    sources = sorted({each.source for each in seen})
    parts = [[each for each in seen if each.source == source] for source in sources]
    shares = [100 * sum(map(counts, part)) / len(part) for part in parts]
    return f"{min(shares):.1f}-{max(shares):.1f}%"


def interval(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share, 95%."""
    share = hits / count
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max((middle - reach) / scale, 0.0), (middle + reach) / scale
