"""Draw what is seen between the lips: teeth, gums and tongue in the source's light, or the source's own mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import vertex_normals

from .canvas import Canvas, Hole, Pose
from .face_texture import open_mouth
from .filling import blur, grow, mix, polygon, sample
from .kernels import draw_mesh
from .landmarks import (
    CHIN_SKIN,
    INNER_LOWER,
    INNER_UPPER,
    LIP_MIDDLES,
    OUTER_LOWER,
    OUTER_UPPER,
    eye_distance,
    lip_outline,
)
from .outlines import between
from .rig import Rig
from .sight import Sight
from .teeth import GUM, TOOTH, Teeth

_LIP_LINES = list(INNER_UPPER + INNER_LOWER)


@dataclass(frozen=True, slots=True, eq=False)
class MouthColours:
    """Colours (3,) in 0 to 255 of teeth, gums, tongue, and of the dark behind them."""

    tooth: Floats
    gum: Floats
    tongue: Floats
    dark: Floats


def mouth_colours(sight: Sight) -> MouthColours:
    """Return the colours of a mouth in the source's light and style."""
    points, image, shape = sight.points, sight.image, (sight.size, sight.size)
    opening = polygon(lip_outline(points), shape)
    lips = polygon(points[list(OUTER_UPPER + OUTER_LOWER[::-1])], shape)
    lip_pixels = (lips > 0.5) & (opening < 0.2)
    lip = np.median(image[lip_pixels], 0) if lip_pixels.any() else np.array([150, 90, 85.0])
    skin = np.median(image[sight.oval > 0.9], 0)
    light, warmth = float(np.clip(skin.mean() / 165, 0.45, 1.15)), skin / max(skin.mean(), 1)
    tooth = np.clip(np.array([226, 220, 208]) * light * 0.97 * (0.35 + 0.65 * warmth), 0, 245)
    coloured = lip.std() / max(lip.mean(), 1) > 0.06
    tongue = lip * 0.55 + (np.array([150, 78, 78]) * light * 0.45 if coloured else lip * 0.35)
    inside = opening > 0.5
    if _gap(points) > 0.05 * sight.eyes and inside.sum() > 30:
        shown = image[inside]
        level = shown.mean(1)
        bright = shown[level >= np.percentile(level, 85)].mean(0)
        if bright.mean() > 0.75 * skin.mean():
            tooth = 0.7 * bright + 0.3 * tooth
    return MouthColours(tooth, lip * 0.8 + tongue * 0.1, tongue, lip * 0.16)


def _gap(points: Floats) -> float:
    upper, lower = points[list(LIP_MIDDLES)]
    return float(np.linalg.norm(upper - lower))


