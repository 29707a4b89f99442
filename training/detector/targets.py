"""What the network should answer for a picture: a score map and corners. NumPy only.

The score is a bump over each plate's center, as in CornerNet (Law and Deng 2018).
"""

import numpy as np
import numpy.typing as npt

from training.detector.photos import Corners

STRIDE = 8
"""Pixels of the picture for one cell of the answer, each way."""
SPREAD = 0.18
"""Of the plate's size, one standard deviation of the bump."""
PLATE_MIN = 9.0
"""Pixels of width; smaller plates count neither for nor against."""
INSIDE_MIN = 0.55
"""Share of a plate that must be in the picture for it to count."""
Array = npt.NDArray[np.float32]


def target(corners: Corners, side: int) -> Array:
    """12 x cells x cells of float32, lengths in pixels: the score (0 to 1; -1 does not count), the
    weight of the corners (0: none), x and y of four corners from the cell's center, the plate's
    width and height."""
    cells = side // STRIDE
    answer = np.zeros((12, cells, cells), np.float32)
    answer[10:] = 1
    middle = (np.arange(cells, dtype=np.float32) + 0.5) * STRIDE
    for quad in corners:
        center = quad.mean(axis=0)
        size = np.maximum(np.ptp(quad, axis=0), 1)
        low, high = np.clip(quad.min(axis=0), 0, side), np.clip(quad.max(axis=0), 0, side)
        inside = float(np.prod(high - low) / np.prod(size))
        if inside <= 0:
            continue
        spread = np.maximum(size * SPREAD, STRIDE * 0.45)
        bump = np.exp(
            -((middle[None, :] - center[0]) ** 2) / (2 * spread[0] ** 2)
            - ((middle[:, None] - center[1]) ** 2) / (2 * spread[1] ** 2)
        )
        if inside < INSIDE_MIN or size[0] < PLATE_MIN:
            answer[0][bump > 0.1] = -1
            continue
        peak = np.clip(((center / STRIDE) - 0.5).round().astype(int), 0, cells - 1)
        bump[peak[1], peak[0]] = 1
        better = bump > np.maximum(answer[0], answer[1])
        answer[0][better & (answer[0] >= 0)] = bump[better & (answer[0] >= 0)]
        near = better & (bump > 0.4)
        answer[1][near] = bump[near]
        for index, (x, y) in enumerate(quad):
            answer[2 + 2 * index][near] = np.broadcast_to(x - middle[None, :], bump.shape)[near]
            answer[3 + 2 * index][near] = np.broadcast_to(y - middle[:, None], bump.shape)[near]
        answer[10][near], answer[11][near] = size
    return answer
