"""Convert a published checkpoint into a detector folder, or say what does not fit and write nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from torch import Tensor

from detectors.adapters.settings import NORMALISATIONS
from detectors.checkpoints import DetectorCard, save_detector
from detectors.creation import build_network
from detectors.errors import CheckpointError
from detectors.methods.backbones import weights_file
from detectors.methods.networks import DetectorNetwork
from detectors.scoring import Detector
from detectors.spec import DetectorSpec

from .layouts import Layout, Renamed, find_layout, through_projection, two_to_one
from .reading import hash_of, read_tensors

_TIMM_NAME = re.compile(r"[a-z0-9][\w.]{0,100}")
_COUNTER = "num_batches_tracked"  # counts training steps; nothing reads it
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a checkpoint.

    Attributes:
        folder: The detector folder.
        spec: Its spec.
        matched: Number of tensors that were filled.
        unused: Names in the file that nothing was made of.
        note: What differs from the published program, empty where nothing is known to.
    """

    folder: Path
    spec: DetectorSpec
    matched: int
    unused: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class TimmSettings:
    """What a plain timm checkpoint does not say itself; `MEANINGS` of the adapters explains each.

    Attributes:
        backbone: Name of the model in timm.
        size: Side of the input in pixels.
        normalise: `imagenet`, `clip`, `half` or `none`.
        margin: Share of the face's box that is added on every side.
    """

    backbone: str
    size: int
    normalise: str
    margin: float = 0.15


def convert(
    path: Path,
    layout: str,
    out: Path,
    *,
    timm_settings: TimmSettings | None = None,
    backbone: Path | None = None,
    manipulated: int = 1,
    spec: DetectorSpec | None = None,
) -> Conversion:
    """Convert a checkpoint and write a detector folder, whose card says where it came from.

    Args:
        path: A safetensors file, or a file of `torch.save`; it is read without running anything in it.
        layout: A name of `LAYOUTS`, or `timm`.
        out: The folder to write; it must not exist.
        timm_settings: For `timm`, what the file does not say.
        backbone: For a layout of a classifier alone, the safetensors file of timm's weights under it; None looks into
            the local Hugging Face cache.
        manipulated: The class of manipulated pictures.
        spec: Another spec than the layout's, for instance of another size.

    Raises:
        CheckpointError: The file cannot be read, a tensor has another shape or is not finite, or a layer of the network
            would stay random.
        WeightsError: Timm cannot build the backbone, or the backbone's own weights are missing.
    """
    if out.exists():
        raise CheckpointError(f"{out}: is there already; name a new folder with -o")
    chosen = _timm_layout(timm_settings) if layout == "timm" else find_layout(layout)
    spec = spec or chosen.spec
    tensors = read_tensors(path)
    renamed = chosen.rename(tensors)
    network = build_network(spec)
    if chosen.head_only:
        renamed = _with_backbone(renamed, spec, backbone)
    filled = _filled(network, renamed, path, chosen, manipulated)
    network.load_state_dict(filled, strict=True)
    card = DetectorCard(
        data=f"not known here; published as {chosen.name}",
        data_digest="",
        split="not known here",
        licence=chosen.licence,
        note=f"Converted from {path.name}, SHA-256 {hash_of(path)}. Nothing was measured with it yet; it has neither "
        f"calibration nor threshold.{' Difference: ' + chosen.note + '.' if chosen.note else ''}",
    )
    save_detector(Detector(spec, network.eval()), out, card)
    unused = tuple(sorted(name for name in tensors if name not in renamed.used and not name.endswith(_COUNTER)))
    return Conversion(out, spec, len(renamed.tensors), unused, chosen.note)


