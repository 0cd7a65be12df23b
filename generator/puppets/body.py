"""The puppet's geometry: head, hair, ears, glasses, neck and clothes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from generator.face.face_params import FaceParams, Floats, vector
from generator.face.head_mesh import HEAD, head_grid, head_mesh
from generator.face.head_model import features, project, rest_surface, rotation, surface
from generator.face.raster import Mesh, join

from .look import Puppet
from .shapes import cone, ellipsoid, from_grid, tube

EAR, HAIR, NECK, CLOTH, GLASSES, HORN, CAP = 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0
"""Part labels beside `HEAD` = 1."""


def _on_head(puppet: Puppet, u: float, t: float, lift: float = 1.0) -> Floats:
    point = rest_surface(np.array([u], np.float32), np.array([t], np.float32), puppet.shape)[0]
    return (point * lift).astype(np.float32)


def _shell(puppet: Puppet, part: float, hairline: float, fringe: float, volume: float) -> Mesh:
    """Return the scalp, lifted, open below a wavy hairline."""
    u, t, faces = head_grid(puppet.shape, 0.8)
    points = rest_surface(u, t, puppet.shape) * np.array([volume, volume * 0.99, volume]) + [0, 0.03, -0.03]
    phase = puppet.seed % 7
    line = hairline - fringe * np.abs(np.sin(puppet.waves * u + phase)) * (np.abs(u) < 1.1)
    line = line - 0.42 * np.clip((np.abs(u) - 1.05) / 0.40, 0, 1)
    count = len(u)
    return Mesh(
        points.astype(np.float32),
        faces,
        np.full(count, part, np.float32),
        np.stack([u, t], -1),
        (t - line).astype(np.float32),
    )


def _curtain(puppet: Puppet, length: float) -> Mesh:
    """Return hair that hangs at the sides and behind."""
    a = np.linspace(-np.pi, np.pi, 49)
    v = np.linspace(0, 1, 14)
    v, a = np.meshgrid(v, a, indexing="ij")
    wave = 1 + 0.03 * np.sin(puppet.waves * 3 * v + 4 * a)
    crown = rest_surface(a[0].astype(np.float32), np.full(49, 0.62, np.float32), puppet.shape)
    radius = np.hypot(crown[:, 0], crown[:, 2]) * puppet.hair_volume * wave * (1 - 0.16 * v)
    points = np.stack([radius * np.sin(a), 0.35 - (0.35 + length) * v, radius * np.cos(a) - 0.03], -1)
    cut = np.abs(a) - (1.22 - 0.22 * v)
    outer = from_grid(points, HAIR, cut=cut, uv=np.stack([a, 0.6 - 0.5 * v], -1))
    return join(
        [
            outer,
            Mesh(outer.points * vector(0.98, 1, 0.98), outer.faces[:, ::-1].copy(), outer.part, outer.uv, outer.cut),
        ]
    )


def _hair(puppet: Puppet) -> list[Mesh]:
    kind, rng = puppet.hair_kind, np.random.default_rng(puppet.seed)
    if kind == "bald":
        return []
    if kind == "cap":
        shell = _shell(puppet, CAP, 0.74, 0.0, 1.09)
        brim_u, brim_v = np.meshgrid(np.linspace(-0.9, 0.9, 15), np.linspace(0, 1, 4), indexing="xy")
        at = (
            rest_surface(brim_u.ravel().astype(np.float32), np.full(brim_u.size, 0.74, np.float32), puppet.shape) * 1.09
        )
        out = (
            at
            + np.stack([0.10 * np.sin(brim_u.ravel()), -0.03 + 0 * brim_u.ravel(), np.cos(brim_u.ravel())], -1)
            * (0.42 * brim_v.ravel())[:, None]
        )
        brim = from_grid(out.reshape(4, 15, 3), CAP)
        under = Mesh(brim.points - vector(0, 0.03, 0), brim.faces[:, ::-1].copy(), brim.part, brim.uv, brim.cut)
        return [shell, brim, under, _shell(puppet, HAIR, 0.60, 0.02, 1.04)]
    shell = _shell(puppet, HAIR, puppet.hairline, puppet.fringe, puppet.hair_volume)
    if kind == "crop":
        return [_shell(puppet, HAIR, puppet.hairline, puppet.fringe * 0.5, 1.05)]
    if kind in ("bob", "long"):
        return [shell, _curtain(puppet, 0.55 if kind == "bob" else 1.45)]
    if kind == "bun":
        return [shell, ellipsoid(_on_head(puppet, np.pi, 0.93, 1.18), vector(0.34, 0.32, 0.34), HAIR)]
    if kind == "afro":
        blobs = []
        for _ in range(46):
            u, t = rng.uniform(-np.pi, np.pi), rng.uniform(0.66, 0.99)
            t = max(t, 0.78) if abs(u) < 1.0 else t
            blobs.append(
                ellipsoid(_on_head(puppet, u, t, 1.08), np.full(3, rng.uniform(0.18, 0.28), np.float32), HAIR, detail=7)
            )
        return [_shell(puppet, HAIR, puppet.hairline, 0.0, 1.08), *blobs]
    if kind == "spikes":
        spikes = []
        for _ in range(34):
            u, t = rng.uniform(-np.pi, np.pi), rng.uniform(0.74, 0.99)
            t = max(t, 0.82) if abs(u) < 1.0 else t
            base = _on_head(puppet, u, t, 0.98)
            spikes.append(cone(base, _on_head(puppet, u, t, 1.0) * rng.uniform(1.25, 1.45), 0.19, HAIR))
        return [_shell(puppet, HAIR, puppet.hairline + 0.02, puppet.fringe, 1.04), *spikes]
    fins = [
        cone(_on_head(puppet, u, t, 0.96), _on_head(puppet, u, t, 1.0) * 1.42, 0.17, HAIR)
        for u, t in [(0.0, 0.82), (0.0, 0.88), (0.0, 0.94), (0.0, 0.99), (np.pi, 0.95), (np.pi, 0.88), (np.pi, 0.78)]
    ]
    return fins


def _ears(puppet: Puppet) -> list[Mesh]:
    meshes = []
    for side in (-1.0, 1.0):
        at = _on_head(puppet, side * 1.62, 0.47)
        top = _on_head(puppet, side * 1.05, 0.88)
        if puppet.ears == "human":
            meshes.append(ellipsoid(at + vector(0.03 * side, 0, -0.05), vector(0.09, 0.19, 0.11), EAR, 8))
        elif puppet.ears == "pointed":
            meshes.append(cone(at, at + vector(0.30 * side, 0.28, -0.12), 0.13, EAR))
        elif puppet.ears == "cat":
            meshes.append(cone(top * 0.93, top + vector(0.16 * side, 0.48, 0.0), 0.26, EAR))
        elif puppet.ears == "bear":
            meshes.append(ellipsoid(top * 1.10, vector(0.25, 0.25, 0.12), EAR, 9))
        elif puppet.ears == "bunny":
            meshes.append(ellipsoid(top + vector(0.04 * side, 0.48, -0.05), vector(0.14, 0.58, 0.09), EAR, 10))
        elif puppet.ears == "horns":
            meshes.append(cone(top * 0.95, top + vector(0.22 * side, 0.34, 0.02), 0.12, HORN))
    return meshes


def _glasses(puppet: Puppet) -> list[Mesh]:
    if puppet.glasses is None:
        return []
    f = features(puppet.shape)
    angle = np.linspace(0, 2 * np.pi, 25)
    lens = {}
    for side in (-1.0, 1.0):
        centre = _on_head(puppet, side * f.eye_u, f.eye_t, 1.0) + vector(0, 0, 0.16)
        r = 0.23 + 0.5 * f.eye_ry
        lens[side] = (centre, r)
    meshes = []
    for side, (centre, r) in lens.items():
        ring = centre + np.stack([r * np.cos(angle), 0.9 * r * np.sin(angle), -0.10 * np.abs(np.cos(angle))], -1)
        meshes.append(tube(ring, 0.024, GLASSES))
        hinge = centre + vector(side * r, 0, -0.1)
        ear = _on_head(puppet, side * 1.62, 0.50)
        meshes.append(tube(np.linspace(hinge, ear, 4), 0.02, GLASSES))
    left, right = lens[-1.0], lens[1.0]
    bridge = np.linspace(left[0] + vector(left[1], 0, -0.08), right[0] - vector(right[1], 0, 0.08), 5)
    bridge[1:4, 1] += 0.03
    meshes.append(tube(bridge, 0.022, GLASSES))
    return meshes


def _trunk(puppet: Puppet, params: FaceParams) -> list[Mesh]:
    """Return neck and shoulders in head units around the camera's centre; they follow the head half way."""
    rest = puppet.neutral().camera
    shift = np.array(
        [
            (rest[1] - params.camera[1]) / params.camera[0] * 0.6,
            -(rest[2] - params.camera[2]) / params.camera[0] * 0.6,
            0,
        ],
        np.float32,
    )
    neck = ellipsoid(vector(0, -1.15, -0.25) + shift, vector(0.40, 0.85, 0.38), NECK, 12)
    chest = ellipsoid(vector(0, -2.55, -0.35) + shift, vector(1.55, 1.05, 0.70), CLOTH, 14)
    collar = ellipsoid(vector(0, -1.62, -0.28) + shift, vector(0.56, 0.16, 0.52), CLOTH, 10)
    return [neck, chest, collar]


