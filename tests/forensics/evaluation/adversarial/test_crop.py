"""The crop that gradients pass is the crop that scoring cuts."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from detectors import crop_face, find_spec
from forensics.evaluation.adversarial import aligned_crop, pixel_crop, upright_crop
from forensics.faces.five_points import TEMPLATE, align_face

SPEC = find_spec("toy_resnet18")  # 64 px, margin 0.15


def picture(height: int = 150, width: int = 170, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grain = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
    return cv2.addWeighted(grain, 0.3, cv2.GaussianBlur(grain, (0, 0), 6), 1.2, -40)


def cut(image: np.ndarray, crop) -> np.ndarray:
    pixels = image[slice(*crop.rows), slice(*crop.columns)]
    return crop.cut(torch.from_numpy(pixels).float()).movedim(0, -1).numpy()


def landmarks(centre: tuple[float, float], side: float, turn: float = 0.3) -> np.ndarray:
    """68 points whose five of the template lie on it, scaled and turned."""
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    five = (TEMPLATE - 0.5) @ spin.T * side + np.array(centre)
    points = np.tile(five.mean(0), (68, 1))
    points[36:42], points[42:48], points[30], points[48], points[54] = five
    return points


@pytest.mark.parametrize(
    ("box", "tolerance"),
    [
        ((20, 20, 130, 120), 0.51),  # shrinks by area: rounding alone
        ((40, 40, 80, 90), 1.51),  # grows by cubic weights of eleven bits
        ((-40, -30, 60, 50), 0.51),  # leaves the picture: its border is repeated
        ((100, 90, 300, 260), 0.51),
        ((50, 50, 99.2, 99.2), 0.01),  # of the crop's own size: the very pixels
    ],
)
def test_an_upright_crop_is_scorings_up_to_rounding(box: tuple[float, ...], tolerance: float) -> None:
    image = picture()
    if tolerance == 0.01:
        assert len(range(*upright_crop(image.shape, np.array(box), SPEC).rows)) == SPEC.input_size
    difference = np.abs(cut(image, upright_crop(image.shape, np.array(box), SPEC)) - crop_face(image, box, SPEC))
    assert difference.max() <= tolerance


@pytest.mark.parametrize("side", [60, 110, 300])
def test_an_aligned_crop_is_scorings_up_to_rounding(side: float) -> None:
    image = cv2.GaussianBlur(picture(400, 420), (0, 0), 1.5)
    spec = replace(SPEC, alignment="five_point")
    points = landmarks((210, 195), side)
    found = cut(image, aligned_crop(image.shape, points, spec))
    wanted = align_face(image, points, spec.input_size, spec.crop_margin)
    assert np.abs(found - wanted).max() <= 1.6  # OpenCV rounds places to 1/32 pixel, and twice where it shrinks first
    assert np.abs(found - wanted).mean() <= 0.5


def test_the_contract_chooses_the_crop() -> None:
    shape, box, points = (150, 170, 3), np.array([20.0, 20, 130, 120]), landmarks((80, 80), 90)
    assert pixel_crop(shape, box, points, SPEC).rows != (0, 150)
    assert pixel_crop(shape, box, points, replace(SPEC, alignment="five_point")).rows == (0, 150)


@pytest.mark.parametrize("alignment", ["upright", "five_point"])
def test_gradients_reach_the_pixels_that_are_read(alignment: str) -> None:
    image = picture()
    spec = replace(SPEC, alignment=alignment)
    crop = pixel_crop(image.shape, np.array([30.0, 30, 120, 120]), landmarks((80, 80), 90), spec)
    pixels = torch.from_numpy(image[slice(*crop.rows), slice(*crop.columns)]).float().requires_grad_(True)
    crop.cut(pixels).sum().backward()
    reached = (pixels.grad != 0).float().mean()
    assert reached > (0.95 if alignment == "upright" else 0.2)


def test_the_gradient_is_the_slope_of_the_crop() -> None:
    image = cv2.GaussianBlur(picture(), (0, 0), 1)
    crop = upright_crop(image.shape, np.array([20.0, 20, 130, 120]), SPEC)
    pixels = torch.from_numpy(image[slice(*crop.rows), slice(*crop.columns)]).double()
    step = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(0)).double()
    weights = torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(1))
    leaf = pixels.float().requires_grad_(True)
    (crop.cut(leaf) * weights).sum().backward()
    ahead = (crop.cut((pixels + 0.05 * step).float()) - crop.cut((pixels - 0.05 * step).float())) * weights
    assert float((leaf.grad * step).sum()) == pytest.approx(float(ahead.sum() / 0.1), rel=0.02, abs=0.05)
