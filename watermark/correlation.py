"""Compare a picture, folded onto one tile, with the carriers of a key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .tile import TILE, Carriers, Floats, Spectrum, fold, frequencies, frequency_radius, whiten

# Weight of a coefficient against its typical size: near phase-only, so that strong lines of the host cannot dominate.
_LIMITER = 0.35
_SMOOTHING = 2.0
_FINE_STEPS = np.linspace(-0.5, 0.5, 5)


Floats64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """The best agreement of one folded spectrum with the template.

    Attributes:
        z: Height over the standard deviation of all shifts; 0 for a picture without any detail.
        shift: Where the tile begins, canonical pixels down and right.
        spectrum: The folded spectrum, `(side, side)`.
    """

    z: float
    shift: tuple[float, float]
    spectrum: Spectrum


def folded_spectrum(lumas: Sequence[Floats], scale: float) -> Spectrum:
    """Return the spectrum of all frames, resized to canonical scale, whitened and folded onto one tile."""
    total = np.zeros((TILE, TILE), dtype=np.float32)
    for luma in lumas:
        total += fold(whiten(resize(luma, scale)))
    return np.fft.fft2(total)


def resize(luma: Floats, scale: float) -> Floats:
    """Return luminance scaled by one factor in both directions."""
    if abs(scale - 1) < 1e-9:
        return luma
    height, width = luma.shape
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(luma, size, interpolation=method), dtype=np.float32)


def correlate(spectrum: Spectrum, template: Spectrum) -> Peak:
    """Correlate with the template over every shift of the tile."""
    known = template != 0
    typical = float(np.abs(spectrum[known]).mean())
    if typical == 0:
        return Peak(0.0, (0.0, 0.0), spectrum)
    limited = np.where(known, spectrum / (np.abs(spectrum) + _LIMITER * typical), 0)
    surface = np.fft.ifft2(limited * template).real
    at = int(surface.argmax())
    row, column = divmod(at, surface.shape[1])
    return Peak(float(surface.flat[at] / surface.std()), (float(row), float(column)), spectrum)


def refine_shift(peak: Peak, carriers: Carriers) -> tuple[float, float]:
    """Return the peak's shift to a quarter of a pixel."""
    vertical, horizontal = (axis.ravel()[carriers.sync] for axis in frequencies(TILE))
    values = peak.spectrum.ravel()[carriers.sync]
    values = values / (np.abs(values) + _LIMITER * np.abs(values).mean()) * carriers.phase[carriers.sync].conj()
    candidates = [(peak.shift[0] + down, peak.shift[1] + right) for down in _FINE_STEPS for right in _FINE_STEPS]
    turns = np.array([vertical * down + horizontal * right for down, right in candidates]) / TILE
    return candidates[int((np.exp(2j * np.pi * turns) @ values).real.argmax())]


def bit_values(spectrum: Spectrum, carriers: Carriers, shift: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Return one soft value for each code bit, positive for a one.

    The template's carriers, whose phases are known, show how much of the mark is left at each frequency; the data
    carriers are weighted by it, so that frequencies a coder has emptied add no noise.
    """
    vertical, horizontal = (axis.ravel() for axis in frequencies(TILE))
    aligned = np.exp(2j * np.pi / TILE * (vertical * shift[0] + horizontal * shift[1])) * carriers.phase.conj()
    size = np.abs(spectrum.ravel())
    limited = spectrum.ravel() / (size + _LIMITER * np.median(size[carriers.data]) + 1e-12)
    values = (limited * aligned).real
    radius = frequency_radius(TILE).ravel()
    weight = _remaining(radius[carriers.sync], values[carriers.sync], radius[carriers.data])
    return np.asarray((weight * values[carriers.data]).sum(1), dtype=np.float64)


def _remaining(known: Floats64, values: Floats64, wanted: Floats64) -> Floats64:
    """Return the mean agreement at each wanted frequency, smoothed over known neighbours; at least 0.1 of the best."""
    at = np.arange(math.ceil(max(known.max(), wanted.max())) + 1)
    kernel = np.exp(-0.5 * ((at[:, None] - known[None, :]) / _SMOOTHING) ** 2)
    mean = (kernel @ values) / (kernel.sum(1) + 1e-12)
    least = 0.1 * max(float(mean.max()), 1e-12)
    return np.asarray(np.interp(wanted, at, np.maximum(mean, least)), dtype=np.float64)
