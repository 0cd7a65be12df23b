"""Build a model folder of preset `sd15` from published files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from generator.errors import WeightsError
from generator.network.config import SD15, ModelConfig
from generator.network.weights_io import not_finite, write_folder
from generator.network.weights_layout import part_shapes, read_card
from watermark import file_hash, hidden_folder

from .fresh_parts import fresh_adapter_keys, fresh_part
from .image_encoder import read_image_encoder
from .motion import holds_motion, layout_of, read_motion
from .part import Filling, ImportRefusedError, Part, PartReport, Shapes, compare, fresh, with_not_finite
from .published import Base, open_base, open_network
from .spatial import read_spatial_encoder
from .tensor_file import TensorFile, find_weights, open_tensor_file
from .unet import read_unet
from .vae import read_vae

Progress = Callable[[float, str], None]
Tensors = dict[str, dict[str, Tensor]]
"""Tensors of each weight file."""
UNUSED_BY_REFERENCE = ("conv_norm_out.weight", "conv_norm_out.bias", "conv_out.weight", "conv_out.bias")
"""Tensors that a `reference_unet.pth` does not have; the reference network never uses them."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The published file of each part; parts without a file are read from the base or start untrained.

    Attributes:
        base: Stable Diffusion 1.5: a diffusers folder or a single file.
        vae: Another autoencoder, such as `sd-vae-ft-mse`.
        image_encoder: CLIP image encoder with projection; the base rarely has one.
        denoiser: A trained `denoising_unet.pth`.
        reference: A trained `reference_unet.pth`.
        spatial: Map encoders by the name of the map.
        motion: Temporal modules.
        config: Sizes of the model; the layout of the temporal modules is that of their file.
        dtype: Precision on disk.
        seed: Seed of the untrained parts.
    """

    base: Path
    vae: Path | None = None
    image_encoder: Path | None = None
    denoiser: Path | None = None
    reference: Path | None = None
    spatial: Mapping[str, Path] = field(default_factory=dict)
    motion: Path | None = None
    config: ModelConfig = SD15
    dtype: torch.dtype = torch.float16
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import.

    Attributes:
        folder: The model folder.
        parts: One report for each part.
        sha256: Digest of the folder, as claims record it.
        notes: Remarks on the whole import.
    """

    folder: Path
    parts: tuple[PartReport, ...]
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def untrained(self) -> tuple[str, ...]:
        """Return the parts that start as in an untrained model."""
        return tuple(report.part for report in self.parts if report.untrained)


@dataclass(frozen=True, slots=True)
class _Found:
    """The published networks under our names, before they are compared with ours."""

    denoiser: Part
    reference: Part
    base: Part
    vae: Part
    image_encoder: Part
    spatial: Mapping[str, Part]
    motion: Part | None


