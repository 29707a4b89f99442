"""How far the network's answer is from its target.

The score is judged by the focal loss of CornerNet (Law and Deng 2018). Corners are judged where the
target's bump is high: relative to the plate's own size, so that small plates count as much as large
ones, and by the generalized IoU of the upright bounds (Rezatofighi et al. 2019).
"""

import torch
from torch import Tensor


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
    predicted = answer[:, 1:9].permute(0, 2, 3, 1)[found]
    true = wanted[:, 2:10].permute(0, 2, 3, 1)[found]
    size = wanted[:, 10:12].permute(0, 2, 3, 1)[found].repeat(1, 4)
    corners_loss = (
        torch.nn.functional.smooth_l1_loss(
            predicted / size, true / size, beta=0.05, reduction="none"
        ).sum(1)
        * share
    ).sum() / total
    bounds_loss = ((1 - overlap(bounds(predicted), bounds(true))) * share).sum() / total
    return chance_loss, corners_loss, bounds_loss


def bounds(corners: Tensor) -> Tensor:
    """N x 8 -> N x 4: left, top, right, bottom."""
    across, down = corners[:, 0::2], corners[:, 1::2]
    return torch.stack([across.amin(1), down.amin(1), across.amax(1), down.amax(1)], dim=1)


def overlap(predicted: Tensor, true: Tensor) -> Tensor:
    """Generalized IoU, -1 to 1."""
    both = (
        (
            torch.minimum(predicted[:, 2:], true[:, 2:])
            - torch.maximum(predicted[:, :2], true[:, :2])
        )
        .clamp(min=0)
        .prod(1)
    )
    around = (
        (
            torch.maximum(predicted[:, 2:], true[:, 2:])
            - torch.minimum(predicted[:, :2], true[:, :2])
        )
        .clamp(min=0)
        .prod(1)
    )
    union = (
        (predicted[:, 2:] - predicted[:, :2]).prod(1) + (true[:, 2:] - true[:, :2]).prod(1) - both
    )
    return both / union.clamp(min=1e-3) - (around - union) / around.clamp(min=1e-3)
