from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.corpus import Corpus, Label, Slice, Split, check_corpus, load_masks, runs_of, save_masks
from forensics.errors import CorpusError, InputError
from forensics.synthesis.filming import at_rest, film, find_truth, ground_truth, make_avatar, source_still
from forensics.synthesis.forgeries import Footage, bend, confine, sample_parts, swap_faces
from forensics.synthesis.forgeries.shapes import feather, hull
from forensics.synthesis.methods import METHODS, find_method
from forensics.synthesis.plan import Making, PlannedSample, SynthesisConfig, plan_corpus
from forensics.synthesis.rendering import Forger, edit
from forensics.synthesis.synthesize import synthesize
from generator import DriveSequence
from watermark import Deployment, PayloadKind, read_provenance

EDITS = [method.name for method in METHODS if not method.generator]
CONFIG = SynthesisConfig(
    seed=5, identities=6, clips=1, stills=0, frames=2, size=192, methods=tuple(method.name for method in METHODS)
)


SMALL = dataclasses.replace(
    CONFIG, methods=("reenactment", "whole-avatar", "codec-twin", "face-swap", "mouth-edit", "partial-swap"), control=()
)


def planned(method: str, split: Split = Split.TRAIN) -> PlannedSample:
    return next(p for p in plan_corpus(CONFIG) if p.method == method and p.split is split)


@pytest.fixture(scope="module")
def footage() -> dict[str, Footage]:
    """What each edit starts from."""
    return {name: film(*ground_truth(CONFIG, planned(name)), CONFIG.size) for name in EDITS}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_what_its_mask_says_and_nothing_else(footage: dict[str, Footage], name: str) -> None:
    edited = edit(CONFIG, planned(name), footage[name])
    assert edited.frames.shape == footage[name].frames.shape
    assert edited.frames.dtype == np.uint8
    change = np.abs(edited.frames.astype(int) - footage[name].frames).max(-1)
    if edited.masks is None:
        assert find_method(name).region == "frame"
        assert change.mean() > 0.5
    else:
        assert change[edited.masks].mean() > 2
        near = np.stack([cv2.dilate(mask.astype(np.uint8), np.ones((9, 9))) for mask in edited.masks]) > 0
        assert change[~near].max() == 0
        assert 0.01 < edited.masks.mean() < 0.4


@pytest.mark.parametrize("name", EDITS)
def test_the_same_seed_gives_the_same_edit(footage: dict[str, Footage], name: str) -> None:
    first, again = (edit(CONFIG, planned(name), footage[name]) for _ in range(2))
    np.testing.assert_array_equal(first.frames, again.frames)


@pytest.mark.parametrize(("name", "inside", "outside"), [("mouth-edit", 66, 27), ("eyes-edit", 37, 8)])
def test_a_partial_edit_lies_on_its_part(footage: dict[str, Footage], name: str, inside: int, outside: int) -> None:
    edited = edit(CONFIG, planned(name), footage[name])
    assert edited.masks is not None
    for mask, points in zip(edited.masks, footage[name].faces.landmarks.round().astype(int), strict=True):
        assert mask[points[inside][1], points[inside][0]]
        assert not mask[points[outside][1], points[outside][0]]


@pytest.mark.parametrize("count", [2, 3, 9, 16, 40, 200])
def test_parts_of_a_clip_fade_in_and_out_and_leave_genuine_frames(count: int) -> None:
    for seed in range(20):
        weights = sample_parts(count, np.random.default_rng(seed))
        assert weights.shape == (count,) and weights.max() == 1 and weights.min() == 0
        parts = runs_of(weights > 0)
        assert 1 <= len(parts) <= (2 if count >= 40 else 1)
        for first, end in parts:
            inside = weights[first:end]
            assert (np.diff(inside[: int(inside.argmax()) + 1]) > 0).all() and inside[0] == inside[-1]
            assert (inside == 1).sum() >= (inside < 1).sum() / 2
    long = [len(runs_of(sample_parts(200, np.random.default_rng(seed)) > 0)) for seed in range(20)]
    assert set(long) == {1, 2}


