"""Define the tile of a mark: the Fourier coefficients it uses, and the geometry of a picture relative to the tile.

One tile has 128 × 128 canonical pixels and is repeated over the picture. In a ring of its spectrum some coefficients
contain a known template (which locates the tile after a crop) and each of the others contains one code bit (spread
spectrum: Cox, Kilian, Leighton & Shamoon 1997; periodic self-registering marks: Kutter 1998). Positions and phases are
derived from the deployment's secret key alone.

The first tile begins at one of 64 places, the *slots*. They are derived from the key, and the id selects one of them.
Therefore marks of many ids do not add up when pictures are averaged, and the reader of a whole picture knows where to
look.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from watermark.errors import IdentityError

from .error_correction import CODE_BITS
from .fourier import half_spectrum, pictures_of

KEY_BYTES = 32
TILE = 128
SLOTS = 64
BAND = (4.0, 28.0)

_SMALLEST_TILE = 64
_LARGE_SIDE = 384
_SYNC_LIMIT = 22.0
_COLUMNS = TILE // 2 + 1

Floats = npt.NDArray[np.float32]
Greys = npt.NDArray[np.uint8]
Floats64 = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Carriers:
    """The coefficients of one tile's spectrum that one key selects.

    The spectrum is that of a real tile, `(128, 65)`; indices are flat.

    Attributes:
        sync: Coefficients of the template, `(S,)`.
        data: The coefficient of each code bit, `(1024,)`, low and high frequencies mixed.
        phase: Unit phasor of every coefficient, `(128 * 65,)`.
        slots: Rows and columns at which the first tile may begin, canonical pixels, `(64, 2)`, no two alike.
    """

    sync: Indices
    data: Indices
    phase: npt.NDArray[np.complex128]
    slots: Indices


@lru_cache(maxsize=16)
def carriers_of(key: bytes) -> Carriers:
    """Derive the carriers of a 32-byte key.

    The derivation uses SHAKE-256 and sorting only, so that a mark stays readable when the stream of a random generator
    changes.

    Raises:
        IdentityError: The key has another length.
    """
    if len(key) != KEY_BYTES:
        raise IdentityError(f"the mark key has {len(key)} bytes, expected {KEY_BYTES}; use the key of a deployment")
    band = band_indices()
    radius = frequency_radius()

    band = band[np.argsort(_stream(key, b"positions", band.size), kind="stable")]
    sync = band[radius[band] <= _SYNC_LIMIT][: band.size - CODE_BITS]
    rest = np.setdiff1d(band, sync)
    data = rest[np.argsort(_stream(key, b"bits", rest.size), kind="stable")]

    phase = np.exp(2j * np.pi * (_stream(key, b"phases", radius.size) / 2.0**32))
    drawn = (_stream(key, b"slots", 8 * SLOTS) % TILE).reshape(-1, 2).astype(np.intp)
    first = np.sort(np.unique(drawn, axis=0, return_index=True)[1])[:SLOTS]
    return Carriers(sync, data, phase, drawn[first])


def slot_of(identifier: int, key: bytes) -> int:
    """Return the slot that the mark of an id uses."""
    return hashlib.blake2s(identifier.to_bytes(8, "big"), key=key, person=b"slot", digest_size=1).digest()[0] % SLOTS


def whole_scales(height: int, width: int) -> list[float]:
    """Return canonical pixels per picture pixel for every tile that a whole picture of this size may contain.

    The size of a tile is a fraction of the short side, so the mark keeps its place when the picture is resized. Large
    pictures are marked with the first scale. Small pictures are marked with the scale that reads best, because a finer
    tile uses frequencies that coders erase, and a coarser one uses those where pictures have most energy.
    """
    parts = (1 / 4, 3 / 8, 1 / 2) if is_large(height, width) else (3 / 8, 1 / 2, 1 / 4)
    return [TILE / (part * min(height, width)) for part in parts]


def marking_scales(height: int, width: int) -> list[float]:
    """Return the scales that a picture of this size may be marked with.

    No tile has under 64 pixels: its ring would pass the Nyquist limit.
    """
    scales = whole_scales(height, width)
    if is_large(height, width):
        return scales[:1]
    return [scale for scale in scales if scale <= TILE / _SMALLEST_TILE]


def is_large(height: int, width: int) -> bool:
    """Return whether a picture of this size is always marked with the finest tile."""
    return min(height, width) >= _LARGE_SIDE


def luminance(image: npt.NDArray[np.uint8]) -> Floats:
    """Return the luminance of an RGB picture, 0 … 255."""
    return np.asarray(grey(image), dtype=np.float32)


def grey(image: npt.NDArray[np.uint8]) -> Greys:
    """Return the rounded luminance of an RGB picture in a quarter of the memory; luminance is whole numbers anyway."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def whiten(luma: Floats) -> Floats:
    """Return the locally normalised, clipped high-pass of luminance, which reduces the weight of the host's edges."""
    high = luma - cv2.blur(luma, (13, 13))
    power = cv2.blur(np.square(high), (11, 11))
    spread = np.sqrt(np.maximum(power, 0, out=power), out=power)
    spread += 1
    high /= spread
    return np.asarray(np.clip(high, -2.5, 2.5, out=high), dtype=np.float32)


def fold(picture: Floats) -> Floats:
    """Sum all tiles of a picture, `(128, 128)`."""
    height, width = picture.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    if (height, width) != (rows * TILE, columns * TILE):
        picture = cv2.copyMakeBorder(
            picture, 0, rows * TILE - height, 0, columns * TILE - width, cv2.BORDER_CONSTANT, value=0
        )
    return np.asarray(picture.reshape(rows, TILE, columns, TILE).sum((0, 2)), dtype=np.float32)


def spectrum_of(tile: Floats) -> Spectrum:
    """Return the spectrum of a tile, `(128, 65)`."""
    return half_spectrum(tile)


def tile_of(spectrum: npt.NDArray[np.complexfloating]) -> Floats:
    """Return the tile of a spectrum, `(128, 128)`."""
    return pictures_of(spectrum, TILE)


@lru_cache(maxsize=1)
def frequencies() -> tuple[Floats64, Floats64]:
    """Return vertical and horizontal frequency of every coefficient, in cycles per tile, `(128 * 65,)` each."""
    vertical, horizontal = np.meshgrid(np.fft.fftfreq(TILE, 1 / TILE), np.arange(_COLUMNS), indexing="ij")
    return vertical.ravel(), horizontal.astype(np.float64).ravel()


@lru_cache(maxsize=1)
def frequency_radius() -> Floats64:
    """Return the distance of every coefficient from the constant term, in cycles per tile, `(128 * 65,)`."""
    return np.hypot(*frequencies())


@lru_cache(maxsize=1)
def band_indices() -> Indices:
    """Return every coefficient of the ring once: of two that belong to one real wave, only one is listed."""
    vertical, horizontal = frequencies()
    radius = frequency_radius()
    once = (horizontal > 0) | (vertical > 0)
    return np.flatnonzero((radius >= BAND[0]) & (radius <= BAND[1]) & once)


def _stream(key: bytes, purpose: bytes, count: int) -> npt.NDArray[np.uint32]:
    """Return `count` pseudo-random words of a key, independent for each purpose."""
    return np.frombuffer(
        hashlib.shake_256(b"facetrail tile 3\0" + purpose + b"\0" + key).digest(4 * count), dtype="<u4"
    )
