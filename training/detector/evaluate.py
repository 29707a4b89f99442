"""How many of the held-back photos' plates the network finds, and how much else."""

from typing import NamedTuple

import numpy as np
import torch

from platewire.recognition.networks.plate_detector import framed, peaks, without_overlap
from training.detector.photos import Corners, Photo, read_picture

SIDE = 640
"""Pixels of the longer side that photos are scaled to."""
SCORE_MIN = 0.4


class Found(NamedTuple):
    photos: int
    recall: float
    """Share of plates with a box of IoU 0.5 or more."""
    overlap: float
    """Mean IoU of those."""
    false: float
    """Boxes for one photo that meet no plate."""

    def __str__(self) -> str:
        return (
            f"{self.photos} photos: recall {self.recall:.3f}, mean IoU {self.overlap:.3f}, "
            f"{self.false:.2f} false boxes a photo"
        )


@torch.no_grad()
def recall_of(network: torch.nn.Module, held_back: list[Photo]) -> Found:
    network.eval()
    device = next(network.parameters()).device
    plates, hits, false, overlaps = 0, 0, 0, 0.0
    for photo in held_back:
        picture = read_picture(photo.path)
        given, zoom = framed(picture, SIDE)
        pixels = torch.from_numpy(given.transpose(2, 0, 1)[None]).float()
        answer = network(pixels.to(device))[0].cpu().numpy()
        found = without_overlap(peaks(answer, SCORE_MIN))
        boxes = [bounds(one.quad / zoom) for one in found]
        true = [bounds(quad) for quad in photo.corners]
        best = [max((iou(one, box) for box in boxes), default=0.0) for one in true]
        plates += len(true)
        hits += sum(one >= 0.5 for one in best)
        overlaps += sum(one for one in best if one >= 0.5)
        known = [*true, *(bounds(quad) for quad in photo.doubtful)]
        false += sum(all(iou(one, box) < 0.2 for one in known) for box in boxes)
    return Found(len(held_back), hits / plates, overlaps / max(hits, 1), false / len(held_back))


def bounds(quad: Corners) -> np.ndarray:
    return np.concatenate([quad.min(axis=0), quad.max(axis=0)])


def iou(one: np.ndarray, other: np.ndarray) -> float:
    size = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    both = float(np.prod(size))
    return both / (float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - both + 1e-6)
