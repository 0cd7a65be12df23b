"""Put a mark into pixels: the only embedder.

The tile's pattern is added to luminance, shaped by a perceptual mask and held above a floor of fidelity. A closed loop
runs the reader on a compressed copy of what was just marked and moves power to the bits that read weakly (informed
embedding: Miller, Doërr & Cox 2004). It then spares flat regions as far as that copy still reads with a
margin. In a clip every frame carries the same tile; the loop runs once, on a few frames together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .correlation import bit_values, correlate, folded_spectrum
from .error_correction import encode
from .errors import MediaError, TooSmallError
from .frames import Frames, check_frames, spread
from .payload import Payload, frame_payload
from .tile import CANONICAL_SIDE, TILE, Carriers, Floats, Spectrum, canonical_scale, carriers_of, luminance

SMALLEST_SIDE = 128

# Fidelity floors in dB; coders take more from clips, and small pictures have fewer pixels for each bit.
_STILL_FLOOR = 41.5
_CLIP_FLOOR = 39.0
_SMALL_FLOOR = 39.0
_SMALL_SIDE = 192
_FLAT_LIMIT = 1.1
_FLAT_LIMIT_SMALL = 1.8
_SYNC_GAIN = 1.15
_LOOPS = 2
_LOOP_FRAMES = 4
_LOOP_QUALITY = 60

# Activity, in grey levels, from which a region hides the whole strength, and what one edge may count for.
_BUSY = 6.0
_EDGE = 18.0

# How much of its strength the mark keeps where nothing hides it: tried from the calmest, until a compressed copy shows
# enough to be content.
_CALM_STEPS = (0.4, 0.55, 0.75)
_SHAPING_CALM = 0.55
_SURE_QUALITY = 50
_SURE_Z = 9.0
_SURE_BITS = 0.95

Floats64 = npt.NDArray[np.float64]


def check_size(height: int, width: int) -> None:
    """Refuse a picture that cannot carry a mark, before any work is done on it.

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
    """A mark fitted to one still or clip, ready to be put into its frames, a few at a time.

    Attributes:
        pattern: What is added to luminance before the perceptual mask, `(H, W)`, unit power.
        floor: Lowest peak signal-to-noise ratio of the marked pixels, in dB.
        calm: What remains of the strength where nothing hides it, 0 … 1.
    """

    pattern: Floats
    floor: float
    calm: float

    @classmethod
    def prepare(cls, first: Frames, payload: Payload, key: bytes) -> ClipMarker:
        """Fit the mark to the first frames of a clip, or to a still.

        Args:
            first: uint8 RGB, `(T, H, W, 3)`, or `(H, W, 3)` for a still; at most four frames of it are looked at.
            payload: What the mark says.
            key: The deployment's 32-byte mark key.

        Raises:
            MediaError: The array is no RGB picture or clip.
            TooSmallError: The short side is under 128 pixels.
        """
        check_frames(first)
        frames = first[None] if first.ndim == 3 else first
        check_size(frames.shape[1], frames.shape[2])
        carriers = carriers_of(key)
        signs = np.where(encode(frame_payload(payload)) == 1, 1.0, -1.0)
        floor = _fidelity_floor(frames.shape[1], frames.shape[2], clip=first.ndim == 4)
        sample = [frames[i] for i in spread(len(frames), _LOOP_FRAMES)]
        pattern = _shaped_pattern(sample, signs, carriers, floor)
        return cls(pattern, floor, _calmest(sample, pattern, signs, carriers, floor))

    def mark(self, frames: Frames) -> Frames:
        """Return a marked copy of some of the clip's frames; each frame is marked by itself.

        Args:
            frames: uint8 RGB, `(T, H, W, 3)` or `(H, W, 3)`, of the size the marker was prepared for.

        Raises:
            MediaError: The array is no RGB picture or clip, or of another size.
        """
        check_frames(frames)
        if frames.shape[-3:-1] != self.pattern.shape:
            height, width = self.pattern.shape
            raise MediaError(
                f"frames of {frames.shape[-2]} × {frames.shape[-3]} pixels do not fit a mark prepared for "
                f"{width} × {height}; prepare another ClipMarker for them"
            )
        if frames.ndim == 3:
            return _add(frames, self.pattern, self.floor, self.calm)
        marked = np.empty_like(frames)
        for index, frame in enumerate(frames):
            marked[index] = _add(frame, self.pattern, self.floor, self.calm)
        return marked


def mark(pixels: Frames, payload: Payload, key: bytes) -> Frames:
    """Return a marked copy of a still or of the frames of one clip.

    The same pixels, payload and key give the same bytes. A clip too long for memory is marked with a `ClipMarker`.

    Args:
        pixels: uint8 RGB, `(H, W, 3)` or `(T, H, W, 3)`.
        payload: What the mark says.
        key: The deployment's 32-byte mark key.

    Raises:
        MediaError: The array is no RGB picture or clip.
        TooSmallError: The short side is under 128 pixels.
    """
    return ClipMarker.prepare(pixels, payload, key).mark(pixels)


