"""Run a TensorFlow Lite file on one core."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.errors import MissingPackageError, ModelFilesError


class Network:
    """A TensorFlow Lite network with one input picture and named outputs.

    Args:
        path: The ``.tflite`` file.

    Raises:
        MissingPackageError: The package ai-edge-litert is not installed.
        ModelFilesError: The file cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        try:
            runtime: Any = importlib.import_module("ai_edge_litert.interpreter")
        except ImportError as error:
            raise MissingPackageError(
                'tracking faces needs the package ai-edge-litert; run: pip install "facetrail[track]"'
            ) from error
        try:
            self._interpreter = runtime.Interpreter(model_path=str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelFilesError(f"{path} cannot be loaded: {error}") from error
        details = self._interpreter.get_input_details()[0]
        self._input = int(details["index"])
        self.size = int(details["shape"][1])
        self._outputs = {o["name"]: int(o["index"]) for o in self._interpreter.get_output_details()}

    def __call__(self, picture: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the network on one picture.

        Args:
            picture: ``(size, size, 3)``, RGB, in the network's own range.

        Returns:
            Each output by name, without the batch axis.
        """
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(picture[None], np.float32))
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index)[0] for name, index in self._outputs.items()}
