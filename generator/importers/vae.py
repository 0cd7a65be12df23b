"""Read Stable Diffusion's autoencoder in diffusers names, old and new, or the first release's names.

The attention of the middle block was four 1x1 convolutions in the first release and `query`, `key`, `value`,
`proj_attn` in early diffusers files; it is four linear layers now.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from generator.errors import WeightsError

from .kinds import CHECKPOINT, VAE, kind_of
from .part import Part
from .tensor_file import TensorFile

_PREFIX = "first_stage_model."
_RENAMED = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_TRAINING = ("loss.", "model_ema.")


def read_vae(file: TensorFile) -> Part:
    """Read an autoencoder under diffusers' present names.

    Args:
        file: A diffusers VAE, the first release's VAE alone, or a whole checkpoint.

    Raises:
        WeightsError: The file contains something else.
    """
    kind = kind_of(file.tensors)
    if kind not in (CHECKPOINT, VAE):
        raise WeightsError(f"{file.path}: {kind}; expected the autoencoder (VAE) of Stable Diffusion 1.5")
    prefix = _PREFIX if any(name.startswith(_PREFIX) for name in file.tensors) else ""
    if kind == CHECKPOINT and not prefix:
        raise WeightsError(f"{file.path}: a checkpoint without its autoencoder; give one with --vae")
    inside, rest = {}, []
    for name, value in file.tensors.items():
        if name.startswith(prefix) and not name.removeprefix(prefix).startswith(_TRAINING):
            inside[name.removeprefix(prefix)] = value
        else:
            rest.append(name)
    if any(name.startswith("encoder.down.") for name in inside):
        ours = {theirs: name for name, theirs in from_first_release(inside).items()}
        layout = "single file" if prefix else "VAE of the first release"
    else:
        ours = {name: _present(name) for name in inside}
        layout = "diffusers VAE"
    tensors = {ours.get(name, prefix + name): _linear(ours.get(name, ""), value) for name, value in inside.items()}
    return Part(file.path, layout, tensors, {"other tensors of the file": tuple(rest)})


def from_first_release(names: Iterable[str]) -> dict[str, str]:
    """Return diffusers' name of each tensor of an autoencoder in the first release's names (`encoder.down.0...`).

    The map is diffusers' own conversion, run on the names alone; names it does not know are left out.
    """
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    levels = ("",) * 4
    converted: dict[str, str] = convert_ldm_vae_checkpoint(
        {name: _Name(name) for name in names}, {"down_block_types": levels, "up_block_types": levels}
    )
    return {ours: str(theirs) for ours, theirs in converted.items()}


class _Name(str):
    """A name that acts as a tensor in diffusers' conversion, which reads shapes."""

    __slots__ = ()
    shape = ()


def _present(name: str) -> str:
    head, _, tail = name.rpartition(".attentions.0.")
    layer, _, kind = tail.rpartition(".")
    return f"{head}.attentions.0.{_RENAMED[layer]}.{kind}" if head and layer in _RENAMED else name


def _linear(name: str, value: Tensor) -> Tensor:
    is_projection = ".attentions.0.to_" in name and name.endswith(".weight")
    return value.flatten(1) if is_projection and value.shape[2:] in ((1,), (1, 1)) else value
