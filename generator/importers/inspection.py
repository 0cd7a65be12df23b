"""Identify a file or folder of weights from names and shapes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.network.config import SD15, ModelConfig
from generator.network.weights_layout import CARD, SUFFIX, layout, part_shapes, read_card

from .image_encoder import read_image_encoder
from .kinds import CHECKPOINT, IMAGE_ENCODER, MOTION, SPATIAL, UNET, VAE, kind_of
from .motion import layout_of, read_motion
from .part import Part, PartReport, Shapes, compare
from .published import open_base
from .spatial import read_spatial_encoder
from .tensor_file import TensorFile, find_weights, open_tensor_file
from .unet import read_unet
from .vae import read_vae


@dataclass(frozen=True, slots=True)
class Inspection:
    """The description of weights, made without reading their values.

    Attributes:
        path: File or folder.
        kind: Kind of the weights, in words.
        files: Every weights file in it, with its size in bytes.
        tensors: Number of tensors.
        parameters: Number of values in them.
        dtypes: Number of tensors by type.
        parts: Comparison of each network with preset `sd15`, or with the folder's own sizes.
        missing: Files or networks that a complete folder would contain in addition.
        untrained: Parts of a model folder that its card calls untrained.
    """

    path: Path
    kind: str
    files: Mapping[Path, int]
    tensors: int
    parameters: int
    dtypes: Mapping[str, int]
    parts: tuple[PartReport, ...] = ()
    missing: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()


def inspect_weights(path: Path, config: ModelConfig = SD15) -> Inspection:
    """Inspect a weights file, a diffusers folder, or a model folder of ours.

    Args:
        path: File or folder.
        config: The model that published networks are compared with.

    Raises:
        WeightsError: There are no weights, or a file is damaged.
    """
    if (path / CARD).is_file():
        return _inspect_model(path)
    if (path / "unet").is_dir():
        return _inspect_diffusers(path, config)
    file = open_tensor_file(find_weights(path))
    return _summary(path, kind_of(file.tensors), [file], _compare(file, config))


def _inspect_model(folder: Path) -> Inspection:
    card, config = read_card(folder)
    paths = {part: folder / f"{part}{SUFFIX}" for part in layout(config)}
    files = {part: open_tensor_file(path) for part, path in paths.items() if path.is_file()}
    shapes = part_shapes(config)
    reports = [
        compare(name, Part(file.path, "facetrail", file.tensors), shapes[name])[1] for name, file in files.items()
    ]
    missing = tuple(path.name for path in paths.values() if not path.is_file())
    untrained = tuple(str(part) for part in card.get("untrained", []))
    kind = f"a facetrail model, preset {config.preset}"
    return _summary(folder, kind, list(files.values()), reports, missing, untrained)


def _inspect_diffusers(folder: Path, config: ModelConfig) -> Inspection:
    base = open_base(folder)
    networks = {"unet": base.unet, "vae": base.vae, "image_encoder": base.image_encoder}
    files = [file for file in networks.values() if file is not None]
    parts = [report for file in files for report in _compare(file, config)]
    said = f", predicts {base.prediction}" if base.prediction else ""
    missing = tuple(name for name, file in networks.items() if file is None)
    return _summary(folder, f"a Stable Diffusion folder in diffusers' layout{said}", files, parts, missing)


def _compare(file: TensorFile, config: ModelConfig) -> list[PartReport]:
    """Compare the networks of a published file with ours; unknown networks are not compared."""
    kind = kind_of(file.tensors)
    read: dict[str, Part] = {}
    if kind in (UNET, CHECKPOINT):
        read["unet"] = read_unet(file)
    if kind == VAE or (kind == CHECKPOINT and any(name.startswith("first_stage_model.") for name in file.tensors)):
        read["vae"] = read_vae(file)
    if kind == IMAGE_ENCODER:
        read["image_encoder"] = read_image_encoder(file)
    if kind == SPATIAL:
        read["spatial_encoder"] = read_spatial_encoder(file)
    if kind == MOTION:
        read["motion"] = read_motion(file)
        config = replace(config, motion=layout_of(read["motion"]))
    shapes = _published_shapes(config) if read else {}
    return [compare(name, part, shapes[name])[1] for name, part in read.items()]


def _published_shapes(config: ModelConfig) -> dict[str, Shapes]:
    """Return the shapes of single networks as they are published, without our own additions."""
    shapes = part_shapes(config)
    first = f"{config.maps[0]}."
    return {
        **shapes,
        "unet": {name: shape for name, shape in shapes["denoiser"].items() if ".processor." not in name},
        "spatial_encoder": {
            name.removeprefix(first): shape
            for name, shape in shapes["spatial_encoder"].items()
            if name.startswith(first)
        },
    }


def _summary(
    path: Path, kind: str, files: Sequence[TensorFile], parts: Sequence[PartReport],
    missing: tuple[str, ...] = (), untrained: tuple[str, ...] = (),
) -> Inspection:  # fmt: skip
    values = [value for file in files for value in file.tensors.values()]
    return Inspection(
        path=path,
        kind=kind,
        files={file.path: file.path.stat().st_size for file in files},
        tensors=len(values),
        parameters=sum(value.numel() for value in values),
        dtypes=Counter(str(value.dtype).removeprefix("torch.") for value in values),
        parts=tuple(parts),
        missing=missing,
        untrained=untrained,
    )
