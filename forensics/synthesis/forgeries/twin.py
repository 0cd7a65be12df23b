"""Build codec twins: genuine footage that passed through the generator's codec and nothing else.

A twin and its original show a detector the traces of generation without any other difference. Rajan et al. 2025 and
Chen et al. 2025 do so with the autoencoders of diffusion models.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .footage import Edited, Footage

if TYPE_CHECKING:
    from generator.network.kl_codec import KLCodec
    from generator.network.patch_codec import PatchCodec


@cache
def open_codec(weights: Path | None = None) -> PatchCodec | KLCodec:
    """Load the codec of generator weights: the patch codec of `mini`, the autoencoder of larger presets.

    Args:
        weights: Folder of weights, None for the shipped ones.

    Raises:
        WeightsError: The weights are missing or damaged.
    """
    from generator.network.weights_io import load_pretrained

    model, _ = load_pretrained(weights)
    return model.codec.eval()


def recode(footage: Footage, weights: Path | None = None) -> Edited:
    """Encode and decode every frame.

    Args:
        footage: Genuine footage; its sides must be multiples of the codec's patch.
        weights: Weights with the codec, None for the shipped generator's.
    """
    import torch

    codec = open_codec(weights)
    frames = []
    with torch.inference_mode():
        for frame in footage.frames:
            picture = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1
            decoded = codec.decode(codec.encode(picture)).clamp(-1, 1)
            frames.append(((decoded[0].permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy())
    return Edited(np.stack(frames), footage.faces, None)
