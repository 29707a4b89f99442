"""Exports the averaged weights of a checkpoint as the ONNX file that platewire ships.

python -m training.detector.export RUN/checkpoint.pt plate_detector.onnx
"""

import argparse
import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from training.checkpoint import load_averaged
from training.detector.network import MULTIPLE, Detector
from training.detector.train import OUTPUTS, TASK


class PixelInput(nn.Module):
    """Takes pictures as they lie in memory: N x H x W x 3 of 8 bits."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        answer: Tensor = self.network(pictures.permute(0, 3, 1, 2).float())
        return answer


def export(checkpoint: Path, target: Path) -> None:
    network = Detector()
    samples = load_averaged(checkpoint, network, TASK, OUTPUTS)
    example = torch.zeros(1, 4 * MULTIPLE, 6 * MULTIPLE, 3, dtype=torch.uint8)
    torch.onnx.export(
        PixelInput(network).eval(),
        (example,),
        target,
        input_names=["pictures"],
        output_names=["plates"],
        dynamic_axes={
            "pictures": {0: "n", 1: "height", 2: "width"},
            "plates": {0: "n", 2: "rows", 3: "columns"},
        },
        opset_version=17,
        dynamo=False,
    )
    content = target.read_bytes()
    print(
        f"{target}: {len(content)} bytes, {samples} samples seen, "
        f"SHA-256 {hashlib.sha256(content).hexdigest()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    chosen = parser.parse_args()
    export(chosen.checkpoint, chosen.target)


if __name__ == "__main__":
    main()
