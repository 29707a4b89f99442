"""Exports a checkpoint as the ONNX file that ships, and checks that both give the same answers.

    python -m training.vehicle.export RUN/checkpoint.pt MODELS/vehicle.onnx

The softmax is in the file. Scores are divided by a temperature before it, so that of all answers
with a probability of 0.7 about 70% are right; `evaluate --choosing` prints the best ones.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from torch import Tensor, nn

from platewire.recognition.vehicle.classifier import SIDE
from training.vehicle.evaluate import averaged_network
from training.vehicle.network import VehicleNetwork


class Calibrated(nn.Module):
    def __init__(self, network: VehicleNetwork, color: float, kind: float) -> None:
        super().__init__()
        self.network, self.color, self.kind = network, color, kind

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        color, kind = self.network(pictures)
        return torch.softmax(color / self.color, 1), torch.softmax(kind / self.kind, 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--color-temperature", type=float, default=1.0)
    parser.add_argument("--type-temperature", type=float, default=1.0)
    chosen = parser.parse_args()
    network = averaged_network(chosen.checkpoint)
    calibrated = Calibrated(network, chosen.color_temperature, chosen.type_temperature).eval()
    example = torch.rand(2, 4, SIDE, SIDE)
    torch.onnx.export(
        calibrated,
        (example,),
        str(chosen.target),
        input_names=["pictures"],
        output_names=["colors", "types"],
        dynamic_axes={name: {0: "count"} for name in ("pictures", "colors", "types")},
        opset_version=17,
        dynamo=False,
    )
    check(calibrated, chosen.target, example)
    content = chosen.target.read_bytes()
    print(f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


@torch.no_grad()
def check(calibrated: Calibrated, path: Path, example: Tensor) -> None:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for ours, theirs in zip(
        calibrated(example), session.run(None, {"pictures": example.numpy()}), strict=True
    ):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)


if __name__ == "__main__":
    main()
