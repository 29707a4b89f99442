"""The first engine: PP-OCR's text detector and recognizer, with plate shapes and country forms.

A frame's text lines are found, cut out upright and read; neighbors on one line are joined and
read again as one. What then looks like a plate becomes a read. The models are general text models
that come inside the `rapidocr` package (Apache-2.0); nothing is downloaded.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from msgspec import Meta

from platewire.country import Understanding
from platewire.model import Frame, Pixels, Read
from platewire.recognition import quality
from platewire.recognition.engine import Engine
from platewire.recognition.networks import geometry
from platewire.recognition.networks.cut_off import is_cut_off
from platewire.recognition.networks.text_detector import Quad, TextBox, TextDetector
from platewire.recognition.networks.text_line import TextLine
from platewire.recognition.networks.text_reader import TextReader
from platewire.recognition.pictures import checked
from platewire.recognition.refused import Examined, Reason, Refused, likeliest, refusal
from platewire.recognition.settings import ReadingSettings
from platewire.recognition.stopwatch import Stopwatch, stage
from platewire.recognition.text.opinions import weighed
from platewire.recognition.text.plausible import looks_foreign, text_of, understood
from platewire.recognition.text.reading import mean_chance, read_of

OVERLAP_MAX = 0.3
"""Of the smaller one's area; lines that share more are the same one."""
LINES_MAX = 40
"""At most so many lines of a frame are read, the likeliest first; a newspaper is no plate."""


class RapidOcrSettings(ReadingSettings, frozen=True, kw_only=True, tag="rapidocr"):
    """Reads plates with the general text networks of the rapidocr package, on the CPU."""

    detector_side: Annotated[
        int,
        Meta(
            ge=160,
            le=2560,
            description="Larger frames are scaled down to this many pixels on the longer side "
            "for text detection. Larger values find smaller plates; the time grows "
            "with the square",
        ),
    ] = 960

    def build(self) -> "RapidOcr":
        self.check_countries()
        return RapidOcr(self)


class Found(NamedTuple):
    """A line of text that is a plate."""

    quad: Quad
    line: TextLine
    meaning: Understanding

    @property
    def merit(self) -> float:
        """For choosing between overlapping ones: known forms first, then sure, then long."""
        return weighed(mean_chance([c.chance for c in self.line.characters]), self.meaning)


Written = tuple[Quad, TextLine]
Timing = Stopwatch | None


