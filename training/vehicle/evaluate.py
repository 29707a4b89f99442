"""Reports precision, recall and confusions on labeled photos that were not trained on.

    python -m training.vehicle.evaluate RUN/checkpoint.pt --data PHOTOS --choosing   while working
    python -m training.vehicle.evaluate RUN/checkpoint.pt --data PHOTOS              for the report

`--choosing` also prints the best temperatures. Without it the held-back photos are used, which is
for the final report alone.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from platewire.recognition.vehicle.classifier import COLOR_MIN, COLORS, TYPE_MIN, TYPES
from training.checkpoint import load_averaged
from training.vehicle.network import CLASSES, TASK, VehicleNetwork
from training.vehicle.photos import LABELS, is_for_choosing
from training.vehicle.regions import Example, examples, plain

Scores = npt.NDArray[np.float32]
UNKNOWN = COLORS.index("unknown")
Truth = npt.NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--choosing", action="store_true")
    parser.add_argument("--color-temperature", type=float, default=1.0)
    parser.add_argument("--type-temperature", type=float, default=1.0)
    chosen = parser.parse_args()
    found = [one for one in examples(chosen.data, LABELS) if one.held_back != chosen.choosing]
    if chosen.choosing:
        found = [one for one in found if is_for_choosing(one.group)]
    color, kind = ensemble([scores(averaged_network(one), found) for one in chosen.checkpoint])
    report("color", COLORS, color, truths(found, "color"), COLOR_MIN, chosen.color_temperature)
    print(f"with the second color that a person accepts: {either(color, found):.3f}")
    report("type", TYPES, kind, truths(found, "type"), TYPE_MIN, chosen.type_temperature)
    if chosen.choosing:
        print("temperatures", temperature(color, truths(found, "color")))
        print("            ", temperature(kind, truths(found, "type")))


def averaged_network(checkpoint: Path) -> VehicleNetwork:
    network = VehicleNetwork()
    load_averaged(checkpoint, network, TASK, CLASSES)
    return network


@torch.no_grad()
def scores(network: VehicleNetwork, found: Sequence[Example]) -> tuple[Scores, Scores]:
    """Colors and types of each example, n x classes, before softmax."""
    device = next(network.parameters()).device
    pictures = torch.from_numpy(np.stack([plain(one) for one in found])).to(device)
    color, kind = network(pictures)
    return color.cpu().numpy(), kind.cpu().numpy()


def best_guesses(network: VehicleNetwork, found: Sequence[Example]) -> str:
    """Shares of the examples whose color and type are the likeliest class."""
    color, kind = scores(network, found)
    right = [
        float((made.argmax(axis=1) == truth)[truth >= 0].mean())
        for made, truth in ((color, truths(found, "color")), (kind, truths(found, "type")))
    ]
    return f"{len(found)} examples: color {right[0]:.3f} right, type {right[1]:.3f} right"


def ensemble(made: Sequence[tuple[Scores, Scores]]) -> tuple[Scores, Scores]:
    """The logarithms of the mean chances of several networks."""
    colors, kinds = zip(*made, strict=True)
    return (
        np.log(np.mean([probabilities(one, 1.0) for one in colors], axis=0)),
        np.log(np.mean([probabilities(one, 1.0) for one in kinds], axis=0)),
    )


def either(made: Scores, found: Sequence[Example]) -> float:
    """Share of the nameable colors whose best guess is the label or its accepted alternative."""
    color, other = truths(found, "color"), truths(found, "other")
    nameable, best = (color >= 0) & (color != UNKNOWN), made.argmax(axis=1)
    return float(((best == color) | (best == other))[nameable].mean())


def truths(found: Sequence[Example], what: str) -> Truth:
    return np.array([getattr(one, what) for one in found], np.int64)


def probabilities(made: Scores, temperature: float) -> Scores:
    raised = np.exp((made - made.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def temperature(made: Scores, truth: Truth) -> float:
    """The one under which the truth is likeliest."""
    known = truth >= 0
    rows, right = made[known], truth[known]
    tried = np.arange(0.5, 2.55, 0.05)
    cost = [
        -np.log(probabilities(rows, t)[np.arange(len(right)), right] + 1e-9).mean() for t in tried
    ]
    return float(tried[int(np.argmin(cost))])


def report(
    what: str, names: Sequence[str], made: Scores, truth: Truth, least: float, degree: float
) -> None:
    predicted = probabilities(made, degree)
    best, sure = predicted.argmax(axis=1), predicted.max(axis=1)
    nameable = (truth >= 0) & np.array([what != "color" or k != UNKNOWN for k in truth])
    print(f"\n{what}: {nameable.sum()} photos whose {what} a person could name")
    print(f"best guess right: {(best == truth)[nameable].mean():.3f}")
    for bound in sorted({0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, least}):
        given = nameable & (sure >= bound) & (np.array(names)[best] != "unknown")
        if given.any():
            share, right = given.sum() / nameable.sum(), (best == truth)[given].mean()
            mark = " <- shipped" if bound == least else ""
            print(
                f"said from {bound:.2f} on: {share:.3f} of them, {right:.3f} of these right{mark}"
            )
    if what == "color" and (truth == UNKNOWN).any():
        nothing = (best == UNKNOWN) | (sure < least)
        print(f"unknown by eye and null: {nothing[truth == UNKNOWN].mean():.3f}")
    confusion(names, best, truth)


def confusion(names: Sequence[str], best: Truth, truth: Truth) -> None:
    print("| by eye, said | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for row, name in enumerate(names):
        counts = [int(((truth == row) & (best == column)).sum()) for column in range(len(names))]
        print(f"| {name} | " + " | ".join(str(count) if count else "" for count in counts) + " |")


if __name__ == "__main__":
    main()
