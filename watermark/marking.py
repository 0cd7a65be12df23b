"""Put a mark into pixels: the only embedder.

The tile's pattern is added to luminance, shaped by a perceptual mask and held above a floor of fidelity. A closed loop
runs the reader on a compressed copy of what was just marked and moves power to the bits that read weakly (informed
embedding: Miller, Doërr & Cox 2004). In a clip every frame carries the same tile; the loop runs once, on a few frames
together.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .correlation import bit_values, folded_spectrum
from .error_correction import encode
from .errors import TooSmallError
from .frames import Frames, check_frames, spread
from .payload import Payload, frame_payload
from .tile import CANONICAL_SIDE, TILE, Carriers, Floats, canonical_scale, carriers_of, luminance

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


def mark(pixels: Frames, payload: Payload, key: bytes) -> Frames:
    """Return a marked copy of a still or of the frames of one clip.

    The same pixels, payload and key give the same bytes.

    Args:
        pixels: uint8 RGB, `(H, W, 3)` or `(T, H, W, 3)`.
        payload: What the mark says.
        key: The deployment's 32-byte mark key.

    Raises:
        MediaError: The array is no RGB picture or clip.
        TooSmallError: The short side is under 128 pixels.
    """
    check_frames(pixels)
    frames = pixels[None] if pixels.ndim == 3 else pixels
    check_size(frames.shape[1], frames.shape[2])
    carriers = carriers_of(key)
    signs = np.where(encode(frame_payload(payload)) == 1, 1.0, -1.0)
    floor = _fidelity_floor(frames.shape[1], frames.shape[2], clip=pixels.ndim == 4)
    pattern = _shaped_pattern(frames, signs, carriers, floor)
    marked = np.stack([_add(frame, _perceptual_mask(frame), pattern, floor) for frame in frames])
    return marked[0] if pixels.ndim == 3 else marked


def _shaped_pattern(frames: Frames, signs: npt.NDArray[np.float64], carriers: Carriers, floor: float) -> Floats:
    """Return the pattern over the whole picture, its bits balanced by the closed loop."""
    height, width = frames.shape[1:3]
    sample = [frames[i] for i in spread(len(frames), _LOOP_FRAMES)]
    masks = [_perceptual_mask(frame) for frame in sample]
    gain = np.ones(signs.size)
    pattern = _pattern(signs * gain, carriers, height, width)
    for _ in range(_LOOPS):
        marked = [_compress(_add(frame, mask, pattern, floor)) for frame, mask in zip(sample, masks, strict=True)]
        spectrum = folded_spectrum([luminance(frame) for frame in marked], canonical_scale(height, width))
        margin = bit_values(spectrum, carriers, (0.0, 0.0)) * signs
        typical = max(float(np.median(margin)), 1e-6)
        gain = np.clip(gain * (1 + 0.8 * (1 - margin / typical)), 0.6, 2.5)
        gain /= np.sqrt(np.mean(gain**2))
        pattern = _pattern(signs * gain, carriers, height, width)
    return pattern


def _pattern(levels: npt.NDArray[np.float64], carriers: Carriers, height: int, width: int) -> Floats:
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


def _perceptual_mask(frame: Frames) -> Floats:
    """Return how much change each pixel hides: little where smooth and mid-grey, more where busy, dark or bright."""
    luma = luminance(frame)
    scale = max(1.0, min(luma.shape) / CANONICAL_SIDE)
    high = luma - cv2.GaussianBlur(luma, (0, 0), 2 * scale)
    activity = np.sqrt(cv2.GaussianBlur(high * high, (0, 0), 4 * scale))
    lightness = 1 + 0.6 * np.abs(cv2.GaussianBlur(luma, (0, 0), 4 * scale) - 110) / 128
    return np.asarray((1 + np.minimum(activity, 25) / 4) ** 0.5 * lightness, dtype=np.float32)


def _add(frame: Frames, mask: Floats, pattern: Floats, floor: float) -> Frames:
    """Add the masked pattern, as strong as the fidelity floor and the limit in flat regions allow."""
    change = mask * pattern
    strength = 255 / 10 ** (floor / 20) / float(np.sqrt(np.mean(change * change)))
    strength = min(strength, _flat_limit(*mask.shape))
    return np.clip(np.rint(frame + (strength * change)[..., None]), 0, 255).astype(np.uint8)


def _fidelity_floor(height: int, width: int, *, clip: bool) -> float:
    """Return the lowest peak signal-to-noise ratio of the marked pixels, in dB."""
    if min(height, width) < _SMALL_SIDE:
        return _SMALL_FLOOR
    return _CLIP_FLOOR if clip else _STILL_FLOOR


def _flat_limit(height: int, width: int) -> float:
    """Return the largest root mean square in a flat mid-grey region, in grey levels; small pictures need more."""
    return float(np.clip(_FLAT_LIMIT * CANONICAL_SIDE / min(height, width), _FLAT_LIMIT, _FLAT_LIMIT_SMALL))


def _compress(frame: Frames) -> Frames:
    """Return the frame after JPEG, the harm the loop balances the bits against."""
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _LOOP_QUALITY])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)
