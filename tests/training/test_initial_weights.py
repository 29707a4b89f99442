"""A run that starts with an exported file gives the same answers as that file.

Needs PyTorch, which is no dependency of platewire or its tests: see training/README.md.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (see training/README.md)")

from training.initial_weights import load_convolutions, load_linear_layers  # noqa: E402

# The files that ship are exported this way; the new exporter needs another package.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def network_of(classes: int) -> Any:
    nn = torch.nn
    features = nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3)
    )
    layers = [("features", features), ("pool", nn.AdaptiveAvgPool2d(1)), ("flat", nn.Flatten())]
    return nn.Sequential(OrderedDict([*layers, ("country", nn.Linear(5, classes))]))


@pytest.fixture
def pictures() -> Any:
    return torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(3)) * 255


@pytest.fixture
def exported(tmp_path: Path, pictures: Any) -> tuple[Any, Path]:
    """A network with statistics of its own, and its file."""
    network = network_of(classes=3)
    for _ in range(20):
        network.train()(pictures)
    wrapped = torch.nn.Sequential(OrderedDict([("network", network.eval())])).eval()
    path = tmp_path / "model.onnx"
    torch.onnx.export(wrapped, (pictures,), path, opset_version=17, dynamo=False)
    return network, path


def test_the_answers_are_those_of_the_file(exported: tuple[Any, Path], pictures: Any) -> None:
    before, path = exported
    network = network_of(classes=3)
    load_convolutions(network, path, pictures, [network.features])
    load_linear_layers(network, path, {})
    with torch.no_grad():
        wanted = before(pictures)
        assert torch.allclose(network.eval()(pictures), wanted, atol=1e-3)
        assert torch.allclose(network.train()(pictures), wanted, atol=1e-3)


def test_a_new_class_leaves_the_others_their_weights(exported: tuple[Any, Path]) -> None:
    before, path = exported
    network = network_of(classes=4)
    fresh = network.country.weight[1].clone()
    load_linear_layers(network, path, {"country": [(0, 0), (1, 2), (2, 3)]})
    assert torch.equal(network.country.weight[[0, 2, 3]], before.country.weight)
    assert torch.equal(network.country.bias[[0, 2, 3]], before.country.bias)
    assert torch.equal(network.country.weight[1], fresh)


def test_a_file_of_another_network_is_refused(exported: tuple[Any, Path], pictures: Any) -> None:
    other = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3))
    with pytest.raises(ValueError, match=r"shape \(4, 3, 3, 3\) where this network's has \(6, 3"):
        load_convolutions(other, exported[1], pictures, [other])
