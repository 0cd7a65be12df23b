"""Test networks that draw whole pictures, on `sd15` at its smallest size."""

from __future__ import annotations

import dataclasses
import stat

import numpy as np
import pytest
from PIL import Image

import generator
from generator import (
    AnimateConfig,
    Animator,
    DriveSequence,
    FaceModelError,
    FaceParams,
    GenerationError,
    load_animator,
)
from generator.avatars import render, sample_motion
from generator.network.config import TOY_SD15
from generator.network.model import AniFaceDiff
from watermark import (
    ClipMarker,
    ClipWriter,
    CredentialState,
    Ingredient,
    PayloadKind,
    SealError,
    TooSmallError,
    mark,
    read_mark,
    read_media,
    read_provenance,
)

FEW = AnimateConfig(steps=2, guidance=1.0)


def few(**changes):
    return dataclasses.replace(FEW, **changes)


@pytest.fixture
def animator(toy_still_model):
    return Animator(toy_still_model, "0" * 64)


@pytest.fixture(scope="module")
def scene(avatar, face):
    return (
        render(avatar, face, 160).picture,
        face,
        sample_motion(np.random.default_rng(1), avatar.shape.values, 10),
    )


def test_every_frame_that_leaves_carries_the_claimed_mark(animator, scene, deployment):
    clip = animator.animate(*scene, deployment, config=FEW)
    assert clip.frames.shape == (10, 128, 128, 3) and clip.frames.dtype == np.uint8
    reading = read_mark(clip.frames, deployment.mark_key)
    assert reading.present and reading.id == clip.claim.payload.hex and reading.kind is PayloadKind.GENERATED


def test_no_public_name_of_the_room_hands_out_unmarked_frames(animator, scene, deployment, monkeypatch, tmp_path):
    def refuse(*_):
        raise RuntimeError("no mark, no frames")

    monkeypatch.setattr("generator.inference.marked_frames.ClipMarker.mark", refuse)
    with pytest.raises(RuntimeError, match="no mark, no frames"):
        animator.animate(*scene, deployment, config=FEW)
    with pytest.raises(RuntimeError, match="no mark, no frames"):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW)
    monkeypatch.setattr("generator.inference.marked_frames.mark", refuse)
    with pytest.raises(RuntimeError, match="no mark, no frames"):
        animator.animate_to(tmp_path / "frames", *scene, deployment, config=FEW)
    assert not list(tmp_path.glob("**/*.mp4")) + list(tmp_path.glob("**/*.png"))
    public = [name for name in vars(Animator) if not name.startswith("_")]
    assert public == ["from_pretrained", "animate", "animate_to"]
    assert not {"AniFaceDiff", "marked_frames", "draw_clip"} & set(generator.__all__)


def test_a_sealed_clip_is_trusted_and_names_its_model(animator, scene, deployment, tmp_path):
    receipt = animator.animate(*scene, deployment, config=FEW).seal(tmp_path / "a.mp4", deployment)
    provenance = read_provenance(receipt.path, deployment)
    assert provenance.credential.state is CredentialState.TRUSTED
    assert provenance.credential.source_type.endswith("trainedAlgorithmicMedia")
    assert provenance.mark.ours and provenance.mark.id == receipt.payload.hex


def test_a_folder_of_frames_is_sealed_frame_by_frame(animator, scene, deployment, tmp_path):
    image, params, drive = scene
    short = drive.take([0, 1])
    animator.animate(image, params, short, deployment, config=FEW).seal(tmp_path / "frames", deployment)
    files = sorted((tmp_path / "frames").iterdir())
    assert [file.name for file in files] == ["00000.png", "00001.png"]
    for file in files:
        assert read_provenance(file, deployment).credential.state is CredentialState.TRUSTED


@pytest.mark.slow
def test_frames_of_a_folder_are_marked_one_by_one(animator, scene, deployment, tmp_path, monkeypatch):
    """Each frame is a separate file; with a mark fitted to the clip, about one in 200 could not be read alone."""
    seen = []
    monkeypatch.setattr(
        "generator.inference.marked_frames.mark", lambda frame, *rest: seen.append(frame) or mark(frame, *rest)
    )
    animator.animate_to(tmp_path / "frames", *scene, deployment, config=FEW)
    assert [frame.shape for frame in seen] == [(128, 128, 3)] * 10
    for frame, path in zip(seen, sorted((tmp_path / "frames").iterdir()), strict=True):
        written = read_media(path).frames[0]
        assert np.abs(written.astype(int) - frame).mean() < 3
        assert read_mark(written, deployment.mark_key, search=0).present
    seen.clear()
    animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW)
    assert not seen


