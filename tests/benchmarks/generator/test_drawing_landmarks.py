from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.generator.drawing_faces import Seen, read_judged, rows_of
from benchmarks.generator.drawing_landmarks.examples import SIZE, Examples, draw_examples
from benchmarks.generator.drawing_landmarks.eyes import EYE_KINDS, place_eyes
from benchmarks.generator.drawing_landmarks.learning import Recipe, as_batch, basis_of, draw_batch, train
from benchmarks.generator.drawing_landmarks.mouths import MOUTH_KINDS, place_mouth
from benchmarks.generator.drawing_landmarks.no_faces import no_face_sample
from benchmarks.generator.drawing_landmarks.places import CORNERS, EYES, OUTER_LIPS, SIDES, mirror_index
from benchmarks.generator.drawing_landmarks.proportions import changed
from benchmarks.generator.drawing_landmarks.samples import face_sample
from generator.avatars import MATERIALS
from generator.trackers import MeshFace
from generator.trackers.drawn_face import INPUT, PLACES, DrawnFaceNetwork
from generator.trackers.drawn_face.network import MIRRORED


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Examples:
    return draw_examples(1, tmp_path_factory.mktemp("examples"), lambda line: None)


def test_the_points_lie_on_the_eyes_that_the_avatar_shows(examples):
    irises = [MATERIALS.index(name) for name in ("left_iris", "right_iris")]
    seen = 0
    for materials, points in zip(examples.materials, examples.points, strict=True):
        for place in points[[468, 473], :2].astype(int):
            around = materials[place[1] - 3 : place[1] + 4, place[0] - 3 : place[0] + 4]
            seen += bool(np.isin(around, irises).any())
    assert seen >= len(examples)  # blinks, hair and glasses hide some of the twelve


def test_rendered_examples_are_kept_and_read_again(tmp_path):
    lines: list[str] = []
    first = draw_examples(1, tmp_path, lines.append)
    again = draw_examples(1, tmp_path, lines.append)
    assert len(lines) == 1
    np.testing.assert_array_equal(first.points, again.points)
    assert first.pictures.shape == (6, SIZE, SIZE, 3)


def test_a_mirrored_face_has_its_eyes_on_the_other_side():
    index = mirror_index()
    np.testing.assert_array_equal(index[index], np.arange(478))
    assert tuple(index[list(CORNERS)]) == CORNERS[::-1]
    assert tuple(index[list(SIDES)]) == SIDES[::-1]
    assert index[1] == 1
    assert tuple(index[list(PLACES)]) == tuple(PLACES[place] for place in MIRRORED)


def test_other_proportions_keep_the_order_of_a_face(examples):
    rng = np.random.default_rng(0)
    for points in examples.points:
        for _ in range(5):
            moved = changed(points[:, :2], rng, 1.0)
            height = moved[:, 1]
            assert np.isfinite(moved).all()
            assert height[list(EYES[0])].mean() < height[list(OUTER_LIPS)].mean() < height[152]
            assert moved[33, 0] < moved[263, 0]
    np.testing.assert_allclose(changed(points[:, :2], rng, 0.0), points[:, :2], atol=1e-3)


def test_pens_place_eyes_and_mouths_where_they_will_be_drawn(examples):
    rng, points = np.random.default_rng(1), examples.points[0, :, :2]
    for kind in EYE_KINDS:
        placed = place_eyes(points, kind, rng)
        for eye in EYES:
            middle = (points[eye[0]] + points[eye[8]]) / 2
            np.testing.assert_allclose(placed[list(eye)].mean(0), middle, atol=1.0)
        assert np.linalg.norm(placed[152] - points[152]) < 0.05 * np.ptp(points[:, 1])
    for kind in MOUTH_KINDS:
        placed = place_mouth(points, kind, rng)
        assert placed[list(OUTER_LIPS), 0].min() == pytest.approx(min(placed[61, 0], placed[291, 0]), abs=1.0)


def test_samples_show_their_face_and_the_others_none(examples):
    rng = np.random.default_rng(2)
    for _ in range(12):
        sample = face_sample(examples, rng)
        assert sample.picture.shape == (INPUT, INPUT, 3)
        middle = sample.points[list(PLACES), :2].mean(0)
        assert ((middle > 0) & (middle < INPUT)).all()
        assert no_face_sample(examples, rng).face == 0


def test_the_same_step_has_the_same_pictures(examples):
    first, again = (draw_batch(examples, Recipe(batch=6), np.random.default_rng([1, 2])) for _ in range(2))
    assert first.pictures.equal(again.pictures)
    assert first.places.equal(again.places)
    assert first.pictures.shape == (6, 3, INPUT, INPUT)


def test_an_interrupted_training_goes_on_where_it_was(examples, tmp_path):
    lines: list[str] = []
    for steps in (3, 5, 5):
        train(examples, Recipe(avatars=1, steps=steps, batch=2), lines.append, tmp_path / "part")
    assert [line.split(":")[0] for line in lines] == ["step 3 of 3", "step 5 of 5"]
    assert torch.load(tmp_path / "part", weights_only=True)["step"] == 5


def test_several_processes_change_the_same_weights(examples, tmp_path):
    torch.manual_seed(Recipe().seed)
    untrained = DrawnFaceNetwork().state_dict()["maps.weight"]
    train(examples, Recipe(avatars=1, steps=4, batch=2), lambda line: None, tmp_path / "part", 2)
    kept = torch.load(tmp_path / "part", weights_only=True)
    assert kept["step"] == 3  # the last step of the first process
    assert not kept["network"]["maps.weight"].equal(untrained)


def test_the_basis_fits_the_faces_it_was_made_of(examples):
    basis = basis_of(examples, Recipe(avatars=1), 40)
    sample = face_sample(examples, np.random.default_rng([Recipe().seed, 1 << 30]))
    batch = as_batch([sample])
    fitted = basis.fit(batch.places[0].double().numpy() * INPUT)
    assert (
        np.abs(fitted.points[:, :2] - sample.points[:, :2]).mean() < 0.02 * np.ptp(sample.points[:, :2], axis=0).max()
    )


def face(drawn: bool) -> MeshFace:
    return MeshFace(np.zeros((468, 3)), np.zeros((2, 2)), 1.0, drawn)


def test_shares_of_found_faces_are_counted_over_all_pictures(tmp_path):
    folder = Path("art")
    seen = [
        Seen(folder / "a.png", face(False), face(False)),
        Seen(folder / "b.png", None, face(True)),
        Seen(folder / "c.png", None, None),
        Seen(folder / "d.png", None, face(True)),
    ]
    judged = tmp_path / "judged.csv"
    judged.write_text("set,picture,before,after\nart,a.png,0,0\nart,b.png,0,1\nart,c.png,0,0\nart,d.png,0,1\n")
    rows = {str(row[1]): row[2:6] for row in rows_of("art", seen, read_judged(judged))}
    assert rows["found, face mesh alone"][0] == 0.25
    assert rows["found, with the second try"][0] == 0.75
    assert rows["found well, with the second try"][0] == 0.5
    low, high, count = rows["found, with the second try"][1:]
    assert (round(low, 3), round(high, 3), count) == (0.301, 0.954, 4)  # Wilson's interval for 3 of 4, by hand
    assert len(list(rows_of("art", seen, {}))) == 2