def _timm_layout(settings: TimmSettings | None) -> Layout:
    if settings is None or not _TIMM_NAME.fullmatch(settings.backbone):
        raise CheckpointError(
            "a timm checkpoint needs the name of its model: --backbone NAME, and --size and --normalise"
        )
    if settings.normalise not in NORMALISATIONS or not 0 < settings.size <= 4096:
        raise CheckpointError(f"normalise is one of {', '.join(NORMALISATIONS)}, and size 1 to 4096; got {settings}")
    mean, std = NORMALISATIONS[settings.normalise]
    spec = DetectorSpec(
        name=f"converted-{settings.backbone}",
        method="plain",
        backbone=settings.backbone,
        input_size=settings.size,
        mean=mean,
        std=std,
        crop_margin=settings.margin,
        licence="not stated",
        paper="",
        summary=f"{settings.backbone} of timm, converted",
    )

    def rename(tensors: Mapping[str, Tensor]) -> Renamed:
        published = timm.get_pretrained_cfg(settings.backbone)
        head = getattr(published, "classifier", None) if published is not None else None
        heads = (head,) if isinstance(head, str) else head or ("fc", "classifier", "head.fc", "head")
        found = {}
        for name, value in tensors.items():
            bare = name.removeprefix("backbone.").removeprefix("model.")
            layer, _, part = bare.rpartition(".")
            found[f"classifier.{part}" if layer in heads else f"backbone.{bare}"] = value
        return Renamed(found, set(tensors))

    return Layout("timm", spec, rename, "not stated")


def _with_backbone(renamed: Renamed, spec: DetectorSpec, backbone: Path | None) -> Renamed:
    """Add timm's weights of a frozen backbone, and lead the classifier through their projection."""
    source = weights_file(spec, True if backbone is None else backbone)
    if source is None:
        raise CheckpointError(f"{spec.name}: the weights of {spec.backbone} are needed; give --backbone FILE")
    tensors = read_tensors(source)
    if "head.weight" not in tensors:
        raise CheckpointError(f"{source}: has no head.weight, the projection of CLIP; give timm's file as published")
    found = dict(renamed.tensors)
    found["classifier.weight"] = through_projection(found["classifier.weight"].float(), tensors["head.weight"].float())
    found |= {f"backbone.{name}": value for name, value in tensors.items() if not name.startswith("head.")}
    return Renamed(found, renamed.used)


def _filled(
    network: DetectorNetwork, renamed: Renamed, path: Path, layout: Layout, manipulated: int
) -> dict[str, Tensor]:
    """Return a value for every tensor of a network.

    Raises:
        CheckpointError: One has no value, another shape, or is not finite.
    """
    tensors = dict(renamed.tensors)
    for name in [name for name in tensors if name not in network.state_dict() and not name.startswith("classifier.")]:
        renamed.used.difference_update({name, name.removeprefix("backbone.")})
        del tensors[name]
        renamed.tensors.pop(name)
    if {"classifier.weight", "classifier.bias"} <= tensors.keys():
        weight, bias = two_to_one(tensors["classifier.weight"], tensors["classifier.bias"], manipulated)
        tensors |= {"classifier.weight": weight, "classifier.bias": bias}
    wanted = network.state_dict()
    missing = [name for name in wanted if name not in tensors and not name.endswith(_COUNTER)]
    if missing:
        raise CheckpointError(
            f"{path}: gives no values for {len(missing)} of {len(wanted)} tensors of {layout.name}, such as "
            f"{', '.join(missing[:_SHOWN])}; they would stay random, so nothing was written. Is it another layout?"
        )
    wrong = [name for name in wanted if name in tensors and tensors[name].shape != wanted[name].shape]
    if wrong:
        name = wrong[0]
        raise CheckpointError(
            f"{path}: {len(wrong)} tensors have another shape, such as {name} with {tuple(tensors[name].shape)}, "
            f"{tuple(wanted[name].shape)} expected; nothing was written"
        )
    filled = {name: tensors.get(name, value).to(value.dtype) for name, value in wanted.items()}
    broken = [name for name, value in filled.items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise CheckpointError(f"{path}: {broken[0]} holds numbers that are not finite; nothing was written")
    return filled
