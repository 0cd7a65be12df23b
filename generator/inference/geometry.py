"""Animate pictures by moved layers: the preset "geometry", which needs no weights, and networks that improve it.

The source is taken apart once; every frame lays its layers over each other (`generator.geometry`), and a layered
network such as `mini` draws what the source does not show. Unmarked frames exist in `marked_frames` only, as for
networks that draw whole pictures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.avatars import avatar_head
from generator.avatars.asset import ASSET, ASSET_SHA256
from generator.errors import FaceModelError, GenerationError
from generator.face.alignment import align
from generator.face.face_params import DriveSequence, FaceParams
from generator.geometry import (
    Drawing,
    Painter,
    Strength,
    avatar_rig,
    face_in_picture,
    moment_of,
    prepare_source,
    restrict,
    zero_of,
)
from watermark import Claim, Deployment, Ingredient, Payload, PayloadKind, SourceType, check_size

from .animate_config import AnimateConfig
from .clip import GeneratedClip, GeneratedFile
from .delivery import deliver
from .denoising import Stepped
from .framing import Picture, frame_sharp
from .generation import generate, generate_to
from .hardware import Precision, memory_named
from .layer_network import LayerImprover, LayerNetwork
from .marked_frames import Progress, looked_at
from .paste_back import PasteBack
from .planned_clip import PlannedClip
from .windows import lay_groups

FACE_MODEL = "arkit"
PRESET = "geometry"
_WORKERS = 2


class GeometryAnimator:
    """Animate pictures by moved layers; it has the methods of `Animator`.

    Args:
        network: Network that improves the layers; None for the layers alone.
    """

    def __init__(self, network: LayerNetwork | None = None) -> None:
        self._network = network

    @staticmethod
    def from_pretrained(
        folder: Path | None = None, *, device: str = "cpu", dtype: Precision = "fp32", compiled: bool = False
    ) -> GeometryAnimator:
        """Load the network of a model folder, None for the shipped `mini`; see `Animator.from_pretrained`.

        Raises:
            WeightsError: A file is missing or damaged, or the model draws whole pictures.
            GenerationError: The device does not exist, or has too little memory.
        """
        return GeometryAnimator(LayerNetwork.load(folder, device=device, dtype=dtype, compiled=compiled))

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
        """Animate a source picture by a drive, in memory; see `Animator.animate`.

        Raises:
            TooSmallError: The output would be too small to carry a mark; raised before any work.
            FaceModelError: Source or drive is not a face of the layout "arkit".
            GenerationError: A setting is out of range.
        """
        settings = config or AnimateConfig()
        work = plan_geometry(image, params, drive, settings, ingredients, title, self._network)
        with memory_named(), LayerDrawing(work, drive, settings, self._network) as drawing:
            return generate(work, drawing, deployment, progress)

    def animate_to(
        self,
        path: Path,
        image: Picture,
        params: FaceParams,
        drive: DriveSequence,
        deployment: Deployment,
        *,
        config: AnimateConfig | None = None,
        ingredients: tuple[Ingredient, ...] = (),
        progress: Progress | None = None,
        fresh: bool = False,
        audio_from: Path | None = None,
    ) -> GeneratedFile:
        """Animate a source picture by a drive of any length, to a sealed file; see `Animator.animate_to`.

        An interrupted run leaves nothing, because frames are drawn about as fast as they are shown; `fresh` is taken
        for the sake of the same interface.

        Raises:
            TooSmallError, FaceModelError, GenerationError: As for `animate`.
            WatermarkError: The file cannot be written or read back; then no file is left.
        """
        del fresh
        settings = config or AnimateConfig()
        work = plan_geometry(image, params, drive, settings, ingredients, path.name, self._network)
        delivery = deliver(path, work.claim, deployment, drive.fps, (*work.shape, work.channels), audio_from)
        with memory_named(), LayerDrawing(work, drive, settings, self._network) as drawing:
            return generate_to(path, work, drawing, deployment, delivery, progress)


class LayerDrawing:
    """Draw a clip from layers, some frames at a time, on two threads.

    Args:
        work: The planned clip.
        drive: The motion.
        config: Settings of the animation.
        network: Network that improves the layers, if any.
    """

    def __init__(
        self, work: PlannedClip, drive: DriveSequence, config: AnimateConfig, network: LayerNetwork | None = None
    ) -> None:
        rig = avatar_rig()
        zero = zero_of(work.params, drive, config.retarget, config.anchor)
        if config.regions is not None:
            drive = restrict(drive, zero, dict(config.regions), rig)
        self._drive, self._rig = drive, rig
        self._person = avatar_head().neutral(drive.shape)
        source = prepare_source(rig, work.source, face_in_picture(work.params, len(work.source)), work.opaque)
        strength = Strength(config.eyes, config.mouth, same_person=config.anchor is not None)
        self._painter = Painter(source, moment_of(rig, zero, avatar_head().neutral(zero.shape)), strength)
        self._improver = None if network is None else LayerImprover(network, work.source, network.settings(config))
        self._aligned = drive if config.anchor is not None else work.aligned
        self.groups: Sequence[tuple[int, int]] = lay_groups(len(drive), config.chunk, looked_at(len(drive)))
        self.evaluations = len(drive) * (1 if self._improver is None else self._improver.evaluations)
        self._threads = ThreadPoolExecutor(_WORKERS)

    def __enter__(self) -> LayerDrawing:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def denoise(self, stepped: Stepped) -> None:
        """Do nothing: every frame is drawn when it is requested."""

    def pictures(self, group: int, stepped: Stepped) -> Picture:
        """Return the unmarked pictures (N, S, S, 3) of a group, (N, S, S, 4) of a transparent source."""
        start, stop = self.groups[group]
        if self._improver is None:
            drawn = np.stack(list(self._threads.map(self._frame, range(start, stop))))
        else:
            layers = list(self._threads.map(self._drawing, range(start, stop)))
            opaque = [one.picture[..., 3:] for one in layers]
            layers = [replace(one, picture=one.picture[..., :3]) for one in layers]
            drawn = self._improver.improve(layers, [self._aligned[index] for index in range(start, stop)])
            drawn = np.concatenate([drawn, np.stack(opaque)], -1)
        stepped((stop - start) * self.evaluations // len(self._drive), False)
        return drawn

    def _frame(self, index: int) -> Picture:
        return self._painter.frame(moment_of(self._rig, self._drive[index], self._person))

    def _drawing(self, index: int) -> Drawing:
        assert self._improver is not None  # noqa: S101 - only layers that are improved need guides  # nosec B101
        return self._painter.drawing(moment_of(self._rig, self._drive[index], self._person), self._improver.size)


def plan_geometry(
    image: Picture,
    params: FaceParams,
    drive: DriveSequence,
    config: AnimateConfig,
    ingredients: tuple[Ingredient, ...],
    title: str,
    network: LayerNetwork | None = None,
) -> PlannedClip:
    """Check everything that can be checked before the source is taken apart.

    The source is (H, W, 3), or (H, W, 4) with its alpha and its colours over white.

    Raises:
        TooSmallError: The output would be too small to carry a mark.
        FaceModelError: Source or drive is not a face of the layout "arkit".
        GenerationError: The anchor is not a frame of the drive.
    """
    for what, values in (("source", params), ("drive", drive)):
        if values.face_model != FACE_MODEL:
            raise FaceModelError(
                f"layers move {FACE_MODEL} faces and the {what} was read as a {values.face_model} face; "
                f"read it again with a tracker of {FACE_MODEL} faces, or take another preset"
            )
    if config.anchor is not None and not 0 <= config.anchor < len(drive):
        raise GenerationError(f"anchor {config.anchor} is no frame of the drive; it has frames 0 to {len(drive) - 1}")
    square, framed, framing = frame_sharp(image, params, config.size, pasted=config.paste_back)
    height, width = image.shape[:2] if config.paste_back else square.shape[:2]
    check_size(height, width)
    aligned = align(framed, drive, config.retarget)
    digest = ASSET_SHA256 if network is None else network.digest
    files = () if network is None else network.files
    claim = Claim(
        payload=_payload(square, framed, drive, config, image, digest),
        title=title,
        agent=f"facetrail {PRESET}" if network is None else f"facetrail AniFaceDiff {network.model.config.preset}",
        agent_version=version("facetrail"),
        seed=config.seed,
        ingredients=ingredients,
        model_digest=digest,
        source_type=SourceType.COMPOSITE if config.paste_back else SourceType.TRAINED,
        weights=((ASSET.name, ASSET_SHA256), *files),
    )
    paste = PasteBack(image, framing) if config.paste_back else None
    opaque = np.ascontiguousarray(square[..., 3]) if square.shape[2] == 4 else None
    square = np.ascontiguousarray(square[..., :3])
    return PlannedClip(square, framed, aligned, paste, claim, (len(drive), height, width), opaque=opaque)


def _payload(
    square: Picture, face: FaceParams, drive: DriveSequence, config: AnimateConfig, image: Picture, digest: str
) -> Payload:
    """Return the mark's payload; its id depends on everything that determines the frames, so no two works share one."""
    settings = json.dumps(asdict(config), sort_keys=True)
    content = hashlib.sha256(f"{PRESET} {digest} {settings}".encode())
    arrays: list[NDArray[np.generic]] = [square]
    for moment in (face, drive):
        arrays += [moment.shape, moment.expression, moment.pose, moment.gaze, moment.camera]
        arrays += [] if moment.residual is None else [moment.residual]
    for values in (*arrays, image) if config.paste_back else arrays:
        content.update(np.ascontiguousarray(values).tobytes())
    return Payload(int.from_bytes(content.digest()[:6], "big"), PayloadKind.GENERATED)
