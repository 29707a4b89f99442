"""What the network should answer for a picture, and how far its answer is from that.

The chance is a bump over each plate's middle and its answer is judged by the focal loss of
CornerNet (Law and Deng 2018); corners are judged where the bump is high, in shares of the plate's
own size, so that small plates count as much as large ones, and by the upright bounds' generalised
IoU (Rezatofighi et al. 2019).
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.detector.network import STRIDE
from training.detector.photos import Corners

SPREAD = 0.18
"""Of the plate's size, one standard deviation of the bump."""
PLATE_MIN = 9.0
"""Pixels of width; smaller plates count neither for nor against."""
INSIDE_MIN = 0.55
"""Share of a plate that must be in the picture for it to count."""
Array = npt.NDArray[np.float32]


def target(corners: Corners, side: int) -> Array:
    """12 x cells x cells: chance, weight of the corners (0: none), 8 corners from the cell's
    middle, the plate's width and height. A chance of -1 counts neither way."""
    cells = side // STRIDE
    answer = np.zeros((12, cells, cells), np.float32)
    answer[10:] = 1
    middle = (np.arange(cells, dtype=np.float32) + 0.5) * STRIDE
    for quad in corners:
        centre = quad.mean(axis=0)
        size = np.maximum(np.ptp(quad, axis=0), 1)
        low, high = np.clip(quad.min(axis=0), 0, side), np.clip(quad.max(axis=0), 0, side)
        inside = float(np.prod(high - low) / np.prod(size))
        if inside <= 0:
            continue
        spread = np.maximum(size * SPREAD, STRIDE * 0.45)
        bump = np.exp(
            -((middle[None, :] - centre[0]) ** 2) / (2 * spread[0] ** 2)
            - ((middle[:, None] - centre[1]) ** 2) / (2 * spread[1] ** 2)
        )
        if inside < INSIDE_MIN or size[0] < PLATE_MIN:
            answer[0][bump > 0.1] = -1
            continue
        peak = np.clip(((centre / STRIDE) - 0.5).round().astype(int), 0, cells - 1)
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


def loss(answer: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The losses of chance, corners and bounds, each for one plate."""
    chance, weight = wanted[:, 0], wanted[:, 1]
    logit = answer[:, 0]
    sure = torch.sigmoid(logit)
    log_yes, log_no = torch.nn.functional.logsigmoid(logit), torch.nn.functional.logsigmoid(-logit)
    is_peak = chance >= 0.999
    counts = chance >= 0
    yes = is_peak * (1 - sure) ** 2 * log_yes
    no = (counts & ~is_peak) * (1 - chance.clamp(min=0)) ** 4 * sure**2 * log_no
    plates = is_peak.sum().clamp(min=1)
    chance_loss = -(yes + no).sum() / plates
    found = weight > 0
    share = weight[found]
    total = share.sum().clamp(min=1)
    said = answer[:, 1:9].permute(0, 2, 3, 1)[found]
    true = wanted[:, 2:10].permute(0, 2, 3, 1)[found]
    size = wanted[:, 10:12].permute(0, 2, 3, 1)[found].repeat(1, 4)
    corners_loss = (
        torch.nn.functional.smooth_l1_loss(
            said / size, true / size, beta=0.05, reduction="none"
        ).sum(1)
        * share
    ).sum() / total
    bounds_loss = ((1 - overlap(bounds(said), bounds(true))) * share).sum() / total
    return chance_loss, corners_loss, bounds_loss


def bounds(corners: Tensor) -> Tensor:
    """N x 8 -> N x 4: left, top, right, bottom."""
    across, down = corners[:, 0::2], corners[:, 1::2]
    return torch.stack([across.amin(1), down.amin(1), across.amax(1), down.amax(1)], dim=1)


def overlap(said: Tensor, true: Tensor) -> Tensor:
    """Generalised IoU, -1 to 1."""
    both = (
        (torch.minimum(said[:, 2:], true[:, 2:]) - torch.maximum(said[:, :2], true[:, :2]))
        .clamp(min=0)
        .prod(1)
    )
    around = (
        (torch.maximum(said[:, 2:], true[:, 2:]) - torch.minimum(said[:, :2], true[:, :2]))
        .clamp(min=0)
        .prod(1)
    )
    union = (said[:, 2:] - said[:, :2]).prod(1) + (true[:, 2:] - true[:, :2]).prod(1) - both
    return both / union.clamp(min=1e-3) - (around - union) / around.clamp(min=1e-3)