class Mouth:
    """The mouth of one source.

    Args:
        rig: The head.
        sight: The head in the source picture.
    """

    def __init__(self, rig: Rig, sight: Sight) -> None:
        self._rig, self._sight = rig, sight
        self._teeth, self._colours = Teeth(), mouth_colours(sight)
        self._landmarks = rig.points(sight.coarse)
        self._eyes = eye_distance(self._landmarks)
        self._gap, self._screen_gap = _gap(self._landmarks), _gap(sight.points) / sight.eyes
        self._open = open_mouth(sight)
        self._upper, self._lower = self._offsets()
        self._still = {name: sight.coarse[rig.parts[name]].mean(0) for name in ("upper_teeth", "lower_teeth")}

    def _offsets(self) -> tuple[Floats, Floats]:
        """Return the shifts of upper and lower teeth that put them behind the lips.

        The upper incisors end 2 mm below the line of the closed lips; the edges of the lower ones lie 3 mm below it.
        """
        marks, unit = self._landmarks, self._rig.unit
        inside = self._teeth.of(self._sight.coarse)
        upper, lower = (inside.points[(inside.part == part) & (inside.material == TOOTH)] for part in (0, 1))
        line = marks[13, 1] - 0.35 * max(marks[13, 1] - marks[14, 1], 0)
        front = marks[[13, 14, 82, 312, 87, 317], 2].mean() - 0.06 * unit
        middle = marks[_LIP_LINES, 0].mean()
        up = [
            middle - upper[:, 0].mean(),
            line - 0.045 * unit - np.percentile(upper[:, 1], 4),
            front - upper[:, 2].max(),
        ]
        low = [
            middle - lower[:, 0].mean(),
            line - 0.03 * unit - np.percentile(lower[:, 1], 96),
            front - 0.03 * unit - lower[:, 2].max(),
        ]
        return np.array(up), np.array(low)

    def draw(self, canvas: Canvas, pose: Pose) -> None:
        """Draw the mouth's inside; the face is laid over it later, with a hole where the lips are apart."""
        upper, lower = pose.places[list(INNER_UPPER)], pose.places[list(INNER_LOWER)]
        apart = float(np.linalg.norm(upper[1:-1, :2] - lower[1:-1, :2], axis=1).max()) / eye_distance(
            pose.places[:, :2]
        )
        shown = 1.0 if self._screen_gap >= 0.02 else float(np.clip((apart - 0.012) / 0.025, 0, 1))
        window = canvas.window(pose.places[list(OUTER_UPPER + OUTER_LOWER), :2], 3 * self._sight.pixel)
        if shown <= 0 or window is None:
            return
        rows, columns = window
        corner = np.array([columns.start, rows.start], float)
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        opening = shown * polygon(between(upper[:, :2], lower[:, :2]) - corner, shape)
        change = np.linalg.norm(np.subtract(*(pose.landmarks - self._landmarks)[list(LIP_MIDDLES)]))
        same = float(np.exp(-((change / (0.05 * self._eyes)) ** 2)))
        canvas.holes.append(Hole(window, opening, float(pose.places[_LIP_LINES, 2].max()), same, "mouth"))
        own = 0.0
        if self._screen_gap > 0.03:
            own = float(1 - np.clip((_gap(pose.landmarks) / max(self._gap, 1e-6) - 1.2) / 0.7, 0, 1))
        picture = canvas.colours[rows, columns]
        if own < 1:
            drawn = self._inside(pose, corner, shape, upper[:, :2])
            picture[:] = mix(picture, drawn, grow(opening, 1))
        if own > 0:
            self._own_mouth(picture, corner, (upper[:, :2], lower[:, :2]), own)

    def _inside(self, pose: Pose, corner: Floats, shape: tuple[int, int], upper: Floats) -> Floats:
        """Return the colours (h, w, 3) of teeth, gums, tongue and the dark."""
        colours = self._colours
        inside = self._teeth.of(pose.coarse)
        points = inside.points + self._places(pose)[inside.part]
        screen = pose.view.project(points)
        screen[:, :2] -= corner
        facing = vertex_normals((points @ pose.view.rotation.T).astype(np.float32), inside.faces)[:, 2]
        values = np.stack([inside.material, inside.shade, facing, points[:, 2]], 1)
        drawn = draw_mesh(screen, inside.faces, values, shape, both_sides=True)
        shade = self._shade(pose, drawn.values, corner, upper)
        material = drawn.values[..., :1]
        paint = np.where(
            material < 0.5 * (TOOTH + GUM), colours.tooth, np.where(material < 1.5, colours.gum, colours.tongue)
        )
        cover = np.minimum(blur(drawn.mask.astype(np.float32), 0.7 * self._sight.pixel) * 1.2, 1) * drawn.mask
        picture = mix(np.broadcast_to(colours.dark, paint.shape), paint * shade[..., None], cover)
        return blur(picture, 0.6 * self._sight.pixel)

    def _shade(self, pose: Pose, values: Floats, corner: Floats, upper: Floats) -> Floats:
        """Return the light (h, w): less deep inside, and less under the upper lip."""
        front = pose.landmarks[_LIP_LINES, 2].mean()
        deep = np.clip(1 - (front - values[..., 3] - 0.08 * self._rig.unit) / (0.8 * self._rig.unit), 0.3, 1) ** 1.3
        height, width = deep.shape
        line = upper[np.argsort(upper[:, 0])]
        lip = np.interp(np.arange(width) + corner[0], line[:, 0], line[:, 1])
        under = (np.arange(height)[:, None] + corner[1] - lip) / (0.05 * eye_distance(pose.places[:, :2]))
        shade: Floats = (0.62 + 0.38 * np.abs(values[..., 2])) * values[..., 1] * deep
        return shade * np.clip(0.62 + 0.38 * under, 0.55, 1)

    def _places(self, pose: Pose) -> Floats:
        """Return the shifts (3, 3) of upper teeth, lower teeth and tongue: the lower ones and it go with the chin."""
        chin = (pose.landmarks - self._landmarks)[list(CHIN_SKIN)].mean(0)
        moved = {name: pose.coarse[self._rig.parts[name]].mean(0) - still for name, still in self._still.items()}
        low = self._lower - moved["lower_teeth"] + chin
        return np.stack([self._upper - moved["upper_teeth"], low, low]).astype(np.float32)

    def _own_mouth(self, picture: Floats, corner: Floats, lips: tuple[Floats, Floats], weight: float) -> None:
        """Draw the source's own open mouth, stretched between the lips, in place."""
        steps = np.linspace(-0.02, 1.02, 9)[:, None, None]
        place = (lips[0][None] * (1 - steps) + lips[1][None] * steps).reshape(-1, 2) - corner
        inner = np.clip(steps, 0.02, 0.98)
        own_upper, own_lower = self._sight.points[list(INNER_UPPER)], self._sight.points[list(INNER_LOWER)]
        source = (own_upper[None] * (1 - inner) + own_lower[None] * inner).reshape(-1, 2)
        columns = len(INNER_UPPER)
        i, j = (index.ravel() for index in np.meshgrid(np.arange(8), np.arange(columns - 1), indexing="ij"))
        a, b, c, d = i * columns + j, i * columns + j + 1, (i + 1) * columns + j + 1, (i + 1) * columns + j
        faces = np.concatenate([np.stack([a, d, b], 1), np.stack([b, d, c], 1)]).astype(np.int32)
        flat = np.concatenate([place, np.zeros((len(place), 1))], 1)
        drawn = draw_mesh(flat, faces, source, picture.shape[:2], both_sides=True)
        picture[:] = mix(picture, sample(self._sight.image, drawn.values), drawn.mask * np.float32(weight))
