"""From one picture and one motion to a marked clip, top to bottom."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermark import Claim, Deployment, Ingredient, Payload, PayloadKind, check_size, mark

from .alignment import Mode, Retarget, align
from .clip import GeneratedClip
from .conditions import expression_input
from .face_params import DriveSequence, FaceParams
from .model import AniFaceDiff, Conditions, EncodedSource, noise_schedule
from .source_warp import SourceWarp
from .weights_io import load_pretrained

Picture = NDArray[np.uint8]
Progress = Callable[[int, int], None]

_HEAD_SCALE = (0.27, 0.37)
"""Head scales, in picture sides, that the model was trained on; other sources are cropped to the middle one."""
_MIDDLE_SCALE = 0.32
_STEPS = 3


@dataclass(frozen=True, slots=True)
class AnimateConfig:
    """How to animate.

    Attributes:
        steps: Denoising steps, None for the preset's 3. seed: Of the noise and the mark's id.
        mode: "relative" adds the drive's change to the source's own pose and expression; "absolute" copies it.
        eyes: Gain on lid motion. mouth: Gain on mouth motion. chunk: Frames denoised together.
    """

    steps: int | None = None
    seed: int = 0
    mode: Mode = "relative"
    eyes: float = 1.0
    mouth: float = 1.0
    chunk: int = 8


def frame_source(image: Picture, params: FaceParams, size: int) -> tuple[Picture, FaceParams]:
    """Cut a square around the head and bring it to `size`, so that the head has a scale the model knows.

    Args:
        image: (H, W, 3) uint8 RGB.
        params: The face; its camera counts in sides of the square that encloses the
            picture centrally, as the trackers give it.
        size: Side of the result, pixels.

    Returns:
        The square picture and the parameters in it.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = float(params.camera[0])
    centre = params.camera[1:] * longest - (longest - np.array([width, height])) / 2
    if height == width and _HEAD_SCALE[0] <= scale <= _HEAD_SCALE[1]:
        side, corner = float(longest), np.zeros(2)
    else:
        side = scale * longest / _MIDDLE_SCALE
        corner = centre - side / 2
    zoom = size / side
    if zoom < 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.35 / zoom)
    shift = (0.5 - corner) * zoom - 0.5
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    flags = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_LINEAR
    square = cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    camera = np.array([scale * longest / side, *((centre - corner) / side)], np.float32)
    return np.asarray(square, np.uint8), FaceParams(params.shape, params.expression, params.pose, params.gaze, camera)


def _tensor(picture: NDArray[np.uint8], scale: float, shift: float) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(0, 3, 1, 2).float() / scale + shift


class Animator:
    """AniFaceDiff ready to use. Nothing it returns is without a mark."""

    def __init__(self, model: AniFaceDiff, digest: str, preset: str = "mini") -> None:
        self._model, self._digest, self._preset = model, digest, preset

    @staticmethod
    def from_pretrained(folder: Path | None = None) -> Animator:
        """Load a model folder; None takes the shipped `mini`.

        Raises:
            WeightsError: A file is missing, damaged, or of another model.
        """
        model, digest = load_pretrained(folder)
        return Animator(model, digest)

    def animate(
        self,
        image: Picture,
        params: FaceParams,
        drive: DriveSequence,
        deployment: Deployment,
        *,
        config: AnimateConfig | None = None,
        ingredients: tuple[Ingredient, ...] = (),
        title: str = "animated avatar",
        progress: Progress | None = None,
    ) -> GeneratedClip:
        """Animate a source picture by a drive.

        Args:
            image: (H, W, 3) uint8 RGB source.
            params: Its face.
            drive: The motion, at least one frame.
            deployment: Whose mark the frames carry.
            config: How; None for the defaults.
            ingredients: Files that went in, recorded in the claim.
            title: For the claim.
            progress: Is told (frames done, frames in all).

        Returns:
            The marked clip, (T, S, S, 3).

        Raises:
            TooSmallError: The output would be too small to carry a mark; raised before any work.
        """
        config = config or AnimateConfig()
        size = self._model.config.image_size
        check_size(size, size)
        started = time.perf_counter()
        source, source_params = frame_source(image, params, size)
        aligned = align(source_params, drive, Retarget(config.mode, config.eyes, config.mouth))
        payload = self._payload(source, aligned, config)
        unmarked = self._denoise(source, source_params, aligned, config, progress)
        denoised = time.perf_counter()
        frames = mark(unmarked, payload, deployment.mark_key)
        del unmarked
        seconds = {"denoise": denoised - started, "mark": time.perf_counter() - denoised}
        claim = Claim(
            payload=payload,
            title=title,
            agent=f"facetrail AniFaceDiff {self._preset}",
            agent_version=version("facetrail"),
            seed=config.seed,
            ingredients=ingredients,
            model_digest=self._digest,
        )
        return GeneratedClip(frames, aligned.fps, claim, aligned, source, seconds)

    def _payload(self, source: Picture, aligned: DriveSequence, config: AnimateConfig) -> Payload:
        """Return the mark's payload: its id follows from all that the frames follow from, so no two works share one."""
        content = hashlib.sha256(f"{self._digest} {config.steps} {config.seed}".encode())
        for values in (source, aligned.shape, aligned.expression, aligned.pose, aligned.gaze, aligned.camera):
            content.update(np.ascontiguousarray(values).tobytes())
        return Payload(int.from_bytes(content.digest()[:6], "big"), PayloadKind.GENERATED)

    def _denoise(
        self,
        source: Picture,
        params: FaceParams,
        aligned: DriveSequence,
        config: AnimateConfig,
        progress: Progress | None,
    ) -> Picture:
        """Return unmarked frames (T, S, S, 3); every caller marks them at once."""
        warp = SourceWarp(source, params)
        with torch.inference_mode():
            encoded = self._model.encode_source(_tensor(source[None], 127.5, -1))
            generator = torch.Generator().manual_seed(config.seed)
            latent = self._model.config.latent_channels, self._model.config.grid, self._model.config.grid
            noise = torch.randn((1, *latent), generator=generator)
            frames = []
            for start in range(0, len(aligned), config.chunk):
                moments = [aligned[index] for index in range(start, min(start + config.chunk, len(aligned)))]
                frames.append(self._sample(warp, encoded, moments, noise, config.steps or _STEPS))
                if progress is not None:
                    progress(start + len(moments), len(aligned))
        return np.concatenate(frames)

    def _sample(
        self, warp: SourceWarp, encoded: EncodedSource, moments: list[FaceParams], noise: Tensor, steps: int
    ) -> Picture:
        """Denoise some frames with DDIM; all start from the same noise, so that a still drive gives a still clip."""
        scenes = [warp(moment) for moment in moments]
        maps = {
            "snapshot": _tensor(np.stack([scene.snapshot for scene in scenes]), 255, 0),
            "guides": _tensor(np.stack([scene.guides for scene in scenes]), 255, 0),
            "moved": _tensor(np.stack([scene.moved for scene in scenes]), 127.5, -1),
        }
        expression = torch.from_numpy(np.stack([expression_input(moment) for moment in moments]))
        given = Conditions(maps, expression)
        schedule = noise_schedule()
        schedule.set_timesteps(steps)
        latent = noise.expand(len(moments), -1, -1, -1)
        prepared = self._model.prepare(encoded, given)
        for moment in schedule.timesteps:
            clean = self._model.denoise(latent, moment.expand(len(latent)), prepared)
            latent = schedule.step(clean, int(moment), latent).prev_sample
        pictures = self._model.compose(latent, encoded, given)
        return ((pictures + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
