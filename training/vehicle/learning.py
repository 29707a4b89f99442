"""Teaching the network: steps over batches of varied examples, with a state that can be kept."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from platewire.recognition.vehicle import COLORS
from training.vehicle.network import VehicleNetwork
from training.vehicle.regions import Example, batch, plain

BATCH = 48
RARE = 8
"""Vehicles beside each batch that are no cars; they teach the type alone, as most of them are white
and would teach that everything is."""
TYPE_SHARE = 0.5
"""How much the type counts against the color."""
RATE = 4e-3
Scores = npt.NDArray[np.float32]


class Learning:
    def __init__(self, examples: Sequence[Example], *, steps: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._examples = examples
        self._rare = [one for one in examples if one.type > 0]
        self._seed = seed
        self.step = 0
        self.steps = steps
        self.network = VehicleNetwork()
        self.averaged = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True
        )
        self._optimizer = torch.optim.AdamW(self.network.parameters(), lr=RATE, weight_decay=0.05)
        self._rate = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, RATE, total_steps=steps, pct_start=0.15
        )
        self._weights = weights([one.color for one in examples], len(COLORS))

    def once(self) -> float:
        """One step; its loss. What is drawn depends on the seed and the step alone."""
        chance = np.random.default_rng((self._seed, self.step))
        pictures, colors, types = (torch.from_numpy(one) for one in self._batch(chance))
        self.network.train()
        color = self.network.color_tower(pictures[:BATCH])
        kind = self.network.type_tower(pictures)
        loss = cross_entropy(
            color, colors[:BATCH], self._weights, ignore_index=-1, label_smoothing=0.05
        )
        loss = loss + TYPE_SHARE * cross_entropy(kind, types, ignore_index=-1, label_smoothing=0.03)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self._optimizer.step()
        self._rate.step()
        self.averaged.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())

    def _batch(
        self, chance: np.random.Generator
    ) -> tuple[Scores, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """First those for both, then the rare ones for the type."""
        chosen = [self._examples[k] for k in chance.integers(len(self._examples), size=BATCH)]
        rare = [self._rare[k] for k in chance.integers(len(self._rare), size=RARE)]
        return batch([*chosen, *rare], chance)

    def keep(self, path: Path) -> None:
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "rate": self._rate.state_dict(),
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def resume(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._rate.load_state_dict(state["rate"])


def weights(indices: Sequence[int], classes: int) -> Tensor:
    """Rarer classes count more, by the fourth root of how rare they are."""
    counts = np.bincount([index for index in indices if index >= 0], minlength=classes)
    found = 1 / np.maximum(counts, 8) ** 0.25
    return torch.tensor(found / found.mean(), dtype=torch.float32)


def averaged_of(path: Path) -> VehicleNetwork:
    """The network of a kept state, its weights averaged over the last steps."""
    kept = torch.load(path, weights_only=True)["averaged"]
    network = VehicleNetwork()
    inner = {name[7:]: value for name, value in kept.items() if name.startswith("module.")}
    network.load_state_dict(inner)
    return network.eval()


@torch.no_grad()
def scores(network: VehicleNetwork, examples: Sequence[Example]) -> tuple[Scores, Scores]:
    """Colors and types of each example, n x classes, before softmax."""
    color, kind = network(torch.from_numpy(np.stack([plain(one) for one in examples])))
    return color.numpy(), kind.numpy()
