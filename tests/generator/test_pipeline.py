import dataclasses

import numpy as np
import pytest
import torch

import generator
from generator import AnimateConfig, Animator, FaceParams
from generator.config import TOY
from generator.model import AniFaceDiff
from generator.pipeline import frame_source
from generator.puppets import render, sample_motion
from watermark import CredentialState, PayloadKind, SealError, TooSmallError, read_mark, read_provenance


@pytest.fixture
def animator(weights_folder):
    return Animator.from_pretrained(weights_folder)


@pytest.fixture
def scene(puppet):
    return (
        render(puppet, puppet.neutral(), 160).image,
        puppet.neutral(),
        sample_motion(np.random.default_rng(1), puppet, 10),
    )


def test_every_frame_that_leaves_carries_the_claimed_mark(animator, scene, deployment):
    clip = animator.animate(*scene, deployment)
    assert clip.frames.shape == (10, 128, 128, 3) and clip.frames.dtype == np.uint8
    reading = read_mark(clip.frames, deployment.mark_key)
    assert reading.present and reading.id == clip.claim.payload.hex and reading.kind is PayloadKind.GENERATED


def test_no_public_name_of_the_room_hands_out_unmarked_frames(animator, scene, deployment, monkeypatch):
    def refuse(*_):
        raise RuntimeError("no mark, no frames")

    monkeypatch.setattr("generator.pipeline.mark", refuse)
    with pytest.raises(RuntimeError, match="no mark, no frames"):
        animator.animate(*scene, deployment)
    public = [name for name in vars(Animator) if not name.startswith("_")]
    assert public == ["from_pretrained", "animate"]
    assert "AniFaceDiff" not in generator.__all__


def test_a_sealed_clip_is_trusted_and_names_its_model(animator, scene, deployment, tmp_path):
    receipt = animator.animate(*scene, deployment).seal(tmp_path / "a.mp4", deployment)
    provenance = read_provenance(receipt.path, deployment)
    assert provenance.credential.state is CredentialState.TRUSTED
    assert provenance.credential.source_type.endswith("trainedAlgorithmicMedia")
    assert provenance.mark.ours and provenance.mark.id == receipt.payload.hex


def test_a_folder_of_frames_is_sealed_frame_by_frame(animator, scene, deployment, tmp_path):
    image, params, drive = scene
    short = drive.take([0, 1])
    animator.animate(image, params, short, deployment).seal(tmp_path / "frames", deployment)
    files = sorted((tmp_path / "frames").iterdir())
    assert [file.name for file in files] == ["00000.png", "00001.png"]
    for file in files:
        assert read_provenance(file, deployment).credential.state is CredentialState.TRUSTED


def test_a_clip_does_not_become_a_picture(animator, scene, deployment, tmp_path):
    with pytest.raises(SealError, match="10 frames make no picture"):
        animator.animate(*scene, deployment).seal(tmp_path / "a.png", deployment)
    assert not list(tmp_path.glob("a.*"))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(animator, scene, deployment):
    one, two, other = (animator.animate(*scene, deployment, config=AnimateConfig(seed=s)) for s in (3, 3, 4))
    assert one.frames.tobytes() == two.frames.tobytes()
    assert one.claim == two.claim
    assert one.frames.tobytes() != other.frames.tobytes()


def test_works_that_differ_carry_ids_that_differ(animator, scene, deployment):
    image, params, drive = scene
    other = dataclasses.replace(drive, gaze=drive.gaze * 0.5)
    ids = {animator.animate(image, params, d, deployment).claim.payload.hex for d in (drive, other)}
    ids.add(animator.animate(255 - image, params, drive, deployment).claim.payload.hex)
    ids.add(animator.animate(image, params, drive, deployment, config=AnimateConfig(seed=1)).claim.payload.hex)
    assert len(ids) == 4


def test_how_frames_are_grouped_does_not_change_them_visibly(animator, scene, deployment):
    whole, parts = (
        animator.animate(*scene, deployment, config=AnimateConfig(chunk=c)).frames.astype(int) for c in (10, 3)
    )
    assert np.abs(whole - parts).mean() < 0.05


def test_a_still_drive_gives_a_still_clip(animator, scene, deployment):
    image, params, drive = scene
    still = drive.take([0] * 4)
    frames = animator.animate(image, params, still, deployment).frames.astype(int)
    assert np.abs(frames - frames[:1]).max() <= 1


def test_an_output_too_small_for_a_mark_is_refused_before_any_denoising(scene, deployment, monkeypatch):
    small = AniFaceDiff(dataclasses.replace(TOY, image_size=64))
    monkeypatch.setattr(small, "encode_source", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(TooSmallError):
        Animator(small, "0" * 64).animate(*scene, deployment)


def test_progress_counts_frames(animator, scene, deployment):
    seen = []
    animator.animate(
        *scene, deployment, config=AnimateConfig(chunk=4), progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(4, 10), (8, 10), (10, 10)]


@pytest.mark.parametrize(("height", "width"), [(300, 500), (500, 300), (400, 400)])
def test_any_source_is_cropped_around_its_head(height, width, puppet):
    picture = np.zeros((height, width, 3), np.uint8)
    longest = max(height, width)
    y, x = 150, 210
    picture[y - 3 : y + 3, x - 3 : x + 3] = 255
    camera = np.float32([0.12, (x + (longest - width) / 2) / longest, (y + (longest - height) / 2) / longest])
    neutral = FaceParams.neutral()
    params = FaceParams(neutral.shape, neutral.expression, neutral.pose, neutral.gaze, camera)
    square, found = frame_source(picture, params, 256)
    rows, columns = np.nonzero(square[..., 0] > 128)
    np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], found.camera[1:] * 256, atol=1.0)
    np.testing.assert_allclose(found.camera, [0.32, 0.5, 0.5], atol=1e-3)


def test_a_square_source_of_fitting_scale_is_not_cropped(puppet):
    image = render(puppet, puppet.neutral(), 256).image
    square, found = frame_source(image, puppet.neutral(), 256)
    np.testing.assert_array_equal(square, image)
    np.testing.assert_allclose(found.camera, puppet.neutral().camera, atol=1e-6)
    assert torch.is_inference_mode_enabled() is False
