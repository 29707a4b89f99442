"""A network begins with the weights of a file that ships, where no checkpoint of it is at hand.

The file's normalizations are folded into its convolutions. They are unfolded by what each layer
says on some real batch, so that the network gives the same answers, whether it normalizes by that
batch or by what it remembers.
"""

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn


def take_up(network: nn.Module, path: Path, pictures: Tensor, parts: Sequence[nn.Module]) -> None:
    """Convolutions and their normalizations in `parts` of the network, in the file's order.

    `pictures` is a batch as the network gets it; ValueError where the shapes do not fit."""
    weights = iter(convolutions(path))
    layers = [layer for part in parts for layer in layers_of(part)]
    for convolution, norm in layers:
        weight, bias = next(weights)
        if weight.shape != convolution.weight.shape:
            raise ValueError(f"{path} has {weight.shape} where {convolution.weight.shape} belongs")
        convolution.weight.data.copy_(weight)
        if norm is None:
            convolution.bias.data.copy_(bias)
        else:
            pass_through(norm, bias)
    unfold([norm for _, norm in layers if norm is not None], network, pictures)


def take_up_linear(network: nn.Module, path: Path) -> None:
    """The weights of the network's linear layers, where the file has them; the export leaves them
    as they are, under their names with `network.` before."""
    known = {one.name: one for one in onnx.load(path).graph.initializer}
    own = network.state_dict()
    for layer, module in network.named_modules():
        if isinstance(module, nn.Linear) and f"network.{layer}.weight" in known:
            for name in (f"{layer}.weight", f"{layer}.bias"):
                own[name].copy_(torch.tensor(numpy_helper.to_array(known[f"network.{name}"])))


def convolutions(path: Path) -> list[tuple[Tensor, Tensor]]:
    model = onnx.load(path)
    known = {one.name: one for one in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if node.op_type == "Conv":
            weight, bias = (numpy_helper.to_array(known[name]) for name in node.input[1:3])
            found.append((torch.tensor(weight), torch.tensor(bias)))
    return found


def layers_of(part: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    """Each convolution with the normalization that follows it, if any."""
    found: list[tuple[nn.Conv2d, nn.BatchNorm2d | None]] = []
    for module in part.modules():
        if isinstance(module, nn.Conv2d):
            found.append((module, None))
        elif isinstance(module, nn.BatchNorm2d):
            found[-1] = (found[-1][0], module)
    return found


def pass_through(norm: nn.BatchNorm2d, bias: Tensor) -> None:
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.data.fill_(1)
    norm.bias.data.copy_(bias)


@torch.no_grad()
def unfold(norms: list[nn.BatchNorm2d], network: nn.Module, pictures: Tensor) -> None:
    seen: dict[nn.BatchNorm2d, Tensor] = {}
    hooks = [
        norm.register_forward_hook(lambda one, given, _: seen.__setitem__(one, given[0]))
        for norm in norms
    ]
    network.eval()
    network(pictures)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        mean = seen[norm].mean(dim=(0, 2, 3))
        spread = seen[norm].var(dim=(0, 2, 3), unbiased=False)
        norm.bias.data += mean
        norm.weight.data.copy_((spread + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(spread)
