"""What a network says of labelled photos that it has not learned from: shares and confusions.

    python -m training.vehicle.evaluate RUN/checkpoint.pt --data PHOTOS --choosing   while working
    python -m training.vehicle.evaluate RUN/checkpoint.pt --data PHOTOS              for the report

`--choosing` also gives the temperatures and what each threshold would give; without it the photos
that are held back are used, which is for the final report alone.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from platewire.recognition.vehicle import COLOR_MIN, COLORS, TYPE_MIN, TYPES
from training.vehicle.learning import Scores, averaged_of, scores
from training.vehicle.regions import Example, examples
from training.vehicle.train import LABELS, is_for_choosing

UNKNOWN = COLORS.index("unknown")
Truth = npt.NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--choosing", action="store_true")
    parser.add_argument("--color-temperature", type=float, default=1.0)
    parser.add_argument("--type-temperature", type=float, default=1.0)
    chosen = parser.parse_args()
    found = [one for one in examples(chosen.data, LABELS) if one.held_back != chosen.choosing]
    if chosen.choosing:
        found = [one for one in found if is_for_choosing(one.group)]
    color, kind = together([scores(averaged_of(one), found) for one in chosen.checkpoint])
    report("color", COLORS, color, truths(found, "color"), COLOR_MIN, chosen.color_temperature)
    print(f"or the other color that a person would name: {either(color, found):.3f}")
    report("type", TYPES, kind, truths(found, "type"), TYPE_MIN, chosen.type_temperature)
    if chosen.choosing:
        print("temperatures", temperature(color, truths(found, "color")))
        print("            ", temperature(kind, truths(found, "type")))


def together(made: Sequence[tuple[Scores, Scores]]) -> tuple[Scores, Scores]:
    """The logarithms of the mean chances of several networks."""
    colors, kinds = zip(*made, strict=True)
    return (
        np.log(np.mean([chances(one, 1.0) for one in colors], axis=0)),
        np.log(np.mean([chances(one, 1.0) for one in kinds], axis=0)),
    )


def either(made: Scores, found: Sequence[Example]) -> float:
    """Share of nameable colors where the best guess is the label or what it may be taken for."""
    color, other = truths(found, "color"), truths(found, "other")
    nameable, best = (color >= 0) & (color != UNKNOWN), made.argmax(axis=1)
    return float(((best == color) | (best == other))[nameable].mean())


def truths(found: Sequence[Example], what: str) -> Truth:
    return np.array([getattr(one, what) for one in found], np.int64)


def chances(made: Scores, temperature: float) -> Scores:
    raised = np.exp((made - made.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def temperature(made: Scores, truth: Truth) -> float:
    """The one under which the truth is likeliest."""
    known = truth >= 0
    rows, right = made[known], truth[known]
    tried = np.arange(0.5, 2.55, 0.05)
    cost = [-np.log(chances(rows, t)[np.arange(len(right)), right] + 1e-9).mean() for t in tried]
    return float(tried[int(np.argmin(cost))])


def report(
    what: str, names: Sequence[str], made: Scores, truth: Truth, least: float, degree: float
) -> None:
    said = chances(made, degree)
    best, sure = said.argmax(axis=1), said.max(axis=1)
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
