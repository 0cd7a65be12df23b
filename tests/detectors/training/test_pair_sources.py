"""Test the sources of pairs: stored crops, and faces that are blended on demand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors import AugmentConfig, FaceSet, TrainingError, TrainingSet, list_detectors
from detectors.methods.plain import UNVARIED
from detectors.training.pair_sources import SelfBlends, StoredCrops
from detectors.training.sampling import Draw

from ..faces import face, picture

SPEC = list_detectors("toy_sbi")[0]
TWIN = Draw(0, 1, (5, 5))


def faces(count=3):
    return FaceSet(
        [picture(seed=seed) for seed in range(count)], [face()] * count, [f"p{seed}" for seed in range(count)]
    )


def crops(shape=(64, 64, 3)):
    rng = np.random.default_rng(0)
    return TrainingSet(rng.integers(60, 190, (4, *shape), dtype=np.uint8), np.array([0, 1, 0, 1]), ["a", "a", "b", "b"])


def test_a_draw_always_gives_the_same_pair_and_another_seed_another():
    source = SelfBlends(faces(), SPEC)
    first, again, other = (source.pair(Draw(0, 0, (seed, seed)), UNVARIED) for seed in (1, 1, 2))
    assert np.array_equal(first.manipulated, again.manipulated)
    assert not np.array_equal(first.manipulated, other.manipulated)


def test_every_epoch_sees_every_face_once_and_blends_it_anew():
    source = SelfBlends(faces(), SPEC)
    epochs = [list(source.draws(np.random.default_rng(epoch))) for epoch in range(2)]
    assert [sorted(draw.genuine for draw in epoch) for epoch in epochs] == [[0, 1, 2]] * 2
    assert {draw.seeds for draw in epochs[0]}.isdisjoint(draw.seeds for draw in epochs[1])


def test_a_blend_differs_from_its_genuine_crop_where_its_mask_says_and_nowhere_else():
    source, compared = SelfBlends(faces(1), SPEC), 0
    for seed in range(40):
        pair = source.pair(Draw(0, 0, (seed, seed)), UNVARIED)
        assert pair.twins
        assert pair.mask.shape == (64, 64)
        assert pair.mask.min() >= 0 and pair.mask.max() <= 1
        apart = np.abs(pair.genuine.astype(int) - pair.manipulated).mean(axis=2)
        if (pair.mask > 0.9).sum() > 100 and (pair.mask < 0.01).sum() > 100:
            compared += 1
            assert apart[pair.mask > 0.9].mean() > apart[pair.mask < 0.01].mean()
    assert compared > 8


def test_blends_carry_no_mirroring_of_their_own_beside_their_mask():
    source = SelfBlends(faces(1), SPEC)
    mirrored = source.pair(Draw(0, 0, (3, 3)), AugmentConfig(flip=1, jpeg=0, resize=0, blur=0, colour=0, noise=0))
    assert np.array_equal(mirrored.genuine, source.pair(Draw(0, 0, (3, 3)), UNVARIED).genuine)


def test_fixed_blends_are_the_same_every_time_and_carry_their_identities():
    first, again = (SelfBlends(faces(), SPEC).stored() for _ in range(2))
    assert np.array_equal(first.crops, again.crops)
    assert first.labels.tolist() == [0, 1] * 3
    assert first.groups == ["p0", "p0", "p1", "p1", "p2", "p2"]


def test_the_digest_follows_the_pictures_and_the_landmarks():
    moved = faces()._replace(landmarks=[face() + 1] * 3)
    assert len({SelfBlends(each, SPEC).digest for each in (faces(), faces(2), moved)}) == 3


@pytest.mark.parametrize("broken", [FaceSet([], [], []), faces()._replace(groups=["a"])])
def test_faces_without_landmarks_or_names_are_refused(broken):
    with pytest.raises(TrainingError, match="one each"):
        SelfBlends(broken, SPEC)


def test_twins_are_varied_alike_and_mixed_only_when_they_are_twins():
    same = replace(crops(), crops=np.repeat(crops().crops[:1], 4, axis=0))
    always = AugmentConfig(flip=1, jpeg=1, resize=1, blur=1, colour=1, noise=1, pixel_mix=1, frequency_mix=1)
    pair = StoredCrops(same).pair(TWIN, always)
    assert np.abs(pair.genuine.astype(int) - pair.manipulated).mean() < 1  # mixing a picture with itself only rounds
    source = StoredCrops(crops())
    mixing = AugmentConfig(flip=0, jpeg=0, resize=0, blur=0, colour=0, noise=0, pixel_mix=1)
    assert not np.array_equal(source.pair(TWIN, mixing).manipulated, crops().crops[1])
    assert np.array_equal(source.pair(Draw(0, 1, (5, 6)), mixing).manipulated, crops().crops[1])


def test_all_frames_of_a_clip_are_varied_alike():
    still = crops((64, 64, 3)).crops[:, None].repeat(3, axis=1)
    config = AugmentConfig(flip=1, jpeg=1, blur=1, colour=1, noise=1)
    pair = StoredCrops(replace(crops(), crops=still)).pair(TWIN, config)
    assert pair.genuine.shape == (3, 64, 64, 3)
    assert np.array_equal(pair.genuine[0], pair.genuine[2])
    assert not np.array_equal(pair.genuine[0], still[0, 0])
