"""An engine with the networks of the fast-alpr project (MIT): the extra `fast-alpr`.

Its detector gives upright boxes, its reader a text with one number for each character, some readers
the country too. Texts are judged and put right by the countries' forms as for every engine. The
networks' files are no part of any package: they lie in the project's cache in the home folder,
where `download = true` fetches them to from github.com, or are named one by one.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from msgspec import Meta

from platewire.country import CODES, COUNTRIES, normalize
from platewire.errors import ConfigError
from platewire.model import Box, Frame, Read
from platewire.recognition import pictures, quality
from platewire.recognition.engine import Engine
from platewire.recognition.networks.cut_off import is_box_cut_off
from platewire.recognition.networks.models import session_options
from platewire.recognition.networks.text_line import Character, TextLine
from platewire.recognition.refused import Examined, Reason, Refused, likeliest, refusal
from platewire.recognition.settings import ReadingSettings
from platewire.recognition.stopwatch import Stopwatch, stage
from platewire.recognition.text.plausible import understood_plate
from platewire.recognition.text.reading import mean_chance, read_of

MISSING = (
    "recognition: the package {name} is not installed; run: pip install 'platewire[fast-alpr]'"
)
LABEL = "License Plate"
BY_NAME = {country.name.lower(): country.code for country in COUNTRIES}

T = TypeVar("T")


class FastAlprSettings(ReadingSettings, frozen=True, kw_only=True, tag="fast_alpr"):
    """Reads plates with the networks of the fast-alpr project, on the CPU."""

    detector: Annotated[
        str, Meta(description="Name of a detector of open-image-models, which finds plates")
    ] = "yolo-v9-t-384-license-plate-end2end"
    reader: Annotated[str, Meta(description="Name of a reader (OCR model) of fast-plate-ocr")] = (
        "cct-xs-v2-global-model"
    )
    download: Annotated[
        bool,
        Meta(
            description="Download missing networks from github.com at the start; if false, "
            "nothing is downloaded"
        ),
    ] = False
    detector_path: Annotated[
        Path | None, Meta(description="ONNX file of a YOLOv9 detector to use instead of `detector`")
    ] = None
    reader_path: Annotated[
        Path | None,
        Meta(
            description=(
                "ONNX file of a reader to use instead of `reader`; requires `reader_config_path`"
            )
        ),
    ] = None
    reader_config_path: Annotated[
        Path | None,
        Meta(description=("YAML configuration of the reader, in the format of fast-plate-ocr")),
    ] = None
    min_score: Annotated[
        float, Meta(ge=0.05, le=1, description="Detections with less confidence are ignored")
    ] = 0.4

    def build(self) -> "FastAlpr":
        self.check_countries()
        if (self.reader_path is None) != (self.reader_config_path is None):
            raise ConfigError(
                "recognition: `reader_path` and `reader_config_path` belong together; set both "
                "or neither"
            )
        return FastAlpr(self)


class FastAlpr(Engine):
    def __init__(self, config: FastAlprSettings) -> None:
        self._config = config
        self._expected, self._forms = config.expected, config.forms
        self._detector = open_detector(config)
        self._reader = open_reader(config)
        self._vehicles = config.vehicle.build(threads=config.threads)
        self._try(config)

    def read(self, frame: Frame) -> Sequence[Read]:
        return list(self.examine(frame).reads)

    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        pixels = pictures.checked(frame)
        with stage(watch, "detect"):
            places = self._detector.predict(pixels)
        judged = [self._judged(frame, place, watch) for place in places]
        reads = [one for one in judged if isinstance(one, Read)]
        others = [one for one in judged if isinstance(one, Refused)]
        least = self._config.min_confidence
        others += [refusal(Reason.UNSURE, read) for read in reads if read.confidence < least]
        return Examined(tuple(one for one in reads if one.confidence >= least), likeliest(others))

    def close(self) -> None:
        """Nothing is held but memory."""

    def _try(self, config: FastAlprSettings) -> None:
        """Runs both networks once, so that files of the wrong kind are found at the start."""
        blank = np.full((64, 128, 3), 127, np.uint8)
        for run, path in (
            (self._detector.predict, config.detector_path or Path(config.detector)),
            (self._reader.predict, config.reader_path or Path(config.reader)),
        ):
            opened(path, partial(run, blank))

    def _judged(self, frame: Frame, place: Any, watch: Stopwatch | None) -> Read | Refused:
        """What is at the place as a read, or why it is none."""
        box = box_of(place.bounding_box, frame)
        if box.width < self._config.min_plate_width:
            return refused(Reason.SMALL, "", place.confidence, box)
        with stage(watch, "read"):
            said = self._reader.predict(pictures.cut(frame.pixels, *box))
        line = line_of(said.text, said.confidence)
        meaning = understood_plate(line, self._expected, country_of(said), self._forms)
        if meaning is None:
            chances = [one.chance for one in line.characters] or [0.0]
            return refused(Reason.FORM, line.text, mean_chance(chances), box)
        with stage(watch, "vehicle"):
            vehicle = self._vehicles.look(frame, box, meaning.text)
        with stage(watch, "quality"):
            clear = quality.of_box(frame.pixels, box)
        partial = is_box_cut_off(box, frame.pixels)
        return read_of(frame, line, meaning, box, vehicle, clear, partial=partial)


def refused(reason: Reason, text: str, chance: float, box: Box) -> Refused:
    return Refused(reason=reason, text=text, confidence=round(chance, 4), box=box)


def box_of(corners: Any, frame: Frame) -> Box:
    """The detector's box, cut off at the frame's edge; at least a pixel each way."""
    height, width = frame.pixels.shape[:2]
    left, top = np.clip(corners.x1, 0, width - 1), np.clip(corners.y1, 0, height - 1)
    right, bottom = np.clip(corners.x2, left + 1, width), np.clip(corners.y2, top + 1, height)
    return Box(float(left), float(top), float(right - left), float(bottom - top))


def line_of(text: str, chances: float | Sequence[float]) -> TextLine:
    """The reader's text, with numbers for its places; of the places beyond its end too, which are
    left out."""
    each = [chances] * len(text) if isinstance(chances, float) else list(chances)
    pairs = list(zip(text, each, strict=False))
    characters = tuple(
        Character(normalize(char), min(max(float(chance), 0.0), 1.0), (), (at + 0.5) / len(pairs))
        for at, (char, chance) in enumerate(pairs)
        if len(normalize(char)) == 1
    )
    return TextLine(characters, text.upper())


def country_of(said: Any) -> dict[str, float]:
    """The country that the reader names, where we know its name or code, with its chance."""
    name = (said.region or "").strip()
    code = BY_NAME.get(name.lower(), name.upper())
    return {code: float(said.region_confidence or 0.0)} if code in CODES else {}


# --- opening ------------------------------------------------------------------------------------


def open_detector(config: FastAlprSettings) -> Any:
    try:
        from open_image_models import create_detector
        from open_image_models.detection.core import hub
    except ImportError as error:
        raise ConfigError(MISSING.format(name=error.name)) from error
    how = {
        "conf_thresh": config.min_score,
        "providers": ["CPUExecutionProvider"],
        "sess_options": session_options(config.threads),
    }
    if config.detector_path is not None:
        path = present(config.detector_path, "detector_path")
        return opened(
            path, lambda: create_detector(path, backend="yolo_v9", class_labels=(LABEL,), **how)
        )
    known = {str(name): [spec.url] for name, spec in hub.DETECTION_MODELS.items()}
    cached(config.detector, "detector", known, hub.MODEL_CACHE_DIR, download=config.download)
    return opened(
        hub.MODEL_CACHE_DIR / config.detector, lambda: create_detector(config.detector, **how)
    )


def open_reader(config: FastAlprSettings) -> Any:
    try:
        from fast_alpr.default_ocr import DefaultOCR
        from fast_plate_ocr.inference import hub
    except ImportError as error:
        raise ConfigError(MISSING.format(name=error.name)) from error
    how = {
        "providers": ["CPUExecutionProvider"],
        "sess_options": session_options(config.threads),
    }
    if config.reader_path is not None and config.reader_config_path is not None:
        path = present(config.reader_path, "reader_path")
        form = present(config.reader_config_path, "reader_config_path")
        return opened(path, lambda: DefaultOCR(model_path=path, config_path=form, **how))
    known = {str(name): list(urls) for name, urls in hub.AVAILABLE_ONNX_MODELS.items()}
    cached(config.reader, "reader", known, hub.MODEL_CACHE_DIR, download=config.download)
    return opened(
        hub.MODEL_CACHE_DIR / config.reader, lambda: DefaultOCR(hub_ocr_model=config.reader, **how)
    )


def present(path: Path, setting: str) -> Path:
    if not path.is_file():
        raise ConfigError(f"recognition.{setting}: file {path} not found; check the path")
    return path


def cached(
    name: str, setting: str, known: dict[str, list[str]], folder: Path, *, download: bool
) -> None:
    """ConfigError for a name that is none, and for files that lack and may not be fetched."""
    if name not in known:
        raise ConfigError(
            f"recognition.{setting}: unknown model {name!r}; known: {', '.join(sorted(known))}"
        )
    files = [folder / name / url.rpartition("/")[2] for url in known[name]]
    missing = [str(file) for file in files if not file.is_file()]
    if missing and not download:
        raise ConfigError(
            f"recognition.{setting}: the model file {missing[0]} is missing; set `download = "
            f"true` to download it from {known[name][0]}, or set `{setting}_path` to your own "
            "files"
        )


def opened(path: Path, build: Callable[[], T]) -> T:
    try:
        return build()
    except OSError as error:
        raise ConfigError(f"recognition: {path} cannot be downloaded or read: {error}") from error
    except Exception as error:  # ONNX Runtime, YAML and the packages raise what they like
        first_line = str(error).partition("\n")[0]
        raise ConfigError(
            f"recognition: the model file {path} is corrupted or not a supported model "
            f"({first_line}); "
            "delete it and download it again, or use another"
        ) from error
