"""Read Stable Diffusion 1.5's U-Net in diffusers names, the first release's names, or Moore-AnimateAnyone's files.

Moore-AnimateAnyone, Champ and similar projects use diffusers' names. Their "inflated" convolutions have 2-D weights,
and files saved from the 3-D network may contain its temporal modules, which `motion.py` reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from generator.errors import WeightsError

from .kinds import CHECKPOINT, UNET, kind_of
from .part import Part
from .tensor_file import TensorFile

_PREFIX = "model.diffusion_model."


def read_unet(file: TensorFile) -> Part:
    """Read a U-Net under diffusers' names.

    Args:
        file: A diffusers U-Net, a `denoising_unet.pth`, a `reference_unet.pth`, or a whole checkpoint.

    Raises:
        WeightsError: The file contains something else.
    """
    kind = kind_of(file.tensors)
    if kind == CHECKPOINT:
        return _read_checkpoint(file)
    if kind != UNET:
        raise WeightsError(f"{file.path}: {kind}; expected a Stable Diffusion 1.5 U-Net")
    motion = tuple(name for name in file.tensors if ".motion_modules." in name)
    return Part(
        file.path,
        "diffusers U-Net",
        {name: value for name, value in file.tensors.items() if ".motion_modules." not in name},
        {"temporal modules, a part of their own": motion},
    )


def _read_checkpoint(file: TensorFile) -> Part:
    inside = {name.removeprefix(_PREFIX): name for name in file.tensors if name.startswith(_PREFIX)}
    ours = {theirs: name for name, theirs in from_first_release(inside).items()}
    tensors = {ours.get(short, name): file.tensors[name] for short, name in inside.items()}
    rest = tuple(name for name in file.tensors if not name.startswith(_PREFIX))
    return Part(file.path, "single file", tensors, {"other networks of the file": rest})


def from_first_release(names: Iterable[str]) -> dict[str, str]:
    """Return diffusers' name of each tensor of a U-Net in the first release's names (`input_blocks.1.0...`).

    The map is diffusers' own conversion, run on the names alone; names it does not know are left out.
    """
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    converted: dict[str, str] = convert_ldm_unet_checkpoint(
        {f"{_PREFIX}{name}": name for name in names}, {"layers_per_block": 2}
    )
    return converted
