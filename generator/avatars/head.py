"""Provide the avatar head: a surface that is a function of shape, ARKit expression, gaze and pose.

Head space is that of `FaceModel`: x to the picture's right (the person's left), y up, z to the viewer; the mean head
measures `HEIGHT` units from chin to crown. The middle between the eyeballs lies at `EYES` on every head.

The head is computed in four steps, each a method for callers that need its result:

1. `neutral`: shape coefficients to a person without expression (`NeutralHead`); once for a clip;
2. `expressed`: expression and gaze move the N vertices before subdivision;
3. `assemble`: the V vertices of the drawn mesh: subdivided skin, eyeballs, teeth and tongue (see `parts`);
4. `posed`: the head turns, and the shoulders follow a part of the way.

The drawn mesh has no lashes; `lash_triangles` gives them, because styles differ in their length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from generator.face.face_params import (
    ARKIT_CAMERA_DISTANCE,
    ARKIT_EXPRESSION,
    ARKIT_PHENOTYPE,
    LAYOUTS,
    Floats,
    ParameterLayout,
)
from generator.face.landmark_indices import MESH_INDEX
from generator.face.raster import Ints

from .asset import HeadAsset, head_asset, is_asymmetry
from .eyes import Eyeball, Lashes, build_lashes, eye_grid, fit_sphere, gaze_rotation, lids_follow_gaze
from .mouth import DentalArch, build_arch
from .phenotype import TargetStrengths
from .posing import pose_points
from .proportions import ProportionField, Proportions
from .subdivision import Subdivision, catmull_clark

HEIGHT = 2.15
"""Distance from chin to crown of every phenotype; controls of the head's size change it."""

EYES = np.array([0, 0, 0.62], np.float32)
"""The middle between the eyeballs in head space, on every head."""

CAMERA_DISTANCE = ARKIT_CAMERA_DISTANCE

PARTS = ("skin", "left_eye", "right_eye", "upper_teeth", "lower_teeth", "tongue")
"""Parts of the drawn mesh in the order of their vertices and triangles; left and right are the person's."""

_IRIS_ANGLE = 0.43
"""Polar angle of the iris's edge on the eyeball in radians: an iris of 11.7 mm on an eyeball of 28 mm."""

_CHIN, _NOSE, _LIPS = 152, 1, (13, 14)
_PHENOTYPES = len(ARKIT_PHENOTYPE)
_JAW_OPEN, _MOUTH_CLOSE = ARKIT_EXPRESSION.index("jawOpen"), ARKIT_EXPRESSION.index("mouthClose")


@dataclass(frozen=True, slots=True)
class NeutralHead:
    """One person without expression.

    Attributes:
        coarse: (N, 3) vertices before subdivision, in head space, without exaggerated proportions.
        eyes: The person's left and right eyeball, with the proportions.
        scale: Units of head space in a decimetre of the asset; expressions are scaled with it.
        field: Exaggerated proportions, which `AvatarHead.expressed` applies; None for those of people.
    """

    coarse: Floats
    eyes: tuple[Eyeball, Eyeball]
    scale: float
    field: ProportionField | None = None


@dataclass(frozen=True, slots=True)
class MeshBasis:
    """The 478 points of the face mesh and their first derivatives at a shape without expression, in head space.

    Attributes:
        points: (478, 3).
        shape: (120, 478, 3) derivative with respect to each shape coefficient.
        expression: (52, 478, 3) displacement of each expression coefficient at 1; it is exact for every expression in
            which `mouthClose` does not exceed `jawOpen`.
    """

    points: Floats
    shape: Floats
    expression: Floats


