from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from generator.avatars import render, sample_avatar, sample_motion
from generator.errors import ModelFilesError, NoFaceError, TrackerError
from generator.face.face_params import FLAME_EXPRESSION
from generator.face.pose import rotation
from generator.face_models import stand_in_flame
from generator.trackers import AvatarTracker, Tracker
from generator.trackers.face_crop import CropRule
from generator.trackers.face_mesh.face_mesh import MeshFace
from generator.trackers.flame.flame_code import FlameCode, FlameNetwork
from generator.trackers.flame.flame_tracker import BATCH, FlameTracker
from generator.trackers.ibug import MESH_INDEX

HEIGHT, WIDTH = 360, 480
RULE = CropRule(scale=1.375, forehead=False, box_scale=1.25, box_drop=0.12)
BOX = (180.0, 100.0, 300.0, 250.0)
JAW_X = FLAME_EXPRESSION.index("jaw_x")


@pytest.fixture(scope="module")
def flame():
    return stand_in_flame()


def face_at(x, y=180.0, side=120.0, look=0.0):
    """Return a mesh whose 68 points lie in a square of side `side`, with two open eyes."""
    points = np.zeros((468, 3))
    jaw, brow, chin, ear = MESH_INDEX[[0, 19, 8, 16]]
    points[[jaw, brow, chin, ear], :2] = np.array([(-0.5, 0), (0, -0.5), (0, 0.5), (0.5, 0)]) * side
    for corner, place in ((33, -0.3), (133, -0.1), (362, 0.1), (263, 0.3)):
        points[corner, :2] = (place * side, -0.1 * side)
    for upper, lower, place in (((160, 158), (144, 153), -0.2), ((385, 387), (373, 380), 0.2)):
        points[list(upper), :2] = (place * side, -0.14 * side)
        points[list(lower), :2] = (place * side, -0.06 * side)
    irises = np.array([[-0.2 + look, -0.1], [0.2 + look, -0.1]]) * side
    return MeshFace(points + np.array([x, y, 0]), irises + np.array([x, y]), 1.0)


class ToldMesh:
    """Return one given face, or none, for every frame."""

    def __init__(self, faces):
        self.faces = list(faces)

    def track(self, _image, _previous=None):
        return self.faces.pop(0)

    find = track


class ToldNetwork(FlameNetwork):
    """Return the same head for every crop except for given changes, and record the batch sizes."""

    def __init__(self, **values):
        super().__init__()
        neutral = {"shape": np.zeros(100), "expression": np.zeros(55), "turn": np.zeros(3), "camera": (8.0, 0, 0)}
        self.values = {**neutral, **values}
        self.batches = []

    def read(self, crops):
        assert crops.shape[1:] == (3, 224, 224)
        assert 0 <= float(crops.min()) <= float(crops.max()) <= 1
        start = sum(self.batches)
        self.batches.append(len(crops))
        told = {}
        for name, value in self.values.items():
            value = np.asarray(value, np.float32)
            told[name] = value[start : start + len(crops)] if value.ndim == 2 else np.tile(value, (len(crops), 1))
        return FlameCode(**told)


def not_installed():
    raise ModelFilesError("face mesh networks: not there; run: facetrail models get face-mesh")


def tracker(flame, network=None, faces=None, rule=RULE):
    find = not_installed if faces is None else lambda: ToldMesh(faces)
    return FlameTracker("deca", network or ToldNetwork(), rule, flame, find)


def clip(frames):
    return np.full((frames, HEIGHT, WIDTH, 3), 90, np.uint8)


def test_both_kinds_of_tracker_are_trackers(flame):
    trackers: list[Tracker] = [tracker(flame), AvatarTracker(ToldMesh([]))]
    assert [t.face_model for t in trackers] == ["flame", "arkit"]