def _shaped_pattern(sample: Sequence[Frames], signs: Floats64, carriers: Carriers, floor: float) -> Floats:
    """Return the pattern over the whole picture, its bits balanced by the closed loop."""
    height, width = sample[0].shape[:2]
    gain = np.ones(signs.size)
    pattern = _pattern(signs * gain, carriers, height, width)
    for _ in range(_LOOPS):
        spectrum = _compressed_spectrum(sample, pattern, floor, _SHAPING_CALM, _LOOP_QUALITY)
        margin = bit_values(spectrum, carriers, (0.0, 0.0)) * signs
        typical = max(float(np.median(margin)), 1e-6)
        gain = np.clip(gain * (1 + 0.8 * (1 - margin / typical)), 0.6, 2.5)
        gain /= np.sqrt(np.mean(gain**2))
        pattern = _pattern(signs * gain, carriers, height, width)
    return pattern


def _calmest(sample: Sequence[Frames], pattern: Floats, signs: Floats64, carriers: Carriers, floor: float) -> float:
    """Return the least strength in flat regions at which a compressed copy still reads with a margin."""
    template = carriers.template()
    for calm in _CALM_STEPS:
        spectrum = _compressed_spectrum(sample, pattern, floor, calm, _SURE_QUALITY)
        right = bit_values(spectrum, carriers, (0.0, 0.0)) * signs > 0
        if correlate(spectrum, template).z >= _SURE_Z and right.mean() >= _SURE_BITS:
            return calm
    return 1.0


def _compressed_spectrum(
    sample: Sequence[Frames], pattern: Floats, floor: float, calm: float, quality: int
) -> Spectrum:
    """Return the folded spectrum of the sample after marking and compression, as the reader would see it."""
    coded = [_compress(_add(frame, pattern, floor, calm), quality) for frame in sample]
    return folded_spectrum([luminance(frame) for frame in coded], canonical_scale(*pattern.shape))


def _pattern(levels: Floats64, carriers: Carriers, height: int, width: int) -> Floats:
    """Return the repeated tile at picture scale, of unit power."""
    spectrum = np.zeros(TILE * TILE, dtype=np.complex128)
    spectrum[carriers.sync] = carriers.phase[carriers.sync] * carriers.amplitude[carriers.sync] * _SYNC_GAIN
    spectrum[carriers.data] = carriers.phase[carriers.data] * carriers.amplitude[carriers.data] * levels[:, None]
    tile = np.fft.ifft2(spectrum.reshape(TILE, TILE)).real
    tile = (tile / tile.std()).astype(np.float32)
    scale = 1 / canonical_scale(height, width)
    reach = (int(np.ceil(height / scale)) + 2, int(np.ceil(width / scale)) + 2)
    repeated = np.tile(tile, (reach[0] // TILE + 1, reach[1] // TILE + 1))[: reach[0], : reach[1]]
    if scale == 1:
        return repeated[:height, :width]
    zoom = np.array([[scale, 0, 0], [0, scale, 0]], dtype=np.float32)
    return np.asarray(cv2.warpAffine(repeated, zoom, (width, height), flags=cv2.INTER_CUBIC), dtype=np.float32)


def _perceptual_mask(frame: Frames, calm: float) -> Floats:
    """Return how much change each pixel hides: little where smooth and mid-grey, more where busy, dark or bright.

    `calm` is what remains of it where there is no activity at all.
    """
    luma = luminance(frame)
    scale = max(1.0, min(luma.shape) / CANONICAL_SIDE)
    high = np.clip(luma - cv2.GaussianBlur(luma, (0, 0), 2 * scale), -_EDGE, _EDGE)  # a lone edge hides little
    activity = np.sqrt(cv2.GaussianBlur(high * high, (0, 0), 4 * scale))
    lightness = 1 + 0.3 * np.abs(cv2.GaussianBlur(luma, (0, 0), 4 * scale) - 110) / 128
    spared = calm + (1 - calm) * np.minimum(activity / _BUSY, 1)
    return np.asarray((1 + activity / 4) ** 0.5 * lightness * spared, dtype=np.float32)


def _add(frame: Frames, pattern: Floats, floor: float, calm: float) -> Frames:
    """Add the masked pattern, as strong as the fidelity floor and the limit in flat regions allow."""
    change = _perceptual_mask(frame, calm) * pattern
    strength = 255 / 10 ** (floor / 20) / float(np.sqrt(np.mean(change * change)))
    strength = min(strength, _flat_limit(*pattern.shape))
    return np.clip(np.rint(frame + (strength * change)[..., None]), 0, 255).astype(np.uint8)


def _fidelity_floor(height: int, width: int, *, clip: bool) -> float:
    """Return the lowest peak signal-to-noise ratio of the marked pixels, in dB."""
    if min(height, width) < _SMALL_SIDE:
        return _SMALL_FLOOR
    return _CLIP_FLOOR if clip else _STILL_FLOOR


def _flat_limit(height: int, width: int) -> float:
    """Return the largest root mean square in a flat mid-grey region, in grey levels; small pictures need more."""
    return float(np.clip(_FLAT_LIMIT * CANONICAL_SIDE / min(height, width), _FLAT_LIMIT, _FLAT_LIMIT_SMALL))


def _compress(frame: Frames, quality: int) -> Frames:
    """Return the frame after JPEG, the harm the mark is balanced against."""
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)