def test_a_confined_edit_is_half_there_at_its_joins(footage: dict[str, Footage]) -> None:
    shown = footage["face-swap"]
    swapped = edit(CONFIG, planned("face-swap"), shown)
    half = confine(swapped, shown, np.array([0.0, 0.5], np.float32))
    np.testing.assert_array_equal(half.frames[0], shown.frames[0])
    between = (shown.frames[1].astype(float) + swapped.frames[1]) / 2
    assert np.abs(half.frames[1] - between).max() <= 0.5
    assert half.masks is not None and not half.masks[0].any() and half.masks[1].any()
    assert half.segments(12.5) == ((1 / 12.5, 2 / 12.5),) and half.segments(None) == swapped.segments(12.5) == ()


def test_a_face_swapped_with_itself_stays_what_it_was() -> None:
    avatar = make_avatar(CONFIG, 1)
    picture, faces = source_still(avatar, 192), find_truth(avatar, DriveSequence.still(at_rest(avatar), 25), 192)
    still = Footage(picture[None], faces)
    swapped = swap_faces(still, picture, faces.landmarks[0])
    assert swapped.masks is not None and swapped.masks.any()
    assert np.abs(swapped.frames.astype(int) - still.frames).mean() < 1


def test_bending_follows_an_affine_map_exactly() -> None:
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 255, (96, 96, 3), dtype=np.uint8), (0, 0), 3)
    source = np.array([[20, 20], [70, 22], [24, 70], [72, 74], [45, 48]], np.float32)
    move = np.array([[0.9, 0.1, 3], [-0.1, 1.05, 4]], np.float32)
    target = source @ move[:, :2].T + move[:, 2]
    moved, covered = bend(image, source, target.astype(np.float32))
    wanted = cv2.warpAffine(image, move, (96, 96))
    inner = cv2.erode(covered, np.ones((3, 3))) > 0
    assert inner.sum() > 1500
    assert np.abs(moved.astype(int) - wanted)[inner].max() <= 3


def test_a_picture_is_bent_into_a_frame_of_another_size() -> None:
    image = np.full((40, 60, 3), 90, np.uint8)
    source = np.array([[5, 5], [50, 5], [5, 30], [50, 30]], np.float32)
    moved, covered = bend(image, source, source + 20, (64, 96))
    assert moved.shape == (64, 96, 3) and covered.shape == (64, 96)
    assert covered[40, 50] == 1 and covered[10, 10] == 0


def test_triangles_that_turn_over_are_left_out() -> None:
    image = np.full((32, 32, 3), 200, np.uint8)
    source = np.array([[5, 5], [25, 5], [5, 25]], np.float32)
    _, covered = bend(image, source, source[:, ::-1].copy())
    assert not covered.any()


def test_a_feathered_mask_stays_inside_itself() -> None:
    mask = hull(np.array([[10, 10], [50, 12], [30, 50]], np.float32), 64, 64)
    soft = feather(mask, 3)
    assert soft[mask == 0].max() == 0
    assert 0.9 < soft.max() <= 1


def test_masks_come_back_from_disk_and_damaged_ones_are_refused_by_name(tmp_path: Path) -> None:
    masks = np.random.default_rng(0).random((3, 21, 17)) > 0.5
    save_masks(masks, tmp_path / "masks.npz")
    np.testing.assert_array_equal(load_masks(tmp_path / "masks.npz"), masks)
    (tmp_path / "masks.npz").write_bytes(b"x")
    with pytest.raises(CorpusError, match=r"masks\.npz holds no masks"):
        load_masks(tmp_path / "masks.npz")


