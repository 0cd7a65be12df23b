from __future__ import annotations

import cv2
import numpy as np

from generator.avatars import head_asset
from generator.geometry import avatar_rig, face_in_picture
from generator.geometry.landmarks import OVAL
from generator.geometry.lids import set_lids


def test_the_mesh_meets_the_landmarks_within_a_pixel(source, params):
    sight = source.sight
    reached = sight.face.view.project(source.rig.points(sight.coarse))[:, :2]
    error = np.linalg.norm(reached - sight.points, axis=1)
    vertices, uses = np.unique(head_asset().landmarks, return_counts=True)
    alone = np.isin(head_asset().landmarks, vertices[uses == 1])  # two points of one vertex meet their mean only
    assert alone.sum() >= 460 and error[alone].max() < 1 and np.median(error) < 0.01
    before = sight.face.view.project(source.rig.points(sight.face.coarse))[:, :2]
    assert np.linalg.norm(before - sight.points, axis=1).max() > 2


def test_alphas_lie_between_0_and_1_and_cover_the_face(source):
    oval = source.sight.oval > 0.99
    for layer in (source.layers.body, source.layers.back, source.layers.head):
        assert layer.dtype == np.float32 and layer[..., 3].min() >= 0 and layer[..., 3].max() <= 1
        assert layer[..., :3].min() >= 0 and layer[..., :3].max() <= 255
    assert source.alpha.min() >= 0 and source.alpha.max() <= 1
    assert source.alpha[oval].min() == 1 and source.layers.head[oval, 3].min() == 1
    assert source.face.texture[..., 3:].min() >= 0 and source.face.texture[..., 3:].max() <= 1


def test_the_plate_is_the_picture_away_from_the_head_and_shows_no_face_behind_it(source):
    far = cv2.dilate((source.alpha > 0.01).astype(np.uint8), np.ones((41, 41))) == 0
    assert far.sum() > 1000 and np.array_equal(source.layers.plate[far], source.sight.image[far])
    face = source.sight.oval > 0.99
    skin = np.median(source.sight.image[face], 0)
    assert np.abs(np.median(source.layers.plate[face], 0) - skin).max() > 30


def test_head_and_body_leave_no_gap_in_the_matte(source):
    cover = np.maximum(source.layers.body[..., 3], source.layers.head[..., 3])
    solid = cv2.erode((source.alpha > 0.99).astype(np.uint8), np.ones((9, 9))) > 0
    assert (cover[solid] < 0.5).mean() < 0.005


def test_a_face_that_is_whole_leaves_its_lids_where_they_are(picture, params):
    points = face_in_picture(params, len(picture)).points
    assert np.abs(set_lids(picture.astype(np.float32), points) - points).max() < 4


def test_the_outside_of_the_head_holds_the_face_and_its_mirror_image_is_its_own():
    rig = avatar_rig()
    seen = np.zeros(len(rig.canonical), bool)
    seen[rig.faces.ravel()] = True
    vertices = np.asarray(rig.landmarks.argmax(1)).ravel()[: rig.body]
    assert rig.oval[seen].mean() > 0.1 and len(np.unique(vertices)) > 400
    assert np.array_equal(rig.mirror[rig.mirror][rig.oval > 0.5], np.flatnonzero(rig.oval > 0.5))
    assert len(OVAL) == 36
