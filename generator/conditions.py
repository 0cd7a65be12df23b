"""The two condition paths of AniFaceDiff: spatial (from the snapshot) and expression (per frame)."""

from __future__ import annotations

from torch import Tensor, nn

from .config import EXPRESSION_INPUT, ModelConfig
from .snapshot import CHANNELS
from .source_warp import GUIDES


class SpatialEncoder(nn.Module):
    """Bring snapshot and guide maps to the latent grid; the last layer starts at zero.

    Its output joins the latent at the denoiser's first convolution, which is the same as adding it after that layer.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(CHANNELS + GUIDES, 24, 3, padding=1), nn.SiLU()]
        size, width = config.snapshot_size, 24
        while size > config.grid:
            layers += [nn.Conv2d(width, min(2 * width, 96), 3, stride=2, padding=1), nn.SiLU()]
            width, size = min(2 * width, 96), size // 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, width, 3, padding=1), nn.SiLU())
        self.out = nn.Conv2d(width, config.spatial_channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, conditions: Tensor) -> Tensor:
        """Return (N, spatial_channels, grid, grid) of conditions (N, 9, S, S) in [0, 1]."""
        out: Tensor = self.out(self.layers(conditions))
        return out


class ExpressionAdapter(nn.Module):
    """Turn expression and gaze into cross-attention tokens, one set per frame."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.tokens, self.width = config.tokens, config.context_dim
        self.project = nn.Sequential(
            nn.Linear(EXPRESSION_INPUT, 256), nn.GELU(), nn.Linear(256, config.tokens * config.context_dim)
        )
        self.norm = nn.LayerNorm(config.context_dim)

    def forward(self, expression: Tensor) -> Tensor:
        """Return tokens (N, tokens, context_dim) of expression and gaze (N, 14)."""
        out: Tensor = self.norm(self.project(expression).view(-1, self.tokens, self.width))
        return out
