"""Compute the exact truth of a drawn frame: correspondence, depth, normals, parts, matte, landmarks and flow.

The truth of a frame follows from its `Geometry`: that of the bare head (`head_geometry`), or of an avatar with hair,
clothes and all else (`generator.avatars.avatar_truth`). Two frames of one character have the same triangles, so a pixel
of one frame is found in the other by its triangle and its place within it. Shading, outlines and brush strokes of a
style do not change the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import FaceParams, Floats
from generator.face.raster import Flags, Ints, depth_buffer, resolve, vertex_normals

from .head import AvatarHead, NeutralHead, avatar_head, project_perspective
from .materials import MATERIALS

LABEL = {name: index for index, name in enumerate(MATERIALS)}
IRIS_DEPTH = float(np.cos(0.43))
"""Points of an eyeball whose canonical z is larger belong to the iris."""

_TOLERANCE, _SAME_SURFACE = 0.03, 0.15


@dataclass(frozen=True, slots=True)
class Geometry:
    """Everything that is drawn in one frame, as triangles.

    Attributes:
        points: (V, 3) posed, in head space.
        faces: (F, 3) counter-clockwise seen from outside.
        canonical: (V, 3) places on the reference head (eyes: directions; other parts: whatever stays with the part).
        normals: (V, 3) unit normals of the posed surface.
        label: (F,) index into `MATERIALS`; lips, irises and the inside of the mouth are found from `softness` and
            `canonical`, so skin and eyes carry their own label.
        softness: (V, 2) how far a skin vertex belongs to the lips and to the inside of the mouth, in [0, 1].
        two_sided: (F,) True for triangles that are seen from both sides.
        camera: (3,) scale and offsets in picture sides.
    """

    points: Floats
    faces: Ints
    canonical: Floats
    normals: Floats
    label: Ints
    softness: Floats
    two_sided: Flags
    camera: Floats

    def on_screen(self, size: int) -> Floats:
        """Return pixels and depth (V, 3) in a picture of this size."""
        out = project_perspective(self.points, self.camera)
        out[:, :2] *= size
        return out


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """The truth at each pixel of a frame of `size` x `size` pixels.

    Attributes:
        geometry: What was drawn.
        size: Height and width in pixels.
        screen: (V, 3) pixels and depth of the vertices.
        face: (H, W) triangle, -1 for the background.
        weights: (H, W, 2) weights of the triangle's second and third corner.
        depth: (H, W) depth in units of head space, larger is nearer, -inf for the background.
        canonical: (H, W, 3) places on the reference head, 0 for the background.
        normals: (H, W, 3) unit normals, x right, y up, z to the viewer; 0 for the background.
        labels: (H, W) uint8 index into `MATERIALS`.
        alpha: (H, W) share of each pixel that something covers, in [0, 1].
    """

    geometry: Geometry
    size: int
    screen: Floats
    face: Ints
    weights: Floats
    depth: Floats
    canonical: Floats
    normals: Floats
    labels: NDArray[np.uint8]
    alpha: Floats

    def masks(self) -> Mapping[str, Flags]:
        """Return the mask (H, W) of each part; they are disjoint and cover the picture."""
        return {name: self.labels == index for index, name in enumerate(MATERIALS)}


@dataclass(frozen=True, slots=True)
class Flow:
    """Where each pixel of one frame lies in another.

    Attributes:
        offset: (H, W, 2) pixels to add to a pixel's place (x, y) to find it in the other frame; 0 on the background.
        visible: (H, W) True where the other frame shows the same place of the surface, and where a bilinear sample of
            the other frame does not reach over the edge of that surface.
    """

    offset: Floats
    visible: Flags


def head_geometry(person: NeutralHead, params: FaceParams, head: AvatarHead | None = None) -> Geometry:
    """Return the bare head under these parameters; `params.shape` is not looked at, since `person` is the shape."""
    model = avatar_head() if head is None else head
    mesh = model.assemble(person, model.expressed(person, params.expression, params.gaze), params.gaze)
    points = model.posed(mesh, params.pose, model.head_weight)
    label, softness = np.zeros(len(model.faces), np.int32), np.zeros((len(points), 2), np.float32)
    names = {"skin": "skin", "left_eye": "left_eye", "right_eye": "right_eye", "upper_teeth": "teeth",
             "lower_teeth": "teeth", "tongue": "tongue"}  # fmt: skip
    for part, name in names.items():
        label[model.face_parts[part]] = LABEL[name]
    softness[model.parts["skin"]] = np.stack([model.masks["lips"], model.masks["inside_mouth"]], 1)
    return Geometry(
        points=points,
        faces=model.faces,
        canonical=model.canonical,
        normals=vertex_normals(points, model.faces),
        label=label,
        softness=softness,
        two_sided=label == LABEL["teeth"],
        camera=np.asarray(params.camera, np.float32),
    )


def frame_truth(geometry: Geometry, size: int, samples: int = 3, labels: NDArray[np.uint8] | None = None) -> FrameTruth:
    """Draw the truth of a frame.

    Args:
        geometry: What is seen.
        size: Height and width in pixels.
        samples: The matte counts samples x samples points in each pixel.
        labels: (H, W) labels that a renderer knows better, because it paints brows and clothes on the skin; None to
            find them from the geometry.
    """
    screen = geometry.on_screen(size)
    face, depth = depth_buffer(screen, geometry.faces, size, size, geometry.two_sided)
    attributes = np.concatenate([geometry.canonical, geometry.normals, geometry.softness], 1)
    values, weights = resolve(screen, geometry.faces, attributes, face, barycentric=True)
    shown = face >= 0
    normals = values[..., 3:6] / np.maximum(np.linalg.norm(values[..., 3:6], axis=-1, keepdims=True), 1e-6)
    found = _labels(geometry, face, values) if labels is None else np.where(shown, labels, LABEL["background"])
    fine = screen.copy()
    fine[:, :2] *= samples
    covered, _ = depth_buffer(fine, geometry.faces, size * samples, size * samples, geometry.two_sided)
    alpha = (covered >= 0).reshape(size, samples, size, samples).mean((1, 3), dtype=np.float32)
    return FrameTruth(
        geometry, size, screen, face, weights, depth, values[..., :3], normals, found.astype(np.uint8), alpha
    )


def _labels(geometry: Geometry, face: Ints, values: Floats) -> Ints:
    """Return the label of each pixel: that of its triangle, with lips, mouth and irises told apart."""
    labels = np.where(face >= 0, geometry.label[np.maximum(face, 0)], LABEL["background"])
    skin = labels == LABEL["skin"]
    labels = np.where(skin & (values[..., 6] > 0.5), LABEL["lips"], labels)
    labels = np.where(skin & (values[..., 7] > 0.5), LABEL["mouth"], labels)
    for side in ("left", "right"):
        iris = (labels == LABEL[f"{side}_eye"]) & (values[..., 2] > IRIS_DEPTH)
        labels = np.where(iris, LABEL[f"{side}_iris"], labels)
    return labels


def landmark_truth(truth: FrameTruth, points: Floats) -> tuple[Floats, Flags]:
    """Return where landmarks lie in the frame, and which of them are seen.

    Args:
        truth: The frame.
        points: (N, 3) posed landmarks in head space, such as `AvatarHead.posed` of the 68 or 478 points.

    Returns:
        Pixels (N, 2) and (N,) True for points inside the picture that nothing covers.
    """
    at = project_perspective(points, truth.geometry.camera)
    at[:, :2] *= truth.size
    return at[:, :2], _seen(truth, at)


def _seen(truth: FrameTruth, at: Floats) -> Flags:
    """Return which places (..., 3) of pixels and depth are the nearest surface in a frame, within a small tolerance."""
    inside = (at[..., :2] >= 0).all(-1) & (at[..., :2] < truth.size).all(-1)
    pixel = np.clip(np.nan_to_num(at[..., :2]).astype(np.int64), 0, truth.size - 1)
    return inside & (at[..., 2] > truth.depth[pixel[..., 1], pixel[..., 0]] - _TOLERANCE)


def _sampled_whole(truth: FrameTruth, at: Floats) -> Flags:
    """Return where the four pixels around places (..., 3) all show a surface about as deep as the place."""
    corner = np.nan_to_num(at[..., :2] - 0.5)
    whole = np.ones(at.shape[:-1], np.bool_)
    for step in ((0, 0), (1, 0), (0, 1), (1, 1)):
        pixel = np.clip(np.floor(corner).astype(np.int64) + step, 0, truth.size - 1)
        whole &= np.abs(truth.depth[pixel[..., 1], pixel[..., 0]] - at[..., 2]) < _SAME_SURFACE
    return whole


def flow(here: FrameTruth, there: FrameTruth) -> Flow:
    """Return where each pixel of one frame lies in another frame of the same character.

    With the source as `there` it is the backward flow that a warp of the source to the target needs; with both
    exchanged it is the forward flow.

    Raises:
        ValueError: The frames do not have the same triangles.
    """
    if not np.array_equal(here.geometry.faces, there.geometry.faces):
        raise ValueError(
            f"the frames have {len(here.geometry.faces)} and {len(there.geometry.faces)} triangles that do not "
            "correspond; both must be frames of one character"
        )
    shown = here.face >= 0
    corners = here.geometry.faces[np.where(shown, here.face, 0)]
    second, third = here.weights[..., 0], here.weights[..., 1]
    shares = np.stack([1 - second - third, second, third], -1)
    at = (there.screen[corners] * shares[..., None]).sum(-2)
    y, x = np.mgrid[0 : here.size, 0 : here.size] + 0.5
    offset = np.where(shown[..., None], at[..., :2] - np.stack([x, y], -1), 0).astype(np.float32)
    return Flow(offset, shown & _seen(there, at) & _sampled_whole(there, at))
