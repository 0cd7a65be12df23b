"""Provide training pairs: a genuine crop and a manipulated one, stored or blended on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.augmentation.augment import AugmentConfig, augment
from detectors.augmentation.mixing import mix_frequencies, mix_pixels
from detectors.augmentation.self_blend import blend_face
from detectors.errors import TrainingError
from detectors.spec import DetectorSpec

from .crop_sets import TrainingSet, digest_of
from .sampling import Draw, Group, PairSampler

Image = NDArray[np.uint8]
Mask = NDArray[np.float32]
Rng = np.random.Generator

_WIDEST = 0.25  # the base margin of each side; the published draw takes 0.2–0.8 of it
_STILL_SEED = 2**31 + 2


class Pair(NamedTuple):
    """Store a genuine and a manipulated crop (S, S, 3), or two clips (T, S, S, 3), ready for a batch.

    Attributes:
        genuine: The genuine crop.
        manipulated: The manipulated crop.
        twins: Whether both show the same picture.
        mask: (S, S) in 0–1 where the manipulated crop was blended in, or None where that is not known.
    """

    genuine: Image
    manipulated: Image
    twins: bool
    mask: Mask | None = None


class PairSource(Protocol):
    """Choose the draws of an epoch, and build the pair of each draw; the same draw always gives the same pair."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the data that pairs are built from."""

    @property
    def epoch_length(self) -> int:
        """Return how many draws make an epoch."""

    def draws(self, rng: Rng) -> Iterator[Draw]:
        """Return the draws of one epoch."""

    def pair(self, draw: Draw, config: AugmentConfig) -> Pair:
        """Build the pair of a draw."""


class StoredCrops:
    """Pair stored crops; twins are drawn together, augmented alike, and sometimes mixed."""

    def __init__(self, data: TrainingSet) -> None:
        """Index crops, or clips, by label, by the name that twins share, by method of manipulation and by person.

        Raises:
            TrainingError: If a class is missing.
        """
        self._data = data
        self._sampler = PairSampler(data.labels, data.pairs, data.methods, data.same_person)
        self.digest = digest_of(data.crops, data.labels)
        self.epoch_length = self._sampler.epoch_length

    def draws(self, rng: Rng) -> Iterator[Draw]:
        """Return the draws of one epoch."""
        return self._sampler.draws(rng)

    def pair(self, draw: Draw, config: AugmentConfig) -> Pair:
        """Augment both crops of a draw; all frames of a clip are augmented alike."""
        genuine, manipulated = self._data.crops[draw.genuine], self._data.crops[draw.manipulated]
        twins = draw.seeds[0] == draw.seeds[1]
        if twins and genuine.ndim == 3:
            manipulated = _mix(genuine, manipulated, np.random.default_rng([draw.seeds[0], 1]), config)
        first, second = (
            _vary(image, seed, config) for image, seed in zip((genuine, manipulated), draw.seeds, strict=True)
        )
        return Pair(first, second, twins)


class FaceSet(NamedTuple):
    """Store genuine pictures (H, W, 3), the 68 or 81 landmarks of the face in each, and the identities of each."""

    pictures: Sequence[Image]
    landmarks: Sequence[NDArray[np.floating]]
    groups: Sequence[Group]


class SelfBlends:
    """Pair genuine faces with self-blends, blended and cut anew at every draw (Shiohara & Yamasaki 2022)."""

    def __init__(self, faces: FaceSet, spec: DetectorSpec) -> None:
        """Store genuine faces and the spec that defines the crops.

        Raises:
            TrainingError: There is no face, the parts are not of one length, or the spec wants aligned faces.
        """
        if not len(faces.pictures) or not len(faces.pictures) == len(faces.landmarks) == len(faces.groups):
            raise TrainingError(
                f"self-blending wants pictures with landmarks and identities, one each; got {len(faces.pictures)}, "
                f"{len(faces.landmarks)} and {len(faces.groups)}"
            )
        if spec.alignment != "upright":
            raise TrainingError(f"detector {spec.name!r} wants aligned faces; self-blends are cut upright")
        self._faces = faces
        self._spec = spec
        digest = hashlib.sha256(b"faces")
        for picture, points in zip(faces.pictures, faces.landmarks, strict=True):
            digest.update(f"{picture.shape}".encode())
            digest.update(np.ascontiguousarray(picture).tobytes())
            digest.update(np.asarray(points, dtype=np.float64).tobytes())
        self.digest = digest.hexdigest()
        self.epoch_length = len(faces.pictures)

    def draws(self, rng: Rng) -> Iterator[Draw]:
        """Yield every face once, in shuffled order."""
        seeds = rng.integers(2**63, size=self.epoch_length)
        for index, seed in zip(rng.permutation(self.epoch_length), seeds, strict=True):
            yield Draw(int(index), int(index), (int(seed), int(seed)))

    def pair(self, draw: Draw, config: AugmentConfig) -> Pair:
        """Blend a face with itself, cut both with margins of 5–20 % drawn per side, and augment both alike.

        Raises:
            BlendError: The landmarks do not fit the picture.
        """
        rng = np.random.default_rng([draw.seeds[0], 2])
        margins = _WIDEST * rng.uniform(0.2, 0.8, 4)
        cut = self._cut(draw.genuine, rng, margins)
        unmirrored = replace(config, flip=0.0)  # self-blending mirrors, and the mask has to stay where it is
        first, second = (_vary(image, draw.seeds[0], unmirrored) for image in cut[:2])
        return Pair(first, second, True, cut[2])

    def stored(self) -> TrainingSet:
        """Return one fixed pair per face, cut with the spec's margin, for validation and for the scope gates."""
        rngs = [np.random.default_rng([_STILL_SEED, index]) for index in range(self.epoch_length)]
        margins = np.full(4, self._spec.crop_margin)
        cut = [self._cut(index, rng, margins) for index, rng in enumerate(rngs)]
        crops = np.stack([crop for genuine, blended, _ in cut for crop in (genuine, blended)])
        labels = np.tile(np.array([0, 1], dtype=np.int64), len(cut))
        return TrainingSet(crops, labels, [group for group in self._faces.groups for _ in range(2)])

    def _cut(self, index: int, rng: Rng, margins: NDArray[np.float64]) -> tuple[Image, Image, Mask]:
        blend = blend_face(self._faces.pictures[index], self._faces.landmarks[index], rng)
        left, top, right, bottom = blend.box
        width, height = right - left, bottom - top
        rows = slice(max(0, round(top - margins[0] * height)), round(bottom + margins[1] * height))
        columns = slice(max(0, round(left - margins[2] * width)), round(right + margins[3] * width))
        size = (self._spec.input_size, self._spec.input_size)
        genuine, blended = (
            np.asarray(cv2.resize(image[rows, columns], size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
            for image in (blend.genuine, blend.blended)
        )
        mask = np.asarray(cv2.resize(blend.mask[rows, columns], size), dtype=np.float32)
        return genuine, blended, mask


def _vary(image: Image, seed: int, config: AugmentConfig) -> Image:
    if image.ndim == 3:
        return augment(image, np.random.default_rng(seed), config)
    return np.stack([augment(frame, np.random.default_rng(seed), config) for frame in image])


def _mix(genuine: Image, forged: Image, rng: Rng, config: AugmentConfig) -> Image:
    in_pixels, in_frequencies = rng.random(2) < (config.pixel_mix, config.frequency_mix)
    if in_pixels:
        forged = mix_pixels(genuine, forged, rng)
    return mix_frequencies(genuine, forged, rng) if in_frequencies else forged
