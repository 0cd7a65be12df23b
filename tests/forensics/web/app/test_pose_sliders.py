"""Sliders move faces: within the ends, each its own movement, and visibly."""

from dataclasses import replace

import numpy as np
import pytest

from forensics.web.app.pose_sliders import RATE, SLIDERS, between, posed
from generator import DriveSequence, LivePicture, Retarget, align
from generator.avatars import render, sample_avatar
from generator.face.face_params import ARKIT_EXPRESSION
from watermark import PayloadKind, read_mark

REST = [0.0] * len(SLIDERS)
AVATAR = sample_avatar(3, "cartoon")
FACE = replace(AVATAR.params(), camera=np.array([0.3, 0.5, 0.5], np.float32))


def moved(number, value):
    return [*REST[:number], value, *REST[number + 1 :]]


@pytest.fixture(scope="module")
def live(deployment):
    return LivePicture(render(AVATAR, FACE, 256).picture, FACE, deployment)


def test_no_two_sliders_do_the_same():
    assert len({slider.label for slider in SLIDERS}) == len(SLIDERS)
    face = FACE
    ends = [posed(face, moved(number, slider.high)) for number, slider in enumerate(SLIDERS)]
    ends += [posed(face, moved(number, slider.low)) for number, slider in enumerate(SLIDERS) if slider.low < 0]
    seen = {(one.expression.tobytes(), one.pose.tobytes(), one.gaze.tobytes()) for one in ends}
    assert len(seen) == len(ends)


def test_a_slider_moves_the_face_from_how_it_is_and_stays_within_its_ends():
    face = FACE
    turned = posed(face, moved(0, 20.0))
    np.testing.assert_allclose(turned.pose - face.pose, [np.radians(20), 0, 0], atol=1e-6)
    np.testing.assert_array_equal(turned.expression, face.expression)
    for number, slider in enumerate(SLIDERS):
        beyond, at_end = posed(face, moved(number, 1e6)), posed(face, moved(number, slider.high))
        for field in ("expression", "pose", "gaze"):
            np.testing.assert_array_equal(getattr(beyond, field), getattr(at_end, field))
        assert beyond.expression.min() >= 0 and beyond.expression.max() <= 1 and np.abs(beyond.gaze).max() <= 1


def test_a_slider_below_zero_raises_the_opposite():
    number = next(n for n, slider in enumerate(SLIDERS) if slider.label.startswith("Smile"))
    frown, smile = (posed(FACE, moved(number, value)).expression for value in (-1, 1))
    left = [ARKIT_EXPRESSION.index(name) for name in ("mouthFrownLeft", "mouthSmileLeft")]
    assert frown[left[0]] == 1 and smile[left[0]] == 0 and smile[left[1]] == 1


def test_at_rest_the_live_picture_is_the_source_and_carries_the_mark(live, deployment):
    shown = live.shown(posed(live.params, REST))
    source = render(AVATAR, FACE, 256).picture
    assert np.abs(shown.astype(int) - source).mean() < 2
    found = read_mark(shown, deployment.mark_keys, search=0)
    assert found.present and found.kind is PayloadKind.GENERATED


@pytest.mark.slow
@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.label)
def test_a_slider_is_seen_in_the_picture(slider, live):
    shots = [live.shown(posed(live.params, moved(SLIDERS.index(slider), value))) for value in (0.0, slider.high)]
    assert np.abs(shots[0].astype(int) - shots[1]).max() > 40


def test_a_motion_between_poses_begins_and_ends_at_the_first_and_passes_the_second():
    start = FACE
    end = posed(start, moved(0, 20.0))
    motion = between(start, end, 25)
    assert (len(motion), motion.fps, motion.face_model) == (25, RATE, "arkit")
    np.testing.assert_allclose(motion.pose[0], start.pose, atol=1e-6)
    np.testing.assert_allclose(motion.pose[-1], start.pose, atol=1e-6)
    np.testing.assert_allclose(motion.pose[12], end.pose, rtol=1e-6)
    assert (np.diff(motion.pose[:13, 0]) > 0).all()


def test_what_the_sliders_show_is_what_is_animated(live):
    """The mode "absolute", in which the page animates the poses of the sliders, leaves such a face as it is."""
    face = posed(live.params, moved(0, 20.0))
    aligned = align(live.params, DriveSequence.still(face, RATE), Retarget("absolute"))
    np.testing.assert_allclose(aligned.pose[0], face.pose, atol=1e-6)
    np.testing.assert_allclose(aligned.expression[0], face.expression, atol=1e-6)
    np.testing.assert_allclose(aligned.camera[0], face.camera, atol=1e-6)