@pytest.mark.slow
def test_frames_in_memory_that_would_not_show_the_clips_mark_alone_get_their_own(
    animator, scene, deployment, tmp_path, monkeypatch
):
    """About one in 180 frames is affected; here the clip's mark is left out of those generated one by one."""
    whole = ClipMarker.mark
    monkeypatch.setattr(
        "generator.inference.marked_frames.ClipMarker.mark",
        lambda marker, frames: frames.copy() if frames.shape[:-3] == (1,) else whole(marker, frames),
    )
    alone = []
    monkeypatch.setattr(
        "generator.inference.marked_frames.mark", lambda frame, *rest: alone.append(frame) or mark(frame, *rest)
    )
    clip = animator.animate(*scene, deployment, config=few(chunk=4))
    assert len(alone) == 4
    assert all(read_mark(frame, deployment.mark_key, search=0).id == clip.claim.payload.hex for frame in clip.frames)
    clip.seal(tmp_path / "frames", deployment)
    for path in sorted((tmp_path / "frames").iterdir()):
        assert read_provenance(path, deployment).mark.id == clip.claim.payload.hex
    clip.seal(tmp_path / "a.mp4", deployment)
    assert read_provenance(tmp_path / "a.mp4", deployment).mark.ours


def test_a_clip_does_not_become_a_picture(animator, scene, deployment, tmp_path):
    with pytest.raises(SealError, match="10 frames make no picture"):
        animator.animate(*scene, deployment, config=FEW).seal(tmp_path / "a.png", deployment)
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(animator, scene, deployment):
    one, two, other = (animator.animate(*scene, deployment, config=few(seed=s)) for s in (3, 3, 4))
    assert one.frames.tobytes() == two.frames.tobytes()
    assert one.claim == two.claim
    assert one.frames.tobytes() != other.frames.tobytes()


@pytest.mark.slow
def test_works_that_differ_carry_ids_that_differ(animator, scene, deployment):
    image, params, drive = scene
    other = dataclasses.replace(drive, gaze=drive.gaze * 0.5)
    ids = {animator.animate(image, params, d, deployment, config=FEW).claim.payload.hex for d in (drive, other)}
    ids.add(animator.animate(255 - image, params, drive, deployment, config=FEW).claim.payload.hex)
    ids.add(animator.animate(image, params, drive, deployment, config=few(seed=1)).claim.payload.hex)
    turned = dataclasses.replace(params, pose=params.pose + np.float32(0.1))
    for face in (params, turned):
        clip = animator.animate(image, face, drive, deployment, config=few(mode="absolute"))
        ids.add(clip.claim.payload.hex)
    assert len(ids) == 6


@pytest.mark.slow
def test_how_frames_are_grouped_does_not_change_them_visibly(animator, scene, deployment):
    whole, parts = (animator.animate(*scene, deployment, config=few(chunk=c)).frames.astype(int) for c in (10, 3))
    assert np.abs(whole - parts).mean() < 0.05


def test_a_still_drive_gives_a_still_clip(animator, scene, deployment):
    image, params, drive = scene
    still = drive.take([0] * 4)
    frames = animator.animate(image, params, still, deployment, config=FEW).frames.astype(int)
    assert np.abs(frames - frames[:1]).max() <= 1


def test_an_output_too_small_for_a_mark_is_refused_before_any_denoising(scene, deployment, monkeypatch):
    small = AniFaceDiff(dataclasses.replace(TOY_SD15, image_size=64))
    monkeypatch.setattr(small, "encode_source", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(TooSmallError):
        Animator(small, "0" * 64).animate(*scene, deployment, config=FEW)


def test_progress_counts_frames(animator, scene, deployment):
    seen = []
    animator.animate(*scene, deployment, config=few(chunk=4), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 10), (2, 10), (3, 10), (4, 10), (6, 10), (8, 10), (10, 10)]


