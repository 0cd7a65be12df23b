"""Embed a mark into pixels; this is the only embedder.

The tile's pattern is added to luminance, shaped by a perceptual mask and limited so that fidelity stays above a
minimum. The coefficients of the picture itself at the carriers are measured first, and the tile is fitted to them. In a
clip every frame contains the same tile.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from watermark.errors import MediaError, TooSmallError
from watermark.media.frames import Frames, check_frames, spread

from .correlation import bit_values, folded_spectrum
from .error_correction import encode
from .informed import Complexes, informed_coefficients, plain_coefficients, tile_from
from .pattern import Pattern
from .payload import Payload, frame_payload
from .perceptual_mask import Change, Room, Strength, add_pattern
from .tile import Floats, Greys, carriers_of, grey, is_large, marking_scales, slot_of

_LOG = logging.getLogger(__name__)

SMALLEST_SIDE = 128

_SURE = 22.0  # how clearly a code word shows, see `bit_values`; it is lost at about 10
_LEGIBLE = 13.0
_MILD_QUALITY = 85

Shift = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Profile:
    """The settings for fitting a tile and its strength.

    Attributes:
        roll_off: Frequency, in cycles per tile, from which strength falls.
        quality: JPEG quality that the mark should survive.
        coarse: Whether small pictures are tried with the coarsest tile first, which survives more compression.
            Otherwise it is used only where no other tile can be read, since it is not found again when a part of the
            picture was enlarged.
        sample: Number of frames that are used.
        strength: Strength of the pattern.
    """

    roll_off: float
    quality: int
    coarse: bool
    sample: int
    strength: Strength


# Single cosines survive where coders code flat regions coarsely; in small pictures too few blocks sum up.
_STILL = _Profile(16.0, 40, False, 1, Strength(0.9, 0.22, floor=41.3, similarity_loss=0.025, cosines=True))
_SMALL_STILL = _Profile(16.0, 40, False, 1, Strength(1.15, 0.25, floor=41.3, similarity_loss=0.022, cosines=False))
# All frames are read together, so less is enough; busy regions get little, since coders spend bits on it there.
_CLIP = _Profile(8.0, 20, True, 1, Strength(0.75, 0.08, floor=44.4, similarity_loss=0.0135, cosines=False))
_SMALL_CLIP = _Profile(12.0, 40, True, 4, Strength(1.2, 0.18, floor=41.3, similarity_loss=0.025, cosines=False))


def check_size(height: int, width: int) -> None:
    """Check, before any work is done on it, that a picture is large enough for a mark.

    Raises:
        TooSmallError: The short side is under 128 pixels.
    """
    if min(height, width) < SMALLEST_SIDE:
        raise TooSmallError(
            f"a picture of {width} × {height} pixels is too small to carry a mark: its short side must have at least "
            f"{SMALLEST_SIDE} pixels; make it larger before marking"
        )


@dataclass(frozen=True, slots=True, eq=False)
class ClipMarker:
    """A mark fitted to one still or clip, ready to be added to its frames in pieces.

    Attributes:
        pattern: Pattern that is added to luminance.
        strength: Strength of the pattern.
    """

    pattern: Pattern
    strength: Strength

    @classmethod
    def prepare(cls, first: Frames, payload: Payload, key: bytes) -> ClipMarker:
        """Fit the mark to the first frames of a clip, or to a still.

        Args:
            first: uint8 RGB, `(T, H, W, 3)`, or `(H, W, 3)` for a still; at most four frames of it are used.
            payload: Payload of the mark.
            key: The deployment's 32-byte mark key.

        Raises:
            MediaError: The array is no RGB picture or clip.
            TooSmallError: The short side is under 128 pixels.
        """
        draft = _fitted(first, payload, key)
        pattern = draft.pattern.weighted(draft.weight())
        return cls(pattern.kept() if first.ndim == 4 else pattern, draft.fitting.profile.strength)

    def mark(self, frames: Frames) -> Frames:
        """Return a marked copy of some of the clip's frames; each frame is marked by itself.

        Args:
            frames: uint8 RGB, `(T, H, W, 3)` or `(H, W, 3)`, of the size the marker was prepared for.

        Raises:
            MediaError: The array is no RGB picture or clip, or of another size.
        """
        check_frames(frames)
        if frames.shape[-3:-1] != self.pattern.size:
            height, width = self.pattern.size
            raise MediaError(
                f"frames of {frames.shape[-2]} × {frames.shape[-3]} pixels do not fit a mark prepared for "
                f"{width} × {height}; prepare another ClipMarker for them"
            )
        if frames.ndim == 3:
            return add_pattern(frames, self.pattern, self.strength)
        marked, plane = np.empty_like(frames), np.empty(self.pattern.size, dtype=np.float32)
        for index, frame in enumerate(frames):
            marked[index] = add_pattern(frame, self.pattern, self.strength, plane)
        return marked


def mark(pixels: Frames, payload: Payload, key: bytes) -> Frames:
    """Return a marked copy of a still or of the frames of one clip.

    The same pixels, payload and key give the same bytes. A clip too long for memory is marked with a `ClipMarker`.

    Args:
        pixels: uint8 RGB, `(H, W, 3)` or `(T, H, W, 3)`.
        payload: Payload of the mark.
        key: The deployment's 32-byte mark key.

    Raises:
        MediaError: The array is no RGB picture or clip.
        TooSmallError: The short side is under 128 pixels.
    """
    if pixels.ndim == 4:
        return ClipMarker.prepare(pixels, payload, key).mark(pixels)
    draft = _fitted(pixels, payload, key)
    change = draft.changes[0]
    return replace(change, weight=min(change.weight, draft.weight())).on_frame(pixels)


def _fitted(first: Frames, payload: Payload, key: bytes) -> _Draft:
    """Fit the mark to a still or to the first frames of a clip; see `ClipMarker.prepare`."""
    check_frames(first)
    frames = first[None] if first.ndim == 3 else first
    check_size(frames.shape[1], frames.shape[2])
    profiles = (_STILL, _SMALL_STILL) if first.ndim == 3 else (_CLIP, _SMALL_CLIP)
    profile = profiles[0 if is_large(*frames.shape[1:3]) else 1]
    lumas = [grey(frames[i]) for i in spread(len(frames), profile.sample)]
    return _Fitting(lumas, payload, key, profile).best()


class _Fitting:
    """Fit the tile of one payload to a sample of luminances."""

    def __init__(self, lumas: Sequence[Greys], payload: Payload, key: bytes, profile: _Profile) -> None:
        self.lumas = lumas
        self.profile = profile
        self.carriers = carriers_of(key)
        self.signs = np.where(encode(frame_payload(payload, key)) == 1, 1.0, -1.0)
        row, column = self.carriers.slots[slot_of(payload.id, key)].tolist()
        self.shift: Shift = (row, column)

    def best(self) -> _Draft:
        """Return the draft of the first scale whose compressed copy reads clearly.

        Where no scale is certain, return the one that reads best after strong and mild compression together.
        """
        size = self.lumas[0].shape
        scales = marking_scales(*size)
        if is_large(*size):
            return _Draft(self, scales[0])
        coarsest, *finer = sorted(scales)
        tried: list[tuple[float, float, _Draft]] = []
        for scale in (coarsest, *finer) if self.profile.coarse else (*finer, coarsest):
            if scale == coarsest and any(seen >= _LEGIBLE for seen, _, _ in tried):
                break
            draft = _Draft(self, scale)
            seen = draft.clear(self.profile.quality)
            if seen >= _SURE:
                return draft
            tried.append((seen, seen + draft.clear(_MILD_QUALITY), draft))
        return max(tried, key=lambda entry: entry[1])[2]


class _Draft:
    """The pattern of one scale over the sample, fitted to the sample's own coefficients at the carriers."""

    def __init__(self, fitting: _Fitting, scale: float) -> None:
        self.fitting = fitting
        self.scale = scale
        self.rooms = [Room(luma, fitting.profile.strength) for luma in fitting.lumas]
        plain = plain_coefficients(fitting.signs, fitting.carriers, fitting.profile.roll_off)
        self.pattern, self.changes = self.drawn(plain)
        host = folded_spectrum(fitting.lumas, scale)
        marked = folded_spectrum(self.compressed(fitting.profile.quality), scale)
        self.pattern, self.changes = self.drawn(
            informed_coefficients(plain, fitting.signs, fitting.carriers, host, marked, fitting.shift),
            [change.plane for change in self.changes],
        )

    def drawn(self, coefficients: Complexes, planes: Sequence[Floats] = ()) -> tuple[Pattern, list[Change]]:
        """Return the pattern of coefficients, and the change of each picture of the sample.

        Args:
            coefficients: The coefficients.
            planes: Memory for the changes.
        """
        tile = tile_from(coefficients, self.fitting.carriers)
        pattern = Pattern.of(tile, self.fitting.shift, self.scale, *self.fitting.lumas[0].shape)
        memory: Sequence[Floats | None] = planes or [None] * len(self.rooms)
        return pattern, [room.change(pattern, plane) for room, plane in zip(self.rooms, memory, strict=True)]

    def clear(self, quality: int) -> float:
        """Return how clearly the code word reads in a compressed copy."""
        spectrum = folded_spectrum(self.compressed(quality), self.scale)
        return float(bit_values(spectrum, self.fitting.carriers, self.fitting.shift) @ self.fitting.signs)

    def compressed(self, quality: int) -> list[Greys]:
        """Return the sample after marking and compression."""
        return [
            _compressed(change.on_grey(luma), quality)
            for luma, change in zip(self.fitting.lumas, self.changes, strict=True)
        ]

    def weight(self) -> float:
        """Return the weight at which the first frame's structural similarity stays above its bound."""
        _LOG.debug("fitted a mark to %d frames at scale %.3g", len(self.rooms), self.scale)
        return self.changes[0].bound(self.fitting.lumas[0], self.fitting.profile.strength.similarity_loss)


def _compressed(luma: Greys, quality: int) -> Greys:
    """Return luminance after JPEG, the compression that the mark is fitted to."""
    coded = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
