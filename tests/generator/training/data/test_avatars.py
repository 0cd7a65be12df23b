"""Test the avatars that networks are trained on: casting, scenes, the shelf on disk, and examples."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from generator.avatars import STYLES, avatar_landmarks, avatar_truth
from generator.errors import NoFaceError, TrainingError
from generator.face.face_params import ARKIT_EXPRESSION
from generator.network.config import TOY, TOY_SD15
from generator.training import open_avatars
from generator.training.data import avatar_clips, avatar_scenes, avatar_shelf
from generator.training.data.avatar_casting import Casting, avatars_digest
from generator.training.data.avatar_examples import AvatarExamples, Tint, mirrored
from generator.training.data.avatar_scenes import CameraFault, Scene, avatar_scene
from generator.training.data.avatar_shelf import Shelf
from generator.training.data.clip import EYE_LABEL, MOUTH_LABEL

from ..training_stand_ins import TrueTracker, mini_settings, settings

SIZE, TARGETS = 32, 3


def rng(seed=0):
    return np.random.default_rng(seed)


def scene(seed, size=SIZE, targets=TARGETS):
    """Return a scene of random numbers in the right shapes."""
    random = rng(seed)

    def pictures(*shape):
        return random.integers(0, 256, shape).astype(np.uint8)

    return Scene(
        source=pictures(size, size, 3), target=pictures(targets, size, size, 3), moved=pictures(targets, size, size, 3),
        guides=pictures(targets, size, size, 7), turned=pictures(targets, size // 2, size // 2, 6),
        labels=pictures(targets, size, size) % 4, expression=random.normal(0, 1, (targets, 54)).astype(np.float32),
    )  # fmt: skip


def same(one, other):
    return all(np.array_equal(values, other.arrays()[name]) for name, values in one.arrays().items())


class Studio:
    """Make scenes of random numbers in place of drawn ones; the n-th call may fail or find no face."""

    def __init__(self, fails_at=None, refused=()):
        self.fails_at, self.refused, self.calls = fails_at, refused, 0

    def __call__(self, avatar, tracker, size, targets, random):
        self.calls += 1
        if self.calls - 1 == self.fails_at:
            raise KeyboardInterrupt
        return None if self.calls - 1 in self.refused else scene(random.integers(2**31), size, targets)


@pytest.fixture
def studio(monkeypatch):
    def open_studio(**options):
        made = Studio(**options)
        monkeypatch.setattr(avatar_shelf, "avatar_scene", made)
        monkeypatch.setattr(avatar_shelf, "_tracker", lambda: None)
        monkeypatch.setattr(Casting, "avatar", lambda self, number: self.identity(number))
        return made

    return open_studio


def shelf_in(folder, seed=0, styles=("real", "anime")):
    return Shelf.below(folder, Casting(seed, styles), SIZE, TARGETS)


def silent(*_):
    pass


def test_held_out_styles_and_validation_identities_are_never_trained_on():
    held = ("clay", "pixel")
    train, identities, styles = (
        Casting.for_training(3, held), Casting.for_validation(3, Casting.for_training(3, held).styles),
        Casting.for_validation(3, held),
    )  # fmt: skip
    names = [{casting.identity(number) for number in range(40)} for casting in (train, identities, styles)]
    assert [len(each) for each in names] == [40, 40, 40]
    drawn = [{name.split("-")[0] for name in each} for each in names]
    assert drawn == [set(STYLES) - set(held), set(STYLES) - set(held), set(held)]
    numbers = [{name.split("-")[1] for name in each} for each in names]
    assert not numbers[0] & (numbers[1] | numbers[2])
    assert not numbers[0] & {Casting.for_training(4, held).identity(n).split("-")[1] for n in range(40)}
    avatar = styles.avatar(1)
    assert styles.identity(1) == f"{avatar.style}-{avatar.seed}" and avatar.style in held


def test_a_shelf_is_filled_once_and_counts_what_it_draws(tmp_path, studio):
    made, shelf, seen = studio(), shelf_in(tmp_path), []
    shelf.fill(3, lambda done, total: seen.append((done, total)))
    assert made.calls == 3 and seen == [(1, 3), (2, 3), (3, 3)]
    assert shelf.missing(5) == [3, 4] and shelf.usable(5) == [0, 1, 2]
    seen.clear()
    shelf.fill(5, lambda done, total: seen.append((done, total)))
    assert made.calls == 5 and seen == [(4, 5), (5, 5)]
    shelf.fill(5, lambda *_: pytest.fail("nothing was missing"))
    assert sorted(path.name for path in shelf.folder.iterdir()) == [f"{n:06d}.npz" for n in range(5)]


def test_a_scene_on_the_shelf_is_that_of_its_number_alone(tmp_path, studio):
    studio()
    one, other = shelf_in(tmp_path / "one"), shelf_in(tmp_path / "other")
    one.fill(3, silent)
    other.folder.mkdir(parents=True)
    other.draw(2)
    assert same(one.read(2), other.read(2)) and not same(one.read(1), one.read(2))
    another = shelf_in(tmp_path / "one", seed=1)
    another.fill(3, silent)
    assert not same(one.read(2), another.read(2))


def test_an_interrupted_shelf_continues_to_the_same_scenes(tmp_path, studio):
    studio()
    whole = shelf_in(tmp_path / "whole")
    whole.fill(4, silent)
    studio(fails_at=2)
    shelf = shelf_in(tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        shelf.fill(4, silent)
    assert shelf.missing(4) == [2, 3]
    (shelf.folder / "000002.part").write_bytes(b"half a scene")  # what a killed process leaves
    made = studio()
    shelf.fill(4, silent)
    assert made.calls == 2 and all(same(shelf.read(number), whole.read(number)) for number in range(4))
    assert not list(shelf.folder.glob("*.part"))


def test_a_scene_without_a_face_is_noted_and_neither_used_nor_drawn_again(tmp_path, studio):
    made, shelf = studio(refused=(1,)), shelf_in(tmp_path)
    shelf.fill(3, silent)
    shelf.fill(3, silent)
    assert made.calls == 3 and shelf.missing(3) == [] and shelf.usable(3) == [0, 2]
    assert b"no face" in shelf.path(1).read_bytes()
    assert [AvatarExamples(shelf, 3, None, 1)[n].identity for n in range(2)] == ["real-0", "real-2"]


def test_a_shelf_without_any_face_is_refused_in_one_line(tmp_path, studio):
    studio(refused=(0, 1))
    shelf = shelf_in(tmp_path)
    for count in (0, 2):
        shelf.folder.mkdir(parents=True, exist_ok=True)
        shelf.fill(count, silent)
        with pytest.raises(TrainingError, match=rf"{shelf.folder.name}: no scene of an avatar is there") as refusal:
            AvatarExamples(shelf, 2, 0, 1)
        assert "\n" not in str(refusal.value)


def test_a_damaged_scene_is_refused_by_name(tmp_path, studio):
    studio()
    shelf = shelf_in(tmp_path)
    shelf.fill(1, silent)
    path = shelf.path(0)
    content = path.read_bytes()
    arrays = scene(0).arrays()

    def archive(**changed):
        np.savez(path, **{name: values for name, values in {**arrays, **changed}.items() if values is not None})

    flipped = bytearray(content)
    flipped[len(flipped) // 2] ^= 255
    with_numpy = tmp_path / "array.npy"
    np.save(with_numpy, arrays["source"])
    for spoiled in (b"", b"junk" * 10, content[:-400], content[: len(content) // 2], bytes(flipped),
                    with_numpy.read_bytes()):  # fmt: skip
        path.write_bytes(spoiled)
        with pytest.raises(TrainingError, match=r"000000\.npz: is no scene of an avatar .*delete it"):
            shelf.read(0)
    for changed in (
        {"moved": None}, {"more": arrays["source"]}, {"source": np.array([{}], dtype=object)},
        {"target": arrays["target"][:, :9]}, {"guides": arrays["guides"][..., :3]},
        {"expression": arrays["expression"].astype(np.float64)}, {"labels": arrays["labels"][:1]},
    ):  # fmt: skip
        archive(**changed)
        with pytest.raises(TrainingError, match=r"000000\.npz: is no scene of an avatar .*delete it"):
            shelf.read(0)
    path.write_bytes(content)
    assert shelf.read(0).source.shape == (SIZE, SIZE, 3)


def test_other_code_or_other_avatars_have_another_shelf(tmp_path, monkeypatch):
    plain = shelf_in(tmp_path)
    assert avatars_digest()[:12] in plain.folder.name and plain.folder.parent == tmp_path
    others = [
        shelf_in(tmp_path, seed=1), shelf_in(tmp_path, styles=("real",)),
        Shelf.below(tmp_path, plain.casting, SIZE * 2, TARGETS), Shelf.below(tmp_path, plain.casting, SIZE, 1),
    ]  # fmt: skip
    monkeypatch.setattr(avatar_shelf, "avatars_digest", lambda: "f" * 64)
    others.append(shelf_in(tmp_path))
    assert len({each.folder for each in (plain, *others)}) == 6


def test_a_folder_that_cannot_be_written_is_named(tmp_path, studio):
    studio()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"cannot be written .*choose another --cache"):
        shelf_in(tmp_path / "file").fill(1, silent)


def test_a_full_disk_leaves_no_half_scene(tmp_path, studio, monkeypatch):
    studio()
    shelf = shelf_in(tmp_path)

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(TrainingError, match=r"No space left on device.*free space"):
        shelf.fill(2, silent)
    assert not list(shelf.folder.iterdir())


@pytest.fixture
def shelf(tmp_path, studio):
    studio()
    filled = shelf_in(tmp_path)
    filled.fill(5, silent)
    return filled


def equal(one, other):
    maps = all(torch.equal(one.maps[name], other.maps[name]) for name in TOY.maps)
    return maps and torch.equal(one.source, other.source) and torch.equal(one.target, other.target)


def test_an_example_follows_from_seed_and_number_alone(shelf):
    one, again, other = (AvatarExamples(shelf, 5, seed, 2) for seed in (7, 7, 8))
    for number in (11, 3, 4):
        again[number + 1]
        assert equal(one[number], again[number]) and torch.equal(one[number].expression, again[number].expression)
    assert not all(equal(one[number], other[number]) for number in range(5))


def test_every_pass_shows_every_scene_once_in_another_order_and_look(shelf):
    every = AvatarExamples(shelf, 5, 7, 2)
    turns = [[every[turn * 5 + place] for place in range(5)] for turn in range(3)]
    orders = [[example.identity for example in turn] for turn in turns]
    assert len(every) == 5 and all(sorted(order) == sorted(orders[0]) for order in orders)
    assert len(set(orders[0])) == 5 and len({tuple(order) for order in orders}) > 1
    looks = [next(example for example in turn if example.identity == "real-0") for turn in turns]
    assert not equal(looks[0], looks[1]) and not equal(looks[1], looks[2])


def test_without_a_seed_scenes_are_used_in_order_and_as_they_are(shelf):
    plain = AvatarExamples(shelf, 5, None, 9)
    for number in range(5):
        example, true = plain[number], shelf.read(number)
        assert example.identity == shelf.casting.identity(number)
        assert np.array_equal(example.source.permute(1, 2, 0), true.source)
        for ours, theirs in ((example.target, true.target), *((example.maps[n], getattr(true, n)) for n in TOY.maps)):
            assert np.array_equal(ours.permute(0, 2, 3, 1), theirs)
        assert np.array_equal(example.labels, true.labels) and np.array_equal(example.expression, true.expression)


def test_the_frames_of_an_example_are_different_ones_of_its_scene(shelf, monkeypatch):
    monkeypatch.setattr(Tint, "draw", lambda _: Tint((0, 1, 2), np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1)))
    chosen = set()
    for number in range(12):
        example = AvatarExamples(shelf, 5, 7, 2)[number]
        true = shelf.read(int(example.identity.split("-")[1]))
        if not np.array_equal(example.source.permute(1, 2, 0), true.source):
            true = mirrored(true)
        assert np.array_equal(example.source.permute(1, 2, 0), true.source)
        found = [
            next(n for n in range(TARGETS) if np.array_equal(frame.permute(1, 2, 0), true.target[n]))
            for frame in example.target
        ]
        assert len(set(found)) == 2
        assert np.array_equal(example.maps["moved"].permute(0, 2, 3, 1), true.moved[found])
        assert np.array_equal(example.expression, true.expression[found])
        chosen.add(tuple(found))
    assert len(chosen) > 2


def test_a_scene_mirrored_twice_is_the_scene():
    plain = scene(3)
    once = mirrored(plain)
    assert same(mirrored(once), plain) and not same(once, plain)


def test_a_mirrored_scene_swaps_the_sides_of_pictures_coefficients_and_normals():
    plain = scene(3)
    once = mirrored(plain)
    assert np.array_equal(once.source[:, 0], plain.source[:, -1])
    assert np.array_equal(once.labels[1, :, 0], plain.labels[1, :, -1])
    assert np.array_equal(once.turned[0, :, 0, 0], 255 - plain.turned[0, :, -1, 0]), "the normal's x points elsewhere"
    assert np.array_equal(once.turned[0, :, 0, 1], plain.turned[0, :, -1, 1])
    names = list(ARKIT_EXPRESSION)
    for here, there in (("eyeBlinkLeft", "eyeBlinkRight"), ("mouthRight", "mouthLeft"), ("jawOpen", "jawOpen"),
                        ("browInnerUp", "browInnerUp")):  # fmt: skip
        assert np.array_equal(once.expression[:, names.index(here)], plain.expression[:, names.index(there)])
    assert np.array_equal(once.expression[:, 52], -plain.expression[:, 52])
    assert np.array_equal(once.expression[:, 53], plain.expression[:, 53])


def test_a_tint_is_the_same_on_all_pictures_of_an_example_and_on_none_of_its_maps(tmp_path, studio, monkeypatch):
    studio()
    plain = scene(1)
    alike = dataclasses.replace(
        plain, target=plain.source[None].repeat(TARGETS, 0), moved=plain.source[None].repeat(TARGETS, 0)
    )
    monkeypatch.setattr(avatar_shelf, "avatar_scene", lambda *_: alike)
    shelf = shelf_in(tmp_path)
    shelf.fill(1, silent)
    changed = 0
    for number in range(12):
        example = AvatarExamples(shelf, 1, 5, TARGETS)[number]
        for frame in (*example.target, *example.maps["moved"]):
            assert torch.equal(frame, example.source)
        guides = example.maps["guides"].permute(0, 2, 3, 1).numpy()
        assert {frame.tobytes() for frame in guides} <= {
            frame.tobytes() for each in (alike, mirrored(alike)) for frame in each.guides
        }
        changed += sorted(example.source.flatten().tolist()) != sorted(alike.source.flatten().tolist())
    assert changed == 12


def test_a_tint_exchanges_and_bends_channels_and_keeps_the_order_of_levels():
    for seed in range(20):
        tint = Tint.draw(rng(seed))
        levels = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
        assert (np.diff(tint.apply(levels).astype(int), axis=1) >= 0).all()
        picture = scene(seed).source
        expected = np.stack([tint.table[picture[..., tint.order[c]], c] for c in range(3)], -1)
        assert np.array_equal(tint.apply(picture), expected)


def test_a_cameras_fault_is_the_same_in_every_frame_and_a_third_has_none():
    picture = np.full((64, 64, 3), 120, np.uint8)
    faults = [CameraFault.draw(rng(seed)) for seed in range(300)]
    whole = [fault for fault in faults if fault == CameraFault()]
    assert 0.25 < len(whole) / 300 < 0.42 and whole[0].apply(picture) is picture
    for fault in faults[:20]:
        assert np.array_equal(fault.apply(picture), fault.apply(picture.copy()))
    noisy = CameraFault(noise=5.0, seed=3)
    assert noisy.apply(picture).std() == pytest.approx(5, abs=0.4)
    assert np.array_equal(CameraFault(gain=0.5).apply(picture), np.full_like(picture, 60))


def test_a_scene_whose_faces_no_tracker_finds_is_none(monkeypatch, avatar):
    class Blind:
        def track_clip(self, *_):
            raise NoFaceError("no face in any frame")

    class Blank:
        picture = np.zeros((SIZE, SIZE, 3), np.uint8)

    monkeypatch.setattr(avatar_scenes, "render", lambda *_: Blank)
    assert avatar_scene(avatar, Blind(), SIZE, 1, rng()) is None


@pytest.fixture(scope="module")
def drawn_scene(avatar):
    """Return a scene of a drawn avatar, with the true parameters of its frames, and these."""
    tracker = TrueTracker()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(avatar_scenes, "render", tracker.render)
        patch.setattr(CameraFault, "draw", lambda _: CameraFault())
        return avatar_scene(avatar, tracker, 128, 2, rng(2)), tracker.rendered


def test_moved_layers_are_nearer_the_truth_than_the_source_and_nearest_where_they_are_trusted(drawn_scene):
    made, moments = drawn_scene
    assert len(moments) == 3 and made.expression.shape == (2, 54)
    assert np.array_equal(made.expression[1, :52], moments[2].expression)
    error = np.abs(made.moved.astype(float) - made.target).mean(-1)
    still = np.abs(made.source[None].astype(float) - made.target).mean(-1)
    sure = made.guides[..., 0] > 250
    assert error.mean() < 0.6 * still.mean()
    assert 0.3 < sure.mean() < 1 and error[sure].mean() < 0.5 * error[~sure].mean()


def test_labels_of_a_scene_lie_on_eyes_and_mouth(drawn_scene, avatar):
    made, moments = drawn_scene
    for labels, moment in zip(made.labels, moments[1:], strict=True):
        truth = avatar_truth(avatar, moment, 128)
        masks = truth.masks()
        eyes = masks["left_eye"] | masks["right_eye"] | masks["left_iris"] | masks["right_iris"]
        points, _ = avatar_landmarks(avatar, moment, truth)
        assert (labels[eyes] == EYE_LABEL).mean() > 0.6
        np.testing.assert_allclose(np.argwhere(labels == MOUTH_LABEL).mean(0), points[[0, 17]].mean(0)[::-1], atol=4)


def test_layered_data_is_drawn_once_tracked_and_held_out(tmp_path, studio, monkeypatch):
    made, seen = studio(), []
    run = mini_settings()
    run = dataclasses.replace(run, data=dataclasses.replace(run.data, holdout_styles=("clay", "pixel")))
    data = open_avatars(run, tmp_path, lambda done, total: seen.append((done, total)))
    assert made.calls == 4 and seen == [(number, 4) for number in range(1, 5)]
    assert set(data.validation) == {"identities", "styles"} and data.card["holdout_styles"] == ["clay", "pixel"]
    assert data.card["avatars"] == 2 and data.card["digest"] == avatars_digest() and data.card["tracker"] == "arkit"
    training = {data.training[number].identity for number in range(6)}
    held = {name: examples[0].identity for name, examples in data.validation.items()}
    assert len(training) == 2 and not training & set(held.values()) and held["styles"].startswith("clay-")
    pictures = data.pictures()
    assert pictures.shape == (2, 3, 128, 128) and pictures.dtype == torch.uint8
    again = open_avatars(run, tmp_path, lambda *_: pytest.fail("nothing was missing"))
    assert made.calls == 4 and again.card == data.card
    shown = mini_settings()
    assert set(open_avatars(shown, tmp_path, silent).validation) == {"identities"}


def test_a_model_of_another_head_is_refused_in_one_line(tmp_path):
    flame = dataclasses.replace(TOY_SD15, face_model="flame", expression_inputs=57)
    with pytest.raises(TrainingError, match="reads flame parameters, which avatars do not have") as refusal:
        open_avatars(dataclasses.replace(mini_settings(), model=flame), tmp_path, silent)
    assert "\n" not in str(refusal.value) and not list(tmp_path.iterdir())


# Clips of avatars that are rendered on demand, for networks that draw whole pictures.


@pytest.fixture
def plain_render(monkeypatch):
    """Paint a picture's brightness by its moment, in place of an avatar."""

    class Painted:
        def __init__(self, avatar, params, size):
            levels = 127 + 100 * np.tanh(np.concatenate([params.pose, params.gaze, params.expression[[0, 17]]]))
            self.picture = np.resize(levels.astype(np.uint8), (size, size, 3))

    monkeypatch.setattr(avatar_clips, "render", Painted)


