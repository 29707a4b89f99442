"""Teaching the network: one run over the examples given, from nothing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy

from platewire.recognition.vehicle import COLORS
from training.vehicle.network import VehicleNetwork
from training.vehicle.regions import Example, batch, plain

BATCH = 48
RARE_TYPES = 0.3
"""Share of each batch drawn from vehicles that are no cars."""
TYPE_SHARE = 0.5
"""How much the type counts against the color."""


def weights(indices: Sequence[int], classes: int) -> torch.Tensor:
    """Rarer classes count more, by the fourth root of how rare they are."""
    counts = np.bincount([index for index in indices if index >= 0], minlength=classes)
    found = 1 / np.maximum(counts, 8) ** 0.25
    return torch.tensor(found / found.mean(), dtype=torch.float32)


def learned(examples: Sequence[Example], *, epochs: int, seed: int) -> VehicleNetwork:
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = VehicleNetwork()
    steps = epochs * (len(examples) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.15)
    color_weights = weights([one.color for one in examples], len(COLORS))
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    rare = [one for one in examples if one.type > 0]
    network.train()
    for _ in range(steps):
        chosen = [examples[k] for k in chance.integers(len(examples), size=BATCH)]
        for at in range(round(BATCH * RARE_TYPES) if rare else 0):
            chosen[at] = rare[chance.integers(len(rare))]
        pictures, colors, types = (torch.from_numpy(one) for one in batch(chosen, chance))
        color, kind = network(pictures)
        loss = cross_entropy(
            color, colors, color_weights, ignore_index=-1, label_smoothing=0.05
        ) + TYPE_SHARE * cross_entropy(kind, types, ignore_index=-1, label_smoothing=0.03)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        rate.step()
        averaged.update_parameters(network)
    return averaged.module.eval()


@torch.no_grad()
def chances(
    networks: Sequence[VehicleNetwork], examples: Sequence[Example]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Colors and types of each example, n x classes, before softmax; the mean of the networks."""
    pictures = torch.from_numpy(np.stack([plain(one) for one in examples]))
    pairs = [network(pictures) for network in networks]
    color = torch.stack([one for one, _ in pairs]).mean(0)
    kind = torch.stack([one for _, one in pairs]).mean(0)
    return color.numpy(), kind.numpy()
