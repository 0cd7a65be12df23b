from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from generator.picture_metrics import psnr, ssim_map
from generator.training.validation import compare


def pictures():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (64, 48, 3), dtype=np.uint8)
    noisy = np.clip(truth.astype(int) + rng.integers(-30, 31, truth.shape), 0, 255).astype(np.uint8)
    return noisy, truth


def test_both_measures_agree_with_scikit_image():
    ours, truth = pictures()
    everywhere = np.ones(truth.shape[:2], bool)
    assert psnr(ours, truth, everywhere) == pytest.approx(peak_signal_noise_ratio(truth, ours), abs=1e-9)
    _, theirs = structural_similarity(
        truth, ours, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    inner = (slice(8, -8), slice(8, -8))  # windows are clipped differently at the border
    np.testing.assert_allclose(ssim_map(ours, truth)[inner], theirs.mean(-1)[inner], atol=1e-6)


def test_equal_pictures_have_similarity_one_and_a_finite_psnr():
    _, truth = pictures()
    np.testing.assert_allclose(ssim_map(truth, truth), 1)
    assert 70 < psnr(truth, truth, np.ones(truth.shape[:2], bool)) < 80


def test_regions_are_measured_apart_and_left_out_where_nobody_shows_them():
    ours, truth = (picture[None] for picture in pictures())
    labels = np.zeros((1, 64, 48), np.uint8)
    labels[:, 10:30, 10:30] = 2
    labels[:, 40:44, 10:14] = 3  # too small to be counted
    spoilt = truth.copy()
    spoilt[:, 10:30, 10:30] = ours[:, 10:30, 10:30]
    found = compare(spoilt, truth, labels)
    assert set(found) == {"psnr/frame", "ssim/frame", "psnr/eyes", "ssim/eyes"}
    assert found["psnr/eyes"] < found["psnr/frame"] and found["ssim/eyes"] < found["ssim/frame"]