def whole_pictures(stage=1, **data):
    run = settings(stage, data={"holdout_styles": (), **data})
    return dataclasses.replace(run, model=TOY_SD15)


def clips(tmp_path, run):
    return open_avatars(run, tmp_path, lambda *_: pytest.fail("nothing is drawn beforehand"))


def test_an_example_of_a_clip_follows_from_seed_and_number_alone(tmp_path, plain_render):
    run = whole_pictures(targets=2)
    first, second = (clips(tmp_path, run).training[4] for _ in range(2))
    assert torch.equal(first.target, second.target) and torch.equal(first.expression, second.expression)
    assert all(torch.equal(first.maps[name], second.maps[name]) for name in TOY_SD15.maps)
    other = clips(tmp_path, dataclasses.replace(run, seed=1)).training[4]
    assert not torch.equal(first.target, other.target)


def test_the_source_of_a_clip_is_never_its_own_target(tmp_path, plain_render):
    example = clips(tmp_path, whole_pictures(targets=7)).training[0]
    assert len(example.target) == 7
    assert min((target.float() - example.source.float()).abs().mean() for target in example.target) > 0.2


def test_a_window_of_a_clip_moves_smoothly(tmp_path, plain_render):
    example = clips(tmp_path, whole_pictures(2, targets=4, strides=(1,))).training[0]
    steps = (example.target[1:].float() - example.target[:-1].float()).abs().mean((1, 2, 3))
    far = (example.target.float() - example.source.float()).abs().mean()
    assert len(example.target) == 4 and steps.max() < far