def test_still_carries_what_the_network_reads(flame):
    rng = np.random.default_rng(0)
    shape, expression = rng.normal(size=100), np.zeros(55)
    expression[[0, 3, JAW_X]] = 1.5, -9.0, 0.2
    network = ToldNetwork(shape=shape, expression=expression, turn=(0, 0.3, 0))
    params = tracker(flame, network, [face_at(240)]).track_still(clip(1)[0])
    assert params.face_model == "flame"
    np.testing.assert_allclose(params.shape, shape, atol=1e-6)
    np.testing.assert_allclose(params.expression[[0, 3, JAW_X]], (1.5, -6.0, 0.2), atol=1e-6)
    np.testing.assert_allclose(params.pose, (0.3, 0, 0), atol=1e-6)


def test_head_keeps_its_size_and_place_whatever_the_crop(flame):
    """The same face, shown in a crop twice as large, has half the scale there and the same scale in the picture."""
    near = tracker(flame, ToldNetwork(camera=(8.0, 0.01, -0.02))).track_still(clip(1)[0], box=BOX)
    wide = CropRule(scale=2.75, forehead=False, box_scale=2.5, box_drop=0.12)
    far = tracker(flame, ToldNetwork(camera=(4.0, 0.01, -0.02)), rule=wide).track_still(clip(1)[0], box=BOX)
    np.testing.assert_allclose(far.camera, near.camera, atol=1e-5)


def test_camera_follows_the_face_and_adds_no_jitter_of_the_crop(flame):
    rng = np.random.default_rng(1)
    xs = 200 + 1.0 * np.arange(60)
    faces = [face_at(x + dx, 180 + dy, 120 + ds) for x, (dx, dy, ds) in zip(xs, rng.normal(size=(60, 3)), strict=True)]
    drive = tracker(flame, faces=faces).track_clip(clip(60), 25.0)
    steps = np.diff(drive.camera[:, 1]) * WIDTH
    assert steps[10:-10] == pytest.approx(np.ones(39), abs=0.3)
    assert np.ptp(drive.camera[:, 0]) < 0.02 * drive.camera[:, 0].mean()


def test_one_head_is_kept_for_the_whole_clip(flame):
    rng = np.random.default_rng(2)
    shapes = rng.normal(size=(21, 100)) * 0.1 + 1
    drive = tracker(flame, ToldNetwork(shape=shapes), [face_at(240)] * 21).track_clip(clip(21), 25.0)
    np.testing.assert_allclose(drive.shape, np.median(shapes, 0), atol=1e-5)


def test_network_is_given_many_crops_at_once_and_progress_reaches_the_end(flame):
    network, told = ToldNetwork(), []
    tracker(flame, network, [face_at(240)] * 40).track_clip(clip(40), 25.0, progress=lambda *step: told.append(step))
    assert network.batches == [BATCH, BATCH, 8]
    assert told[-1] == (80, 80)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_frames_without_a_face_are_bridged_and_not_read(flame):
    faces = [face_at(200)] * 10 + [None] * 5 + [face_at(260)] * 10
    network = ToldNetwork()
    drive = tracker(flame, network, faces).track_clip(clip(25), 25.0)
    assert sum(network.batches) == 20
    assert len(drive) == 25
    assert (np.diff(drive.camera[:, 1]) > -1e-6).all()


@pytest.mark.parametrize("blind", [range(5, 25), range(40)])
def test_a_face_that_is_missing_too_long_is_refused_with_the_choices(flame, blind):
    faces = [None if index in blind else face_at(240) for index in range(40)]
    where = "frames 5 to 24" if len(blind) == 20 else "any of 40 frames"
    with pytest.raises(NoFaceError, match=rf"{where}.*box or its 68 landmarks, choose another tracker"):
        tracker(flame, faces=faces).track_clip(clip(40), 25.0)


def test_codes_that_no_face_can_have_count_as_no_face(flame):
    cameras = np.tile((8.0, 0, 0), (40, 1))
    cameras[10:30, 0] = -1
    with pytest.raises(NoFaceError, match="frames 10 to 29"):
        tracker(flame, ToldNetwork(camera=cameras), [face_at(240)] * 40).track_clip(clip(40), 25.0)
    with pytest.raises(NoFaceError, match="give another box, landmarks or tracker"):
        tracker(flame, ToldNetwork(camera=(np.nan, 0, 0))).track_still(clip(1)[0], box=BOX)


