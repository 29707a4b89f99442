"""Networks of a few operations, in the shapes that fast-alpr's packages expect, as ONNX files.

The detector finds one plate, always at one place, as likely as the picture's middle has contrast.
The reader reads one text, whatever it is shown, and names a country.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper, save

SIDE = 64
OPSETS = (helper.make_opsetid("", 17),)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
SLOTS = 9
REGIONS = ("Germany", "Netherlands", "Unknown")


def detector(path: Path, box: Sequence[float]) -> Path:
    """`box` is left, top, right, bottom in a picture of 64 x 64."""
    nodes = [
        helper.make_node("Slice", ["images", "from", "to", "axes"], ["middle"]),
        helper.make_node("ReduceMax", ["middle"], ["bright"], keepdims=0),
        helper.make_node("ReduceMin", ["middle"], ["dark"], keepdims=0),
        helper.make_node("Sub", ["bright", "dark"], ["contrast"]),
        helper.make_node("Reshape", ["contrast", "single"], ["score"]),
        helper.make_node("Concat", ["place", "score"], ["output"], axis=1),
    ]
    constants: dict[str, npt.NDArray[Any]] = {
        "from": np.array([24, 24], np.int64),
        "to": np.array([40, 40], np.int64),
        "axes": np.array([2, 3], np.int64),
        "single": np.array([1, 1], np.int64),
        "place": np.array([[0, *box, 0]], np.float32),
    }
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 7])
    graph = helper.make_graph(nodes, "detector", [images], [output], tensors(constants))
    return written(path, helper.make_model(graph, opset_imports=OPSETS))


def reader(folder: Path, text: str, *, sure: float = 0.9, region: str = "Netherlands") -> Path:
    """The network `reader.onnx` and its `reader.yaml` in the folder; the path of the first."""
    places = np.full((1, SLOTS, len(ALPHABET)), (1 - sure) / (len(ALPHABET) - 1), np.float32)
    for slot, char in enumerate(text.ljust(SLOTS, "_")):
        places[0, slot, ALPHABET.index(char)] = sure
    regions = np.array([[0.8 if one == region else 0.1 for one in REGIONS]], np.float32)
    nodes = [
        helper.make_node("Cast", ["input"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
        helper.make_node("Add", ["places", "zero"], ["plate"]),
        helper.make_node("Add", ["regions", "zero"], ["region"]),
    ]
    constants: dict[str, npt.NDArray[Any]] = {
        "nothing": np.zeros((), np.float32),
        "places": places,
        "regions": regions,
    }
    shape: list[str | int | None] = ["n", 32, 64, 1]
    pixels = helper.make_tensor_value_info("input", TensorProto.UINT8, shape)
    outputs = [
        helper.make_tensor_value_info("plate", TensorProto.FLOAT, list(places.shape)),
        helper.make_tensor_value_info("region", TensorProto.FLOAT, list(regions.shape)),
    ]
    graph = helper.make_graph(nodes, "reader", [pixels], outputs, tensors(constants))
    names = "".join(f"\n  - {name}" for name in REGIONS)
    (folder / "reader.yaml").write_text(
        f'max_plate_slots: {SLOTS}\nalphabet: "{ALPHABET}"\npad_char: "_"\nimg_height: 32\n'
        f"img_width: 64\nimage_color_mode: grayscale\nplate_regions:{names}\n"
    )
    return written(folder / "reader.onnx", helper.make_model(graph, opset_imports=OPSETS))


def tensors(named: Mapping[str, npt.NDArray[Any]]) -> list[TensorProto]:
    return [numpy_helper.from_array(array, name) for name, array in named.items()]


def written(path: Path, model: ModelProto) -> Path:
    model.ir_version = 8
    checker.check_model(model)
    save(model, path)
    return path
