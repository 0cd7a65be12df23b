"""A mark's id in the noise that a diffusion model starts from (Yang et al., "Gaussian Shading", CVPR 2024).

The id's bits are repeated over all cells of the noise and encrypted with a keyed stream; each encrypted bit then gives
the sign of a cell whose magnitude is drawn from the half-normal distribution. To whoever lacks the key this is plain
Gaussian noise, so that the model's pictures follow the same distribution as without an id. Reading needs the noise
back, which only whoever can invert the sampling has; the cells then vote for each bit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import binom

from watermark.errors import WatermarkError
from watermark.mark.payload import ID_BITS

Noise = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LatentReading:
    """What noise says.

    Attributes:
        id: The likeliest id as 12 hexadecimal digits; noise without one gives one, too, so look at the p-value.
        z: Cells that agree with it, in standard deviations of as many fair coins. It is the id that agrees best: noise
            without one reads about 5.5, the root of 2 · 48 / π.
        p_value: Bound on the chance that some id agrees as well with noise that carries none: 2⁴⁸ times the tail of
            the binomial distribution.
    """

    id: str
    z: float
    p_value: float


class LatentCodec:
    """Puts an id into noise, and reads it from noise. It has no check: the p-value alone tells whether one is there."""

    def __init__(self, key: bytes, shape: Sequence[int], *, nonce: bytes = b"") -> None:
        """Use a key and a shape of noise.

        Args:
            key: The mark key.
            shape: Of the noise, (C, g, g).
            nonce: What the reader knows, too, and what differs from work to work: works of one key, nonce and id start
                from the same signs.

        Raises:
            WatermarkError: The noise has fewer cells than an id has bits.
        """
        self._shape = tuple(shape)
        self._cells = math.prod(self._shape)
        self._votes = self._cells // ID_BITS
        if not self._votes:
            raise WatermarkError(
                f"noise of shape {self._shape} has {self._cells} cells, too few for {ID_BITS} bits; take a larger model"
            )
        stream = hashlib.shake_256(b"facetrail latent 1\0" + key + nonce).digest(self._cells // 8 + 1)
        self._stream = np.unpackbits(np.frombuffer(stream, np.uint8))[: self._cells]

    def noise(self, identifier: int, rng: np.random.Generator) -> Noise:
        """Return noise that carries an id.

        Args:
            identifier: The id, 48 bits.
            rng: Draws the magnitudes.
        """
        bits = np.array([identifier >> place & 1 for place in range(ID_BITS)], np.uint8)
        signs = np.resize(bits, self._cells) ^ self._stream
        magnitudes = -ndtri((1 - rng.random(self._cells)) / 2)  # finite: the argument is never 0
        return np.asarray(np.where(signs == 1, magnitudes, -magnitudes).reshape(self._shape), dtype=np.float32)

    def read(self, noise: Noise) -> LatentReading:
        """Read noise of the codec's shape, with an id or without.

        Raises:
            WatermarkError: The noise has another shape.
        """
        if noise.shape != self._shape:
            raise WatermarkError(f"noise of shape {noise.shape} does not fit a codec for {self._shape}")
        bits = (noise.ravel() > 0) ^ self._stream.astype(bool)
        ones = bits[: self._votes * ID_BITS].reshape(self._votes, ID_BITS).sum(0)
        agreeing, votes = int(np.maximum(ones, self._votes - ones).sum()), self._votes * ID_BITS
        z = (2 * agreeing - votes) / math.sqrt(votes)
        tail = float(binom.logsf(agreeing - 1, votes, 0.5))
        p_value = math.exp(min(ID_BITS * math.log(2) + tail, 0.0))
        identifier = sum(1 << place for place in np.flatnonzero(2 * ones > self._votes).tolist())
        return LatentReading(f"{identifier:0{ID_BITS // 4}x}", z, p_value)
