"""People never stand in two splits, pairs are distorted alike, and forgeries change what they say they change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.photo.distorting import distort
from benchmarks.photo.drawing import avatar_name, draw_avatar, mesh_of, turn_of
from benchmarks.photo.forging import LEARNED, MEASURED, alike, draw_forger, measured_of, reenact_by_generator
from benchmarks.photo.measured_pictures import Pictures, carried_box, draw_drift, keep
from benchmarks.photo.portraits import FOREHEAD, Portrait, Reenacted, cut_portrait, split_portraits
from benchmarks.photo.reenacting import Reenactor
from benchmarks.photo.scored import GENUINE, MARKED, VARIED, Scored, auc, ece, over_clips
from benchmarks.photo.warping import Motion, move_mesh, warp_face
from forensics.faces.yunet import mean_face
from generator.avatars import STYLES, avatar_landmarks, avatar_truth, sample_avatar
from generator.trackers import MESH_INDEX
from watermark import Deployment, read_mark


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


def reenacted(face: Portrait) -> Portrait:
    """Return a portrait with two frames that stand for its reenactments."""
    genuine = np.clip(face.picture.astype(int) + 1, 0, 255).astype(np.uint8)
    return replace(face, reenacted=Reenacted(genuine, np.stack([genuine[:, ::-1], genuine[::-1]])))


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
    people = [reenacted(portrait(0)), portrait(1)]
    first, again = (MEASURED[name](people[0], people, np.random.default_rng(3)) for _ in range(2))
    genuine, forged, box = first
    assert genuine.shape == forged.shape and not np.array_equal(genuine, forged)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert box[0] < box[2] and box[1] < box[3]


def test_training_draws_every_measured_forgery() -> None:
    assert set(MEASURED.values()) <= {forger for forger, _ in LEARNED}
    assert sum(share for _, share in LEARNED) == pytest.approx(1)


def test_a_face_that_was_not_reenacted_is_never_shown_as_reenacted() -> None:
    plain, moved = portrait(), reenacted(portrait())
    assert "reenactment" not in measured_of(plain) and "reenactment" in measured_of(moved)
    drawn = {draw_forger(plain, np.random.default_rng(seed)) for seed in range(80)}
    assert reenact_by_generator not in drawn
    assert reenact_by_generator in {draw_forger(moved, np.random.default_rng(seed)) for seed in range(80)}
    with pytest.raises(ValueError, match="p0 was not reenacted"):
        reenact_by_generator(plain, [], np.random.default_rng(0))


def test_a_shrunk_face_keeps_its_reenactments_and_both_halves_have_its_size() -> None:
    small = reenacted(portrait()).shrunk(0.5)
    genuine, forged, box = reenact_by_generator(small, [], np.random.default_rng(0))
    assert genuine.shape == forged.shape == small.picture.shape == (160, 160, 3)
    assert np.allclose(box, portrait().box / 2, atol=0.01)
    assert np.abs(genuine.astype(int) - small.picture).max() <= 2
    assert not np.array_equal(genuine, forged)


def test_avatars_are_swapped_within_their_style_and_people_with_anybody() -> None:
    people = [replace(portrait(), name=name) for name in ("clay-1", "clay-11", "real-0")]
    assert [one.name for one in alike(people[0], people)] == ["clay-1", "clay-11"]
    assert len(alike(portrait(), [portrait(0), portrait(1)])) == 2


@pytest.mark.slow
def test_both_halves_of_a_reenactment_carry_a_mark_and_the_second_time_nothing_is_made(tmp_path) -> None:
    made, params = draw_avatar(0)
    first = Reenactor(tmp_path, frames=1).of(made, params).reenacted
    assert first is not None and first.frames.shape == (1, *made.picture.shape)
    key = Deployment.open(tmp_path / "deployment").mark_key
    marks = [read_mark(picture, key, search=0) for picture in (first.genuine, first.frames[0])]
    assert all(one.id is not None for one in marks) and marks[0].id != marks[1].id
    assert read_mark(made.picture, key, search=0).id is None
    again = Reenactor(tmp_path, frames=1).kept(made).reenacted
    assert again is not None and np.array_equal(again.frames, first.frames)


@pytest.mark.slow
def test_an_avatars_mesh_is_where_its_truth_says_and_its_name_says_its_style() -> None:
    made, params = draw_avatar(4)
    avatar = sample_avatar(4, STYLES[4])
    size = len(made.picture)
    points, _ = avatar_landmarks(avatar, params, avatar_truth(avatar, params, size, 1))
    assert np.allclose(mesh_of(avatar, params, size)[:, :2], points[:468], atol=1e-3)
    assert made.name == avatar_name(4) == f"{STYLES[4]}-4"
    assert turn_of(4) == pytest.approx(float(params.pose[0]))


def test_pictures_are_made_once_and_come_back_as_they_were(tmp_path) -> None:
    calls = []

    def make() -> Pictures:
        calls.append(1)
        made = Pictures()
        made.add(portrait().picture, GENUINE, "p0", "none")
        return made

    first, again = (keep(tmp_path / "deep" / "one.npz", make) for _ in range(2))
    assert len(calls) == 1
    assert np.array_equal(first.crops[0], again.crops[0]) and np.array_equal(first.crops[0], portrait().picture)
    assert (again.kinds, again.people, again.distortions) == ([GENUINE], ["p0"], ["none"])


def test_a_box_drifts_with_the_camera_and_keeps_its_size() -> None:
    face = portrait()
    for turn in draw_drift(np.random.default_rng(0), face, 4):
        box = carried_box(face.box, turn)
        assert np.allclose(box[2:] - box[:2], face.box[2:] - face.box[:2], atol=1e-3)
        assert np.abs(box - face.box).max() < 0.1 * len(face.picture)


def test_rows_and_measures_are_those_of_the_definition() -> None:
    kinds = [GENUINE, GENUINE, "face-swap", "face-swap"]
    scored = Scored.of(np.array([0.1, 0.4, 0.35, 0.8]), kinds, list("abab"), ["none"] * 4)
    assert scored.rows(None, "none").tolist() == [False, False, True, True]
    assert scored.rows(GENUINE, "none", ["b"]).tolist() == [False, True, False, False]
    labels = np.array([0, 0, 1, 1])
    assert scored.labels.tolist() == labels.tolist()
    assert auc(labels, scored.chances) == 0.75
    assert auc(labels, np.full(4, 0.5)) == 0.5
    assert ece(labels, np.array([0.0, 0.0, 1.0, 1.0])) == 0.0
    assert ece(labels, np.full(4, 1.0)) == 0.5


def test_a_forgery_is_compared_with_the_genuine_half_of_its_kind() -> None:
    kinds = [GENUINE, VARIED, MARKED, "self-blend", "reenactment", "face-swap"]
    scored = Scored.of(np.arange(6.0), kinds, ["a"] * 6, ["none"] * 6)
    assert scored.labels.tolist() == [0, 0, 0, 1, 1, 1]
    wanted = {"self-blend": [1, 3], "reenactment": [2, 4], "face-swap": [0, 5], None: [0, 3, 4, 5]}
    assert {name: np.flatnonzero(scored.against(name, "none")).tolist() for name in wanted} == wanted


def test_a_clip_has_the_mean_of_its_frames() -> None:
    scored = Scored.of(np.array([0.2, 0.4, 0.9]), [GENUINE, GENUINE, "face-swap"], ["a"] * 3, ["clip"] * 3)
    clips = over_clips(scored)
    assert clips.kinds == [GENUINE, "face-swap"] and clips.labels.tolist() == [0, 1]
    assert clips.chances.tolist() == pytest.approx([0.3, 0.9])