@lru_cache(maxsize=8)
def _attached(puppet: Puppet) -> tuple[Mesh, ...]:
    """Return what turns with the head and does not change its form."""
    return (*_hair(puppet), *_ears(puppet), *_glasses(puppet))


def build(puppet: Puppet, params: FaceParams) -> tuple[Mesh, Floats]:
    """Return the whole puppet as one mesh, and its points (V, 3) in picture sides (x, y down, z to the viewer).

    Head, hair, ears and glasses turn with the head; neck and clothes stay upright.
    """
    detail = 0.45 if puppet.style == "lowpoly" else 1.0
    moving = [head_mesh(puppet.shape, params.expression, detail), *_attached(puppet)]
    still = _trunk(puppet, params)
    mesh = join([*moving, *still])
    turned = sum(len(part.points) for part in moving)
    points = np.concatenate([mesh.points[:turned] @ rotation(params.pose).T, mesh.points[turned:]])
    flat = project(points, np.zeros(3, np.float32), params.camera)
    return mesh, np.concatenate([flat, points[:, 2:]], 1).astype(np.float32)


def mouth_gap(puppet: Puppet, params: FaceParams) -> float:
    """Return the height of the open mouth in its middle, in head units."""
    f = features(puppet.shape)
    t = np.array([f.mouth_t - 0.004, f.mouth_t + 0.004], np.float32)
    low, high = surface(np.zeros(2, np.float32), t, puppet.shape, params.expression)
    return float(np.linalg.norm(high - low))


__all__ = ["CAP", "CLOTH", "EAR", "GLASSES", "HAIR", "HEAD", "HORN", "NECK", "build", "mouth_gap"]
