"""Write published files of toy networks, named by independent rules and not by the importers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from generator.network.config import TOY_SD15
from generator.network.weights_layout import part_shapes

State = dict[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]

_RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
_ENDS = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
}  # fmt: skip


def drawn(shapes: Shapes, seed: int) -> State:
    """Return random tensors of the shapes, exact in half precision."""
    rng = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=rng).half().float() for name, shape in shapes.items()}


def published_shapes(motion: Literal["v2", "v3"] = "v3") -> dict[str, Shapes]:
    """Return the shapes of the toy's networks as they are published."""
    shapes: dict[str, Shapes] = dict(part_shapes(replace(TOY_SD15, motion=motion)))
    shapes["unet"] = {name: shape for name, shape in shapes["denoiser"].items() if ".processor." not in name}
    return shapes


def save_network(state: State, folder: Path, stem: str, *, pickled: bool = False) -> Path:
    """Write one network in the file format of diffusers and transformers."""
    folder.mkdir(parents=True, exist_ok=True)
    if pickled:
        path = folder / f"{stem}.bin"
        torch.save(state, path)
        return path
    path = folder / f"{'model' if stem == 'pytorch_model' else stem}.safetensors"
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return path


def first_release_unet(name: str) -> str:
    """Return the first release's name of a diffusers tensor of Stable Diffusion 1.5's U-Net (two layers per level)."""
    layer, _, kind = name.rpartition(".")
    if layer in _ENDS:
        return f"{_ENDS[layer]}.{kind}"
    if found := re.fullmatch(r"down_blocks\.(\d)\.downsamplers\.0\.conv", layer):
        return f"input_blocks.{3 * (int(found[1]) + 1)}.0.op.{kind}"
    if found := re.fullmatch(r"up_blocks\.(\d)\.upsamplers\.0\.conv", layer):
        # The deepest level has no attention between the residual block and the upsampler.
        return f"output_blocks.{3 * int(found[1]) + 2}.{1 if found[1] == '0' else 2}.conv.{kind}"
    found = re.fullmatch(r"(down_blocks|up_blocks|mid_block)(?:\.(\d))?\.(resnets|attentions)\.(\d)\.(.+)", layer)
    assert found is not None, name
    side, block, sort, index, inner = found.groups()
    if side == "mid_block":
        place = f"middle_block.{1 if sort == 'attentions' else 2 * int(index)}"
    else:
        row = 3 * int(block) + int(index) + (side == "down_blocks")
        place = f"{'input' if side == 'down_blocks' else 'output'}_blocks.{row}.{int(sort == 'attentions')}"
    return f"{place}.{_RESNET[inner] if sort == 'resnets' else inner}.{kind}"


def first_release_vae(name: str) -> str:
    """Return the first release's name of a diffusers tensor of the autoencoder (four levels)."""
    attention = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
    layer, _, kind = name.rpartition(".")
    layer = layer.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    if found := re.fullmatch(r"(\w+)\.mid_block\.attentions\.0\.(.+)", layer):
        return f"{found[1]}.mid.attn_1.{attention[found[2]]}.{kind}"
    if found := re.fullmatch(r"(\w+)\.mid_block\.resnets\.(\d)\.(.+)", layer):
        return f"{found[1]}.mid.block_{int(found[2]) + 1}.{found[3]}.{kind}"
    layer = re.sub(r"up_blocks\.(\d)", lambda m: f"up.{3 - int(m[1])}", layer.replace("down_blocks.", "down."))
    layer = layer.replace(".resnets.", ".block.").replace("samplers.0", "sample")
    return f"{layer}.{kind}"


def first_release_vae_state(state: State) -> State:
    """Return an autoencoder in the first release's form: its attention has 1x1 convolutions, not linear layers."""
    out = {}
    for name, value in state.items():
        is_projection = ".attentions.0.to_" in name and name.endswith("weight")
        out[first_release_vae(name)] = value[:, :, None, None] if is_projection else value
    return out


def early_vae_state(state: State) -> State:
    """Return an autoencoder with the middle block's attention named as in early diffusers files."""
    pairs = ((".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."), (".to_out.0.", ".proj_attn."))
    out = {}
    for name, value in state.items():
        for new, old in pairs:
            name = name.replace(new, old)
        out[name] = value
    return out


def moore_names(name: str) -> str:
    """Return the pose guider's name of one of our convolutions."""
    layer, _, kind = name.rpartition(".")
    if layer == "out":
        return f"conv_out.{kind}"
    index = int(layer.removeprefix("layers.")) // 2
    return f"conv_in.{kind}" if index == 0 else f"blocks.{index - 1}.{kind}"