def import_sd15(folder: Path, plan: ImportPlan, *, progress: Progress = lambda fraction, label: None) -> ImportReport:
    """Build a model folder from published files; the folder appears when it is complete.

    Args:
        folder: Destination; must not exist, or be empty.
        plan: The files.
        progress: Progress callback; receives the finished fraction and a description of the next step.

    Raises:
        ImportRefusedError: A file does not fit; it contains the reports of all parts, and nothing is written.
        WeightsError: A file cannot be read, or the destination is taken.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WeightsError(f"{folder}: exists already; name a new folder")
    progress(0.0, "reading names and shapes")
    base = open_base(plan.base)
    found = _find(plan, base)
    config = plan.config if found.motion is None else replace(plan.config, motion=layout_of(found.motion))
    tensors, reports = _compare(found, config, plan.seed)
    if not all(report.sound for report in reports):
        raise _refusal(reports)
    notes = _notes(plan, base, config)
    progress(0.05, "checking the files")
    paths = sorted({report.path for report in reports if report.path})
    with ThreadPoolExecutor() as pool:
        origins = dict(zip(paths, pool.map(file_hash, paths), strict=True))
    card = {
        "name": folder.name,
        "use": "animating stylised avatars; every output is marked and signed",
        "parts": {report.part: _provenance(report, origins) for report in reports},
        "untrained": [report.part for report in reports if report.untrained],
        "notes": list(notes),
    }
    _write(folder, tensors, reports, config, card, plan.dtype, progress)
    written, _ = read_card(folder)
    return ImportReport(folder, tuple(reports), str(written["sha256"]), notes)


def _find(plan: ImportPlan, base: Base) -> _Found:
    def given(path: Path | None) -> TensorFile | None:
        return None if path is None else open_tensor_file(find_weights(path))

    vae = open_network(plan.vae, "vae") if plan.vae else base.vae
    encoder = open_network(plan.image_encoder, "image_encoder") if plan.image_encoder else base.image_encoder
    if vae is None:
        raise WeightsError(f"{plan.base}: no autoencoder in it; give one with --vae, such as sd-vae-ft-mse")
    if encoder is None:
        raise WeightsError(
            f"{plan.base}: no CLIP image encoder in it; give one with --image-encoder, such as the folder of that name "
            "in sd-image-variations"
        )
    if strange := sorted(set(plan.spatial) - set(plan.config.maps)):
        raise WeightsError(f"no map is named {strange[0]}; the model's maps are {', '.join(plan.config.maps)}")
    denoiser = given(plan.denoiser) or base.unet
    motion = given(plan.motion) or (denoiser if holds_motion(denoiser) else None)
    unet = read_unet(base.unet)
    return _Found(
        denoiser=read_unet(denoiser),
        reference=read_unet(open_tensor_file(find_weights(plan.reference))) if plan.reference else unet,
        base=unet,
        vae=read_vae(vae),
        image_encoder=read_image_encoder(encoder),
        spatial={name: read_spatial_encoder(open_tensor_file(find_weights(p))) for name, p in plan.spatial.items()},
        motion=read_motion(motion) if motion else None,
    )


def _compare(found: _Found, config: ModelConfig, seed: int) -> tuple[Tensors, list[PartReport]]:
    shapes = part_shapes(config)
    keys = Filling(fresh_adapter_keys(shapes["denoiser"], seed), "keys and values of the Expression Adapter untrained")
    # A reference network without its last convolution is complete; nothing replaces other missing tensors.
    last = Filling(
        {name: found.base.tensors[name] for name in UNUSED_BY_REFERENCE if name in found.base.tensors},
        "that it never runs from the base",
    )
    tensors: Tensors = {}
    reports: list[PartReport] = []

    def put(part: str, read: Part, fillings: tuple[Filling, ...] = ()) -> None:
        tensors[part], report = compare(part, read, shapes[part], fillings)
        reports.append(report)

    put("denoiser", found.denoiser, (keys,))
    put("reference_net", found.reference, (last,))
    put("vae", found.vae)
    put("image_encoder", found.image_encoder)
    tensors["spatial_encoder"] = fresh_part("spatial_encoder", config, seed)
    for name in config.maps:
        _put_map(name, found.spatial.get(name), tensors["spatial_encoder"], reports)
    tensors["expression_adapter"] = fresh_part("expression_adapter", config, seed)
    reports.append(fresh("expression_adapter", tensors["expression_adapter"]))
    if found.motion is not None:
        put("motion", found.motion)
    elif config.motion is not None:
        tensors["motion"] = fresh_part("motion", config, seed)
        reports.append(fresh("motion", tensors["motion"]))
    return tensors, reports


def _put_map(name: str, read: Part | None, encoders: dict[str, Tensor], reports: list[PartReport]) -> None:
    prefix = f"{name}."
    start = {key.removeprefix(prefix): value for key, value in encoders.items() if key.startswith(prefix)}
    if read is None:
        reports.append(fresh(f"spatial_encoder.{name}", start))
        return
    shapes: Shapes = {key: tuple(value.shape) for key, value in start.items()}
    tensors, report = compare(f"spatial_encoder.{name}", read, shapes)
    encoders.update({prefix + key: value for key, value in tensors.items()})
    reports.append(report)


def _write(
    folder: Path, tensors: Tensors, reports: list[PartReport], config: ModelConfig, card: Mapping[str, object],
    dtype: torch.dtype, progress: Progress,
) -> None:  # fmt: skip
    total = sum(value.numel() for part in tensors.values() for value in part.values())

    def checked() -> Iterator[tuple[str, dict[str, Tensor]]]:
        done = 0
        for part, values in tensors.items():
            progress(0.1 + 0.9 * done / total, f"writing {part}")
            if names := list(not_finite(values)):
                raise _refusal([with_not_finite(report, part, names) for report in reports])
            yield part, values
            done += sum(value.numel() for value in values.values())

    folder.parent.mkdir(parents=True, exist_ok=True)
    with hidden_folder(folder.parent) as hidden:
        made = hidden / folder.name
        write_folder(checked(), config, made, card, dtype=dtype)
        made.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)


def _refusal(reports: list[PartReport]) -> ImportRefusedError:
    bad = next(report for report in reports if not report.sound)
    return ImportRefusedError(
        f"{bad.path}: does not fit {bad.part}: {bad.faults()}; nothing was written", tuple(reports)
    )


def _notes(plan: ImportPlan, base: Base, config: ModelConfig) -> tuple[str, ...]:
    if plan.denoiser is None and base.prediction not in (None, config.prediction):
        return (f"the base predicts {base.prediction}, this model {config.prediction}: train the denoiser before use",)
    return ()


def _provenance(report: PartReport, origins: Mapping[Path, str]) -> dict[str, object]:
    if report.path is None:
        return {"origin": "untrained"}
    return {
        "origin": report.path.name,
        "sha256": origins[report.path],
        "layout": report.layout,
        "matched": report.matched,
        "filled": dict(report.filled),
        "left_out": dict(report.ignored),
        "notes": list(report.notes),
    }
