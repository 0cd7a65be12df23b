"""Read and write a model folder: weights in safetensors, half precision by default, and `card.json`.

The card is written last and contains the SHA-256 of every file; a folder whose files differ from the card is refused.
Loading is strict: a missing, unexpected, misshapen or non-finite tensor is an error that names it. The network is built
without allocating memory and uses the loaded tensors directly, so loading needs little more than the model's own size.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from generator.errors import WeightsError
from watermark import file_hash

from .config import ModelConfig
from .model import AniFaceDiff
from .weights_layout import CARD, PARTS, SUFFIX, WHOLE, empty_model, folder_digest, layout, part_shapes, read_card

_LOG = logging.getLogger(__name__)

SHIPPED = Path(__file__).parents[1] / "weights" / "mini"


def save_pretrained(
    state: dict[str, Tensor],
    config: ModelConfig,
    folder: Path,
    card: Mapping[str, Any],
    *,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write weights and card.

    Args:
        state: State dict of `AniFaceDiff`.
        config: Sizes of the model.
        folder: Destination, created if absent.
        card: Origin of the weights; `config` and the files' SHA-256 are added.
        dtype: Precision on disk of floating point tensors.

    Raises:
        WeightsError: A tensor is missing, has no place in the model, or contains values that are not finite in `dtype`;
            nothing is written.
    """
    expected = {prefix + name for part, prefix in layout(config).items() for name in part_shapes(config)[part]}
    for names, fault in ((expected - state.keys(), "missing"), (state.keys() - expected, "too many")):
        if names:
            raise WeightsError(f"{folder}: not written, {len(names)} tensors {fault} (first: {min(names)})")
    divided = (
        (part, {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)})
        for part, prefix in layout(config).items()
    )
    write_folder(divided, config, folder, card, dtype=dtype)


def write_folder(
    parts: Iterable[tuple[str, Mapping[str, Tensor]]],
    config: ModelConfig,
    folder: Path,
    card: Mapping[str, Any],
    *,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a model folder part by part.

    The files get their final names only when all of them are complete.

    Args:
        parts: Name and tensors of each weight file, read one at a time.
        config: Sizes of the model.
        folder: Destination, created if absent.
        card: Origin of the weights.
        dtype: Precision on disk of floating point tensors.

    Raises:
        WeightsError: A tensor is not finite on disk, or the disk is full; nothing is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digests: dict[str, str] = {}
    written: list[Path] = []
    try:
        for part, tensors in parts:
            stored = {name: _stored(value, dtype) for name, value in tensors.items()}
            for name in not_finite(stored):
                raise WeightsError(f"{part}: {name} is not finite in {dtype}; nothing was written")
            temporary = folder / f"{part}{SUFFIX}.part"
            written.append(temporary)
            _save(stored, temporary)
            temporary.chmod(0o644)
            del stored
            digests[f"{part}{SUFFIX}"] = file_hash(temporary)
        whole = {**card, "config": asdict(config), "sha256": folder_digest(digests, config)}
        if len(digests) > 1:
            whole["files"] = digests
        temporary = folder / f"{CARD}.part"
        written.append(temporary)
        temporary.write_text(json.dumps(whole, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    # A folder without its card is no model, so an interruption between these steps cannot leave a mixture that loads.
    (folder / CARD).unlink(missing_ok=True)
    for name in {f"{part}{SUFFIX}" for part in (*PARTS, *WHOLE)} - digests.keys():
        (folder / name).unlink(missing_ok=True)
    for path in written:
        path.replace(path.with_suffix(""))
    _LOG.info("wrote model folder %s with %d files of weights, SHA-256 %s", folder, len(digests), whole["sha256"])


def not_finite(tensors: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield the names of tensors that contain NaN or infinity."""
    for name, value in tensors.items():
        # The extremes of a tensor are NaN where any value is NaN, and computing them needs no second tensor of its
        # size.
        if not value.is_floating_point() or not value.numel():
            continue
        if not all(extreme.isfinite() for extreme in (value.float() if value.itemsize < 2 else value).aminmax()):
            yield name


def load_pretrained(
    folder: Path | None = None, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> tuple[AniFaceDiff, str]:
    """Load the model of a folder, ready for inference, and return it with the SHA-256 of its weights.

    The SHA-256 is that of `folder_digest`.

    Args:
        folder: Folder written by `save_pretrained`; None takes the weights in the package.
        dtype: Precision of the loaded model.
        device: Device of the weights.

    Raises:
        WeightsError: A file is missing, damaged, or belongs to another model.
    """
    folder = SHIPPED if folder is None else folder
    card, config = read_card(folder)
    paths = {part: folder / f"{part}{SUFFIX}" for part in layout(config)}
    for path in paths.values():
        if not path.is_file():
            raise WeightsError(f"{path}: model file is missing; fetch the folder again, or import it again")
    model = empty_model(config)
    expected = model.state_dict()
    with ThreadPoolExecutor() as pool:
        hashing = {path.name: pool.submit(file_hash, path) for path in paths.values()}
        state: dict[str, Tensor] = {}
        for part, prefix in layout(config).items():
            wanted = {name: value for name, value in expected.items() if name.startswith(prefix)}
            state |= _read_part(paths[part], prefix, wanted, dtype, device)
        digests = {name: digest.result() for name, digest in hashing.items()}
    _check_digests(digests, card, config, folder)
    model.load_state_dict(state, assign=True)
    model.to(device)
    model.eval().requires_grad_(False)
    digest = folder_digest(digests, config)
    _LOG.info("loaded the weights in %s as %s on %s, SHA-256 %s", folder, dtype, device, digest)
    return model, digest


def _read_part(
    path: Path, prefix: str, expected: Mapping[str, Tensor], dtype: torch.dtype, device: torch.device | str
) -> dict[str, Tensor]:
    try:
        stored = {prefix + name: value for name, value in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a safetensors file ({error})") from None
    missing, unexpected = sorted(expected.keys() - stored.keys()), sorted(stored.keys() - expected.keys())
    if missing or unexpected:
        raise WeightsError(
            f"{path}: {len(missing)} tensors missing (first: {missing[:1]}), {len(unexpected)} unexpected "
            f"(first: {unexpected[:1]}); the file is of another model"
        )
    for name, value in stored.items():
        if value.shape != expected[name].shape:
            raise WeightsError(f"{path}: {name} has shape {tuple(value.shape)}, expected {tuple(expected[name].shape)}")
    for name in not_finite(stored):
        raise WeightsError(f"{path}: {name} holds values that are not finite; the file is damaged")
    return {n: v.to(device, dtype if v.is_floating_point() else v.dtype, copy=True) for n, v in stored.items()}


def _check_digests(digests: Mapping[str, str], card: Mapping[str, Any], config: ModelConfig, folder: Path) -> None:
    claimed = card.get("files") or {name: card.get("sha256") for name in digests if len(digests) == 1}
    for name, digest in digests.items():
        if claimed.get(name) not in (None, digest):
            raise WeightsError(
                f"{folder / name}: SHA-256 {digest[:12]} is not the card's {str(claimed[name])[:12]}; "
                "fetch the folder again"
            )
    whole = folder_digest(digests, config)
    if card.get("sha256") not in (None, whole):
        raise WeightsError(f"{folder / CARD}: SHA-256 {whole[:12]} of the folder is not the card's; fetch it again")


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        raise WeightsError(
            f"{path.parent}: cannot be written ({error}); free some space or choose another folder"
        ) from None


def _stored(value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach()
    return value.to("cpu", dtype if value.is_floating_point() else value.dtype, copy=True).contiguous()
