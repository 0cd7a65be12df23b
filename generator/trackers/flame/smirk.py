"""Run SMIRK's encoder: three small networks for pose, shape, and expression with lids.

The source is Retsinas et al., CVPR 2024, arXiv 2404.04104. The weights are the authors' ``SMIRK_em1.pt``. Their code
has the MIT licence; the weights were trained with FLAME, whose licence may apply to them. The generator in the file is
not used here. SMIRK's own code moves the lids after rotating the head; this code moves them before, so that lids close
correctly on a rotated face.
"""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn

from .flame_code import FlameCode, FlameNetwork

_SHAPE = 100  # of the 300 components that the network returns


class _Features(nn.Module):
    """Compute the features of a MobileNetV3, averaged over the picture."""

    def __init__(self, size: str) -> None:
        super().__init__()
        name = f"tf_mobilenetv3_{size}_minimal_100"
        self.encoder = timm.create_model(name, pretrained=False, features_only=True)
        self.width = int(self.encoder.feature_info.channels()[-1])

    def forward(self, crops: Tensor) -> Tensor:
        features: Tensor = self.encoder(crops)[-1].mean((2, 3))
        return features


class _PoseEncoder(_Features):
    def __init__(self) -> None:
        super().__init__("small")
        self.pose_cam_layers = nn.Sequential(nn.Linear(self.width, 6))

    def forward(self, crops: Tensor) -> Tensor:
        head_and_camera: Tensor = self.pose_cam_layers(super().forward(crops))
        return head_and_camera


class _ShapeEncoder(_Features):
    def __init__(self) -> None:
        super().__init__("large")
        self.shape_layers = nn.Sequential(nn.Linear(self.width, 300))

    def forward(self, crops: Tensor) -> Tensor:
        shape: Tensor = self.shape_layers(super().forward(crops))
        return shape


class _ExpressionEncoder(_Features):
    def __init__(self) -> None:
        super().__init__("large")
        self.expression_layers = nn.Sequential(nn.Linear(self.width, 55))

    def forward(self, crops: Tensor) -> Tensor:
        psi, lids, opening, aside = self.expression_layers(super().forward(crops)).split([50, 2, 1, 2], 1)
        return torch.cat([psi, lids.clamp(0, 1), opening.relu(), aside.clamp(-0.2, 0.2)], 1)


class Smirk(FlameNetwork):
    """Map crops to parameters with the three encoders of ``SMIRK_em1.pt``."""

    part = "smirk_encoder"

    def __init__(self) -> None:
        super().__init__()
        self.pose_encoder = _PoseEncoder()
        self.shape_encoder = _ShapeEncoder()
        self.expression_encoder = _ExpressionEncoder()

    @torch.inference_mode()
    def read(self, crops: Tensor) -> FlameCode:
        """Read the parameters of crops; of the shape only the first 100 of 300 components are used."""
        head, camera = self.pose_encoder(crops).float().cpu().split(3, 1)
        return FlameCode(
            shape=self.shape_encoder(crops).float().cpu()[:, :_SHAPE].numpy(),
            expression=self.expression_encoder(crops).float().cpu().numpy(),
            turn=head.numpy(),
            camera=camera.numpy(),
        )