@pytest.mark.slow
def test_the_mark_is_fitted_as_one_call_over_the_whole_clip_would_fit_it(animator, scene, deployment, monkeypatch):
    marked = animator.animate(*scene, deployment, config=few(chunk=4)).frames
    with monkeypatch.context() as unmarked:
        unmarked.setattr("generator.inference.marked_frames.ClipMarker.mark", lambda _, frames: frames)
        unmarked.setattr("generator.inference.marked_frames._shows", lambda *_: True)
        clip = animator.animate(*scene, deployment, config=few(chunk=4))
    np.testing.assert_array_equal(marked, mark(clip.frames, clip.claim.payload, deployment.mark_key))


@pytest.mark.slow
def test_the_source_is_read_once_and_the_first_frame_waits_for_no_more_than_the_mark_looks_at(
    animator, avatar, scene, deployment, tmp_path, monkeypatch
):
    image, params, _ = scene
    drive = sample_motion(np.random.default_rng(1), avatar.shape.values, 30)
    counted = {"reference": 0, "denoiser": 0}
    before_first = []

    def counting(name, run):
        def counted_run(sample, *args, **kwargs):
            counted[name] += len(sample)
            return run(sample, *args, **kwargs)

        return counted_run

    model = animator._model
    monkeypatch.setattr(model.reference_net, "forward", counting("reference", model.reference_net.forward))
    monkeypatch.setattr(model.denoiser, "forward", counting("denoiser", model.denoiser.forward))
    write = ClipWriter.write
    monkeypatch.setattr(
        ClipWriter, "write", lambda self, *frames: (before_first.append(counted["denoiser"]), write(self, *frames))
    )
    made = animator.animate_to(tmp_path / "a.mp4", image, params, drive, deployment, config=FEW)
    steps = round(made.evaluations)
    assert counted == {"reference": 1, "denoiser": 30 * steps}
    assert before_first[0] == 4 * steps


@pytest.mark.slow
def test_a_clip_written_as_it_is_drawn_is_the_clip_from_memory(animator, scene, deployment, tmp_path):
    whole = animator.animate(*scene, deployment, config=FEW)
    sealed = whole.seal(tmp_path / "a.mp4", deployment)
    made = animator.animate_to(tmp_path / "b.mp4", *scene, deployment, config=FEW)
    assert (made.frames, made.evaluations, made.continued) == (10, 2.0, False)
    assert made.claim.payload == whole.claim.payload and made.receipt.credential.state is CredentialState.TRUSTED
    one, other = (read_media(path).frames for path in (sealed.path, made.receipt.path))
    np.testing.assert_array_equal(one, other)
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("stop_after", [1, 2])
def test_an_interrupted_file_is_continued_and_equal(animator, scene, deployment, tmp_path, stop_after):
    config = few(chunk=4)
    whole = animator.animate_to(tmp_path / "whole.mp4", *scene, deployment, config=config)

    def stopping(done, total):
        if done >= 4 * stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=config, progress=stopping)
    (kept,) = tmp_path.glob(".a.mp4.*.unfinished")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700 and not (tmp_path / "a.mp4").exists()
    seen = []
    made = animator.animate_to(
        tmp_path / "a.mp4", *scene, deployment, config=config, progress=lambda done, total: seen.append(done)
    )
    assert made.continued and len(seen) == {1: 3, 2: 1}[stop_after]
    np.testing.assert_array_equal(*(read_media(each.receipt.path).frames for each in (whole, made)))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_an_interrupted_file_of_a_model_whose_frames_meet_is_continued_and_equal(
    toy_sd_model, scene, deployment, tmp_path
):
    animator = Animator(toy_sd_model, "0" * 64)
    whole = animator.animate_to(tmp_path / "whole.mp4", *scene, deployment, config=FEW)

    def stopping(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW, progress=stopping)
    assert len(list(tmp_path.glob(".a.mp4.*.unfinished"))) == 1 and not (tmp_path / "a.mp4").exists()
    made = animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW)
    assert made.continued
    np.testing.assert_array_equal(*(read_media(each.receipt.path).frames for each in (whole, made)))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_starting_over_and_other_settings_leave_the_interrupted_work_alone(animator, scene, deployment, tmp_path):
    def stopping(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW, progress=stopping)
    other = animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=few(seed=1))
    assert not other.continued and len(list(tmp_path.glob(".*.unfinished"))) == 1
    fresh = animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW, fresh=True)
    assert not fresh.continued and not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_work_is_continued_only_for_the_same_reading_of_the_source(animator, scene, deployment, tmp_path):
    """In absolute mode the aligned motion is independent of the source's own face parameters, but the maps are not."""

    def stopping(done, total):
        raise KeyboardInterrupt

    image, params, drive = scene
    absolute = few(mode="absolute")
    with pytest.raises(KeyboardInterrupt):
        animator.animate_to(tmp_path / "a.mp4", image, params, drive, deployment, config=absolute, progress=stopping)
    smiling = dataclasses.replace(params, expression=params.expression + np.float32(0.1))
    other = animator.animate_to(tmp_path / "a.mp4", image, smiling, drive, deployment, config=absolute)
    assert not other.continued
    assert animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=absolute).continued


