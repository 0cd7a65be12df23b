"""Names of EfficientNet-B4 in efficientnet_pytorch, whose blocks are numbered through, and in timm."""

from __future__ import annotations

import re

REPEATS = (2, 4, 4, 6, 6, 8, 2)
"""Blocks of each stage of EfficientNet-B4."""

_BLOCK = re.compile(r"_blocks\.(\d+)\.(_\w+?)\.(\w+)$")
_STEM = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
_FIRST_STAGE = {
    "_depthwise_conv": "conv_dw", "_bn1": "bn1", "_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pw", "_bn2": "bn2",
}  # fmt: skip
_LATER_STAGES = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand", "_project_conv": "conv_pwl", "_bn2": "bn3",
}  # fmt: skip


def rename_efficientnet(name: str) -> str | None:
    """Return our name of a tensor of an EfficientNet-B4, None where it has no counterpart."""
    block = _BLOCK.match(name)
    if block is None:
        layer, _, part = name.rpartition(".")
        return f"backbone.{_STEM[layer]}.{part}" if layer in _STEM else None
    number = int(block[1])
    for stage, count in enumerate(REPEATS):
        if number < count:
            layers = _LATER_STAGES if stage else _FIRST_STAGE
            return f"backbone.blocks.{stage}.{number}.{layers[block[2]]}.{block[3]}" if block[2] in layers else None
        number -= count
    return None
