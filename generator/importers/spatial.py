"""Read encoders of one condition map: Moore-AnimateAnyone's pose guider and Champ's guidance encoders."""

from __future__ import annotations

from generator.errors import WeightsError

from .kinds import SPATIAL, kind_of
from .part import Part
from .tensor_file import TensorFile

_NEVER_RUN = (
    "attentions.0.",
    "attentions.1.",
    "attentions.2.",
    "attentions.3.",
    "attentions.4.",
    "guidance_attention.",
)
_LAST = "attentions.5."


def read_spatial_encoder(file: TensorFile) -> Part:
    """Read the convolutions of a map encoder (16-32-96-256 to 320 channels).

    Champ's encoders contain attentions too: its forward pass uses only the last one, between the convolutions and
    `conv_out`. Ours has no attention, so such an encoder is a start for training, and the report states this.

    Args:
        file: `pose_guider.pth` or `guidance_encoder_*.pth`.

    Raises:
        WeightsError: The file contains something else.
    """
    kind = kind_of(file.tensors)
    if kind != SPATIAL:
        raise WeightsError(f"{file.path}: {kind}; expected a pose guider or a guidance encoder of one map")
    idle = tuple(name for name in file.tensors if name.startswith(_NEVER_RUN))
    last = tuple(name for name in file.tensors if name.startswith(_LAST))
    kept = {_ours(name): value for name, value in file.tensors.items() if name not in (*idle, *last)}
    note = ("its attention has no place here, so train this encoder further",) if last else ()
    ignored = {"attentions that its own forward pass never runs": idle, "attention before the last convolution": last}
    return Part(file.path, "guidance encoder" if last else "pose guider", kept, ignored, note)


def _ours(name: str) -> str:
    """Return our name: the convolutions in one sequence, with an activation after each except the last."""
    layer, _, kind = name.rpartition(".")
    if layer == "conv_in":
        return f"layers.0.{kind}"
    if layer == "conv_out":
        return f"out.{kind}"
    block, _, index = layer.partition(".")
    return f"layers.{2 * (int(index) + 1)}.{kind}" if block == "blocks" and index.isdecimal() else name
