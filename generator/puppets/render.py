"""Draw a puppet, and say exactly what was drawn."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.errors import PuppetError
from generator.face.face_params import FaceParams, Floats, vector
from generator.face.head_model import LIP_GAP, features, landmarks68, project
from generator.face.raster import GBuffer, rasterise, vertex_normals

from .backdrop import backdrop
from .body import CAP, CLOTH, GLASSES, HAIR, HEAD, HORN, NECK, build, mouth_gap
from .look import Puppet
from .paint import eye_masks, paint_eye, paint_mouth, sample_skin
from .styles import recipe

BACKGROUND_LABEL, SKIN_LABEL, EYE_LABEL, MOUTH_LABEL, HAIR_LABEL, OTHER_LABEL = range(6)
"""Values of `PuppetFrame.labels`."""

_SUPERSAMPLING = 2


@dataclass(frozen=True, slots=True)
class PuppetFrame:
    """One drawn puppet and its ground truth.

    Attributes:
        image: (S, S, 3) uint8 RGB.
        labels: (S, S) uint8: 0 background, 1 skin, 2 eye (between the lids), 3 mouth (between the lips), 4 hair,
            5 other.
        coordinates: (S, S, 2) float32 face coordinates (u, t) on the head's surface, NaN elsewhere.
        landmarks: (68, 2) float32 iBUG points in pixels, hidden ones included.
        box: (x0, y0, x1, y1) around the landmarks, pixels.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    coordinates: Floats
    landmarks: Floats
    box: tuple[float, float, float, float]


def landmark_box(landmarks: Floats) -> tuple[float, float, float, float]:
    """Return (x0, y0, x1, y1) around landmarks (68, 2), widened upwards to hold the forehead."""
    x0, y0 = landmarks.min(0)
    x1, y1 = landmarks.max(0)
    return float(x0), float(y0 - 0.25 * (y1 - y0)), float(x1), float(y1)


def _base_colours(puppet: Puppet, part: Floats, uv: Floats, head: NDArray[np.bool_]) -> Floats:
    """Return the unlit colours (N, 3) of drawn points, before eyes and mouth."""
    base = np.tile(puppet.skin, (len(part), 1))
    base[head] = sample_skin(puppet, uv[head])
    for label, colour in ((CLOTH, puppet.cloth), (CAP, puppet.cloth * 0.8), (HORN, vector(0.86, 0.80, 0.68))):
        base[part == label] = colour
    if puppet.glasses is not None:
        base[part == GLASSES] = puppet.glasses
    hair = part == HAIR
    strand = 1 + 0.10 * np.sin(38 * uv[hair, 0] + 5 * np.sin(6 * uv[hair, 1]))
    base[hair] = puppet.hair * strand[:, None]
    return base


