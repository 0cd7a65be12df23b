"""Improve moved layers with a layered network: it draws what the source does not show, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator.errors import WeightsError
from generator.face.face_params import FaceParams
from generator.geometry import Drawing, network_maps
from generator.network.model import AniFaceDiff, EncodedSource
from generator.network.weights_io import SHIPPED, load_pretrained
from generator.network.weights_layout import read_card, weight_files

from .animate_config import AnimateConfig, Settings, settle
from .clip_conditions import condition_tensors, picture_tensor
from .framing import Picture
from .hardware import PRECISIONS, Precision, find_device, memory_named
from .sampling import Denoise, check_finite, forwards, predict


@dataclass(frozen=True, slots=True, eq=False)
class LayerNetwork:
    """A loaded network that improves moved layers.

    Attributes:
        model: The network, on its device and in its precision.
        denoise: Its `denoise`, compiled or not.
        digest: SHA-256 that identifies its weights. files: Name and SHA-256 of each file of weights.
    """

    model: AniFaceDiff
    denoise: Denoise
    digest: str
    files: tuple[tuple[str, str], ...]

    @staticmethod
    def load(
        folder: Path | None = None, *, device: str = "cpu", dtype: Precision = "fp32", compiled: bool = False
    ) -> LayerNetwork:
        """Load a model folder; None takes the shipped `mini`.

        Raises:
            WeightsError: A file is missing or damaged, or the model draws whole pictures.
            GenerationError: The device does not exist, or has too little memory.
        """
        where = find_device(device)
        card, config = read_card(folder or SHIPPED)
        if not config.layered:
            raise WeightsError(f"{folder}: this model draws whole pictures; load it with `load_animator`")
        with memory_named():
            model, digest = load_pretrained(folder, dtype=PRECISIONS[dtype], device=where)
        files = weight_files(card, digest)
        return LayerNetwork(model, torch.compile(model.denoise) if compiled else model.denoise, digest, files)

    def settings(self, config: AnimateConfig) -> Settings:
        """Return the settings of an animation with this preset's defaults."""
        return settle(config, self.model.config)


class LayerImprover:
    """Improve the moved layers of one source.

    Args:
        network: The network.
        source: (S, S, 3) uint8 the source.
        settings: Settings of the generation.
    """

    def __init__(self, network: LayerNetwork, source: Picture, settings: Settings) -> None:
        self._network, self._settings = network, settings
        patch = network.model.config.patch
        self.size = min(network.model.config.image_size, len(source)) // patch * patch
        small = source if len(source) == self.size else _resized(source, self.size)
        with torch.inference_mode():
            self._source = self._encoded(small)

    @property
    def evaluations(self) -> int:
        """Return how often the U-Net runs for a frame."""
        return len(self._settings.sampler.times) * forwards(self._settings.guidance)

    def _encoded(self, picture: Picture) -> EncodedSource:
        like = next(self._network.model.parameters())
        return self._network.model.encode_source(picture_tensor(picture[None]).to(like.device, like.dtype))

    @torch.inference_mode()
    def improve(self, drawings: Sequence[Drawing], moments: Sequence[FaceParams]) -> Picture:
        """Return pictures (N, S, S, 3) uint8 of frames; where the layers can be trusted they are theirs, to the bit.

        Args:
            drawings: The moved layers, with guides of `size`.
            moments: Aligned parameters of the frames.
        """
        layers = np.stack([each.picture for each in drawings])
        change = self._change([network_maps(each, self.size) for each in drawings], moments)
        side = layers.shape[1]
        enlarged = [change_at(each, side) for each in change]
        return np.clip(np.rint(layers + np.stack(enlarged)), 0, 255).astype(np.uint8)

    def _change(self, maps: Sequence[dict[str, NDArray[np.uint8]]], moments: Sequence[FaceParams]) -> Picture:
        """Return what the network adds to the moved layers, (N, s, s, 3) float32 in levels."""
        model, settings, source = self._network.model, self._settings, self._source
        like = source.latent
        given = condition_tensors(maps, moments).to(like.device, like.dtype)
        prepared = model.prepare(source, given).with_strength(settings.expression)
        noise = settings.sampler.noise(tuple(like.shape[1:]))
        latents: Tensor = noise.expand(len(maps), -1, -1, -1)
        for step, time in enumerate(settings.sampler.times):
            predicted = predict(self._network.denoise, latents, time, prepared, guidance=settings.guidance)
            latents = settings.sampler.advance(step, latents, predicted)
        composed = model.compose(latents.to(like.device, like.dtype), given)
        change = (composed.picture - given.maps["moved"]).float().cpu()
        check_finite(change, like.dtype)
        return np.ascontiguousarray((127.5 * change).permute(0, 2, 3, 1).numpy())


def change_at(change: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return a change (s, s, 3) at another side."""
    if len(change) == side:
        return change
    return np.asarray(cv2.resize(change, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _resized(picture: Picture, side: int) -> Picture:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
