"""How many of the held-back photos' plates the network finds, and how much else."""

from typing import NamedTuple

import cv2
import numpy as np
import torch

from training.detector.network import MULTIPLE, STRIDE
from training.detector.photos import Corners, Photo

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


@torch.no_grad()
def recall_of(network: torch.nn.Module, held_back: list[Photo]) -> Found:
    network.eval()
    device = next(network.parameters()).device
    plates, hits, false, overlaps = 0, 0, 0, 0.0
    for photo in held_back:
        picture = cv2.imread(str(photo.path))
        given, zoom = framed(picture)
        answer = network(torch.from_numpy(given).to(device))[0].cpu().numpy()
        boxes = [bounds(one / zoom) for one in plates_of(answer)]
        true = [bounds(quad) for quad in photo.corners]
        best = [max((iou(one, box) for box in boxes), default=0.0) for one in true]
        plates += len(true)
        hits += sum(one >= 0.5 for one in best)
        overlaps += sum(one for one in best if one >= 0.5)
        known = [*true, *(bounds(quad) for quad in photo.doubtful)]
        false += sum(all(iou(one, box) < 0.2 for one in known) for box in boxes)
    return Found(len(held_back), hits / plates, overlaps / max(hits, 1), false / len(held_back))


def framed(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """1 x 3 x H x W with whole multiples, and the zoom."""
    zoom = SIDE / max(picture.shape[:2])
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=way)
    height, width = scaled.shape[:2]
    given = np.zeros(
        (1, 3, -(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE), np.float32
    )
    given[0, :, :height, :width] = scaled.transpose(2, 0, 1)
    return given, zoom


def plates_of(answer: np.ndarray) -> list[Corners]:
    """Corners of the cells that are peaks, best first, without those that overlap a better one."""
    chance = 1 / (1 + np.exp(-answer[0]))
    peaks = (chance == cv2.dilate(chance, np.ones((3, 3)))) & (chance > SCORE_MIN)
    found: list[Corners] = []
    rows, columns = np.nonzero(peaks)
    for index in np.argsort(-chance[rows, columns]):
        row, column = rows[index], columns[index]
        middle = (np.array([column, row]) + 0.5) * STRIDE
        quad = answer[1:9, row, column].reshape(4, 2) + middle
        if all(iou(bounds(quad), bounds(other)) < 0.3 for other in found):
            found.append(quad)
    return found


def bounds(quad: Corners) -> np.ndarray:
    return np.concatenate([quad.min(axis=0), quad.max(axis=0)])


def iou(one: np.ndarray, other: np.ndarray) -> float:
    size = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    both = float(np.prod(size))
    return both / (float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - both + 1e-6)
