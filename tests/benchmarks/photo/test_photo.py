"""People never stand in two splits, pairs are distorted alike, and forgeries change what they say they change."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.photo.distorting import distort
from benchmarks.photo.forging import LEARNED, MEASURED
from benchmarks.photo.measure_photo import GENUINE, Scored, _auc, _ece
from benchmarks.photo.portraits import FOREHEAD, Portrait, cut_portrait, split_portraits
from benchmarks.photo.warping import Motion, move_mesh, warp_face
from forensics.faces.yunet import mean_face
from generator.trackers import MESH_INDEX


def portrait(seed: int = 0) -> Portrait:
    """Return a picture of noise with a face's mesh in it: the mean face's 68 points, the others anywhere within."""
    rng = np.random.default_rng(seed)
    picture = np.kron(rng.integers(40, 200, (32, 32, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    angle, radius = rng.uniform(0, 2 * np.pi, 468), np.sqrt(rng.uniform(0, 0.8, 468))
    mesh = np.stack([60 * radius * np.cos(angle), 80 * radius * np.sin(angle), np.zeros(468)], axis=1)
    known = mean_face()
    known = (known - known.mean(0)) * (110 / np.ptp(known[:, 1]))
    mesh[MESH_INDEX] = known
    arc = np.linspace(-1, 1, len(FOREHEAD))
    mesh[list(FOREHEAD)] = np.stack([55 * arc, known[:, 1].min() - 45 + 30 * arc**2, 0 * arc], axis=1)
    mesh = mesh.astype(np.float32)
    return Portrait(f"p{seed}", picture, mesh + np.array([160, 180, 0], dtype=np.float32))


def test_every_person_stands_in_one_split() -> None:
    people = [
        Portrait(f"p{number}", np.zeros((2, 2, 3), np.uint8), np.zeros((468, 3), np.float32)) for number in range(435)
    ]
    split = split_portraits(people)
    parts = [{one.name for one in part} for part in (split.train, split.validation, split.test)]
    assert [len(part) for part in parts] == [300, 50, 85]
    assert len(set.union(*parts)) == 435
    assert split_portraits(people).test == split.test


def test_both_pictures_of_a_pair_are_distorted_alike() -> None:
    picture = portrait().picture
    changed = 0
    for seed in range(12):
        first, second = distort([picture, picture.copy()], np.random.default_rng(seed))
        assert first.shape == picture.shape and first.dtype == np.uint8
        assert np.array_equal(first, second)
        changed += not np.array_equal(first, picture)
    assert changed >= 8


def test_a_large_face_is_shrunk_with_its_mesh() -> None:
    whole = portrait()
    cut = cut_portrait("p", whole.picture, whole.mesh, largest=80)
    assert max(cut.box[2] - cut.box[0], cut.box[3] - cut.box[1]) == pytest.approx(80, abs=1)
    assert cut.mesh[:, :2].min() >= 0 and (cut.mesh[:, :2].max(0) < cut.picture.shape[1::-1]).all()


def test_a_face_at_rest_stays_and_an_open_mouth_moves_the_chin_alone() -> None:
    whole = portrait()
    rest = Motion(0.0, (0.0, 0.0), 0.0, 0.0, (0.0, 0.0, 0.0))
    assert np.allclose(move_mesh(whole.mesh, rest), whole.mesh, atol=1e-3)
    still = warp_face(whole.picture, whole.mesh, whole.mesh, np.random.default_rng(0))
    assert np.abs(still.astype(int) - whole.picture).max() <= 1
    opened = move_mesh(whole.mesh, Motion(0.1, (0.0, 0.0), 0.0, 0.0, (0.0, 0.0, 0.0)))
    moved = np.linalg.norm(opened - whole.mesh, axis=1)
    assert moved[152] > 5 and moved[10] < 0.5
    warped = warp_face(whole.picture, whole.mesh, opened, np.random.default_rng(0))
    assert np.array_equal(warped[:4], whole.picture[:4]) and not np.array_equal(warped, whole.picture)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MEASURED))
def test_each_forgery_changes_the_face_and_is_the_same_for_the_same_seed(name: str) -> None:
    people = [portrait(0), portrait(1)]
    first, again = (MEASURED[name](people[0], people, np.random.default_rng(3)) for _ in range(2))
    genuine, forged, box = first
    assert genuine.shape == forged.shape and not np.array_equal(genuine, forged)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert box[0] < box[2] and box[1] < box[3]


def test_training_draws_every_measured_forgery() -> None:
    assert set(MEASURED.values()) <= {forger for forger, _ in LEARNED}
    assert sum(share for _, share in LEARNED) == pytest.approx(1)


def test_rows_and_measures_are_those_of_the_definition() -> None:
    scored = Scored(
        np.array([0.1, 0.4, 0.35, 0.8]), [GENUINE, GENUINE, "face-swap", "face-swap"], list("abab"), ["none"] * 4
    )
    assert scored.rows(None, "none").tolist() == [False, False, True, True]
    assert scored.rows(GENUINE, "none", ["b"]).tolist() == [False, True, False, False]
    labels = np.array([0, 0, 1, 1])
    assert _auc(labels, scored.chances) == 0.75
    assert _auc(labels, np.full(4, 0.5)) == 0.5
    assert _ece(labels, np.array([0.0, 0.0, 1.0, 1.0])) == 0.0
    assert _ece(labels, np.full(4, 1.0)) == 0.5
