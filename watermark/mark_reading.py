"""Read a mark from pixels.

A reading tries hypotheses about scale, mirroring and rotation. Each one folds the whitened picture onto one tile and
correlates it with the key's template over all 128 × 128 shifts at once; the strongest is decoded. The answer's p-value
bounds the chance that an unmarked picture reads this strongly, over everything that was tried:

    p ≤ hypotheses · 128² · Q(z) · (decodings · 2 kinds · 2⁻¹⁶ where the payload's check passed, else 1)

with Q the Gaussian tail; measured tails of natural pictures stay below it. A mark is present where p ≤ 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .correlation import Peak, bit_values, correlate, folded_spectrum, refine_shift, resize
from .error_correction import decode
from .frames import Frames, check_frames, spread
from .payload import CHECK_BITS, Payload, PayloadKind, unframe_payload
from .tile import CANONICAL_SIDE, TILE, Carriers, Floats, canonical_scale, carriers_of, fold, luminance, whiten

FALSE_POSITIVE_RATE = 1e-6

_CLIP_FRAMES = 16
_SEARCH_FRAMES = 4
_NATIVE_TILES = (64, 128, 192, 256)
_NATIVE_RANGE = (0.2, 2.2)
_SMALLEST_CANONICAL_SIDE = 96
_LONGEST_ASPECT = 4
_DECODABLE = 4.5

_COARSE_TILE = TILE // 2
_COARSE_SIDE = 384
_COARSE_SCALES = np.geomspace(0.42, 1.12, 110)
_ROTATIONS = tuple(sign * step * 0.75 for step in range(1, 11) for sign in (1, -1))
_UPRIGHT_CANDIDATES = 4
_ROTATED_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class MarkReading:
    """What a picture or clip says about its mark.

    Attributes:
        present: A mark made with this key is there, at a false-positive rate of 1e-6 a reading.
        ours: The id is in the deployment's manifest store; only `read_provenance` can tell.
        id: The id as 12 hexadecimal digits, or None where the payload's check failed.
        kind: The payload's kind, or None where its check failed.
        z: Peak of the template's correlation over its standard deviation.
        p_value: Bound on the chance that an unmarked picture reads this strongly.
    """

    present: bool
    ours: bool
    id: str | None
    kind: PayloadKind | None
    z: float
    p_value: float


def read_mark(pixels: Frames, key: bytes, *, search: int = 1) -> MarkReading:
    """Read the mark of a still or of one clip.

    A clip is read from its first frame (a key frame, where coders keep most detail), then from up to 16 frames
    together.

    Args:
        pixels: uint8 RGB, `(H, W, 3)` or `(T, H, W, 3)`.
        key: The 32-byte key it may have been marked with.
        search: 0 reads whole or resized pictures and crops at their original scale; 1 also mirrored pictures and crops
            down to 0.42 of the short side that were resized; 2 also rotations up to 7.5 degrees.

    Raises:
        MediaError: The array is no RGB picture or clip.
    """
    check_frames(pixels)
    frames = pixels[None] if pixels.ndim == 3 else pixels
    lumas = [_bounded(luminance(frames[i])) for i in spread(len(frames), _CLIP_FRAMES)]
    reader = _Reader(carriers_of(key))
    if min(lumas[0].shape) * canonical_scale(*lumas[0].shape) >= _SMALLEST_CANONICAL_SIDE:
        _read(reader, lumas, search)
    return reader.reading()


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    """How a picture lies over the tile: canonical pixels per picture pixel, degrees to undo, mirrored or not."""

    scale: float
    rotation: float = 0.0
    mirrored: bool = False


class _Reader:
    """Tries hypotheses, counts them, and keeps the strongest reading."""

    def __init__(self, carriers: Carriers) -> None:
        self.carriers = carriers
        self.template = carriers.template()
        self.coarse_template = carriers.template(_COARSE_TILE)
        self.hypotheses = 0
        self.decodings = 0
        self.z = 0.0
        self.payload: Payload | None = None

    def try_one(self, lumas: Sequence[Floats], hypothesis: _Hypothesis) -> Peak:
        self.hypotheses += 1
        if hypothesis.mirrored:
            lumas = [np.ascontiguousarray(luma[:, ::-1]) for luma in lumas]
        if hypothesis.rotation:
            lumas = [_turned(luma, hypothesis.scale, hypothesis.rotation) for luma in lumas]
        spectrum = folded_spectrum(lumas, 1.0 if hypothesis.rotation else hypothesis.scale)
        return correlate(spectrum, self.template)

    def settle(self, peaks: Iterable[Peak]) -> bool:
        """Decode the strongest peak; return whether a payload was read at the promised false-positive rate."""
        best = max(peaks, key=lambda peak: peak.z)
        payload = None
        if best.z >= _DECODABLE:
            self.decodings += 1
            payload = unframe_payload(
                decode(bit_values(best.spectrum, self.carriers, refine_shift(best, self.carriers)))
            )
        if (payload is not None, best.z) > (self.payload is not None, self.z):
            self.payload, self.z = payload, best.z
        return self.payload is not None and self.p_value() <= FALSE_POSITIVE_RATE

    def p_value(self) -> float:
        """Bound the chance that an unmarked picture reads as strongly as the best so far."""
        bound = self.hypotheses * TILE * TILE * math.erfc(self.z / math.sqrt(2)) / 2
        if self.payload is not None:
            bound *= self.decodings * len(PayloadKind) * 2.0**-CHECK_BITS
        return min(bound, 1.0) if self.z else 1.0

    def reading(self) -> MarkReading:
        p_value = self.p_value()
        present = p_value <= FALSE_POSITIVE_RATE
        if self.payload is None or not present:
            return MarkReading(present, False, None, None, self.z, p_value)
        return MarkReading(present, False, self.payload.hex, self.payload.kind, self.z, p_value)


def _read(reader: _Reader, lumas: Sequence[Floats], search: int) -> None:
    """Go through the stages from cheap to costly and stop at the first that reads a payload."""
    known = _known_scales(*lumas[0].shape)
    if reader.settle([reader.try_one(lumas[:1], _Hypothesis(scale)) for scale in known]):
        return
    if len(lumas) > 1 and reader.settle([reader.try_one(lumas, _Hypothesis(scale)) for scale in known]):
        return
    if search < 1:
        return
    if reader.settle([reader.try_one(lumas[:1], _Hypothesis(scale, mirrored=True)) for scale in known]):
        return
    few = [lumas[i] for i in spread(len(lumas), _SEARCH_FRAMES)]
    if _search(reader, few, (0.0,), _UPRIGHT_CANDIDATES) or search < 2:
        return
    _search(reader, few, _ROTATIONS, _ROTATED_CANDIDATES)


def _known_scales(height: int, width: int) -> list[float]:
    """Return the scales of an uncropped picture of any size, then of crops from pictures of the usual sizes."""
    short = min(height, width)
    usual = canonical_scale(height, width)
    scales = [usual]
    for scale in (CANONICAL_SIDE / short, *(TILE / tile for tile in _NATIVE_TILES)):
        in_range = _NATIVE_RANGE[0] < scale / usual < _NATIVE_RANGE[1] and scale * short >= _SMALLEST_CANONICAL_SIDE
        if in_range and all(abs(scale - other) > 1e-6 for other in scales):
            scales.append(scale)
    return scales


def _search(reader: _Reader, lumas: Sequence[Floats], rotations: Sequence[float], keep: int) -> bool:
    """Rank hypotheses at half resolution, climb from the best of them, and decode where that leads."""
    ranked = sorted(_coarse(reader, lumas, rotations), key=lambda candidate: -candidate[0])
    angle = 0.35 if any(rotations) else 0.0
    return reader.settle([_climb(reader, lumas, hypothesis, angle) for _, hypothesis in ranked[:keep]])


def _coarse(reader: _Reader, lumas: Sequence[Floats], rotations: Sequence[float]) -> list[tuple[float, _Hypothesis]]:
    """Return z and hypothesis for every scale, rotation and mirroring, from residuals made once at low resolution."""
    height, width = lumas[0].shape
    usual = canonical_scale(height, width)
    shrink = min(1.0, _COARSE_SIDE / min(height, width))
    residuals = [whiten(resize(luma, shrink)) for luma in lumas]
    backwards = -np.arange(_COARSE_TILE)
    found = []
    for scale in usual * _COARSE_SCALES:
        zoom = scale / shrink * _COARSE_TILE / TILE
        if min(residuals[0].shape) * zoom < _SMALLEST_CANONICAL_SIDE / 2:
            continue
        small = [resize(residual, zoom) for residual in residuals]
        for rotation in rotations:
            turned = [_turned(residual, 1.0, rotation) for residual in small] if rotation else small
            spectrum = np.fft.fft2(np.sum([fold(residual, _COARSE_TILE) for residual in turned], axis=0))
            # Mirroring a picture reverses the horizontal frequencies and the sense of rotation.
            for mirrored, view in ((False, spectrum), (True, spectrum[:, backwards])):
                hypothesis = _Hypothesis(float(scale), -rotation if mirrored else rotation, mirrored)
                found.append((correlate(view, reader.coarse_template).z, hypothesis))
    reader.hypotheses += len(found)
    return found


def _climb(reader: _Reader, lumas: Sequence[Floats], start: _Hypothesis, angle: float) -> Peak:
    """Follow z uphill at full resolution with halving steps in scale and rotation."""
    best, here = reader.try_one(lumas, start), start
    stretch = 0.0035
    for _ in range(4):
        steps = [(1 + stretch, 0.0), (1 - stretch, 0.0)] + ([(1.0, angle), (1.0, -angle)] if angle else [])
        moved = False
        for factor, turn in steps:
            neighbour = _Hypothesis(here.scale * factor, here.rotation + turn, here.mirrored)
            peak = reader.try_one(lumas, neighbour)
            if peak.z > best.z:
                best, here, moved = peak, neighbour, True
        if not moved:
            stretch, angle = stretch / 2, angle / 2
    return best


def _turned(picture: Floats, scale: float, rotation: float) -> Floats:
    """Return the picture rotated about its centre and scaled."""
    if scale < 0.75:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5 / scale), dtype=np.float32)
    height, width = picture.shape
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    centre = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, rotation, scale)
    matrix[:, 2] += (size[0] - 1) / 2 - centre[0], (size[1] - 1) / 2 - centre[1]
    turned = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(turned, dtype=np.float32)


def _bounded(luma: Floats) -> Floats:
    """Return the middle of a very long picture; every part of it carries the whole mark."""
    limit = _LONGEST_ASPECT * min(luma.shape)
    top, left = (max(side - limit, 0) // 2 for side in luma.shape)
    return luma[top : top + limit, left : left + limit]
