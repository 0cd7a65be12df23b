"""The Square attack needs scores alone, stays within ε, and finds what makes a detector err."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors import Detector, load_detector
from forensics.errors import InputError
from forensics.evaluation.adversarial import Attack, attack_frames, pixel_crop
from forensics.evaluation.adversarial.square import SHARE, share_of_square
from forensics.faces import cut_crops

SIZE = 32
BRIGHT = "def predict(pictures):\n    return pictures.reshape(len(pictures), -1).mean(1) / 255\n"
FACE = f"sees=face,size={SIZE},manipulated=1"


@pytest.fixture
def bright(tmp_path: Path) -> Detector:
    (tmp_path / "bright.py").write_text(BRIGHT)
    return load_detector(f"{tmp_path / 'bright.py'},{FACE},margin=0")


@pytest.fixture
def frames() -> list[np.ndarray]:
    return list(np.random.default_rng(4).integers(20, 230, (3, 60, 80, 3), dtype=np.uint8))


BOXES = np.array([[10, 10, 42, 42]] * 3, dtype=np.float32)
POINTS = np.zeros((3, 68, 2), dtype=np.float32)


def scores(detector: Detector, frames: list[np.ndarray]) -> np.ndarray:
    return detector.probabilities(cut_crops(frames, BOXES, detector.spec, POINTS))


def attacked(detector: Detector, frames: list[np.ndarray], queries: int, direction: int = 1) -> list[np.ndarray]:
    attack = Attack("square", epsilon=8, steps=queries)
    directions = np.full(3, direction)
    return attack_frames(detector, frames, BOXES, POINTS, directions, attack, np.random.default_rng(0))


def test_the_change_stays_within_epsilon_and_under_the_crop(bright: Detector, frames: list[np.ndarray]) -> None:
    crop = pixel_crop(frames[0].shape, BOXES[0], POINTS[0], bright.spec)
    for before, after in zip(frames, attacked(bright, frames, 60), strict=True):
        change = after.astype(int) - before
        assert np.abs(change).max() == 8
        change[slice(*crop.rows), slice(*crop.columns)] = 0
        assert not change.any()


def test_more_queries_move_the_score_further_and_near_to_the_most_that_epsilon_allows(
    bright: Detector, frames: list[np.ndarray]
) -> None:
    before = scores(bright, frames)
    few, many = (scores(bright, attacked(bright, frames, count)) for count in (5, 150))
    assert (few >= before).all() and (many > few).all()
    most = 8 / 255  # all pixels of the crop brighter by eight levels
    assert ((many - before) > 0.3 * most).all() and ((many - before) <= most + 1e-9).all()
    assert (scores(bright, attacked(bright, frames, 150, direction=-1)) < before).all()


def test_the_same_seed_gives_the_same_frames(bright: Detector, frames: list[np.ndarray]) -> None:
    np.testing.assert_array_equal(attacked(bright, frames, 20), attacked(bright, frames, 20))


def test_a_detector_that_never_moves_leaves_the_frames_alone(tmp_path: Path, frames: list[np.ndarray]) -> None:
    (tmp_path / "blind.py").write_text("def predict(pictures):\n    return [0.5] * len(pictures)\n")
    blind = load_detector(f"{tmp_path / 'blind.py'},{FACE}")
    np.testing.assert_array_equal(attacked(blind, frames, 10), frames)


def test_whole_frames_of_any_size_are_attacked(tmp_path: Path) -> None:
    (tmp_path / "bright.py").write_text(BRIGHT)
    whole = load_detector(f"{tmp_path / 'bright.py'},sees=frame,manipulated=1")
    frame = np.full((40, 50, 3), 100, np.uint8)
    (after,) = attack_frames(
        whole, [frame], BOXES[:1], POINTS[:1], np.array([1]), Attack("square", 4, 40), np.random.default_rng(0)
    )
    assert after.mean() > frame.mean() and np.abs(after.astype(int) - frame).max() == 4


def test_squares_shrink_by_the_papers_schedule() -> None:
    shares = [share_of_square(progress) for progress in (0.0, 0.0011, 0.006, 0.021, 0.06, 0.11, 0.21, 0.41, 0.61, 0.81)]
    assert shares == [SHARE / 2**power for power in range(10)]


def test_gradient_attacks_on_a_function_are_refused_with_the_way_out(
    bright: Detector, frames: list[np.ndarray]
) -> None:
    with pytest.raises(InputError, match="no gradients for pgd; use --attack square"):
        attack_frames(bright, frames, BOXES, POINTS, np.ones(3), Attack("pgd"), np.random.default_rng(0))
