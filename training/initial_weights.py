"""Initial weights from an .onnx file that ships, where there is no checkpoint of it.

The export folds each batch normalization into the convolution before it. Here they are separated
again: the normalization gets the mean and the deviation that its inputs have on a real batch. The
network then gives the same answers as the file, in training mode and in evaluation mode.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

Rows = Sequence[tuple[int, int]]
"""Pairs of a row in the file's layer and the row in the network's that takes its weights."""


def load_convolutions(
    network: nn.Module, path: Path, pictures: Tensor, parts: Sequence[nn.Module]
) -> None:
    """Fills the convolutions and normalizations in `parts`, which are in the file's order.

    `pictures` is a batch as the network gets it. ValueError if the shapes do not fit.
    """
    weights = convolutions(path)
    layers = [layer for part in parts for layer in layers_of(part)]
    for convolution, norm in layers:
        weight, bias = next(weights, (torch.zeros(0), torch.zeros(0)))
        if weight.shape != convolution.weight.shape:
            raise ValueError(
                f"{path}: a convolution has the shape {tuple(weight.shape)} where this network's "
                f"has {tuple(convolution.weight.shape)}; the file is of another network"
            )
        convolution.weight.data.copy_(weight)
        if norm is None:
            convolution.bias.data.copy_(bias)
        else:
            make_identity(norm, bias)
    separate([norm for _, norm in layers if norm is not None], network, pictures)


def load_linear_layers(network: nn.Module, path: Path, rows: Mapping[str, Rows]) -> None:
    """Fills the linear layers that the file has; the export keeps them by name, after `network.`.

    `rows` says for the layers named there which row becomes which: one row for each class. The
    rows of new classes stay as they are.
    """
    stored = {one.name: numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}
    own = network.state_dict()
    for layer, module in network.named_modules():
        if isinstance(module, nn.Linear) and f"network.{layer}.weight" in stored:
            for name in (f"{layer}.weight", f"{layer}.bias"):
                values = torch.tensor(stored[f"network.{name}"])
                for source, target in rows.get(layer, [(n, n) for n in range(len(values))]):
                    own[name][target].copy_(values[source])


def classes_in(path: Path) -> dict[str, list[str]]:
    """The lists of classes in the file's metadata, by their names."""
    properties = onnx.load(path).metadata_props
    return {one.key: [str(name) for name in json.loads(one.value)] for one in properties}


def convolutions(path: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Weights and biases in the file's order."""
    graph = onnx.load(path).graph
    stored = {one.name: one for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv":
            weight, bias = (numpy_helper.to_array(stored[name]) for name in node.input[1:3])
            yield torch.tensor(weight), torch.tensor(bias)


def layers_of(part: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    """Each convolution with the normalization that follows it, if any."""
    found: list[tuple[nn.Conv2d, nn.BatchNorm2d | None]] = []
    for module in part.modules():
        if isinstance(module, nn.Conv2d):
            found.append((module, None))
        elif isinstance(module, nn.BatchNorm2d):
            found[-1] = (found[-1][0], module)
    return found


def make_identity(norm: nn.BatchNorm2d, bias: Tensor) -> None:
    """In evaluation mode the normalization then only adds the bias."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.data.fill_(1)
    norm.bias.data.copy_(bias)


@torch.no_grad()
def separate(norms: Sequence[nn.BatchNorm2d], network: nn.Module, pictures: Tensor) -> None:
    """Sets each normalization to what its inputs are on these pictures; the answers stay."""
    inputs: dict[nn.BatchNorm2d, Tensor] = {}
    hooks = [
        norm.register_forward_hook(lambda one, given, _: inputs.__setitem__(one, given[0]))
        for norm in norms
    ]
    network.eval()
    network(pictures)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        mean = inputs[norm].mean(dim=(0, 2, 3))
        variance = inputs[norm].var(dim=(0, 2, 3), unbiased=False)
        norm.bias.data += mean
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
