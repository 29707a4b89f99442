"""The trained network -> the ONNX file that platewire ships.

python -m training.detector.export FOLDER/last.pt plate_detector.onnx
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from training.detector.network import MULTIPLE, Detector


class OfPixels(nn.Module):
    """As pictures lie in memory: N x H x W x 3 of 8 bits."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        answer: Tensor = self.network(pictures.permute(0, 3, 1, 2).float())
        return answer


def export(checkpoint: Path, target: Path) -> None:
    network = Detector()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu")["kept"])
    example = torch.zeros(1, 4 * MULTIPLE, 6 * MULTIPLE, 3, dtype=torch.uint8)
    torch.onnx.export(
        OfPixels(network).eval(),
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


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
