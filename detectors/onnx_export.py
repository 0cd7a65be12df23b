"""Export a detector as an ONNX file that takes 8-bit crops and returns calibrated probabilities."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from detectors.interpretation.calibration import Calibration
from detectors.methods.effort import fold
from detectors.methods.networks import DetectorNetwork

from .errors import CheckpointError
from .files import whole_file
from .scoring import Detector
from .spec import DetectorSpec

OPSET = 18


class _Deployed(nn.Module):
    """Normalise 8-bit crops, compute logits, and calibrate them."""

    mean: Tensor
    std: Tensor

    def __init__(self, model: DetectorNetwork, spec: DetectorSpec, calibration: Calibration) -> None:
        super().__init__()
        self.model = model
        self.scale = calibration.scale
        self.bias = calibration.bias
        self.register_buffer("mean", torch.tensor(spec.mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(spec.std)[:, None, None], persistent=False)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        planes = (crops.movedim(crops.dim() - 1, crops.dim() - 3).to(torch.float32) / 255 - self.mean) / self.std
        logits = self.model(planes)
        return logits, torch.sigmoid(self.scale * logits + self.bias)


def export_onnx(detector: Detector, path: Path) -> None:
    """Write a detector as one ONNX file.

    Its input `crops` is uint8 (N, S, S, 3) RGB, or (N, T, S, S, 3) for a detector of clips, with N free; its outputs
    are `logits` (N,) and `probabilities` (N,) in 0–1. Scope and thresholds are not part of the file.

    Args:
        detector: The detector to export; it is not changed.
        path: Path of the file to write; the package onnx is needed.

    Raises:
        CheckpointError: Onnx is not installed, or the network cannot be exported or written.
    """
    spec = detector.spec
    model = copy.deepcopy(detector.model).cpu().eval()
    fold(model)
    deployed = _Deployed(model, spec, detector.calibration or Calibration()).eval()
    size = (spec.input_size, spec.input_size, 3)
    example = torch.zeros((2, *size) if spec.frames == 1 else (2, spec.frames, *size), dtype=torch.uint8)
    try:
        with whole_file(path) as part, warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the tracer notes every fixed size, and that it will be replaced
            torch.onnx.export(
                deployed,
                (example,),
                str(part),
                input_names=["crops"],
                output_names=["logits", "probabilities"],
                dynamic_axes={"crops": {0: "n"}, "logits": {0: "n"}, "probabilities": {0: "n"}},
                opset_version=OPSET,
                dynamo=False,
            )
    except (torch.onnx.errors.OnnxExporterError, ImportError, OSError, RuntimeError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: detector {spec.name!r} cannot be exported: {text}") from error
