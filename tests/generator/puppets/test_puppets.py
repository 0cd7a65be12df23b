import itertools

import numpy as np
import pytest

from generator import EXPRESSION, FaceParams
from generator.errors import PuppetError
from generator.face.head_model import features, project, surface
from generator.puppets import STYLES, landmark_box, render, restyle, sample_motion, sample_puppet


def with_expression(params, **values):
    e = params.expression.copy()
    for name, value in values.items():
        e[EXPRESSION.index(name)] = value
    return FaceParams(params.shape, e, params.pose, params.gaze, params.camera)


def test_ten_styles_of_one_puppet_all_look_different(puppet):
    pictures = {style: render(restyle(puppet, style), puppet.neutral(), 128).image.astype(float) for style in STYLES}
    assert len(pictures) == 10
    for a, b in itertools.combinations(STYLES, 2):
        assert np.abs(pictures[a] - pictures[b]).mean() > 1.5, f"{a} and {b} look alike"


def test_puppets_differ_from_one_another():
    rng = np.random.default_rng(0)
    puppets = [sample_puppet(rng) for _ in range(40)]
    assert len({p.identity for p in puppets}) == 40
    assert len({p.hair_kind for p in puppets}) >= 6 and len({p.ears for p in puppets}) >= 4
    assert any(p.glasses is not None for p in puppets)


def test_the_same_puppet_and_parameters_give_the_same_bytes():
    first, second = (render(sample_puppet(np.random.default_rng(9)), FaceParams.neutral(), 128).image for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("size", [64, 200, 256])
def test_a_frame_has_the_documented_shapes(puppet, size):
    frame = render(puppet, puppet.neutral(), size)
    assert frame.image.shape == (size, size, 3) and frame.image.dtype == np.uint8
    assert frame.labels.shape == (size, size) and set(np.unique(frame.labels)) <= set(range(6))
    assert frame.coordinates.shape == (size, size, 2) and frame.landmarks.shape == (68, 2)
    assert frame.box == landmark_box(frame.landmarks)


def test_face_coordinates_say_where_each_pixel_lies_on_the_head(puppet):
    motion = sample_motion(np.random.default_rng(1), puppet, 10)
    for params in (puppet.neutral(), motion[5]):
        frame = render(puppet, params, 256)
        y, x = np.nonzero(np.isfinite(frame.coordinates[..., 0]) & (np.abs(frame.coordinates[..., 0]) < 1.2))
        u, t = frame.coordinates[y, x].T
        smooth = np.abs(t - features(puppet.shape).mouth_t) > 0.06
        places = project(surface(u, t, puppet.shape, params.expression), params.pose, params.camera) * 256
        error = np.hypot(places[:, 0] - x - 0.5, places[:, 1] - y - 0.5)[smooth]
        assert np.median(error) < 0.6 and np.quantile(error, 0.99) < 2.5


def test_a_blink_hides_the_eyes_and_only_a_blink_does(puppet):
    open_, shut = (
        render(puppet, with_expression(puppet.neutral(), blink_l=v, blink_r=v), 256).labels == 2 for v in (0, 1)
    )
    assert open_.sum() > 150
    assert shut.sum() <= 0.02 * open_.sum()


def test_a_wink_closes_the_eye_on_the_named_side_of_the_picture(puppet):
    labels = render(puppet, with_expression(puppet.neutral(), blink_l=1.0), 256).labels == 2
    assert labels[:, :128].sum() == 0 < labels[:, 128:].sum()


def test_the_mouth_area_grows_with_the_jaw(puppet):
    areas = [
        (render(puppet, with_expression(puppet.neutral(), jaw_open=v), 256).labels == 3).sum() for v in (0, 0.4, 1)
    ]
    assert areas[0] < areas[1] < areas[2] and areas[2] > 200


def test_gaze_moves_the_iris_and_nothing_but_the_eyes(puppet):
    left, right = (
        render(puppet, FaceParams(p.shape, p.expression, p.pose, np.float32([g, 0]), p.camera), 256)
        for p, g in ((puppet.neutral(), -1), (puppet.neutral(), 1))
    )
    changed = np.abs(left.image.astype(int) - right.image).max(-1) > 12
    near_eyes = np.zeros_like(changed)
    for points in (left.landmarks[36:42], left.landmarks[42:48]):
        (x0, y0), (x1, y1) = points.min(0) - 8, points.max(0) + 8
        near_eyes[int(y0) : int(y1), int(x0) : int(x1)] = True
    assert changed.sum() > 50 and not (changed & ~near_eyes).any()


def test_another_drive_can_move_any_puppet_and_its_own_shape_stays(puppet):
    rng = np.random.default_rng(2)
    other = sample_puppet(rng)
    drive = sample_motion(rng, other, 4)
    own = render(puppet, drive.with_shape(puppet.shape)[2], 128)
    assert render(puppet, drive[2], 128).image.tobytes() == own.image.tobytes()


def test_motion_stays_in_range_and_is_alive(puppet):
    drive = sample_motion(np.random.default_rng(3), puppet, 100)
    assert len(drive) == 100 and np.isfinite(drive.expression).all()
    blink = drive.expression[:, EXPRESSION.index("blink_l")]
    assert blink.max() > 0.9 or drive.expression[:, EXPRESSION.index("blink_r")].max() > 0.9
    assert drive.pose[:, 0].std() > 0.02
    assert np.abs(np.diff(drive.pose, axis=0)).max() < 0.35


def test_a_picture_of_twenty_pixels_is_refused(puppet):
    with pytest.raises(PuppetError, match="32 pixels"):
        render(puppet, puppet.neutral(), 20)


def test_an_unknown_style_is_refused_with_the_known_ones():
    with pytest.raises(PuppetError, match="watercolour"):
        sample_puppet(np.random.default_rng(0), "oil")
