"""Join all parts of an avatar in one list of triangles with attributes, posed for one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from generator.face.face_params import FaceParams, Floats
from generator.face.pose import rotation
from generator.face.raster import Flags, Ints, vertex_normals

from .accessories import Props
from .colours import smooth, unit
from .hair import Beard, Ribbons, beard_ribbons
from .head import AvatarHead, NeutralHead
from .materials import BEARD, CLOTHES, HAIR, LASHES, LEFT_EYE, RIGHT_EYE, SKIN, TEETH, TONGUE, TWO_SIDED
from .posing import pose_points, turn_vectors

_DROP = 3.0
"""How far clothes are drawn on below the asset's shoulders."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One posed frame.

    Attributes:
        points: (V, 3) in head space.
        faces: (F, 3).
        kinds: (F,) material of each triangle.
        attributes: (V, 14), see `generator.avatars.surface`.
        two_sided: (F,) True for triangles that are drawn from both sides.
        turn: (3, 3) rotation of the head.
        coarse: (N, 3) vertices of the head before subdivision and before it was posed.
    """

    points: Floats
    faces: Ints
    kinds: Ints
    attributes: Floats
    two_sided: Flags
    turn: Floats
    coarse: Floats


@dataclass(frozen=True, slots=True)
class Body:
    """What of an avatar stays the same in all frames.

    Attributes:
        neutral: The head without expression.
        hair: Hair at rest, or None.
        hair_weight: (P,) how far points of the hair turn with the head.
        beard: Beard, or None.
        props: Accessories and collars at rest.
        lashes: Length in [0, 1].
        cloth: (S,) how far each vertex of the skin is moved outwards by clothes.
        rim: (B, 2) edges of the mesh's lower border, from which clothes are drawn on downwards.
        soft_normals: Whether drawings' smooth normals are wanted.
        faceted: Whether triangles are flat, as in low-poly pictures.
        faces: (F, 3) triangles of the skin; fewer than the head's own where they are faceted.
    """

    neutral: NeutralHead
    hair: Ribbons | None
    hair_weight: Floats
    beard: Beard | None
    props: tuple[Props, ...]
    lashes: float
    cloth: Floats
    rim: Ints
    soft_normals: bool
    faceted: bool
    faces: Ints


@dataclass(slots=True)
class _Builder:
    points: list[Floats] = field(default_factory=list)
    faces: list[Ints] = field(default_factory=list)
    kinds: list[Ints] = field(default_factory=list)
    attributes: list[Floats] = field(default_factory=list)
    count: int = 0

    def add(
        self, points: Floats, faces: Ints, kind: int, normals: Floats, canonical: Floats, tangents: Floats,
        first: Floats | float = 0.0, second: Floats | float = 0.0,
    ) -> None:  # fmt: skip
        size = len(points)
        attributes = np.empty((size, 14), np.float32)
        attributes[:, 0:3], attributes[:, 3:6], attributes[:, 6:9] = normals, canonical, tangents
        attributes[:, 9], attributes[:, 10], attributes[:, 11:14] = first, second, points
        self.points.append(points)
        self.faces.append(faces + self.count)
        self.kinds.append(np.full(len(faces), kind, np.int32))
        self.attributes.append(attributes)
        self.count += size


def border(faces: Ints) -> Ints:
    """Return the edges (B, 2) that belong to one triangle only, in the triangle's direction."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    ends = np.sort(edges, 1).astype(np.int64)
    key = ends[:, 0] * (int(faces.max()) + 1) + ends[:, 1]
    _, first, uses = np.unique(key, return_index=True, return_counts=True)
    return edges[first[uses == 1]]


def _skin(builder: _Builder, head: AvatarHead, body: Body, placed: Floats, canonical: Floats) -> tuple[Floats, Floats]:
    """Add skin and clothes; returns the posed skin without clothes and its normals."""
    faces = head.skin.triangles
    normals = vertex_normals(placed, faces)
    clothed = placed + normals * body.cloth[:, None]
    softened = normals
    if body.soft_normals:
        near = placed - np.array([0, -0.1, -0.1], np.float32)
        softened = unit(0.45 * unit(near * np.array([1, 0.8, 1], np.float32)) + 0.55 * normals)
    builder.add(clothed, body.faces, SKIN, normals, canonical, softened, head.masks["lips"], head.masks["inside_mouth"])
    rim = body.rim
    ring, local = np.unique(rim, return_inverse=True)
    local = local.reshape(-1, 2)
    upper, count = clothed[ring], len(ring)
    lower = upper * np.array([1.10, 1, 1.05], np.float32) - np.array([0, _DROP, 0], np.float32)
    first, second = local[:, 0], local[:, 1]
    quads = np.concatenate([
        np.stack([second, first, first + count], 1), np.stack([second, first + count, second + count], 1)
    ]).astype(np.int32)  # fmt: skip
    below = canonical[ring] - np.array([0, _DROP, 0], np.float32)
    points = np.concatenate([upper, lower])
    outwards = np.concatenate([normals[ring]] * 2)
    outwards[count:, 1] = 0
    builder.add(points, quads, SKIN, unit(outwards), np.concatenate([canonical[ring], below]), unit(outwards))
    return placed, normals


def _teeth(builder: _Builder, head: AvatarHead, placed: Floats, canonical: Floats) -> None:
    for name in ("upper_teeth", "lower_teeth"):
        part, arch = head.parts[name], head.arches[name]
        normals = vertex_normals(placed[part], arch.triangles)
        rest = canonical[part]
        builder.add(placed[part], arch.triangles, TEETH, normals, rest, rest, arch.gum)
    part = head.parts["tongue"]
    normals = vertex_normals(placed[part], head.tongue.triangles)
    builder.add(placed[part], head.tongue.triangles, TONGUE, normals, canonical[part], canonical[part])


