"""Generate a marked clip from one picture and one motion, by networks that draw whole pictures."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from generator.errors import FaceModelError, WeightsError
from generator.face.face_params import DriveSequence, FaceParams
from generator.face.spatial_maps import MapRenderer
from generator.face_models import FaceModel, load_face_model
from generator.network.config import ModelConfig
from generator.network.model import AniFaceDiff
from generator.network.weights_io import SHIPPED, load_pretrained
from generator.network.weights_layout import read_card, weight_files
from generator.trackers import find_flame
from watermark import Deployment, Ingredient

from .animate_config import AnimateConfig
from .clip import GeneratedClip, GeneratedFile
from .clip_conditions import ClipConditions, picture_tensor
from .clip_work import ClipWork, Network, plan_clip, work_key
from .delivery import deliver
from .denoising import ClipDrawing, Task, draw_clip
from .framing import Picture
from .generation import generate, generate_to
from .geometry import GeometryAnimator
from .hardware import PRECISIONS, Precision, find_device, memory_named
from .latent_store import LatentStore, open_store, scratch_store
from .marked_frames import Progress, looked_at

_LOG = logging.getLogger(__name__)


def read_sizes(folder: Path | None = None) -> ModelConfig:
    """Read the sizes of a model folder without loading it; None reads those of the shipped `mini`.

    Raises:
        WeightsError: The folder is no model.
    """
    return read_card(folder or SHIPPED)[1]


def load_animator(
    folder: Path | None = None,
    *,
    device: str = "cpu",
    dtype: Precision = "fp32",
    compiled: bool = False,
    flame: Path | None = None,
) -> Animator | GeometryAnimator:
    """Load the generator of a model folder; None loads the shipped `mini`.

    Args:
        folder: The model folder.
        device: "cpu", "cuda", "cuda:1" or "mps".
        dtype: Precision of the network; schedule, latents and mark keep theirs.
        compiled: Whether the denoiser is compiled with `torch.compile`.
        flame: FLAME's file, for weights of FLAME faces; None searches the user's models folder.

    Raises:
        WeightsError: A file is missing, damaged, or belongs to another model.
        ModelFilesError: FLAME's file is missing.
        FaceModelError: FLAME's file cannot be used.
        GenerationError: The device does not exist, or has too little memory.
    """
    if read_sizes(folder).layered:
        return GeometryAnimator.from_pretrained(folder, device=device, dtype=dtype, compiled=compiled)
    assert folder is not None  # noqa: S101 - the shipped model is layered  # nosec B101
    return Animator.from_pretrained(folder, device=device, dtype=dtype, compiled=compiled, flame=flame)


class Animator:
    """Animate pictures with a network that draws whole pictures. Nothing it returns or writes is without a mark.

    Args:
        model: The network, on its device and in its precision.
        digest: SHA-256 that identifies its weights.
        files: Name and SHA-256 of each file of weights, for the claim.
        face_model: Head of its maps; None for the avatar head.
        compiled: Whether the denoiser is compiled with `torch.compile`; the first windows take minutes, the others less
            time.

    Raises:
        FaceModelError: The face model is not the one that the model was trained with.
    """

    def __init__(
        self,
        model: AniFaceDiff,
        digest: str,
        *,
        files: tuple[tuple[str, str], ...] = (),
        face_model: FaceModel | None = None,
        compiled: bool = False,
    ) -> None:
        self._model, config = model, model.config
        self._denoiser = torch.compile(model.denoise) if compiled else model.denoise
        head = face_model or load_face_model(config.face_model)
        if head.layout.name != config.face_model:
            raise FaceModelError(f"the weights draw {config.face_model} faces and were given a {head.layout.name} head")
        like = next(model.parameters())
        self._network = Network(config, digest, files, like.dtype, like.device, compiled, head)

    @staticmethod
    def from_pretrained(
        folder: Path,
        *,
        device: str = "cpu",
        dtype: Precision = "fp32",
        compiled: bool = False,
        flame: Path | None = None,
    ) -> Animator:
        """Load a model folder; see `load_animator`.

        Raises:
            WeightsError: A file is missing or damaged, or the network improves moved layers.
            ModelFilesError, FaceModelError, GenerationError: As for `load_animator`.
        """
        where = find_device(device)
        card, config = read_card(folder)
        if config.layered:
            raise WeightsError(f"{folder}: this network improves moved layers; load it with `load_animator`")
        head = load_face_model(config.face_model, find_flame(flame) if config.face_model == "flame" else None)
        with memory_named():
            model, digest = load_pretrained(folder, dtype=PRECISIONS[dtype], device=where)
        files = weight_files(card, digest)
        return Animator(model, digest, files=files, face_model=head, compiled=compiled)

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
        """Animate a source picture by a drive, in memory.

        Args:
            image: (H, W, 3) uint8 RGB source.
            params: Face parameters of the source.
            drive: The motion, at least one frame.
            deployment: Deployment whose mark is embedded.
            config: Settings; None for the defaults.
            ingredients: Input files, recorded in the claim; with paste-back one of them is the parent.
            title: Title for the claim.
            progress: Progress callback; receives (finished frames, all frames).

        Returns:
            The marked clip, (T, S, S, 3), with paste-back (T, H, W, 3).

        Raises:
            TooSmallError: The output would be too small to carry a mark; raised before any work.
            FaceModelError: Source, drive and weights do not have the same face model.
            GenerationError: A setting is out of range.
        """
        work = plan_clip(self._network, image, params, drive, config or AnimateConfig(), ingredients, title)
        with memory_named(), scratch_store(self._network.latent_shape) as store:
            return generate(work, self._drawing(work, store), deployment, progress)

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
        """Animate a source picture by a drive of any length, to a sealed file, in constant memory.

        Finished work is stored in a hidden folder beside the file until the file is sealed. After an interruption the
        same call resumes from there, and the frames are the same as those of an uninterrupted run.

        Args:
            path: As for `GeneratedClip.seal`.
            image: As for `animate`.
            params: Face parameters of the source.
            drive: The motion.
            deployment: Deployment that marks and signs.
            config: Settings; None for the defaults.
            ingredients: Input files, recorded in the claim.
            progress: Progress callback; receives (finished frames, all frames) of the remaining work.
            fresh: Whether the state of an interrupted run is discarded.
            audio_from: A clip whose sound is kept, cut to the length of the frames; for a clip only.

        Raises:
            TooSmallError, FaceModelError, GenerationError: As for `animate`.
            WatermarkError: The file cannot be written or read back; then no file is left.
        """
        work = plan_clip(self._network, image, params, drive, config or AnimateConfig(), ingredients, path.name)
        delivery = deliver(path, work.claim, deployment, drive.fps, (*work.shape, work.channels), audio_from)
        with (
            memory_named(),
            open_store(path, work_key(self._network, work), self._network.latent_shape, fresh=fresh) as store,
        ):
            continued = store.is_done(0)
            if continued:
                _LOG.info("resumed the interrupted run of %s", path)
            _LOG.info("generating %d frames of %s with weights %s", len(drive), path, self._network.digest)
            drawing = self._drawing(work, store)
            return generate_to(path, work, drawing, deployment, delivery, progress, continued=continued)

    @torch.inference_mode()
    def _drawing(self, work: ClipWork, store: LatentStore) -> ClipDrawing:
        """Encode the source, once per clip, and return the generator of its frames."""
        return draw_clip(self._task(work, store))

    def _task(self, work: ClipWork, store: LatentStore) -> Task:
        model, like = self._model, next(self._model.parameters())
        encoded = model.encode_source(picture_tensor(work.source[None]).to(like.device, like.dtype))
        face_model, config = self._network.face_model, model.config
        draw = MapRenderer(face_model, config.maps, config.image_size, work.params)
        shelf = store.folder / "maps" if model.motion is not None else None
        conditions = ClipConditions(draw, work.aligned, like, shelf)
        frames = len(work.aligned)
        return Task(model, self._denoiser, encoded, conditions, frames, work.settings, store, looked_at(frames))