def _labels(
    part: Floats, drawn: NDArray[np.bool_], eyes: NDArray[np.bool_], mouth: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    labels = np.full(part.shape, OTHER_LABEL, np.uint8)
    labels[part == 0] = BACKGROUND_LABEL
    labels[(part >= HEAD) & (part <= 2.0)] = SKIN_LABEL
    labels[part == NECK] = SKIN_LABEL
    labels[part == HAIR] = HAIR_LABEL
    inside = labels[drawn]
    inside[eyes], inside[mouth] = EYE_LABEL, MOUTH_LABEL
    labels[drawn] = inside
    return labels


def _edges(part: Floats, depth: Floats) -> Floats:
    """Return ink lines (H, W, 1) where the part changes or the depth jumps."""
    z = np.where(np.isfinite(depth), depth, -3).astype(np.float32)
    jump = np.zeros(part.shape, np.float32)
    for axis in (0, 1):
        step = (np.abs(np.diff(part, axis=axis)) > 0.5) | (np.abs(np.diff(z, axis=axis)) > 0.16)
        pad = [(0, 1), (0, 0)] if axis == 0 else [(0, 0), (0, 1)]
        jump = np.maximum(jump, np.pad(step, pad).astype(np.float32))
    return cv2.dilate(jump, np.ones((3, 3), np.uint8))[..., None]


def _faceted(buffer: GBuffer, points: Floats, faces: NDArray[np.int32]) -> Floats:
    """Return one normal per triangle for every pixel."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    return normal[buffer.face].astype(np.float32)


def render(puppet: Puppet, params: FaceParams, size: int = 256) -> PuppetFrame:
    """Draw a puppet with the given expression, pose, gaze and camera.

    Args:
        puppet: Who is drawn.
        params: Its `shape` is ignored: the puppet keeps its own, which makes any drive's motion usable on any puppet.
        size: Height and width in pixels, at least 32.

    Raises:
        PuppetError: `size` is smaller than 32.
    """
    if size < 32:
        raise PuppetError(f"a puppet picture needs at least 32 pixels a side, got {size}")
    params = FaceParams(puppet.shape, params.expression, params.pose, params.gaze, params.camera)
    big = size * _SUPERSAMPLING
    mesh, points = build(puppet, params)
    world = points * vector(1, -1, params.camera[0])
    normals = vertex_normals(world, mesh.faces)
    buffer = rasterise(points, mesh.faces, np.concatenate([normals, mesh.uv], 1), big, mesh.cut)
    drawn = buffer.face >= 0
    part = np.where(drawn, mesh.part[mesh.faces[buffer.face, 0]], 0).astype(np.float32)
    uv = buffer.attributes[..., 3:5]
    f = features(puppet.shape)
    style = recipe(puppet.style)

    drawn_part, drawn_uv = part[drawn], uv[drawn]
    head = drawn_part == HEAD
    base = _base_colours(puppet, drawn_part, drawn_uv, head)
    eyes = np.zeros(len(base), bool)
    for sign in (-1, 1):
        beside = np.abs(drawn_uv[:, 0] * sign - f.eye_u) < 1.4 * f.eye_rx
        near = np.flatnonzero(head & beside & (np.abs(drawn_uv[:, 1] - f.eye_t) < 1.7 * f.eye_ry))
        base[near] = paint_eye(base[near], drawn_uv[near], puppet, params, f, sign)
        eyes[near] = eye_masks(drawn_uv[near], f, params.expression, sign)[-1] > 0
    gap = mouth_gap(puppet, params)
    mouth = (
        head
        & (np.abs(drawn_uv[:, 1] - f.mouth_t) < LIP_GAP)
        & (np.abs(drawn_uv[:, 0]) < 0.99 * f.mouth_u)
        & (gap > 0.01)
    )
    base[mouth] = paint_mouth(base[mouth], drawn_uv[mouth], gap, f)

    shading = (_faceted(buffer, world, mesh.faces) if puppet.style == "lowpoly" else buffer.attributes[..., :3])[drawn]
    shading = shading / np.maximum(np.sqrt(np.einsum("ij,ij->i", shading, shading)), 1e-6)[:, None]
    picture = backdrop(puppet, big).copy()
    lit = style.shade(base, shading, puppet.light)
    picture[drawn] = np.where((eyes | mouth)[:, None], 0.65 * base + 0.35 * lit, lit)
    small = cv2.resize(np.clip(picture, 0, 1), (size, size), interpolation=cv2.INTER_AREA)
    edges = cv2.resize(_edges(part, buffer.depth), (size, size), interpolation=cv2.INTER_AREA)[..., None]
    image = (np.clip(style.finish(small, edges, puppet), 0, 1) * 255 + 0.5).astype(np.uint8)

    centre = (slice(1, None, _SUPERSAMPLING), slice(1, None, _SUPERSAMPLING))
    landmarks = project(landmarks68(puppet.shape, params.expression), params.pose, params.camera) * size
    return PuppetFrame(
        image=image,
        labels=_labels(part, drawn, eyes, mouth)[centre],
        coordinates=np.where((part == HEAD)[centre][..., None], uv[centre], np.nan).astype(np.float32),
        landmarks=landmarks,
        box=landmark_box(landmarks),
    )
