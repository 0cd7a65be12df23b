"""Build a network with YuNet's outputs that finds bright squares, so that its results are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from forensics.faces.five_points import five_points
from forensics.faces.yunet import mean_face

CHANNEL_OF = {8: 2, 16: 1, 32: 0}
"""Channel, of blue, green and red, that a stride reads: red squares of 8 pixels, green of 16, blue of 32."""

UNIT = 1.4
"""Number of cells of one head unit of the mean face."""

Maker = Callable[..., Path]


def five_in_cells() -> np.ndarray:
    """Return the five points of a face, in cells from the middle of the cell that found it, (5, 2)."""
    return five_points(mean_face())[:, :2] * UNIT


@pytest.fixture(scope="session")
def toy_yunet(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Return a function that writes a network whose score is the brightness of a cell, or 1 everywhere."""

    def make(
        *, everywhere: bool = False, size: float = np.log(4.0), values: int = 10, kind: int = TensorProto.FLOAT
    ) -> Path:
        nodes: list[onnx.NodeProto] = []
        numbers: list[onnx.TensorProto] = []
        outputs: list[onnx.ValueInfoProto] = []

        def put(source: str, name: str, weight: np.ndarray, bias: np.ndarray) -> None:
            for part, array in (
                ("weight", weight.astype(np.float32)[..., None, None]),
                ("bias", bias.astype(np.float32)),
                ("shape", np.array([1, -1, len(bias)])),
            ):
                numbers.append(numpy_helper.from_array(array, f"{name}.{part}"))
            nodes.extend(
                [
                    helper.make_node("Conv", [source, f"{name}.weight", f"{name}.bias"], [f"{name}.map"]),
                    helper.make_node("Transpose", [f"{name}.map"], [f"{name}.last"], perm=[0, 2, 3, 1]),
                    helper.make_node("Reshape", [f"{name}.last", f"{name}.shape"], [f"{name}.float"]),
                    helper.make_node("Cast", [f"{name}.float"], [name], to=kind),
                ]
            )
            outputs.append(helper.make_tensor_value_info(name, kind, [1, None, len(bias)]))

        for stride, channel in CHANNEL_OF.items():
            pool = f"mean_{stride}"
            side = [stride, stride]
            nodes.append(helper.make_node("AveragePool", ["input"], [pool], kernel_shape=side, strides=side))
            seen = (np.arange(3) == channel)[None] / 255 * (not everywhere)
            for name in ("cls", "obj"):
                put(pool, f"{name}_{stride}", seen, np.full(1, everywhere and stride == 32))
            put(pool, f"bbox_{stride}", np.zeros((4, 3)), np.array([0.5, 0.5, size, size + 0.2]))
            put(pool, f"kps_{stride}", np.zeros((values, 3)), (five_in_cells() + 0.5).ravel()[:values])
        picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 640, 640])
        graph = helper.make_graph(nodes, "toy", [picture], outputs, numbers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        path = tmp_path_factory.mktemp("yunet") / "toy.onnx"
        onnx.save(model, path)
        return path

    return make
