"""Read temporal modules: AnimateDiff v1 to v3, Moore-AnimateAnyone's `motion_module.pth`, diffusers' MotionAdapter."""

from __future__ import annotations

import re
from typing import Literal

import torch
from torch import Tensor

from generator.errors import WeightsError
from generator.network.temporal import LONGEST_WINDOW, position_table

from .kinds import MOTION, kind_of
from .part import Part
from .tensor_file import TensorFile

_ADAPTER = {
    "norm1": "norms.0", "norm2": "norms.1", "norm3": "ff_norm", "attn1": "attention_blocks.0",
    "attn2": "attention_blocks.1",
}  # fmt: skip
_BLOCK = re.compile(r"(.*\.motion_modules\.\d+)\.(.*)")


def holds_motion(file: TensorFile) -> bool:
    """Return whether a file has temporal modules, alone or within a U-Net."""
    return any(".motion_modules." in name for name in file.tensors)


def read_motion(file: TensorFile) -> Part:
    """Read temporal modules under AnimateDiff's names.

    Position tables are sinusoids and not learned: a shorter sinusoidal table (v1 has 24 frames) is extended to 32
    frames.

    Args:
        file: Temporal modules, alone or within a 3-D U-Net, whose other tensors are left out.

    Raises:
        WeightsError: The file contains none.
    """
    if not holds_motion(file):
        raise WeightsError(f"{file.path}: {kind_of(file.tensors)}; expected temporal modules (AnimateDiff)")
    theirs = {name: value for name, value in file.tensors.items() if ".motion_modules." in name}
    rest = tuple(name for name in file.tensors if name not in theirs)
    if kind_of(file.tensors) == MOTION and rest:
        # A file of temporal modules alone contains nothing else, so any other tensor counts as unexpected.
        theirs, rest = dict(file.tensors), ()
    adapter = not any(".temporal_transformer." in name for name in theirs)
    tensors: dict[str, Tensor] = {}
    notes: tuple[str, ...] = ()
    for name, value in theirs.items():
        for ours in _from_adapter(name) if adapter else (name,):
            table = value if not ours.endswith("pos_encoder.pe") else continued(value)
            if table is not value:
                notes = (f"position tables of {value.shape[1]} frames continued to {LONGEST_WINDOW}",)
            tensors[ours] = table
    layout = "diffusers MotionAdapter" if adapter else "AnimateDiff temporal modules"
    return Part(file.path, layout, tensors, {"tensors beside the temporal modules": rest}, notes)


def layout_of(part: Part) -> Literal["v2", "v3"]:
    """Return "v2" where the middle block has a module, else "v3" (v1 has the layout of v3)."""
    return "v2" if any(name.startswith("mid_block.") for name in part.tensors) else "v3"


def continued(table: Tensor) -> Tensor:
    """Extend a sinusoidal table (1, n, C) with n < 32 to 32 frames; return any other table unchanged."""
    if table.ndim != 3 or table.shape[1] >= LONGEST_WINDOW or table.shape[2] % 2:
        return table
    whole = position_table(table.shape[2]).to(table.dtype)
    same = torch.allclose(whole[:, : table.shape[1]].float(), table.float(), atol=1e-2)
    return whole if same else table


def _from_adapter(name: str) -> tuple[str, ...]:
    found = _BLOCK.fullmatch(name)
    if found is None:
        return (name,)
    module, inner = found.groups()
    inner = ".".join(_ADAPTER.get(piece, piece) for piece in inner.split("."))
    ours = f"{module}.temporal_transformer.{inner}"
    if inner.endswith(".pos_embed.pe"):
        block = ours.removesuffix("pos_embed.pe")
        return tuple(f"{block}attention_blocks.{index}.pos_encoder.pe" for index in range(2))
    return (ours,)