def test_without_the_face_mesh_box_or_landmarks_are_asked_for_and_suffice(flame):
    blind = tracker(flame)
    for attempt in (lambda: blind.track_still(clip(1)[0]), lambda: blind.track_clip(clip(3), 25.0)):
        with pytest.raises(TrackerError, match=r"models get face-mesh; or give the face's box or its 68 landmarks"):
            attempt()
    boxed = blind.track_clip(clip(3), 25.0, box=BOX)
    points = face_at(240).points[MESH_INDEX, :2]
    marked = blind.track_clip(clip(3), 25.0, landmarks=points)
    for drive in (boxed, marked):
        assert (drive.gaze == 0).all()
        assert np.ptp(drive.camera, axis=0).max() == pytest.approx(0, abs=1e-6)
    # The crop of the landmarks is 1.375 times their 120 px, that of the box 1.25 times its mean side of 135 px.
    assert marked.camera[0, 0] / boxed.camera[0, 0] == pytest.approx(165 / 168.75, rel=1e-5)


@pytest.mark.parametrize("box", [(300, 100, 180, 250), (-5, 0, 50, 50), (400, 100, 500, 200)])
def test_box_outside_of_the_picture_is_refused(flame, box):
    with pytest.raises(NoFaceError, match="correct the box"):
        tracker(flame).track_still(clip(1)[0], box=box)


@pytest.mark.parametrize(
    ("landmarks", "said"),
    [
        (np.zeros((5, 2)), "shape .5, 2.: 68 finite points"),
        (np.full((68, 2), np.nan), "68 finite points"),
        (np.full((68, 2), 50.0), "no face in the 480x360"),
        (np.random.default_rng(0).uniform(900, 999, (68, 2)), "no face in the 480x360"),
    ],
)
def test_landmarks_that_are_no_face_are_refused(flame, landmarks, said):
    with pytest.raises(NoFaceError, match=said):
        tracker(flame).track_still(clip(1)[0], landmarks=landmarks)


def test_gaze_is_the_irises_where_a_mesh_sees_them_in_the_crop(flame):
    def look(faces, **given):
        return tracker(flame, faces=faces).track_clip(clip(12), 25.0, **given).gaze[:, 0]

    assert look([face_at(240, look=0.05)] * 12).min() > 0.3
    assert look([face_at(240, look=-0.05)] * 12, box=BOX).max() < -0.3
    assert (look([face_at(240, look=0.05)] + [None] * 11, box=BOX) > 0.3).all()
    assert (look([face_at(440, look=0.05)] * 12, box=BOX) == 0).all()  # another face


def test_clip_without_frames_or_rate_is_refused(flame):
    for frames, fps in ((clip(0), 25.0), (clip(2), 0.0)):
        with pytest.raises(TrackerError, match="T >= 1 and fps > 0 expected"):
            tracker(flame).track_clip(frames, fps, box=BOX)


@pytest.mark.slow
def test_gaze_agrees_with_the_tracker_of_the_avatar_head(mesh, flame):
    avatar = sample_avatar(1, "real")
    motion = sample_motion(np.random.default_rng(1), avatar.shape.values, 25, 25.0, avatar.params().camera)
    frames = np.stack([render(avatar, motion[t], 256).picture for t in range(25)])
    turns = Rotation.from_matrix([rotation(pose) for pose in motion.pose]).as_rotvec()
    ours = FlameTracker("deca", ToldNetwork(turn=turns), RULE, flame, lambda: mesh).track_clip(frames, 25.0)
    theirs = AvatarTracker(mesh).track_clip(frames, 25.0)
    assert np.corrcoef(ours.gaze[:, 0], theirs.gaze[:, 0])[0, 1] > 0.9