def test_two_runs_do_not_work_at_the_same_file(animator, scene, deployment, tmp_path):
    def again(done, total):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW)

    with pytest.raises(GenerationError, match="another process"):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW, progress=again)


def test_a_seal_that_fails_leaves_no_file(animator, scene, deployment, tmp_path, monkeypatch):
    monkeypatch.setattr("generator.inference.marked_frames.ClipMarker.mark", lambda _, frames: frames)
    with pytest.raises(SealError, match="no mark"):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment, config=FEW)
    assert not (tmp_path / "a.mp4").exists()
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".mp4", ".png")]


@pytest.mark.parametrize(("name", "count"), [("a.png", 1), ("frames", 2)])
def test_pictures_and_folders_are_written_as_they_are_drawn(animator, scene, deployment, tmp_path, name, count):
    image, params, drive = scene
    made = animator.animate_to(tmp_path / name, image, params, drive.take(range(count)), deployment)
    files = sorted(path for path in tmp_path.rglob("*.png"))
    assert len(files) == made.receipt.frames == count and made.receipt.path == files[0]
    assert all(read_provenance(path, deployment).credential.state is CredentialState.TRUSTED for path in files)


def test_a_drive_of_another_face_model_is_refused_before_any_work(animator, scene, deployment, monkeypatch):
    monkeypatch.setattr(animator._model, "encode_source", lambda *_: pytest.fail("work was begun"))
    image, params, _ = scene
    neutral = FaceParams.neutral(face_model="flame")
    drive = DriveSequence.still(neutral, 25.0)
    with pytest.raises(FaceModelError, match="draw arkit faces and the drive was read as a flame face"):
        animator.animate(image, params, drive, deployment, config=FEW)
    with pytest.raises(FaceModelError, match="the source was read as a flame face"):
        animator.animate(image, neutral, drive, deployment, config=FEW)


@pytest.mark.parametrize("device", ["cuda:99", "tpu", "meta"])
def test_a_device_that_is_not_there_is_refused(weights_folder, device):
    for load in (load_animator, Animator.from_pretrained):
        with pytest.raises(GenerationError, match=f"device '{device}'.*there are: cpu"):
            load(weights_folder, device=device)


@pytest.mark.parametrize("field", ["eyes", "mouth", "guidance", "expression"])
def test_gains_and_scales_below_zero_are_refused(field):
    with pytest.raises(GenerationError, match=field):
        AnimateConfig(**{field: -0.5})


@pytest.mark.slow
def test_a_composite_says_so_and_names_its_parent(animator, avatar, face, scene, deployment, tmp_path):
    picture = render(avatar, face, 480).picture[20:401, :411]
    Image.fromarray(picture).save(tmp_path / "source.png")
    longest = max(picture.shape)
    camera = face.camera * 480 + [0, 0, -20] + (longest - np.array([longest, *picture.shape[1::-1]])) / 2
    params = dataclasses.replace(face, camera=(camera / longest).astype(np.float32))
    parent = Ingredient(tmp_path / "source.png", "source.png", "parentOf")
    config = few(paste_back=True)
    made = animator.animate_to(
        tmp_path / "a.mp4", picture, params, scene[2], deployment, config=config, ingredients=(parent,)
    )
    assert (made.receipt.height, made.receipt.width) == (382, 412)  # 4:2:0 needs even sides
    provenance = read_provenance(made.receipt.path, deployment)
    assert provenance.credential.source_type.endswith("compositeWithTrainedAlgorithmicMedia")
    with pytest.raises(SealError, match="parentOf"):
        animator.animate_to(tmp_path / "b.mp4", picture, params, scene[2], deployment, config=config)