class AvatarHead:
    """Compute the head of the layout "arkit" from the committed asset."""

    layout: ParameterLayout = LAYOUTS["arkit"]

    def __init__(self, asset: HeadAsset | None = None) -> None:
        """Prepare subdivision, eyeballs and teeth.

        Args:
            asset: The asset; None for the committed one.

        Raises:
            FaceModelError: The committed asset is missing or damaged.
        """
        self.asset = head_asset() if asset is None else asset
        self.skin: Subdivision = catmull_clark(self.asset.body, self.asset.quads)
        tongue = self.asset.parts["tongue"]
        self.tongue: Subdivision = catmull_clark(tongue.stop - tongue.start, self.asset.part_quads["tongue"])
        self.eye_directions, self._eye_triangles = eye_grid()
        self.arches: Mapping[str, DentalArch] = {
            name: build_arch(self._part(self.asset.base, name), name == "upper_teeth")
            for name in ("upper_teeth", "lower_teeth")
        }
        self.lashes: Lashes = build_lashes(self._part(self.asset.base, "lashes"), self.asset.part_quads["lashes"])
        self._strengths = TargetStrengths.of(self.asset)
        self._targets = self.asset.shape.reshape(len(self.asset.shape), -1)
        self._expressions = self.asset.expression.reshape(len(self.asset.expression), -1)

    def _part(self, coarse: Floats, name: str) -> Floats:
        return coarse[self.asset.parts[name]]

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Return the names of the 120 shape coefficients."""
        return (*ARKIT_PHENOTYPE, *self.asset.controls)

    @property
    def asymmetry_names(self) -> tuple[str, ...]:
        """Return the names of the 70 targets that move one side only, or a feature sideways."""
        return tuple(name for name in self.asset.shape_names if is_asymmetry(name))

    @cached_property
    def parts(self) -> Mapping[str, slice]:
        """Return the range of vertices of each part of `PARTS`."""
        eye, arch = len(self.eye_directions), {name: len(arch.rest) for name, arch in self.arches.items()}
        sizes = (
            self.skin.matrix.shape[0], eye, eye, arch["upper_teeth"], arch["lower_teeth"], self.tongue.matrix.shape[0],
        )  # fmt: skip
        return _ranges(sizes)

    @cached_property
    def _part_faces(self) -> tuple[Ints, ...]:
        return (
            self.skin.triangles, self._eye_triangles, self._eye_triangles, self.arches["upper_teeth"].triangles,
            self.arches["lower_teeth"].triangles, self.tongue.triangles,
        )  # fmt: skip

    @cached_property
    def face_parts(self) -> Mapping[str, slice]:
        """Return the range of triangles of each part of `PARTS`."""
        return _ranges(tuple(len(faces) for faces in self._part_faces))

    @cached_property
    def faces(self) -> Ints:
        """Return the triangles (F, 3), counter-clockwise seen from outside."""
        starts = [self.parts[name].start for name in PARTS]
        moved = [faces + start for faces, start in zip(self._part_faces, starts, strict=True)]
        return np.concatenate(moved).astype(np.int32)

    @cached_property
    def canonical(self) -> Floats:
        """Return where every vertex lies on the reference head, (V, 3); the same for every person and expression.

        Coordinates are decimetres with the origin between the eyes. Eyeballs hold directions on the unit sphere
        instead, so that a point of the iris keeps its coordinates when the eye turns.
        """
        base = self.asset.base
        return np.concatenate([
            self.skin.apply(base[: self.asset.body]), self.eye_directions, self.eye_directions,
            self.arches["upper_teeth"].rest, self.arches["lower_teeth"].rest,
            self.tongue.apply(self._part(base, "tongue")),
        ])  # fmt: skip

    @cached_property
    def masks(self) -> Mapping[str, Floats]:
        """Return soft masks in [0, 1] of the skin's vertices by name.

        The names are those of the asset ("face", "lips", "eyelids", "ears", "inside_mouth") and "head": 1 where the
        skin turns with the head, 0 at the shoulders.
        """
        found = {
            name: np.clip(self.skin.apply(values[:, None])[:, 0], 0, 1) for name, values in self.asset.masks.items()
        }
        return found | {"head": _turns_with_head(self.skin.apply(self.asset.base[: self.asset.body]))}

    @cached_property
    def head_weight(self) -> Floats:
        """Return how far each vertex of the drawn mesh turns with the head, (V,) in [0, 1]."""
        out = np.ones(self.parts[PARTS[-1]].stop, np.float32)
        out[self.parts["skin"]] = self.masks["head"]
        return out

    @cached_property
    def _crown(self) -> int:
        return int(self.canonical[self.parts["skin"]][:, 1].argmax())

    def neutral(
        self, shape: Floats, asymmetry: Floats | None = None, proportions: Proportions | None = None
    ) -> NeutralHead:
        """Build a person without expression.

        Args:
            shape: (120,) coefficients, named by `shape_names`.
            asymmetry: (70,) strengths >= 0 of the targets of `asymmetry_names`; None for a symmetric head.
            proportions: Exaggerations of toon styles; None for a head as it is.
        """
        strengths = self._strengths.phenotype(shape[:_PHENOTYPES])
        scale = self._scale(strengths)
        strengths = strengths + self._strengths.controls(np.asarray(shape[_PHENOTYPES:]))
        if asymmetry is not None:
            strengths[[is_asymmetry(name) for name in self.asset.shape_names]] += asymmetry
        coarse = self.asset.base + (strengths.astype(np.float32) @ self._targets).reshape(-1, 3)
        coarse = (coarse * np.float32(scale) + EYES).astype(np.float32)
        eyes = fit_sphere(self._part(coarse, "left_eye")), fit_sphere(self._part(coarse, "right_eye"))
        if proportions is None:
            return NeutralHead(coarse, eyes, scale)
        points = self._landmark_rows @ coarse[: self.asset.body]
        field = ProportionField.on(proportions, coarse, eyes, (points[_LIPS[0]] + points[_LIPS[1]]) / 2, points[_NOSE])
        return NeutralHead(coarse, (field.eyeball(eyes[0], 1), field.eyeball(eyes[1], -1)), scale, field)

    def _scale(self, phenotype: Floats) -> float:
        """Return the units in a decimetre that give a phenotype without controls its height."""
        chosen = np.flatnonzero(phenotype)
        rows = self.skin.matrix[[self._crown, int(self.asset.landmarks[_CHIN])]]
        heights = (
            self.asset.base[: self.asset.body, 1] + phenotype[chosen] @ self.asset.shape[chosen, : self.asset.body, 1]
        )
        crown, chin = rows @ heights
        return HEIGHT / float(crown - chin)

    def expressed(self, head: NeutralHead, expression: Floats, gaze: Floats | None = None) -> Floats:
        """Move the vertices before subdivision, (N, 3); the lids follow the gaze.

        `mouthClose` draws the lips together over an open jaw, so it counts up to the value of `jawOpen` only.

        Args:
            head: The person.
            expression: (52,) ARKit coefficients.
            gaze: (2,) in [-1, 1]; None for straight ahead.
        """
        values = np.array(expression if gaze is None else lids_follow_gaze(expression, gaze), np.float32)
        values[_MOUTH_CLOSE] = min(values[_MOUTH_CLOSE], max(values[_JAW_OPEN], 0))
        used = np.flatnonzero(values)
        moved = (values[used] @ self._expressions[used]).reshape(-1, 3)
        moved = head.coarse + moved * np.float32(head.scale)
        return moved if head.field is None else head.field.apply(moved)

    def assemble(self, head: NeutralHead, coarse: Floats, gaze: Floats | None = None) -> Floats:
        """Return the vertices (V, 3) of the drawn mesh for moved vertices (N, 3) of a person."""
        turned = self.eye_directions if gaze is None else self.eye_directions @ gaze_rotation(gaze).T
        return np.concatenate([
            self.skin.apply(coarse[: self.asset.body]),
            *(eye.centre + turned * eye.radius for eye in head.eyes),
            *(self.arches[name].binding @ self._part(coarse, name) for name in ("upper_teeth", "lower_teeth")),
            self.tongue.apply(self._part(coarse, "tongue")),
        ]).astype(np.float32)  # fmt: skip

    def lash_triangles(self, coarse: Floats, length: float) -> Floats:
        """Return the lashes (K, 3, 3) on moved vertices (N, 3); `length` is in [0, 1]."""
        return self.lashes.points(self._part(coarse, "lashes"), length)

    def vertices(self, shape: Floats, expression: Floats, gaze: Floats | None = None) -> Floats:
        """Return the drawn mesh (V, 3) in head space."""
        head = self.neutral(shape)
        return self.assemble(head, self.expressed(head, expression, gaze), gaze)

    def posed(self, points: Floats, pose: Floats, weight: Floats | float = 1.0) -> Floats:
        """Turn points (P, 3) of head space about its origin as `pose` says; the neck bends.

        Args:
            points: In head space, such as the drawn mesh.
            pose: (3,) yaw, pitch, roll in radians.
            weight: (P,) how far each point turns with the head, such as `head_weight`; 1 for the head itself.

        Returns:
            (P, 3); the shoulders keep most of their direction, and move so that the neck's joint stays whole.
        """
        return pose_points(points, pose, weight)

    def project(self, points: Floats, camera: Floats) -> Floats:
        """Return picture coordinates and depth (P, 3) of posed points: x, y in picture sides, larger z is nearer.

        The camera looks from `CAMERA_DISTANCE`: x = tx + scale X D / (D - Z). The depth is D Z / (D - Z), which is
        linear in the picture on every plane; it equals Z near the origin.
        """
        return project_perspective(points, camera)

    def mesh_points(self, shape: Floats, expression: Floats, gaze: Floats | None = None) -> Floats:
        """Return the 478 points of the face mesh with irises, (478, 3) in head space.

        The order is that of MediaPipe's face mesh: 468 points of the skin, then the centre and four edge points of
        the iris on the picture's left (468-472) and of the one on its right (473-477).
        """
        head = self.neutral(shape)
        return self.mesh_points_of(head, self.expressed(head, expression, gaze), gaze)

    def mesh_points_of(self, head: NeutralHead, coarse: Floats, gaze: Floats | None = None) -> Floats:
        """Return the 478 points for moved vertices (N, 3) of a person."""
        skin = self._landmark_rows @ coarse[: self.asset.body]
        directions = _iris_directions()
        if gaze is not None:
            directions = directions @ gaze_rotation(gaze).T
        irises = [eye.centre + directions * eye.radius for eye in (head.eyes[1], head.eyes[0])]
        return np.concatenate([skin, *irises]).astype(np.float32)

    @cached_property
    def _landmark_rows(self) -> Floats:
        """Return the subdivision at the 468 points, (468, body)."""
        return self.skin.matrix[self.asset.landmarks]

    def landmarks(self, shape: Floats, expression: Floats) -> Floats:
        """Return the 68 iBUG landmarks (68, 3) in head space."""
        return self.mesh_points(shape, expression)[MESH_INDEX]

    @cached_property
    def _landmark_targets(self) -> tuple[Floats, Floats, Floats]:
        """Return places (478, 3), shape (D, 478, 3) and expression (52, 478, 3) displacements, in decimetres.

        Points of an iris stand for the middle of their eyeball, which moves as they do.
        """

        def at_points(displacements: Floats) -> Floats:
            skin = np.stack([self._landmark_rows @ one[: self.asset.body] for one in displacements])
            eyes = [displacements[:, self.asset.parts[name]].mean(1) for name in ("right_eye", "left_eye")]
            return np.concatenate([skin, *(np.repeat(eye[:, None], 5, 1) for eye in eyes)], 1).astype(np.float32)

        return at_points(self.asset.base[None])[0], at_points(self.asset.shape), at_points(self.asset.expression)

    def mesh_basis(self, shape: Floats) -> MeshBasis:
        """Linearise the 478 points at a shape, for fits by least squares.

        Phenotypes are not linear, and controls bend at 0, so a fit that moves far linearises again.

        Args:
            shape: (120,) where to linearise.
        """
        at_rest, at_shape, at_expression = self._landmark_targets
        step, flat = 0.02, at_shape.reshape(len(at_shape), -1)
        controls = self._strengths.controls(np.asarray(shape[_PHENOTYPES:]))

        def near(values: Floats) -> tuple[Floats, float]:
            strengths = self._strengths.phenotype(values)
            scale = self._scale(strengths)
            return (at_rest + ((strengths + controls) @ flat).reshape(at_rest.shape)) * scale, scale

        here, scale = near(shape[:_PHENOTYPES])
        moved = np.asarray(shape[:_PHENOTYPES]) + step * np.eye(_PHENOTYPES)
        slopes = [(near(values)[0] - here) / step for values in moved]
        linear = self._strengths.control_slopes(np.asarray(shape[_PHENOTYPES:])) @ flat * scale
        return MeshBasis(
            self.mesh_points(shape, self.layout.neutral()),
            np.concatenate([np.stack(slopes), linear.reshape(-1, *at_rest.shape)]).astype(np.float32),
            at_expression * np.float32(scale),
        )


def _ranges(sizes: tuple[int, ...]) -> dict[str, slice]:
    ends = np.cumsum(sizes)
    return {name: slice(int(end - size), int(end)) for name, size, end in zip(PARTS, sizes, ends, strict=True)}


def _smooth(low: float, high: float, values: Floats) -> Floats:
    share = np.clip((values - low) / (high - low), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def _turns_with_head(canonical: Floats) -> Floats:
    """Return 1 above the neck and 0 at its foot, for points of the reference head."""
    return _smooth(-1.5, -0.9, canonical[:, 1])


def _iris_directions() -> Floats:
    """Return pupil and edge of an iris on the unit sphere, (5, 3): centre, picture's right, top, left, bottom."""
    across, ahead = np.sin(_IRIS_ANGLE), np.cos(_IRIS_ANGLE)
    return np.array(
        [[0, 0, 1], [across, 0, ahead], [0, across, ahead], [-across, 0, ahead], [0, -across, ahead]], np.float32
    )


def project_perspective(points: Floats, camera: Floats) -> Floats:
    """Return picture coordinates and depth (P, 3) of posed points, as `AvatarHead.project` says."""
    nearer = CAMERA_DISTANCE / (CAMERA_DISTANCE - points[:, 2])
    scale, across, down = (float(value) for value in camera)
    return np.stack(
        [across + scale * points[:, 0] * nearer, down - scale * points[:, 1] * nearer, points[:, 2] * nearer], 1
    ).astype(np.float32)


@cache
def avatar_head() -> AvatarHead:
    """Return the avatar head, which is built once in a process."""
    return AvatarHead()
