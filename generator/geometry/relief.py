"""Give head and body depth: the mesh in the face, an inflated shell round it, a slope down the neck.

Depths are in pixels as those of `View.project`, nearer is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats

from .filling import Mask, at_pixels, blur, distance_to, fill, mix, shrink, smooth_step
from .rig import Rig
from .sight import Sight

_RAYS = 180


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """Depth maps (S, S) of `head`, `body` and the `back` of the head."""

    head: Floats
    body: Floats
    back: Floats


def shape_relief(rig: Rig, sight: Sight, alpha: Floats) -> Relief:
    """Return the depth of every layer."""
    skull = sight.fine[rig.canonical[:, 1] > -0.2]
    back, front = np.percentile(skull[:, 2], [2, 98])
    middle = np.array([np.median(skull[:, 0]), np.median(skull[:, 1]), (back + front) / 2])
    centre = sight.face.view.project(middle[None])[0]
    bulge = 0.95 * float(front - back) / 2 * sight.face.view.scale
    shell = _shell(sight, alpha, centre, bulge)
    head = _joined(sight, shell)
    body = _body(sight, head, float(centre[2]))
    low = np.clip((sight.below - 0.05) / 0.25, 0, 1)
    head = np.asarray(head * (1 - low) + body * low, np.float32)
    # Front and back meet at the edge of the matte; apart there, a turned head would show a slit between them.
    inside = smooth_step(distance_to(alpha <= 0.5) / (0.16 * sight.width))
    back = mix(blur(head, 2 * sight.pixel)[..., None], (2 * centre[2] - blur(head, 8 * sight.pixel))[..., None], inside)
    return Relief(head, body, back[..., 0])


def _shell(sight: Sight, alpha: Floats, centre: Floats, bulge: float) -> Floats:
    """Return an ellipsoid that ends at the edge of the matte, in the plane of the skull's middle."""
    grid = np.mgrid[0 : sight.size, 0 : sight.size].astype(np.float32) + 0.5
    across, down = grid[1] - centre[0], grid[0] - centre[1]
    radius, angle = np.hypot(across, down), np.arctan2(down, across)
    rays = np.linspace(-np.pi, np.pi, _RAYS, endpoint=False)
    reach = _reach(sight, alpha, centre[:2], rays)
    edge = np.interp(angle.ravel(), np.append(rays, np.pi), np.append(reach, reach[0])).reshape(angle.shape)
    shell: Floats = centre[2] + bulge * np.sqrt(np.clip(1 - (radius / edge) ** 2, 0, 1))
    return shell.astype(np.float32)


def _reach(sight: Sight, alpha: Floats, centre: Floats, rays: Floats) -> Floats:
    """Return how far the head reaches from its centre along each ray, in pixels, smoothed over the angle."""
    width = sight.width
    steps = np.arange(2, int(1.6 * width), 2.0 * sight.pixel)
    places = centre + np.stack([np.cos(rays), np.sin(rays)], 1)[:, None] * steps[None, :, None]
    inside = ((places >= 0) & (places < sight.size)).all(-1)
    flat = places.reshape(-1, 2)
    matted = np.where(inside, at_pixels(alpha > 0.5, flat).reshape(inside.shape), True)
    meshed = np.where(inside, at_pixels(sight.mesh_face >= 0, flat).reshape(inside.shape), False)
    ends = np.where((~matted).any(1), np.argmin(matted, 1), len(steps) - 1)
    mesh_ends = np.where(meshed.any(1), meshed.shape[1] - 1 - np.argmax(meshed[:, ::-1], 1), 0)
    edge, mesh_edge = steps[ends], steps[mesh_ends]
    edge = np.clip(edge, 0.9 * np.minimum(mesh_edge, 0.8 * width), np.minimum(1.5 * mesh_edge, 1.1 * width))
    low_pass = np.exp(-0.5 * (np.fft.fftfreq(_RAYS) * _RAYS / 9) ** 2)
    smooth: Floats = np.real(np.fft.ifft(np.fft.fft(edge) * low_pass))
    return np.maximum(smooth, 1.0)


def _joined(sight: Sight, shell: Floats) -> Floats:
    """Return the mesh's depth in the face and the shell's outside, continuous at the contour."""
    pixel = sight.pixel
    face: Mask = (shrink(sight.oval > 0.5, 2 * pixel) > 0) & (sight.mesh_face >= 0)
    away = distance_to(face)
    rim = face & (shrink(face, 4 * pixel) == 0)
    step = fill((sight.mesh_depth - shell)[..., None], rim.astype(np.float32))[..., 0]
    depth = np.where(face, sight.mesh_depth, shell + step * np.exp(-((away / (0.22 * sight.width)) ** 2)))
    inside = blur(face.astype(np.float32), 2 * pixel)
    near = np.exp(-(((away - 6 * pixel) / (12 * pixel)) ** 2)) * ~face
    smooth = blur(depth, 2 * pixel) * (1 - near) + blur(depth, 7 * pixel) * near
    return np.where(inside > 0.98, depth, smooth).astype(np.float32)


def _body(sight: Sight, head: Floats, middle: float) -> Floats:
    """Return the depth of the body: the mesh's neck, and the plane of the skull's middle away from it."""
    width, pixel = sight.width, sight.pixel
    neck = (sight.neck > 0.5) & (sight.mesh_face >= 0) & (sight.below < 0.35)
    neck &= shrink(neck, 3 * pixel) > 0
    if neck.sum() > 50:
        surface = fill(sight.mesh_depth[..., None], neck.astype(np.float32))[..., 0]
        near = np.exp(-((distance_to(neck) / (0.35 * width)) ** 2))
    else:
        surface, near = np.full_like(head, middle), np.zeros_like(head)
    surface = np.clip(surface, middle - 0.5 * width, middle + 0.3 * width)
    depth = mix(np.minimum(head, middle + 0.2 * width)[..., None], surface[..., None], near)[..., 0]
    depth = np.where(sight.oval > 0.5, np.minimum(depth, head), depth)
    return blur(depth, 3 * pixel)
