"""Correlate a picture, folded onto one tile, with the carriers of a key."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .fourier import pictures_of
from .resizing import shrunk
from .tile import (
    TILE,
    Carriers,
    Floats,
    Floats64,
    Greys,
    Spectrum,
    fold,
    frequencies,
    frequency_radius,
    spectrum_of,
    tile_of,
    whiten,
)

# Weight of the typical size in the normalisation of a coefficient: the result is near phase-only, so that strong lines
# of the host cannot dominate.
LIMITER = 0.35
_SMOOTHING = 2.0
_NOTHING = 1e-3
_TINY = 1e-12
_FINE_STEPS = np.linspace(-0.5, 0.5, 5)


def folded_spectrum(lumas: Sequence[Floats | Greys], scale: float) -> Spectrum:
    """Return the spectrum of all frames, resized to canonical scale, whitened and folded onto one tile."""
    total = np.zeros((TILE, TILE), dtype=np.float32)
    for luma in lumas:
        total += fold(whiten(resize(luma, scale)))
    return spectrum_of(total)


def resize(luma: Floats | Greys, scale: float) -> Floats:
    """Return luminance scaled by one factor in both directions."""
    if abs(scale - 1) < 1e-9:
        return np.asarray(luma, dtype=np.float32)
    height, width = canonical_size(luma.shape[0], luma.shape[1], scale)
    if scale < 1:
        return shrunk(luma, height, width)
    whole = np.asarray(luma, dtype=np.float32)
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def mirrored(spectrum: Spectrum) -> Spectrum:
    """Return the spectrum of the picture's mirror image (left and right exchanged), up to a shift."""
    return np.conj(spectrum[-np.arange(TILE)])


def turned(spectrum: Spectrum, size: tuple[int, int] = (0, 0)) -> list[Spectrum]:
    """Return the spectra of the seven other quarter turns and mirror images of a picture.

    A picture is turned and mirrored by exchanging rows and columns and by flipping either. A flip also moves the tile
    by the picture's length along it, so that the first tile still begins where it would in the turned picture.

    Args:
        spectrum: Folded spectrum of the picture, `(128, 65)`.
        size: Rows and columns of the picture at canonical scale; multiples of the tile where the shift does not matter.

    Returns:
        Seven spectra; the first one is that of the picture with left and right exchanged.
    """
    tile = tile_of(spectrum)
    found = []
    for exchanged, sides in ((tile, size), (tile.T, size[::-1])):
        for rows, columns in ((0, 0), (0, 1), (1, 0), (1, 1)):
            flipped = exchanged[:: -1 if rows else 1, :: -1 if columns else 1]
            found.append(np.roll(flipped, (rows * sides[0], columns * sides[1]), (0, 1)))
    return [spectrum_of(np.ascontiguousarray(one)) for one in found[1:]]


def canonical_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Return rows and columns of a picture at canonical scale."""
    return max(round(height * scale), 1), max(round(width * scale), 1)


def correlate(spectra: Sequence[Spectrum], carriers: Carriers) -> Floats:
    """Correlate folded spectra with the template over every shift of the tile.

    Returns:
        Correlation over its standard deviation, `(N, 128, 128)`; zeros for a picture without any detail.
    """
    flat = np.stack([spectrum.ravel()[carriers.sync] for spectrum in spectra])
    size = np.abs(flat)
    typical = size.mean(1, keepdims=True)
    values = np.where(typical < _NOTHING, 0, flat / (size + LIMITER * typical + _TINY))
    # The standard deviation follows from Parseval; the inverse transform does not add the conjugate of a wave in the
    # first column, so the amplitude of that wave is half.
    shares = np.where(frequencies()[1][carriers.sync] == 0, 0.5, 2.0)
    deviation = np.sqrt(np.square(np.abs(values)) @ shares)[:, None] / TILE**2 + _TINY
    rows, columns = np.divmod(carriers.sync, spectra[0].shape[1])
    product = np.zeros((len(spectra), TILE, int(columns.max()) + 1), dtype=np.complex64)
    product[:, rows, columns] = values / deviation * carriers.phase[carriers.sync].conj()
    return pictures_of(product, TILE)


def highest(surface: Floats) -> tuple[float, tuple[int, int]]:
    """Return the highest z of a surface `(128, 128)`, and the rows and columns at which the tile begins there."""
    row, column = divmod(int(surface.argmax()), TILE)
    return float(surface[row, column]), (row, column)


def refine_shift(spectrum: Spectrum, carriers: Carriers, shift: tuple[int, int]) -> tuple[float, float]:
    """Return a peak's shift to a quarter of a pixel."""
    vertical, horizontal = (axis[carriers.sync] for axis in frequencies())
    values = spectrum.ravel()[carriers.sync]
    size = np.abs(values)
    values = values / (size + LIMITER * size.mean()) * carriers.phase[carriers.sync].conj()
    values = values * np.exp(2j * np.pi / TILE * (vertical * shift[0] + horizontal * shift[1]))
    down = np.exp(2j * np.pi / TILE * np.outer(_FINE_STEPS, vertical))
    right = np.exp(2j * np.pi / TILE * np.outer(_FINE_STEPS, horizontal))
    row, column = divmod(int(((down * values) @ right.T).real.argmax()), _FINE_STEPS.size)
    return shift[0] + float(_FINE_STEPS[row]), shift[1] + float(_FINE_STEPS[column])


def bit_values(spectrum: Spectrum, carriers: Carriers, shift: tuple[float, float]) -> Floats64:
    """Return one soft value for each code bit, `(1024,)`, positive for a one.

    The template's carriers, whose phases are known, show how much of the mark remains at each frequency. The data
    carriers are weighted by it, so that frequencies that a coder has removed add no noise. For carriers of random phase
    the sum of the values, with any signs, has unit variance.
    """
    flat = spectrum.ravel()
    known = _limited(flat, carriers, carriers.sync, shift).real
    radius = frequency_radius()
    weight = _remaining(radius[carriers.sync], known, radius[carriers.data])
    weighted = weight * _limited(flat, carriers, carriers.data, shift)
    return np.asarray(weighted.real / (np.linalg.norm(weighted) / math.sqrt(2) + _TINY), dtype=np.float64)


def _limited(
    flat: Spectrum, carriers: Carriers, indices: npt.NDArray[np.intp], shift: tuple[float, float]
) -> npt.NDArray[np.complex128]:
    """Return coefficients of limited size, rotated so that phase zero is the phase of their carriers."""
    vertical, horizontal = (axis[indices] for axis in frequencies())
    values = flat[indices]
    size = np.abs(values)
    turned = np.exp(2j * np.pi / TILE * (vertical * shift[0] + horizontal * shift[1])) * carriers.phase[indices].conj()
    return np.asarray(values / (size + LIMITER * np.median(size) + _TINY) * turned, dtype=np.complex128)


def _remaining(known: Floats64, values: Floats64, wanted: Floats64) -> Floats64:
    """Return the mean agreement at each wanted frequency, smoothed over known neighbours; at least 0.1 of the best."""
    at = np.arange(math.ceil(max(known.max(), wanted.max())) + 1)
    kernel = np.exp(-0.5 * ((at[:, None] - known[None, :]) / _SMOOTHING) ** 2)
    mean = (kernel @ values) / (kernel.sum(1) + 1e-12)
    least = 0.1 * max(float(mean.max()), 1e-12)
    return np.asarray(np.interp(wanted, at, np.maximum(mean, least)), dtype=np.float64)
