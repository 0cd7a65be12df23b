"""The transforms agree with scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from watermark.mark.flat_blocks import BLOCK, _basis
from watermark.mark.fourier import half_spectrum, pictures_of


@pytest.mark.parametrize("shape", [(2, 2), (2, 6), (128, 128), (64, 20), (1024, 512)])
def test_half_spectra_are_those_of_scipy(shape):
    picture = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    reference = scipy.fft.rfft2(picture.astype(np.float64))
    found = half_spectrum(picture)
    assert (found.dtype, found.shape) == (np.complex64, reference.shape)
    assert np.abs(found - reference).max() < 1e-6 * np.abs(reference).max()


def test_pictures_of_a_stack_come_back():
    pictures = np.random.default_rng(2).standard_normal((3, 128, 128)).astype(np.float32)
    back = pictures_of(np.stack([half_spectrum(picture) for picture in pictures]), 128)
    assert (back.dtype, back.shape) == (np.float32, pictures.shape)
    assert np.abs(back - pictures).max() < 1e-5


def test_missing_columns_of_a_half_spectrum_are_zero():
    spectrum = half_spectrum(np.random.default_rng(3).standard_normal((128, 128)).astype(np.float32))
    spectrum[:, 20:] = 0
    wanted = scipy.fft.irfft2(spectrum, s=(128, 128))
    assert np.abs(pictures_of(spectrum[:, :20], 128) - wanted).max() < 1e-5


def test_the_cosines_of_flat_blocks_are_those_of_the_cosine_transform():
    reference = scipy.fft.dct(np.eye(BLOCK), axis=0, norm="ortho")
    assert np.allclose(_basis(), reference[: len(_basis())], atol=1e-7)
