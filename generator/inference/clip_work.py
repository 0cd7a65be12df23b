"""Plan one clip: everything is checked, aligned and identified before the network runs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np
import torch

from generator.errors import FaceModelError
from generator.face.alignment import align
from generator.face.face_params import DriveSequence, FaceParams
from generator.face_models import FaceModel
from generator.network.config import ModelConfig
from watermark import Claim, Ingredient, Payload, PayloadKind, SourceType, check_size

from .animate_config import AnimateConfig, Settings, settle
from .framing import Picture, frame_source
from .paste_back import PasteBack
from .planned_clip import PlannedClip

_GROUPING = 2
"""This number changes when clips are divided into other groups, so that unfinished work is not reused."""


@dataclass(frozen=True, slots=True)
class Network:
    """The properties of a loaded network that determine the pictures, besides the settings.

    Attributes:
        config: Sizes. digest: SHA-256 that identifies the weights; files: SHA-256 of each weights file, by name.
        dtype: Precision. device: Device it runs on. compiled: Whether it was compiled.
        face_model: Head of its maps.
    """

    config: ModelConfig
    digest: str
    files: tuple[tuple[str, str], ...]
    dtype: torch.dtype
    device: torch.device
    compiled: bool
    face_model: FaceModel

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Return the shape (C, g, g) of a frame's latent."""
        return self.config.latent_channels, self.config.grid, self.config.grid


@dataclass(frozen=True, slots=True)
class ClipWork(PlannedClip):
    """One clip planned for a network.

    Attributes:
        settings: Settings of the generation.
    """

    settings: Settings


def plan_clip(
    network: Network,
    image: Picture,
    params: FaceParams,
    drive: DriveSequence,
    config: AnimateConfig,
    ingredients: tuple[Ingredient, ...],
    title: str,
) -> ClipWork:
    """Check everything that can be checked without the network.

    Raises:
        TooSmallError: The output would be too small to carry a mark.
        FaceModelError: Source, drive and weights do not have the same face model.
        GenerationError: A setting is out of range.
    """
    model = network.config
    height, width = image.shape[:2] if config.paste_back else (model.image_size, model.image_size)
    check_size(height, width)
    for what, values in (("source", params), ("drive", drive)):
        if values.face_model != model.face_model:
            raise FaceModelError(
                f"the weights draw {model.face_model} faces and the {what} was read as a {values.face_model} face; "
                f"read it again with a tracker of {model.face_model} faces, or take other weights"
            )
    settings = settle(config, model)
    source, framed, framing = frame_source(image, params, model.image_size)
    aligned = align(framed, drive, config.retarget)
    claim = Claim(
        payload=_payload(network, source, framed, aligned, config, image),
        title=title,
        agent=f"facetrail AniFaceDiff {model.preset}",
        agent_version=version("facetrail"),
        seed=config.seed,
        ingredients=ingredients,
        model_digest=network.digest,
        source_type=SourceType.COMPOSITE if config.paste_back else SourceType.TRAINED,
        weights=network.files,
    )
    paste = PasteBack(image, framing) if config.paste_back else None
    return ClipWork(source, framed, aligned, paste, claim, (len(drive), height, width), settings)


def work_key(network: Network, work: ClipWork) -> str:
    """Return the digest of everything that determines the latents, to the bit."""
    settings, aligned = work.settings, work.aligned
    machine = (
        network.digest, version("facetrail"), torch.__version__, torch.get_num_threads(), network.compiled,
        str(network.device), str(network.dtype), settings.sampler.key, settings.guidance, settings.expression,
        settings.chunk, settings.window, settings.overlap, _GROUPING, work.claim.payload.hex,
    )  # fmt: skip
    content = hashlib.sha256(json.dumps(machine).encode())
    neutral = network.face_model.vertices(aligned.shape, network.face_model.layout.neutral())
    for face in (work.params, aligned):  # the source's own face determines how its picture moves
        for values in (face.expression, face.pose, face.gaze, face.camera):
            content.update(np.ascontiguousarray(values).tobytes())
    for array in (work.source, neutral):
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


_PLAIN = AnimateConfig()
_NAMED_APART = ("steps", "seed", "mode", "eyes", "mouth", "chunk")
"""Settings that the id always contains, that are visible in the aligned motion, or that only group frames."""


def _payload(
    network: Network, source: Picture, face: FaceParams, aligned: DriveSequence, config: AnimateConfig, image: Picture
) -> Payload:
    """Return the mark's payload; its id depends on everything that determines the frames, so no two works share one."""
    content = hashlib.sha256(f"{network.digest} {config.steps} {config.seed}".encode())
    motion = (aligned.shape, aligned.expression, aligned.pose, aligned.gaze, aligned.camera)
    for values in (source, face.expression, face.pose, face.gaze, face.camera, *motion):
        content.update(np.ascontiguousarray(values).tobytes())
    unlike = {
        name: value
        for name, value in asdict(config).items()
        if name not in _NAMED_APART and value != getattr(_PLAIN, name)
    }
    if network.dtype != torch.float32:
        unlike["dtype"] = str(network.dtype)
    if unlike:
        content.update(json.dumps(unlike, sort_keys=True).encode())
    if config.paste_back:
        content.update(np.ascontiguousarray(image).tobytes())
    return Payload(int.from_bytes(content.digest()[:6], "big"), PayloadKind.GENERATED)
