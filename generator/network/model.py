"""Combine AniFaceDiff in one module: codec, reference network, conditions, denoiser, temporal modules, compositor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import AttentionInputs, ReferenceBank
from .compositor import Composition, Compositor
from .conditions import MAP_CHANNELS, ExpressionAdapter, SpatialEncoder, SpatialEncoders
from .config import ModelConfig
from .image_context import ClipContext, LatentContext
from .patch_codec import PatchCodec
from .temporal import MotionModules
from .unet import Denoiser, ReferenceNet

if TYPE_CHECKING:
    from .kl_codec import KLCodec


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of N frames.

    Attributes:
        maps: Spatial maps (N, K, s, s) by name, in [0, 1]; "moved", the source's layers moved to the target, in
            [-1, 1].
        expression: (N, E) expression and gaze.
    """

    maps: Mapping[str, Tensor]
    expression: Tensor

    def __len__(self) -> int:
        return len(self.expression)

    def __getitem__(self, index: slice) -> Conditions:
        return Conditions({name: values[index] for name, values in self.maps.items()}, self.expression[index])

    def to(self, device: torch.device, dtype: torch.dtype) -> Conditions:
        """Return the conditions on a device and in a precision."""
        maps = {name: values.to(device, dtype) for name, values in self.maps.items()}
        return Conditions(maps, self.expression.to(device, dtype))


@dataclass(frozen=True, slots=True)
class EncodedSource:
    """A source after the reference network, which runs once per clip.

    Attributes:
        latent: (M, C, g, g). context: (M, 1, D).
        bank: Keys and values of the denoiser's self-attentions.
    """

    latent: Tensor
    bank: ReferenceBank
    context: Tensor


@dataclass(frozen=True, slots=True)
class Dropped:
    """The frames of a training batch that lose a condition; (N,) bool each.

    Attributes:
        source: Reference, context token and expression together; guidance steers away from this prediction.
        expression: The expression alone, so that its strength can be adjusted.
    """

    source: Tensor
    expression: Tensor


@dataclass(frozen=True, slots=True)
class Prepared:
    """All inputs of the denoiser for N frames, except the noisy latent.

    Attributes:
        beside: (N, K, g, g) concatenated with the noisy latent, or None.
        added: (N, widths[0], g, g) added after the first convolution, or None.
        context: (N, 1, D).
        inputs: Inputs of the attentions.
    """

    beside: Tensor | None
    added: Tensor | None
    context: Tensor
    inputs: AttentionInputs

    def __getitem__(self, index: Tensor | slice) -> Prepared:
        """Return some of the frames, which must all share one source."""
        inputs = self.inputs
        return Prepared(
            beside=None if self.beside is None else self.beside[index],
            added=None if self.added is None else self.added[index],
            context=self.context[index],
            inputs=replace(inputs, expression=None if inputs.expression is None else inputs.expression[index]),
        )

    def unconditional(self) -> Prepared:
        """Return the same frames without source and expression, as guidance needs them; the spatial maps are kept."""
        return replace(self, context=torch.zeros_like(self.context), inputs=AttentionInputs())

    def with_strength(self, strength: float) -> Prepared:
        """Return the same inputs with another lambda of the Expression Adapter."""
        return replace(self, inputs=replace(self.inputs, strength=strength))