def _facets(points: Floats, faces: Ints, toward: Floats | None = None) -> tuple[Floats, Ints, Floats]:
    """Return triangles that share no corner, with one normal each."""
    corners = points[faces]
    normals = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    if toward is not None:
        normals = normals * np.where((normals * toward).sum(1, keepdims=True) < 0, -1, 1)
    return (
        corners.reshape(-1, 3), np.arange(3 * len(faces), dtype=np.int32).reshape(-1, 3), np.repeat(normals, 3, 0)
    )  # fmt: skip


def build_scene(head: AvatarHead, body: Body, params: FaceParams) -> Scene:
    """Pose an avatar.

    Args:
        head: The head model.
        body: What of the avatar stays the same.
        params: Expression, pose and gaze; shape and camera are not looked at.
    """
    coarse = head.expressed(body.neutral, params.expression, params.gaze)
    mesh = head.assemble(body.neutral, coarse, params.gaze)
    placed = pose_points(mesh, params.pose, head.head_weight)
    turn, canonical, builder = rotation(np.asarray(params.pose)).astype(np.float32), head.canonical, _Builder()
    skin = head.parts["skin"]
    bare, normals = _skin(builder, head, body, placed[skin], canonical[skin])
    for name, kind in (("left_eye", LEFT_EYE), ("right_eye", RIGHT_EYE)):
        part, eye = head.parts[name], body.neutral.eyes[kind - LEFT_EYE]
        offset = mesh[part] - eye.centre
        outwards = unit(offset / eye.radius**2)
        bulge = smooth(0.55, 0.0, np.arccos(np.clip(head.eye_directions[:, 2], -1, 1)))[:, None]
        gaze = offset[0] / np.linalg.norm(offset[0])
        outwards = unit(outwards + 0.5 * bulge * (unit(offset) - gaze))
        builder.add(
            placed[part], head.faces[head.face_parts[name]] - part.start, kind, turn_vectors(outwards, turn),
            head.eye_directions, unit(offset / eye.radius),
        )  # fmt: skip
    _teeth(builder, head, placed, canonical)
    if body.lashes > 0:
        lashes = head.lash_triangles(coarse, body.lashes)[head.lashes.upper | (body.lashes > 0.6)].reshape(-1, 3)
        lashes = pose_points(lashes, params.pose)
        index = np.arange(len(lashes), dtype=np.int32).reshape(-1, 3)
        builder.add(lashes, index, LASHES, np.broadcast_to(turn[:, 2], lashes.shape), lashes * 0, lashes * 0)
    if body.hair is not None:
        _add_hair(builder, body, params, turn)
    if body.beard is not None:
        made = beard_ribbons(body.beard, bare, normals, turn)
        ends = np.stack([made.along, made.along, made.tint], 1)
        builder.add(made.points, made.faces, BEARD, made.normals, ends, made.tangents, made.along, made.tint)
    for prop in body.props:
        points = pose_points(prop.points, params.pose, prop.weight)
        builder.add(
            points, prop.faces, prop.kind, vertex_normals(points, prop.faces), prop.canonical, points, prop.shade,
            prop.gloss,
        )  # fmt: skip
    scene = _joined(builder, turn, coarse)
    return _faceted(scene) if body.faceted else scene


def _add_hair(builder: _Builder, body: Body, params: FaceParams, turn: Floats) -> None:
    hair = body.hair
    if hair is None:
        return
    placed = pose_points(hair.points, params.pose, body.hair_weight)
    ends = np.stack([hair.along, hair.tint, hair.along], 1)
    builder.add(
        placed,
        hair.faces,
        HAIR,
        turn_vectors(hair.normals, turn),
        ends,
        turn_vectors(hair.tangents, turn),
        hair.along,
        hair.tint,
    )


def _joined(builder: _Builder, turn: Floats, coarse: Floats) -> Scene:
    kinds = np.concatenate(builder.kinds)
    return Scene(
        points=np.concatenate(builder.points).astype(np.float32),
        faces=np.concatenate(builder.faces).astype(np.int32),
        kinds=kinds,
        attributes=np.concatenate(builder.attributes),
        two_sided=np.isin(kinds, TWO_SIDED),
        turn=turn,
        coarse=coarse,
    )


def _faceted(scene: Scene) -> Scene:
    """Return the scene with corners and a normal of its own for every triangle of skin, clothes and hair."""
    flat = np.isin(scene.kinds, (SKIN, HAIR, CLOTHES))
    faces, start = scene.faces[flat], len(scene.points)
    whole = scene.attributes[faces].mean(1)[:, :3]
    points, index, normals = _facets(scene.points, faces, whole)
    attributes = scene.attributes[faces].reshape(-1, 14).copy()
    hair = np.repeat(scene.kinds[flat] == HAIR, 3)
    attributes[:, 0:3] = normals
    attributes[hair, 0:3] = unit(normals[hair] + 0.6 * np.repeat(unit(whole), 3, 0)[hair])
    for column in (9, 10):
        mean = np.repeat(attributes[:, column].reshape(-1, 3).mean(1), 3)
        attributes[hair, column] = mean[hair]
    new = scene.faces.copy()
    new[flat] = index + start
    return Scene(
        np.concatenate([scene.points, points]), new, scene.kinds, np.concatenate([scene.attributes, attributes]),
        scene.two_sided, scene.turn, scene.coarse,
    )  # fmt: skip
