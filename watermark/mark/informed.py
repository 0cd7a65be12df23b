"""Choose a tile's coefficients for a known picture (informed embedding).

At each carrier the reader measures X = H + R·m: the picture's own coefficient H, plus the mark m after the response R
of masking and whitening. The picture is known when it is marked, so the power of the mark can be spent where it
corrects wrong carriers at low cost (informed embedding: Miller, Doërr & Cox, "Applying informed coding and embedding to
design a robust high-capacity watermark", IEEE Trans. Image Processing 13(6), 2004). The coefficients maximise

    Σ_f v_f,    v_f = Re(X_f c_f*) / √(|X_f|² + ν)

at constant power of the mark, with c the carriers' wanted phasors. Two code words differ in about half of their bits
and every bit has one carrier, so all carriers have equal weight; v saturates, so no carrier is favoured at the cost of
the others. The allowance ν models later changes by coders and crops.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .tile import TILE, Carriers, Floats, Floats64, Spectrum, frequencies, frequency_radius, tile_of

_POWER = TILE**4 / 2  # of the coefficients of a tile of unit variance
_SYNC_GAIN = 1.15
_STEPS = 8
_STRIDE = 0.6
_ALLOWANCE = 2.0

Complexes = npt.NDArray[np.complex128]


def plain_coefficients(signs: Floats64, carriers: Carriers, roll_off: float) -> Complexes:
    """Return the coefficients for an unknown picture: template first, then every bit's, `(S + 1024,)`.

    Args:
        signs: +1 or -1 for each code bit, `(1024,)`.
        carriers: The key's carriers.
        roll_off: Frequency, in cycles per tile, from which strength falls, as it does in coders.
    """
    coefficients = _wanted(signs, carriers) * _envelope(carriers, roll_off)
    coefficients[: carriers.sync.size] *= _SYNC_GAIN
    return _scaled(coefficients)


def informed_coefficients(
    plain: Complexes, signs: Floats64, carriers: Carriers, host: Spectrum, marked: Spectrum, shift: tuple[int, int]
) -> Complexes:
    """Return coefficients that are fitted to one picture.

    Args:
        plain: Coefficients that `plain_coefficients` returned.
        signs: As for `plain_coefficients`.
        carriers: The key's carriers.
        host: Folded spectrum of the picture, `(128, 65)`.
        marked: Folded spectrum of the picture with the plain mark after the coding it should survive.
        shift: Offset of the first tile, canonical pixels.
    """
    indices = _indices(carriers)
    vertical, horizontal = (axis[indices] for axis in frequencies())
    aligned = np.exp(2j * np.pi / TILE * (vertical * shift[0] + horizontal * shift[1]))
    here = host.ravel()[indices] * aligned
    response = _response((marked.ravel()[indices] * aligned - here) * plain.conj(), plain, frequency_radius()[indices])
    wanted, envelope = _wanted(signs, carriers), np.sqrt(np.abs(plain))
    allowance = (_ALLOWANCE * float(np.median(np.abs(here)))) ** 2
    coefficients = plain
    for step in range(_STEPS):
        seen = here + response * coefficients
        size = np.abs(seen) ** 2 + allowance
        along = (seen * wanted.conj()).real
        gradient = response * envelope * (wanted - along / size * seen) / np.sqrt(size)
        length = np.sqrt(np.sum(np.abs(gradient) ** 2)) + 1e-12
        stride = _STRIDE * (1 - step / _STEPS)
        coefficients = _scaled(coefficients + stride * np.sqrt(_POWER) / length * gradient)
    return coefficients


def tile_from(coefficients: Complexes, carriers: Carriers) -> Floats:
    """Return the tile that coefficients describe, `(128, 128)`, unit variance."""
    spectrum = np.zeros((TILE, TILE // 2 + 1), dtype=np.complex64)
    spectrum.ravel()[_indices(carriers)] = coefficients
    first = spectrum[:, 0]
    spectrum[:, 0] = first + first[-np.arange(TILE)].conj()  # a real tile's first column is its own mirror image
    return tile_of(spectrum)


def _indices(carriers: Carriers) -> npt.NDArray[np.intp]:
    return np.concatenate([carriers.sync, carriers.data])


def _envelope(carriers: Carriers, roll_off: float) -> Floats64:
    return np.asarray(1 / (1 + (frequency_radius()[_indices(carriers)] / roll_off) ** 4), dtype=np.float64)


def _wanted(signs: Floats64, carriers: Carriers) -> Complexes:
    wanted = carriers.phase[_indices(carriers)]
    wanted[carriers.sync.size :] *= signs
    return wanted


def _response(products: Complexes, plain: Complexes, radius: Floats64) -> Floats64:
    """Return the real gain from coefficient to folded spectrum, smoothed over frequency."""
    at = np.arange(np.ceil(radius.max()) + 1)
    kernel = np.exp(-0.5 * ((at[:, None] - radius[None, :]) / 2) ** 2)
    gain = (kernel @ products.real) / (kernel @ np.abs(plain) ** 2 + 1e-12)
    return np.asarray(np.interp(radius, at, np.maximum(gain, 1e-9)), dtype=np.float64)


def _scaled(coefficients: Complexes) -> Complexes:
    return np.asarray(coefficients * np.sqrt(_POWER / np.sum(np.abs(coefficients) ** 2)), dtype=np.complex128)