def test_a_withheld_map_shows_nothing(tmp_path, plain_render):
    shown, withheld = (
        clips(tmp_path, dataclasses.replace(run, data=dataclasses.replace(run.data, withheld_maps=names)))
        .training[0].maps
        for run in (whole_pictures(),) for names in ((), ("normals", "shaded"))
    )  # fmt: skip
    assert shown["normals"].any() and not withheld["normals"].any() and not withheld["shaded"].any()
    assert torch.equal(shown["depth"], withheld["depth"])


def test_pictures_maps_and_labels_of_a_clip_fit_each_other(tmp_path):
    """The first avatar is of the style "real", whose shape is all in its parameters."""
    example = clips(tmp_path, whole_pictures()).training[0]
    assert example.identity.startswith("real-") and example.target.shape == (1, 3, 128, 128)
    head = example.maps["shaded"][0, 0] > 0
    assert 0.05 < head.float().mean() < 0.8 and head[(example.labels[0] > 0)].float().mean() > 0.95
    apart = (example.target[0].float() - example.source.float()).abs().mean(0)
    assert apart[head].mean() > apart[~head].mean(), "the head is what moves"
    assert {2, 3} <= set(example.labels.unique().tolist())


def test_a_patch_codec_is_fitted_on_other_avatars_pictures(tmp_path, plain_render):
    pictures = clips(tmp_path, whole_pictures(codec_scenes=3)).pictures()
    assert pictures.shape == (3, 3, 128, 128) and len({picture.numpy().tobytes() for picture in pictures}) == 3