class AniFaceDiff(nn.Module):
    """The complete network (arXiv 2406.13272), at any size.

    Args:
        config: Sizes of the model.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        latent = config.latent_channels
        concatenated = config.spatial == "concatenate"
        self.codec: PatchCodec | KLCodec = _codec(config)
        self.reference_net = ReferenceNet(config)
        self.denoiser = Denoiser(config, 3 * latent + config.spatial_channels if concatenated else latent)
        self.spatial_encoder: SpatialEncoder | SpatialEncoders
        if concatenated:
            drawn = [MAP_CHANNELS.get(name, 3) for name in config.maps if name != "moved"]
            self.spatial_encoder = SpatialEncoder(sum(drawn), config)
        else:
            self.spatial_encoder = SpatialEncoders(config)
        self.expression_adapter = ExpressionAdapter(config)
        self.context = LatentContext(config) if config.context == "latent" else ClipContext(config)
        self.compositor = Compositor(config) if config.compositor_channels else None
        self.motion = MotionModules(config) if config.motion else None

    def encode_source(self, picture: Tensor) -> EncodedSource:
        """Run the reference network on sources (M, 3, S, S) in [-1, 1], at noise level 0."""
        latent = self.codec.encode(picture)
        context = self.context(picture, latent)
        bank = self.denoiser.reference_bank(self.reference_net(latent, context))
        return EncodedSource(latent, bank, context)

    def prepare(self, source: EncodedSource, given: Conditions, dropped: Dropped | None = None) -> Prepared:
        """Compute everything that is constant over the denoising steps of N frames.

        Args:
            source: M sources; N must be a multiple of M, and consecutive frames share a source.
            given: Conditions of the N frames.
            dropped: Conditions that are dropped in training, per frame; `Prepared.unconditional` drops them for all
                frames.
        """
        repeat = len(given) // len(source.latent)
        context = source.context.repeat_interleave(repeat, 0)
        inputs = AttentionInputs(source.bank, expression=self.expression_adapter(given.expression))
        if dropped is not None:
            seen = ~dropped.source
            context = context * seen[:, None, None]
            strength = (seen & ~dropped.expression)[:, None, None].to(context.dtype)
            inputs = replace(inputs, keep=seen, strength=strength)
        beside, added = self._spatial(source, given, repeat)
        return Prepared(beside, added, context, inputs)

    def _spatial(self, source: EncodedSource, given: Conditions, repeat: int) -> tuple[Tensor | None, Tensor | None]:
        if isinstance(self.spatial_encoder, SpatialEncoders):
            return None, self.spatial_encoder(given.maps)
        size = given.maps["turned"].shape[-2:]
        guides = functional.interpolate(given.maps["guides"], size=size, mode="area")
        drawn = self.spatial_encoder(torch.cat([given.maps["turned"], guides], 1))
        still = source.latent.repeat_interleave(repeat, 0)
        return torch.cat([self.codec.encode(given.maps["moved"]), still, drawn], 1), None

    def denoise(self, noisy: Tensor, time: Tensor, prepared: Prepared, frames: int = 1) -> Tensor:
        """Return the prediction (N, C, g, g) for noisy latents.

        Args:
            noisy: (N, C, g, g).
            time: (N,) in [0, 1000).
            prepared: Conditions of the N frames.
            frames: Consecutive frames that form one window of the temporal modules, at most 32; N is a multiple of it.
                With 1 the temporal modules are skipped, as in training on stills.
        """
        sample = noisy if prepared.beside is None else torch.cat([noisy, prepared.beside], 1)
        predicted: Tensor = self.denoiser(
            sample, time, prepared.context, prepared.inputs, added=prepared.added,
            motion=self.motion if frames > 1 else None, frames=frames,
        )  # fmt: skip
        return predicted

    def decode(self, latent: Tensor) -> Tensor:
        """Return pictures (N, 3, S, S) in [-1, 1] of clean latents (N, C, g, g)."""
        return self.codec.decode(latent).clamp(-1, 1)

    def compose(self, latent: Tensor, given: Conditions, window: tuple[slice, slice] | None = None) -> Composition:
        """Return moved layers with what the network draws where they cannot be trusted, or a part of the picture.

        Args:
            latent: (N, C, g, g) clean latents.
            given: Conditions of the latents.
            window: Rows and columns of the latent grid to compose; None for all.
        """
        assert self.compositor is not None  # noqa: S101 - only layered models are composed  # nosec B101
        rows, columns = window or (slice(0, self.config.grid), slice(0, self.config.grid))

        def cut(picture: Tensor, cell: int) -> Tensor:
            return picture[..., rows.start * cell : rows.stop * cell, columns.start * cell : columns.stop * cell]

        patch = self.config.patch
        drawn = self.codec.decode(latent[..., rows, columns])
        turned = functional.interpolate(cut(given.maps["turned"], patch // 2), scale_factor=2, mode="nearest")
        out: Composition = self.compositor(
            drawn, cut(given.maps["moved"], patch), cut(given.maps["guides"], patch), turned
        )
        return out


def _codec(config: ModelConfig) -> PatchCodec | KLCodec:
    if config.codec == "patch":
        return PatchCodec(config)
    from .kl_codec import KLCodec  # its import takes seconds

    return KLCodec(config)
