"""Exports the averaged weights of a checkpoint as the ONNX file that platewire ships.

    python -m training.reader.export RUN/checkpoint.pt plate_reader.onnx

The file takes pictures as they lie in memory and gives probabilities, calibrated by one temperature
for symbols and one for countries and regions, both fitted on rendered plates. Its metadata lists
what the outputs stand for.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from platewire.recognition.networks.plate_reader import OUTPUTS
from training.checkpoint import load_averaged
from training.reader.classes import CLASSES, HEIGHT, STEPS, SYMBOLS, TASK, WIDTH
from training.reader.evaluate import rendered_batch
from training.reader.network import ReaderNetwork


class Calibrated(nn.Module):
    def __init__(self, network: ReaderNetwork, symbols: float, country: float) -> None:
        super().__init__()
        self.network = network
        self.symbols, self.country = symbols, country

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        answer = self.network(pictures.permute(0, 3, 1, 2).float())
        spelled = (answer.symbols / self.symbols).softmax(dim=2)
        return (
            spelled.view(-1, 2, STEPS, len(SYMBOLS)),
            (answer.country / self.country).softmax(dim=1),
            (answer.region / self.country).softmax(dim=1),
            answer.plate[:, 0].sigmoid(),
        )


@torch.no_grad()
def temperatures(network: ReaderNetwork) -> tuple[float, float]:
    """Those under which the rendered plates' true columns and countries are likeliest."""
    batch = rendered_batch()
    pictures = torch.from_numpy(batch.pictures).permute(0, 3, 1, 2).float()
    parts = [network(part) for part in pictures.split(64)]
    columns = torch.from_numpy(batch.columns).flatten()
    logits = torch.cat([part.symbols for part in parts]).flatten(0, 1)
    # gaps would outweigh the characters, and whether one is a gap is seldom in doubt
    inked = columns > 0
    symbols = likeliest(logits[inked], columns[inked])
    countries = torch.cat([part.country for part in parts])
    return symbols, likeliest(countries, torch.from_numpy(batch.countries))


def likeliest(logits: Tensor, truth: Tensor) -> float:
    tried = np.linspace(0.6, 3, 49)
    losses = [float(nn.functional.cross_entropy(logits / one, truth)) for one in tried]
    return float(tried[int(np.argmin(losses))])


def export(checkpoint: Path, target: Path) -> None:
    network = ReaderNetwork()
    samples = load_averaged(checkpoint, network, TASK, CLASSES)
    symbols, country = temperatures(network)
    example = torch.zeros(2, HEIGHT, WIDTH, 3, dtype=torch.uint8)
    torch.onnx.export(
        Calibrated(network, symbols, country).eval(), (example,), target,
        input_names=["pictures"], output_names=list(OUTPUTS),
        dynamic_axes={name: {0: "n"} for name in ("pictures", *OUTPUTS)},
        opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load(target)
    lists = {name: json.dumps(list(classes)) for name, classes in CLASSES.items()}
    onnx.helper.set_model_props(model, lists)
    onnx.save(model, target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"{target}: {target.stat().st_size} bytes, {samples} samples seen, temperature of "
          f"symbols {symbols:.2f}, of countries {country:.2f}, SHA-256 {digest}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    export(arguments.checkpoint, arguments.target)


if __name__ == "__main__":
    main()
