from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from generator import AnimateConfig, DriveSequence, FaceModelError, FaceParams, GenerationError, GeometryAnimator
from watermark import CredentialState, PayloadKind, TooSmallError, read_mark, read_provenance


def motion(frames: int) -> DriveSequence:
    """Return a drive that opens the mouth and turns the head."""
    time = np.linspace(0, 2 * np.pi, frames)
    still = FaceParams.neutral(face_model="arkit")
    expression = np.repeat(still.expression[None], frames, 0)
    expression[:, 17] = 0.3 - 0.3 * np.cos(time)
    pose = np.stack([0.2 * np.sin(time), np.zeros(frames), np.zeros(frames)], 1)
    return DriveSequence(
        still.shape, expression.astype(np.float32), pose.astype(np.float32), np.zeros((frames, 2), np.float32),
        np.repeat(still.camera[None], frames, 0), 25.0, "arkit",
    )  # fmt: skip


@pytest.fixture(scope="module")
def animator():
    return GeometryAnimator()


def test_every_frame_that_leaves_carries_the_claimed_mark(animator, picture, params, deployment):
    clip = animator.animate(picture, params, motion(6), deployment)
    assert clip.frames.shape == (6, *picture.shape)
    reading = read_mark(clip.frames, deployment.mark_key)
    assert reading.present and reading.id == clip.claim.payload.hex and reading.kind is PayloadKind.GENERATED


def test_unmarked_frames_never_leave(animator, picture, params, deployment, monkeypatch, tmp_path):
    def refuse(*_):
        raise RuntimeError("no mark, no frames")

    monkeypatch.setattr("generator.inference.marked_frames.ClipMarker.mark", refuse)
    monkeypatch.setattr("generator.inference.marked_frames.mark", refuse)
    for path in (tmp_path / "a.mp4", tmp_path / "frames"):
        with pytest.raises(RuntimeError, match="no mark, no frames"):
            animator.animate_to(path, picture, params, motion(2), deployment)
    assert not list(tmp_path.glob("**/*.mp4")) + list(tmp_path.glob("**/*.png"))
    assert [name for name in vars(GeometryAnimator) if not name.startswith("_")] == [
        "from_pretrained", "animate", "animate_to",
    ]  # fmt: skip


def test_a_sealed_clip_is_trusted(animator, picture, params, deployment, tmp_path):
    made = animator.animate_to(tmp_path / "a.mp4", picture, params, motion(4), deployment)
    provenance = read_provenance(tmp_path / "a.mp4", deployment)
    assert provenance.credential.state is CredentialState.TRUSTED
    assert provenance.mark.ours and provenance.mark.id == made.receipt.payload.hex


def test_an_anchored_frame_differs_from_the_source_by_the_mark_alone(animator, picture, params, deployment):
    clip = animator.animate(picture, params, motion(5), deployment, config=AnimateConfig(anchor=2))
    error = np.square(clip.frames[2].astype(float) - picture).mean()
    assert error < 4
    assert np.square(clip.frames[0].astype(float) - picture).mean() > 2 * error


def test_pasted_back_pixels_outside_the_square_do_not_change(animator, picture, params, deployment):
    wide = np.concatenate([picture, picture[:, ::-1]], 1)
    camera = np.array([params.camera[0] / 2, 0.25, 0.5], np.float32)
    clip = animator.animate(
        wide, replace(params, camera=camera), motion(2), deployment, config=AnimateConfig(paste_back=True)
    )
    assert clip.frames.shape[1:] == wide.shape
    assert np.square(clip.frames[:, :, -40:].astype(float) - wide[:, -40:]).mean() < 4


def test_the_size_is_what_was_asked_for(animator, picture, params, deployment):
    clip = animator.animate(picture, params, motion(1), deployment, config=AnimateConfig(size=320))
    assert clip.frames.shape[1:3] == (320, 320)


def test_two_works_never_share_an_id(animator, picture, params, deployment):
    first, second = (
        animator.animate(picture, params, motion(1), deployment, config=AnimateConfig(eyes=eyes)).claim.payload
        for eyes in (1.0, 0.9)
    )
    assert first.id != second.id


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"anchor": 7}, GenerationError, "anchor 7 is no frame of the drive; it has frames 0 to 2"),
        ({"anchor": -1}, GenerationError, "anchor is -1"),
        ({"size": 100}, GenerationError, "size is 100; give an even number of pixels from 256 to 2048"),
        ({"size": 301}, GenerationError, "size is 301"),
    ],
)
def test_settings_out_of_range_are_refused(animator, picture, params, deployment, changes, error, message):
    with pytest.raises(error, match=message):
        animator.animate(picture, params, motion(3), deployment, config=AnimateConfig(**changes))


def test_faces_of_another_head_are_refused(animator, picture, params, deployment):
    other = FaceParams.neutral(face_model="flame")
    with pytest.raises(FaceModelError, match="the source was read as a flame face"):
        animator.animate(picture, other, motion(2), deployment)
    with pytest.raises(FaceModelError, match="the drive was read as a flame face"):
        animator.animate(picture, params, DriveSequence.still(other, 25), deployment)


def test_a_picture_too_small_for_a_mark_is_refused_before_any_work(animator, picture, params, deployment):
    with pytest.raises(TooSmallError):
        animator.animate(picture[::4, ::4], params, motion(2), deployment, config=AnimateConfig(paste_back=True))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_a_clip(animator, picture, params, deployment, tmp_path):
    """The clips are longer than what mark and threads hold at a time; what is loaded once is loaded before."""
    animator.animate_to(tmp_path / "first.mp4", picture, params, motion(2), deployment)
    peaks = []
    for frames in (24, 72):
        tracemalloc.start()
        animator.animate_to(tmp_path / f"{frames}.mp4", picture, params, motion(frames), deployment)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.15 * peaks[0]
