"""Transform real pictures into half spectra and back; scipy can do it too, but takes long to import."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def half_spectrum(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.complex64]:
    """Return the discrete Fourier transform of a real picture, without the half that follows from the other.

    Args:
        picture: `(H, W)`, both even.

    Returns:
        Rows for all vertical frequencies, columns for the horizontal ones that are not negative, `(H, W / 2 + 1)`.
    """
    packed = np.asarray(cv2.dft(np.ascontiguousarray(picture, dtype=np.float32)), dtype=np.float32)
    height, width = packed.shape
    spectrum = np.empty((height, width // 2 + 1), dtype=np.complex64)
    spectrum[:, 1:-1] = packed[:, 1:-1].view(np.complex64)
    for column in (0, -1):  # the spectra of real columns, each packed into one: constant, real and imaginary ..., last
        values = packed[:, column]
        halves = values[1:-1:2] + 1j * values[2:-1:2]
        spectrum[0, column], spectrum[height // 2, column] = values[0], values[-1]
        spectrum[1 : height // 2, column] = halves
        spectrum[height // 2 + 1 :, column] = halves[::-1].conj()
    return spectrum


def pictures_of(spectra: npt.NDArray[np.complexfloating], side: int) -> npt.NDArray[np.float32]:
    """Return the real pictures of half spectra.

    Args:
        spectra: `(..., side, C)`; columns beyond C, up to `side / 2 + 1`, are zero.
        side: Side of a picture; even.

    Returns:
        `(..., side, side)`.
    """
    return np.asarray(np.fft.irfft(np.fft.ifft(spectra, axis=-2), n=side, axis=-1), dtype=np.float32)
