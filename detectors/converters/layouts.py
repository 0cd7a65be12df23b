"""The published layouts that can be converted: their names of tensors, and the detector that each becomes.

Names and shapes are facts of the published files. Each layout says what its network sees, as far as its project says
so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from detectors.errors import CheckpointError
from detectors.methods import effort, linear_probe, ln_clip, plain
from detectors.spec import HALF, DetectorSpec

from .efficientnet import rename_efficientnet
from .vision_transformer import effort_tensors, rename_vision_model

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Renamed:
    """The tensors of a file under our names.

    Attributes:
        tensors: Tensors of the backbone under timm's names, `backbone.…`, and `classifier.weight` and
            `classifier.bias` with one row a class.
        used: Names in the file that went into them.
    """

    tensors: dict[str, Tensor]
    used: set[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """A published layout of a checkpoint.

    Attributes:
        name: Name that users type.
        spec: The detector that it becomes.
        rename: Function from the tensors of a file to ours.
        licence: What the project says of the use of its weights.
        note: What differs from the published program, empty where nothing is known to.
        head_only: Whether the file holds the classifier alone, so that the backbone comes from another file.
    """

    name: str
    spec: DetectorSpec
    rename: Callable[[Tensors], Renamed]
    licence: str
    note: str = ""
    head_only: bool = False


def _xception(tensors: Tensors) -> Renamed:
    """Rename DeepfakeBench's Xception, whose names are timm's up to the classifier."""
    found, used = {}, set()
    for name, value in tensors.items():
        inner = name.removeprefix("backbone.")
        if inner.startswith("adjust_channel."):  # an option of other detectors of that project
            continue
        target = f"backbone.{inner}"
        for place in ("last_linear.1.", "last_linear.", "fc."):
            if inner.startswith(place):
                target = f"classifier.{inner.removeprefix(place)}"
                break
        if inner.endswith("pointwise.weight") and value.dim() == 2:
            value = value[..., None, None]  # FaceForensics++'s own files
        found[target] = value
        used.add(name)
    return Renamed(found, used)


def _efficientnet(tensors: Tensors) -> Renamed:
    """Rename an EfficientNet of efficientnet_pytorch, under `net.` or `backbone.efficientnet.`."""
    found, used = {}, set()
    for name, value in tensors.items():
        inner = name.removeprefix("backbone.").removeprefix("efficientnet.").removeprefix("net.")
        if inner.startswith("last_layer."):
            target: str | None = f"classifier.{inner.removeprefix('last_layer.')}"
        elif inner.startswith("_fc."):
            target = f"classifier.{inner.removeprefix('_fc.')}"
        else:
            target = rename_efficientnet(inner)
        if target is not None:
            found[target] = value
            used.add(name)
    return Renamed(found, used)


def _effort(tensors: Tensors) -> Renamed:
    """Rename Effort's CLIP, whose attention matrices are split into a main part and a singular remainder."""
    found, used = effort_tensors(tensors, prefix="backbone.")
    for part in ("weight", "bias"):
        if f"head.{part}" in tensors:
            found[f"classifier.{part}"] = tensors[f"head.{part}"]
            used.add(f"head.{part}")
    return Renamed(found, used)


def _gend(tensors: Tensors) -> Renamed:
    """Rename GenD's CLIP and its linear probe on normalised features."""
    found, used = rename_vision_model(tensors, prefix="feature_extractor.vision_model.")
    for part in ("weight", "bias"):
        name = f"model.linear.{part}"
        if name in tensors:
            found[f"classifier.{part}"] = tensors[name]
            used.add(name)
    return Renamed(found, used)


def _universal(tensors: Tensors) -> Renamed:
    """Rename UniversalFakeDetect's classifier; its features are those of CLIP after its projection."""
    found = {f"classifier.{name.removeprefix('fc.')}": value for name, value in tensors.items()}
    return Renamed(found, set(tensors))


_BENCH = "CC BY-NC 4.0, as DeepfakeBench says"
_PADDING = (
    "strided convolutions are padded for the picture that they get; the published program pads for 380 pixels, and its "
    "first layer not at all, so scores differ a little"
)

LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "deepfakebench-xception",
        replace(
            plain.SPECS[0], name="deepfakebench-xception", input_size=256, mean=HALF, std=HALF, alignment="five_point"
        ),
        _xception,
        _BENCH,
    ),
    Layout(
        "deepfakebench-efficientnet_b4",
        replace(
            plain.SPECS[1],
            name="deepfakebench-efficientnet_b4",
            input_size=256,
            mean=HALF,
            std=HALF,
            alignment="five_point",
        ),
        _efficientnet,
        _BENCH,
        _PADDING,
    ),
    Layout("sbi", replace(plain.SBI, name="published-sbi"), _efficientnet, "academic use only, as its authors say"),
    Layout(
        "effort",
        replace(effort.SPEC, name="published-effort", alignment="five_point"),
        _effort,
        "CC BY-NC 4.0, as its authors say",
    ),
    Layout(
        "gend",
        replace(ln_clip.SPEC, name="published-gend"),
        _gend,
        "MIT",
        "the head is taken for the published one, which normalises the features",
    ),
    Layout(
        "universal-fake-detect",
        replace(linear_probe.SPEC, name="published-universal-fake-detect", alignment="frame"),
        _universal,
        "MIT",
        "the whole picture is scaled to 224 pixels; the published program cuts its middle",
        head_only=True,
    ),
)


def find_layout(name: str) -> Layout:
    """Find a layout by its name.

    Raises:
        CheckpointError: There is none.
    """
    for layout in LAYOUTS:
        if layout.name == name:
            return layout
    raise CheckpointError(f"no layout is named {name!r}; there are {', '.join(one.name for one in LAYOUTS)}, timm")


def two_to_one(weight: Tensor, bias: Tensor, manipulated: int) -> tuple[Tensor, Tensor]:
    """Return the rows of a classifier of one logit, which has the same probability as a softmax over two classes.

    Args:
        weight: (1, D) or (2, D).
        bias: (1,) or (2,).
        manipulated: The class of manipulated pictures; for one row, 1 where higher means manipulated, else 0.

    Raises:
        CheckpointError: There are more than two classes, or the class does not exist.
    """
    if weight.dim() != 2 or len(weight) not in (1, 2) or manipulated not in (0, 1):
        raise CheckpointError(
            f"the classifier has {tuple(weight.shape)}, and class {manipulated} is said to be manipulated; expected "
            "one or two classes"
        )
    if len(weight) == 1:
        sign = 1.0 if manipulated == 1 else -1.0
        return sign * weight, sign * bias
    other = 1 - manipulated
    return (weight[manipulated] - weight[other])[None], (bias[manipulated] - bias[other]).reshape(1)


def through_projection(weight: Tensor, projection: Tensor) -> Tensor:
    """Return the rows (C, D) of a classifier (C, P) of features that a matrix (P, D) without bias projected."""
    return torch.matmul(weight, projection)
