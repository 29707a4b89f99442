"""Reports how many texts a checkpoint reads exactly.

    python -m training.reader.evaluate CHECKPOINT [--data FOLDER] [--truth INDEX.jsonl ...]

On rendered plates of a fixed seed, on the held-back real crops, and on any index of photos with
boxes and texts (reported only, never used for a choice). `folded` takes letter O and digit 0 as
one.
"""

import argparse
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from platewire.country import normalize
from platewire.recognition.networks.text_reader import TextReader
from training.checkpoint import load_averaged
from training.reader.classes import CLASSES, COUNTRIES, SYMBOLS, TASK
from training.reader.network import ReaderNetwork
from training.reader.real import RealCrop, cut, tight, validation_crops
from training.reader.samples import Batch, Source, network_picture

Pixels = npt.NDArray[np.uint8]


def spelled(symbols: npt.NDArray[np.float32]) -> list[str]:
    """The best path of each picture, letters with their marks."""
    found = []
    for best in symbols.argmax(axis=2):
        kept = best[np.flatnonzero(np.diff(best, prepend=-1))]
        found.append("".join(SYMBOLS[index] for index in kept if index))
    return found


@torch.no_grad()
def read(
    network: ReaderNetwork, pictures: Sequence[Pixels], device: torch.device
) -> tuple[list[str], list[str]]:
    """Texts and countries of pictures in the network's size."""
    network.eval()
    texts: list[str] = []
    countries: list[str] = []
    for start in range(0, len(pictures), 64):
        batch = torch.from_numpy(np.stack(pictures[start : start + 64])).to(device)
        batch = batch.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        answer = network(batch)
        texts += spelled(answer.symbols.cpu().numpy())
        countries += [COUNTRIES[index] for index in answer.country.argmax(dim=1).tolist()]
    return texts, countries


def folded(text: str) -> str:
    return normalize(text).replace("O", "0")


@cache
def rendered_batch() -> Batch:
    return Source(987654, (), 0).batch(640)


def score(network: ReaderNetwork, real: Sequence[RealCrop], device: torch.device) -> str:
    batch = rendered_batch()
    truths = ["".join(SYMBOLS[index] for index in row if index) for row in batch.texts]
    texts, countries = read(network, list(batch.pictures), device)
    right = np.mean([a == b for a, b in zip(texts, truths, strict=True)])
    country = np.mean(
        [COUNTRIES[a] == b for a, b in zip(batch.countries.tolist(), countries, strict=True)]
    )
    line = f"rendered {right:.3f} exact, country {country:.3f}"
    if real:
        texts, countries = read(network, [network_picture(tight(crop)) for crop in real], device)
        hits = sum(folded(a) == folded(crop.text) for a, crop in zip(texts, real, strict=True))
        line += f"; real {hits}/{len(real)} = {hits / len(real):.3f} folded"
        homes = [(crop.country, country) for crop, country in zip(real, countries, strict=True)]
        known = [pair for pair in homes if pair[0]]
        line += f", country {sum(a == b for a, b in known)}/{len(known)}"
    return line


def truth_crops(index: Path) -> list[tuple[RealCrop, dict[str, object]]]:
    """Plates of an index that have a box and a text."""
    found = []
    for line in index.read_text().splitlines():
        entry = json.loads(line)
        photo = cv2.imread(str(index.parent / entry["file"]))
        for plate in entry["plates"]:
            if plate["text"] and plate["box"] and photo is not None:
                found.append((cut(photo, plate["box"], plate["text"], None), entry))
    return found


def main() -> None:
    found = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("checkpoint", type=Path)
    found.add_argument("--data", type=Path)
    found.add_argument("--truth", type=Path, nargs="*", default=[])
    found.add_argument("--show", action="store_true", help="print what was read wrong")
    found.add_argument("--rival", action="store_true", help="PP-OCR on the same crops beside it")
    arguments = found.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cpu")
    network = ReaderNetwork()
    load_averaged(arguments.checkpoint, network, TASK, CLASSES)
    real = validation_crops(arguments.data) if arguments.data else []
    print(score(network, real, device))
    for index in arguments.truth:
        report(network, index, device, arguments.show)
        if arguments.rival:
            report_rival(index)


def report(network: ReaderNetwork, index: Path, device: torch.device, show: bool) -> None:
    crops = truth_crops(index)
    texts, _ = read(network, [network_picture(tight(crop)) for crop, _ in crops], device)
    print(f"  {index.stem}: {hits_of(texts, crops)}", flush=True)
    for text, (crop, entry) in zip(texts, crops, strict=True):
        if show and folded(text) != folded(crop.text):
            print(f"    {entry['file']}: {crop.text} read as {text}")


def report_rival(index: Path) -> None:
    """PP-OCR's recognizer on the very same crops."""
    crops = truth_crops(index)
    rival = TextReader(threads=1)
    texts = [rival.read([np.asarray(tight(crop), np.uint8)])[0].text for crop, _ in crops]
    print(f"  {index.stem}, PP-OCR: {hits_of(texts, crops)}", flush=True)


def hits_of(texts: Sequence[str], crops: Sequence[tuple[RealCrop, dict[str, object]]]) -> str:
    pairs = [(text, crop.text) for text, (crop, _) in zip(texts, crops, strict=True)]
    exact = sum(normalize(text) == normalize(truth) for text, truth in pairs)
    hits = sum(folded(text) == folded(truth) for text, truth in pairs)
    return f"{exact} exact, {hits} folded of {len(pairs)}"


if __name__ == "__main__":
    main()
