"""python -m training.reader.label --data FOLDER

Texts for the plates of free photos by agreement of PP-OCR over several views of each: cut tighter
and wider, shifted, brighter, darker, larger. A text is kept where nearly all views that read one
say the same. Writes labels.jsonl; about a ninth is held back for validation. What a look at contact
sheets (--sheets FOLDER) showed to be wrong is put right by corrections.txt. Countries were named by
a person at such sheets, as half of those that the texts' forms suggested were wrong; those that
labels.jsonl has are kept.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from platewire.model import Pixels
from platewire.recognition.engines.rapidocr import RapidOcr, RapidOcrSettings
from platewire.recognition.text.plausible import understood
from training.photo_index import SOURCES, entries
from training.reader.evaluate import folded
from training.reader.real import LABELS

NARROWEST = 40
ONE_LINE = 2.7
"""Width by height from which a box is read as one line without a search for text."""
Box = tuple[float, float, float, float]


def views(photo: Pixels, box: Box, margins: tuple[float, ...]) -> Iterator[Pixels]:
    left, top, wide, tall = box
    for number, margin in enumerate(margins):
        shift = (0.0, 0.02, -0.02, 0.01)[number % 4] * tall
        y0, y1 = int(top - margin * tall + shift), int(top + tall * (1 + margin) + shift) + 1
        x0, x1 = int(left - margin * tall), int(left + wide + margin * tall) + 1
        cut = photo[max(y0, 0) : y1, max(x0, 0) : x1]
        gain, lift = ((1.0, 0), (1.3, -20), (0.8, 20), (1.1, 10))[number % 4]
        scale = (300, 260, 330, 310)[number % 4] / cut.shape[1]
        larger = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        yield np.asarray(cv2.convertScaleAbs(larger, alpha=gain, beta=lift), np.uint8)


def answers(engine: RapidOcr, photo: Pixels, box: Box) -> list[tuple[str, float]]:
    """Text and the least sure character's chance from each view that gave a plate."""
    found = []
    if box[2] >= ONE_LINE * box[3]:
        for line in engine.reader.read(list(views(photo, box, (0.0, 0.05, -0.03, 0.1)))):
            if meaning := understood(line, ()):
                sure = min(character.chance for character in line.characters)
                found.append((meaning.text, sure))
    if len(found) >= 3:
        return found
    for view in views(photo, box, (0.2, 0.35, 0.1)):
        if len(found) == 2 and found[0][0] == found[1][0] and min(found[0][1], found[1][1]) > 0.8:
            break
        plates = [one for one in engine.plates(view) if inside(one.quad, view)]
        if plates:
            best = max(plates, key=lambda one: cv2.contourArea(one.quad))
            sure = min(character.chance for character in best.line.characters)
            found.append((best.meaning.text, sure))
    return found


def inside(quad: npt.NDArray[np.float32], view: Pixels) -> bool:
    x, y = quad.mean(axis=0)
    return bool(0.2 < x / view.shape[1] < 0.8 and 0.2 < y / view.shape[0] < 0.8)


def agreed(found: list[tuple[str, float]]) -> str | None:
    if len(found) < 2:
        return None
    counted = Counter(folded(text) for text, _ in found)
    best, votes = counted.most_common(1)[0]
    sure = np.median([chance for text, chance in found if folded(text) == best])
    sure_enough = 0.6 if len(found) > 2 else 0.8
    if votes < 2 or votes < 0.7 * len(found) or sure < sure_enough:
        return None
    spelling = Counter(text for text, _ in found if folded(text) == best)
    return spelling.most_common(1)[0][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    engine = RapidOcrSettings(threads=1, detector_side=320).build()
    countries = countries_seen()
    with LABELS.open("w") as written:
        for label in labels(engine, arguments.data):
            label["country"] = countries.get((label["file"], label["text"]))
            written.write(json.dumps(label) + "\n")
            written.flush()
    if arguments.sheets:
        sheets(arguments.data, arguments.sheets)


def countries_seen() -> dict[tuple[object, object], str | None]:
    known = [json.loads(line) for line in LABELS.read_text().splitlines()]
    return {(one["file"], one["text"]): one["country"] for one in known}


def labels(engine: RapidOcr, data: Path) -> Iterator[dict[str, object]]:
    texts: set[str] = set()
    for name in SOURCES:
        for number, entry in enumerate(entries(data, name)):
            boxes = [plate["box"] for plate in entry["plates"] if plate["box"]]
            photo = cv2.imread(str(data / entry["file"]))
            for box in boxes:
                if photo is None or box[2] < NARROWEST:
                    continue
                if text := agreed(answers(engine, np.asarray(photo, np.uint8), box)):
                    # the same car in neighboring frames stays on one side of the line
                    held = hash_of(text) % 9 == 0
                    texts.add(text)
                    place = [round(value, 1) for value in box]
                    said = {"text": text, "held_back": held}
                    yield {"file": entry["file"], "box": place, **said}
            if number % 100 == 0:
                print(name, number, len(texts), flush=True)


def hash_of(text: str) -> int:
    total = 0
    for place, char in enumerate(folded(text)):
        total += ord(char) * 31**place
    return total // 7


def sheets(data: Path, folder: Path) -> None:
    """Contact sheets of the labels, a text under each crop."""
    folder.mkdir(parents=True, exist_ok=True)
    tiles = []
    for line in LABELS.read_text().splitlines():
        label = json.loads(line)
        photo = np.asarray(cv2.imread(str(data / label["file"])), np.uint8)
        left, top, wide, tall = label["box"]
        x, y = max(int(left - 4), 0), max(int(top - 4), 0)
        crop = photo[y : int(top + tall + 4), x : int(left + wide + 4)]
        tile = np.full((74, 150, 3), 255, np.uint8)
        tile[:56] = cv2.resize(crop, (150, 56))
        cv2.putText(tile, label["text"], (4, 71), 0, 0.5, (0, 0, 160), 1, cv2.LINE_AA)
        tiles.append(tile)
    for start in range(0, len(tiles), 130):
        page = tiles[start : start + 130]
        page += [np.full((74, 150, 3), 255, np.uint8)] * (130 - len(page))
        rows = [np.hstack(page[row * 10 : row * 10 + 10]) for row in range(13)]
        cv2.imwrite(str(folder / f"labels_{start // 130:02}.png"), np.vstack(rows))


if __name__ == "__main__":
    main()
