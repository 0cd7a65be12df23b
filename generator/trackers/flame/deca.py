"""Run DECA's coarse encoder, which maps one crop to FLAME parameters, texture and light.

The source is Feng, Feng, Black and Bolkart, SIGGRAPH 2021, arXiv 2012.04012. The weights are the authors'
``deca_model.tar``, for non-commercial research. Texture, light and the detail networks are not used here.
"""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn

from .flame_code import FlameCode, FlameNetwork

PARTS = {"shape": 100, "texture": 50, "expression": 50, "head": 3, "jaw": 3, "camera": 3, "light": 27}
"""The network's 236 outputs in their order."""


class Deca(FlameNetwork):
    """Map crops to parameters with ResNet-50 and two linear layers, as in ``deca_model.tar``."""

    part = "E_flame"

    def __init__(self) -> None:
        super().__init__()
        self.encoder = timm.create_model("resnet50", pretrained=False, num_classes=0)
        self.layers = nn.Sequential(nn.Linear(2048, 1024), nn.ReLU(), nn.Linear(1024, sum(PARTS.values())))

    def forward(self, crops: Tensor) -> Tensor:
        """Return the raw outputs, ``(N, 236)``, of crops ``(N, 3, 224, 224)``, RGB in [0, 1]."""
        outputs: Tensor = self.layers(self.encoder(crops))
        return outputs

    @torch.inference_mode()
    def read(self, crops: Tensor) -> FlameCode:
        """Read the parameters of crops; DECA has no lid parameters, so the lids stay open."""
        parts = dict(zip(PARTS, self(crops).float().cpu().split(list(PARTS.values()), 1), strict=True))
        lids = torch.zeros(len(crops), 2)
        return FlameCode(
            shape=parts["shape"].numpy(),
            expression=torch.cat([parts["expression"], lids, parts["jaw"]], 1).numpy(),
            turn=parts["head"].numpy(),
            camera=parts["camera"].numpy(),
        )