class TestPlan:
    def test_every_method_forges_as_much_as_is_genuine_and_people_stay_in_their_split(self) -> None:
        plan = plan_corpus(CONFIG)
        homes = {p.source: p.split for p in plan if p.making is Making.RENDER}
        assert all(homes[p.source] == homes[p.drive] == p.split for p in plan)
        genuine = sum(p.making is Making.RENDER for p in plan)
        for method in METHODS:
            made = [p for p in plan if p.method == method.name]
            assert len(made) == genuine
            assert all((p.source != p.drive) == (method.people == 2) for p in made)
        assert len({p.id for p in plan}) == len({p.seed for p in plan}) == len(plan)

    def test_more_methods_leave_the_others_as_they_were(self) -> None:
        one = SynthesisConfig(seed=5, identities=6)
        more = SynthesisConfig(seed=5, identities=6, methods=("reenactment", "face-swap"))
        assert set(plan_corpus(one)) < set(plan_corpus(more))

    def test_an_edits_genuine_file_is_planned_before_it(self) -> None:
        seen: set[str] = set()
        for p in plan_corpus(CONFIG):
            seen.add(p.path)
            assert p.making is Making.RENDER or p.genuine in seen

    @pytest.mark.parametrize("methods", [(), ("face-swap", "face-swap")])
    def test_no_method_or_one_twice_is_refused(self, methods: tuple[str, ...]) -> None:
        with pytest.raises(CorpusError, match="one or more methods"):
            SynthesisConfig(methods=methods)

    def test_pictures_have_no_parts(self) -> None:
        config = SynthesisConfig(seed=5, identities=6, clips=1, stills=1, methods=("partial-swap",))
        assert not [p for p in plan_corpus(config) if p.method and p.is_still]
        with pytest.raises(CorpusError, match="there are no clips"):
            dataclasses.replace(config, clips=0)

    def test_an_unknown_method_offers_the_nearest(self) -> None:
        with pytest.raises(InputError, match=r"did you mean face-swap\?"):
            SynthesisConfig(methods=("faceswap",))


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory, forger: Forger, deployment: Deployment) -> Corpus:
    """A method of every kind for each avatar, as clips of two frames."""
    return synthesize(tmp_path_factory.mktemp("forged") / "corpus", SMALL, forger, deployment)


@pytest.mark.slow
def test_a_corpus_of_many_methods_is_sound(forged: Corpus) -> None:
    assert check_corpus(forged) == ()
    assert {sample.method for sample in forged.where(label=Label.FORGED)} == {*SMALL.methods[1:], "stand-in"}


@pytest.mark.slow
def test_every_forgery_is_sealed_whatever_made_it(forged: Corpus, deployment: Deployment) -> None:
    for _, group in itertools.groupby(
        sorted(forged.where(label=Label.FORGED), key=lambda one: one.method), lambda one: one.method
    ):
        sample = next(group)
        found = read_provenance(forged.file(sample), deployment)
        assert found.mark is not None
        assert (found.mark.kind, found.mark.id) == (PayloadKind.GENERATED, sample.mark_id)
        assert found.credential.state == "trusted"
        if sample.method in ("face-swap", "mouth-edit"):
            assert found.credential.source_type == "compositeSynthetic"
        if sample.method == "codec-twin":
            assert found.credential.source_type == "compositeWithTrainedAlgorithmicMedia"


@pytest.mark.slow
def test_labels_say_what_was_altered_and_from_which_footage(forged: Corpus) -> None:
    genuine = {sample.source_id for sample in forged.where(label=Label.GENUINE, slice=Slice.MAIN)}
    for sample in forged.where(label=Label.FORGED):
        name = sample.method if sample.method != "stand-in" else "reenactment"
        method = find_method(name)
        assert sample.region == method.region
        assert (sample.mask is not None) == (method.region != "frame")
        assert (sample.original is None) == method.generator
        assert sample.original in (None, *genuine)
        assert (sample.source_id in genuine) == (name != "whole-avatar")
        assert len(sample.segments) == (name == "partial-swap")
        if sample.mask is not None:
            assert load_masks(forged.root / sample.mask).shape == (sample.frames, CONFIG.size, CONFIG.size)


@pytest.mark.slow
def test_a_swap_has_the_look_of_one_and_the_footage_of_the_other(forged: Corpus) -> None:
    swap = next(sample for sample in forged.samples if sample.method == "face-swap")
    assert swap.identities == (swap.source_id, swap.original)
    assert swap.drive_id.startswith(str(swap.original))


@pytest.mark.slow
def test_a_lost_mask_is_made_again(forged: Corpus, forger: Forger, deployment: Deployment) -> None:
    sample = next(sample for sample in forged.samples if sample.mask is not None)
    before = load_masks(forged.root / str(sample.mask))
    (forged.root / str(sample.mask)).unlink()
    synthesize(forged.root, SMALL, forger, deployment)
    np.testing.assert_array_equal(load_masks(forged.root / str(sample.mask)), before)
