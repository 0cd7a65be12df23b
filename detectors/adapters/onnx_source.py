"""Open a detector that is an ONNX file, with onnxruntime on the processor."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from detectors.errors import CheckpointError, DetectorError

Pictures = NDArray[np.uint8]


class OnnxSource:
    """An ONNX file with one input of pictures.

    The input is uint8 (N, S, S, 3), as `export_onnx` writes it, or float (N, 3, S, S), normalised as its settings say.

    Attributes:
        path: The file.
        raw: Whether the input is uint8 pictures, channels last.
        size: Side of the input in pixels; None where the file leaves it open.
        output: Name of the output that is read: `probabilities` where there is one, otherwise the first.
    """

    def __init__(self, path: Path) -> None:
        """Load the file.

        Raises:
            CheckpointError: Onnxruntime is not installed, or the file is missing, damaged, or has other inputs.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise CheckpointError(
                f"{path}: needs onnxruntime, which is not installed; install facetrail with the extra `onnx`"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self.path = path
        try:
            self._content = path.read_bytes()
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
        except Exception as error:  # onnxruntime's errors have no common base
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise CheckpointError(f"{path}: is no ONNX model that onnxruntime opens ({first})") from error
        inputs = self._session.get_inputs()
        shape: list[Any] = list(inputs[0].shape)
        self._input: str = inputs[0].name
        self.raw = inputs[0].type == "tensor(uint8)" and shape[-1:] == [3]
        planar = inputs[0].type == "tensor(float)"
        if len(inputs) != 1 or not (self.raw or planar) or len(shape) not in (4, 5):
            told = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise CheckpointError(
                f"{path}: has the inputs {told}; expected one of uint8 (N, S, S, 3) or of float (N, 3, S, S)"
            )
        side = shape[-2] if self.raw else shape[-1]
        self.size = side if isinstance(side, int) and side > 0 else None
        self._batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
        names = [one.name for one in self._session.get_outputs()]
        self.output = "probabilities" if "probabilities" in names else names[0]

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of the file."""
        return hashlib.sha256(self._content).hexdigest()

    def scorer(self, mean: tuple[float, ...], std: tuple[float, ...]) -> OnnxScorer:
        """Return the function that scores pictures, with a normalisation for float inputs."""
        return OnnxScorer(self, np.array(mean, dtype=np.float32), np.array(std, dtype=np.float32))

    def run(self, batch: NDArray[Any]) -> NDArray[np.float64]:
        """Return the outputs of a batch of inputs; a file with a fixed batch gets as many at a time.

        Raises:
            DetectorError: The model fails.
        """
        step = self._batch or len(batch)
        outputs = []
        for first in range(0, len(batch), step):
            part = batch[first : first + step]
            filled = np.concatenate([part, np.repeat(part[-1:], step - len(part), axis=0)])
            try:
                (found,) = self._session.run([self.output], {self._input: filled})
            except Exception as error:  # onnxruntime's errors have no common base
                text = (str(error).splitlines() or [type(error).__name__])[0]
                raise DetectorError(f"{self.path}: failed on an input of {filled.shape}: {text}") from error
            outputs.append(np.asarray(found, dtype=np.float64)[: len(part)])
        return np.concatenate(outputs)


class OnnxScorer:
    """Pictures in, the outputs of an ONNX file out."""

    def __init__(self, source: OnnxSource, mean: NDArray[np.float32], std: NDArray[np.float32]) -> None:
        """Keep the file and its normalisation."""
        self._source, self._mean, self._std = source, mean, std

    def __call__(self, pictures: Pictures) -> NDArray[np.float64]:
        """Return the outputs of pictures (N, S, S, 3) uint8 RGB."""
        if self._source.raw:
            return self._source.run(np.ascontiguousarray(pictures))
        planes = (pictures.astype(np.float32) / 255 - self._mean) / self._std
        return self._source.run(np.ascontiguousarray(np.moveaxis(planes, -1, -3)))
