"""The tile a mark is made of: which Fourier coefficients carry what, and how a picture is laid over the tile.

One tile has 128 × 128 canonical pixels and is repeated over the picture. In a ring of its spectrum some coefficients
carry a known template (it finds the tile again after a crop) and the others carry the 127 code bits, each bit on
several frequencies (spread spectrum: Cox, Kilian, Leighton & Shamoon 1997; periodic self-registering marks: Kutter
1998). Positions and phases come from the deployment's secret key alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from .error_correction import CODE_BITS
from .errors import IdentityError

KEY_BYTES = 32
TILE = 128
CANONICAL_SIDE = 512
SMALLEST_TILE = 64

_BAND = (4.0, 28.0)
_SYNC_LIMIT = 22.0
_CARRIERS_PER_BIT = 8
_ROLL_OFF = 16.0

Floats = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True, eq=False)
class Carriers:
    """The coefficients of one tile's spectrum that one key selects, as flat indices.

    Attributes:
        sync: Coefficients of the template, `(S,)`.
        data: Coefficients of each code bit, `(127, 8)`; every bit has the same mix of low and high frequencies.
        phase: Unit phasor of every coefficient of the tile, `(TILE * TILE,)`.
        amplitude: Strength of every coefficient, falling with frequency as coders do, `(TILE * TILE,)`.
    """

    sync: npt.NDArray[np.intp]
    data: npt.NDArray[np.intp]
    phase: Spectrum
    amplitude: npt.NDArray[np.float64]

    def template(self, side: int = TILE) -> Spectrum:
        """Return the conjugate template spectrum, `(side, side)`; a smaller side keeps the low frequencies."""
        full = np.zeros(TILE * TILE, dtype=np.complex128)
        full[self.sync] = self.phase[self.sync].conj()
        cut = (TILE - side) // 2
        centred = np.fft.fftshift(full.reshape(TILE, TILE))[cut : cut + side, cut : cut + side]
        return np.fft.ifftshift(centred)


@lru_cache(maxsize=16)
def carriers_of(key: bytes) -> Carriers:
    """Derive the carriers of a 32-byte key.

    The derivation uses SHAKE-256 and sorting only, so that a mark outlives every change of a random generator's stream.

    Raises:
        IdentityError: The key has another length.
    """
    if len(key) != KEY_BYTES:
        raise IdentityError(f"the mark key has {len(key)} bytes, expected {KEY_BYTES}; use the key of a deployment")
    radius = frequency_radius(TILE).ravel()
    fy, fx = frequencies(TILE)
    upper = ((fy > 0) | ((fy == 0) & (fx > 0))).ravel()
    band = np.flatnonzero((radius >= _BAND[0]) & (radius <= _BAND[1]) & upper)

    band = band[np.argsort(_stream(key, b"positions", band.size), kind="stable")]
    low = band[radius[band] <= _SYNC_LIMIT]
    sync = low[: band.size - _CARRIERS_PER_BIT * CODE_BITS]
    rest = np.setdiff1d(band, sync)
    rest = rest[np.argsort(radius[rest], kind="stable")]
    rows = rest[: _CARRIERS_PER_BIT * CODE_BITS].reshape(_CARRIERS_PER_BIT, CODE_BITS)
    shuffles = _stream(key, b"bits", rows.size).reshape(rows.shape)
    data = np.take_along_axis(rows, np.argsort(shuffles, axis=1, kind="stable"), axis=1).T

    turns = _stream(key, b"phases", TILE * TILE) / 2.0**32
    return Carriers(sync, np.ascontiguousarray(data), np.exp(2j * np.pi * turns), 1 / (1 + (radius / _ROLL_OFF) ** 2))


def canonical_scale(height: int, width: int) -> float:
    """Return canonical pixels per picture pixel where nothing was cropped or resized since marking.

    A tile is a quarter of the short side, and never smaller than 64 pixels: below that its ring would pass the Nyquist
    limit.
    """
    return TILE / max(min(height, width) * TILE / CANONICAL_SIDE, SMALLEST_TILE)


def luminance(image: npt.NDArray[np.uint8]) -> Floats:
    """Return the luminance of an RGB picture, 0 … 255."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def whiten(luma: Floats) -> Floats:
    """Return the locally normalised, clipped high-pass of luminance: edges of the host lose their weight."""
    high = luma - cv2.GaussianBlur(luma, (0, 0), 3.5)
    spread = np.sqrt(cv2.GaussianBlur(high * high, (0, 0), 5))
    return np.asarray(np.clip(high / (spread + 1.5), -2.5, 2.5), dtype=np.float32)


def fold(picture: Floats, side: int = TILE) -> Floats:
    """Sum all tiles of a picture, `(side, side)`."""
    height, width = picture.shape
    padded = np.zeros((-(-height // side) * side, -(-width // side) * side), dtype=np.float32)
    padded[:height, :width] = picture
    return np.asarray(padded.reshape(-1, side, padded.shape[1] // side, side).sum((0, 2)), dtype=np.float32)


def frequencies(side: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return vertical and horizontal frequency of every coefficient, in cycles per tile."""
    axis = np.fft.fftfreq(side, 1 / side)
    vertical, horizontal = np.meshgrid(axis, axis, indexing="ij")
    return vertical, horizontal


def frequency_radius(side: int) -> npt.NDArray[np.float64]:
    """Return the distance of every coefficient from the constant term, in cycles per tile."""
    return np.hypot(*frequencies(side))


def _stream(key: bytes, purpose: bytes, count: int) -> npt.NDArray[np.uint32]:
    """Return `count` pseudo-random words of a key, independent for each purpose."""
    return np.frombuffer(
        hashlib.shake_256(b"facetrail tile 1\0" + purpose + b"\0" + key).digest(4 * count), dtype="<u4"
    )
