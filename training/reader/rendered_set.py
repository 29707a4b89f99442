"""python -m training.reader.rendered_set FOLDER

A small fixed set of rendered plates with a camera's faults, for the product's own tests: pictures
and truth.jsonl (`file`, `text`, `country`, `region`, `lines`).
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

from training.render.camera import shoot
from training.render.layouts import american, brazilian, european
from training.render.overseas import foreign
from training.render.plate import drawn

SEED = 20_240
COUNTS = ((european, 36), (american, 24), (brazilian, 14), (foreign, 6))


def main(folder: Path) -> None:
    random = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    truths = []
    layouts = [layout for layout, count in COUNTS for _ in range(count)]
    for number, layout in enumerate(layouts):
        plate = drawn(layout(random), random)
        name = f"{number:02}.jpg"
        cv2.imwrite(str(folder / name), shoot(plate, random).pixels, (cv2.IMWRITE_JPEG_QUALITY, 88))
        truth = {"file": name, "text": plate.text, "country": plate.country,
                 "region": plate.region, "lines": plate.lines}  # fmt: skip
        truths.append(json.dumps(truth, ensure_ascii=False))
    (folder / "truth.jsonl").write_text("\n".join(truths) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
