"""Compute the exact truth of an avatar's frame, with hair, clothes and accessories, under any drive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import FaceParams, Floats
from generator.face.raster import Flags, depth_buffer, resolve

from .avatar import Avatar
from .head import CAMERA_DISTANCE
from .scene import Scene, build_scene
from .surface import surface
from .truth import FrameTruth, Geometry, frame_truth, landmark_truth


def scene_geometry(scene: Scene, camera: Floats) -> Geometry:
    """Return what a scene draws, as the truth needs it."""
    return Geometry(
        points=scene.points,
        faces=scene.faces,
        canonical=np.ascontiguousarray(scene.attributes[:, 3:6]),
        normals=np.ascontiguousarray(scene.attributes[:, :3]),
        label=scene.kinds,
        softness=np.ascontiguousarray(scene.attributes[:, 9:11]),
        two_sided=scene.two_sided.astype(np.bool_),
        camera=np.asarray(camera, np.float32),
    )


def avatar_truth(avatar: Avatar, params: FaceParams, size: int, samples: int = 3) -> FrameTruth:
    """Return the truth of the frame that `render` draws with these arguments.

    Frames of one avatar have the same triangles, so `flow` relates any two of them; the same frame of another avatar is
    `avatar_truth(other, params, size)`.

    Args:
        avatar: The character; its own shape counts, whatever `params.shape` says.
        params: Expression, pose, gaze and camera of the layout "arkit".
        size: Height and width in pixels.
        samples: The matte counts samples x samples points in each pixel.
    """
    scene = build_scene(avatar.model.head, avatar.model.body, params)
    geometry = scene_geometry(scene, params.camera)
    return frame_truth(geometry, size, samples, _materials(avatar, scene, geometry, size))


def _materials(avatar: Avatar, scene: Scene, geometry: Geometry, size: int) -> NDArray[np.uint8]:
    """Return the material of each pixel as the renderer finds it: brows and clothes are painted on the skin."""
    model, screen = avatar.model, geometry.on_screen(size)
    face, _ = depth_buffer(screen, geometry.faces, size, size, geometry.two_sided)
    attributes, _ = resolve(screen, geometry.faces, scene.attributes, face)
    seen_from = np.array([0, 0, CAMERA_DISTANCE], np.float32)
    return surface(
        face, scene.kinds, attributes, model.chart, model.iris, model.palette, seen_from, scene.turn, model.surface
    ).material


def avatar_landmarks(avatar: Avatar, params: FaceParams, truth: FrameTruth) -> tuple[Floats, Flags]:
    """Return the 478 points of the face mesh in a frame.

    Args:
        avatar: The character.
        params: As they were given to `avatar_truth`.
        truth: The frame's truth.

    Returns:
        Pixels (478, 2), and (478,) True for points inside the picture that nothing covers, neither hair nor glasses.
    """
    return landmark_truth(truth, avatar.model.head.posed(_mesh_points(avatar, params), params.pose))


def with_residual(avatar: Avatar, params: FaceParams) -> FaceParams:
    """Return parameters with what the 120 shape coefficients leave out: proportions of toon styles, and asymmetry.

    A generator that is given them knows the points of the face mesh as exactly as the renderer.

    Args:
        avatar: The character.
        params: Its face.
    """
    head = avatar.model.head
    told = head.mesh_points(params.shape, params.expression, params.gaze)
    return replace(params, residual=_mesh_points(avatar, params) - told)


def _mesh_points(avatar: Avatar, params: FaceParams) -> Floats:
    """Return the 478 points of the face mesh in head space, without the pose."""
    head, person = avatar.model.head, avatar.model.body.neutral
    return head.mesh_points_of(person, head.expressed(person, params.expression, params.gaze), params.gaze)