class RapidOcr(Engine):
    def __init__(self, config: RapidOcrSettings) -> None:
        self._config = config
        self._expected, self._forms = config.expected, config.forms
        self.detector = TextDetector(
            side=config.detector_side, threads=config.threads, min_score=0.4
        )
        self.reader = TextReader(threads=config.threads)
        self._vehicles = config.vehicle.build(
            threads=config.threads, detector=self.detector, reader=self.reader
        )

    def read(self, frame: Frame) -> Sequence[Read]:
        return list(self.examine(frame).reads)

    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        pixels = checked(frame)
        with stage(watch, "detect"):
            boxes = self._lines(pixels)
        lines = self._read_quads(pixels, [box.quad for box in boxes], watch)
        plates = self._plates(pixels, boxes, lines, watch)
        reads = [self._read_of(frame, plate, watch) for plate in plates]
        sure = [read for read in reads if read.confidence >= self._config.min_confidence]
        unsure = [refusal(Reason.UNSURE, read) for read in reads if read not in sure]
        others = [line for line in lines if not any(is_part(line[0], one) for one in plates)]
        refused = [self._refused(pixels, quad, line) for quad, line in others]
        return Examined(tuple(sure), likeliest([*unsure, *refused]))

    def plates(self, pixels: Pixels) -> list[Found]:
        """The lines of a picture that are plates, from left to right."""
        boxes = self._lines(pixels)
        lines = self._read_quads(pixels, [box.quad for box in boxes], None)
        return self._plates(pixels, boxes, lines, None)

    def close(self) -> None:
        """Nothing is held but memory."""

    def _lines(self, pixels: Pixels) -> list[TextBox]:
        boxes = self.detector.find(pixels)
        upright = [box for box in boxes if geometry.shape_of(box.quad).slope <= geometry.SLOPE_MAX]
        return sorted(upright, key=lambda box: -box.score)[:LINES_MAX]

    def _plates(
        self, pixels: Pixels, boxes: Sequence[TextBox], read: Sequence[Written], watch: Timing
    ) -> list[Found]:
        joined = self._read_quads(pixels, self._joined(boxes, read), watch)
        stacked = [
            stack(boxes[a].quad, read[a][1], boxes[b].quad, read[b][1])
            for a, b in geometry.stacked_pairs(boxes)
        ]
        found = [plate for quad, line in (*read, *joined) if (plate := self._plate(quad, line))]
        found += [plate for quad, line in stacked if (plate := self._two_lines(quad, line))]
        return without_overlap(found)

    def _joined(self, boxes: Sequence[TextBox], read: Sequence[Written]) -> list[Quad]:
        """Lines made of neighboring pieces none of which is plainly something else."""
        pieces = [index for index, (_, line) in enumerate(read) if may_be_piece(line)]
        groups = geometry.joined_lines([boxes[index] for index in pieces])
        return [geometry.union([boxes[pieces[index]].quad for index in group]) for group in groups]

    def _read_quads(self, pixels: Pixels, quads: Sequence[Quad], watch: Timing) -> list[Written]:
        with stage(watch, "rectify"):
            crops = [geometry.cut_out(pixels, quad) for quad in quads]
        with stage(watch, "read"):
            return list(zip(quads, self.reader.read(crops), strict=True))

    def _plate(self, quad: Quad, line: TextLine) -> Found | None:
        if not geometry.may_be_line(quad, self._config.min_plate_width):
            return None
        meaning = understood(line, self._expected, self._forms)
        return Found(quad, line, meaning) if meaning else None

    def _two_lines(self, quad: Quad, line: TextLine) -> Found | None:
        """A plate of two lines must be of a known form, as any two lines may stand together."""
        meaning = understood(line, self._expected, self._forms)
        return Found(quad, line, meaning) if meaning and meaning.known else None

    def _read_of(self, frame: Frame, plate: Found, watch: Timing) -> Read:
        box = geometry.box_around(plate.quad, frame.pixels)
        with stage(watch, "vehicle"):
            vehicle = self._vehicles.look(frame, box, plate.meaning.text)
        with stage(watch, "quality"):
            seen = quality.of_quad(frame.pixels, plate.quad)
        partial = is_cut_off(plate.quad, frame.pixels)
        return read_of(frame, plate.line, plate.meaning, box, vehicle, seen, partial=partial)

    def _refused(self, pixels: Pixels, quad: Quad, line: TextLine) -> Refused:
        return Refused(
            reason=self._reason(quad),
            text=text_of(line),
            confidence=round(mean_chance([one.chance for one in line.characters] or [0.0]), 4),
            box=geometry.box_around(quad, pixels),
        )

    def _reason(self, quad: Quad) -> Reason:
        """Why a line that is no plate is none."""
        if geometry.shape_of(quad).width < self._config.min_plate_width:
            return Reason.SMALL
        may_be = geometry.may_be_line(quad, self._config.min_plate_width)
        return Reason.FORM if may_be else Reason.SHAPE


def is_part(quad: Quad, plate: Found) -> bool:
    """Whether a line lies within a plate that was found: one of its two lines, or a piece."""
    return geometry.overlap(quad, plate.quad) > OVERLAP_MAX


def may_be_piece(line: TextLine) -> bool:
    return 1 <= len(text_of(line)) <= 8 and not looks_foreign(line)


def stack(upper: Quad, first: TextLine, lower: Quad, second: TextLine) -> tuple[Quad, TextLine]:
    """Two lines taken as one."""
    line = TextLine(first.characters + second.characters, f"{first.written} {second.written}")
    return geometry.union([upper, lower]), line


def without_overlap(found: Sequence[Found]) -> list[Found]:
    """The best of those that share picture with each other, from left to right."""
    kept: list[Found] = []
    for plate in sorted(found, key=lambda one: -one.merit):
        if not any(geometry.overlap(plate.quad, other.quad) > OVERLAP_MAX for other in kept):
            kept.append(plate)
    return sorted(kept, key=lambda one: float(one.quad[:, 0].min()))
