"""Shut the eyes with lids in the colours of the source: skin slides over the eye, and the lashes go down with its edge.

The mesh shuts lids a little by stretching the skin above them. Farther down the stretched skin would be a smear, so
lids are drawn over it: the surroundings of the eye without the eye, and before it the line of the source's own
upper lashes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .canvas import Canvas, Pose
from .face_texture import grey
from .filling import blur, fill, grow, mix, sample, smooth_step
from .kernels import Drawn, draw_mesh
from .landmarks import CORNERS, LIDS, UPPER_LIDS
from .motion import FOLDED, Moved
from .outlines import arc
from .sight import Sight

_BESIDE, _ABOVE, _BELOW = 0.2, 0.28, 0.16
"""How far the square of an eye reaches beyond its lids, in widths of the eye."""
_LEAST_WIDTH = 48
"""Pixels between the corners of an eye in its square, at least."""
_HIDDEN = 0.07
"""How far lashes and shaded edges reach beyond the lids, in widths of the eye."""
_LASH, _UNDER = 0.20, 0.02
"""How far the line of the lashes is looked for above the lid's edge and below it, in widths of the eye."""
_LINE = 0.018
"""Thickness of the line of a shut eye without lashes, in widths of the eye."""
_SHOWN = (0.9, FOLDED)
"""Shares of the opening between which a drawn lid appears over that of the mesh."""
_CELLS, _REACH = (10, 8), 0.16
"""Cells of the grid that carries a lid, and reach in widths of the eye of the landmarks that move it."""


@dataclass(frozen=True, slots=True, eq=False)
class Shutter:
    """What shuts one eye, in a square of h rows and w columns whose x runs along the corners of the eye.

    Attributes:
        skin: (h, w, 3) the surroundings without the eye. hidden: (h, w) where the eye and its lashes were, 0 to 1.
        lash: (h, w, 4) line of the upper lashes in its place.
        upper, lower: (w,) rows of the lids. pairs: (7,) columns of the lids' points.
        width: Pixels between the corners.
        points: (N, 3) a grid over the square on the head, head space. places: (N, 2) the same in the square.
        faces: (F, 3) its cells. pull: (N, 468) weights of the landmarks that move each point.
    """

    skin: Floats
    hidden: Floats
    lash: Floats
    upper: Floats
    lower: Floats
    pairs: Floats
    width: float
    points: Floats
    places: Floats
    faces: Ints
    pull: Floats

    def texture(self, open_share: Floats) -> Floats:
        """Return colours and alpha (h, w, 4) of the lid that leaves shares (7,) of the opening open."""
        rows, columns = self.hidden.shape
        order = np.argsort(self.pairs)
        left = np.interp(np.arange(columns) + 0.5, self.pairs[order], open_share[order])
        shown = smooth_step((_SHOWN[0] - left) / (_SHOWN[0] - _SHOWN[1])).astype(np.float32)
        edge = self.lower + left * (self.upper - self.lower) + 0.02 * self.width * (1 - left)
        down = (edge - np.arange(rows)[:, None] - 0.5).astype(np.float32)
        lid = self.hidden * np.clip(down + 0.5, 0, 1) * shown
        grid = np.mgrid[:rows, :columns].astype(np.float32)
        shift = (edge - self.upper).astype(np.float32)
        moved = cv2.remap(self.lash, grid[1], grid[0] - shift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        lash = moved[..., 3] * shown
        shade = 1 - 0.10 * np.exp(-np.clip(down, 0, None) / (0.07 * self.width))
        alpha = 1 - (1 - lid) * (1 - lash)
        share = lash / np.maximum(alpha, 1e-4)
        return np.concatenate([mix(self.skin * shade[..., None], moved[..., :3], share), alpha[..., None]], -1)


class Shutters:
    """The lids of one source.

    Args:
        sight: The head in the source picture.
    """

    def __init__(self, sight: Sight) -> None:
        self._pixel, self._before = sight.pixel, 0.07 * sight.width
        self._shutters = tuple(_shutter(sight, eye) for eye in (0, 1))

    def draw(self, canvas: Canvas, pose: Pose, face: Drawn, moved: Moved) -> Floats:
        """Draw lids over the face.

        Args:
            canvas: The frame.
            pose: The head.
            face: The drawn face, which covers lids that lie behind it.
            moved: What moves on the head.

        Returns:
            How far lids cover the frame, (S, S).
        """
        covered = np.zeros_like(canvas.cover)
        for eye, shutter in enumerate(self._shutters):
            if moved.lids[eye].min() >= _SHOWN[0]:
                continue
            screen = pose.view.project(shutter.points + shutter.pull @ moved.landmarks)
            window = canvas.window(screen[:, :2], self._pixel)
            if window is None:
                continue
            rows, columns = window
            shape = (rows.stop - rows.start, columns.stop - columns.start)
            drawn = draw_mesh(
                screen - [columns.start, rows.start, 0], shutter.faces, shutter.places, shape, both_sides=False
            )
            depth = pose.places[list(LIDS[eye]), 2].max() + self._before
            lid = sample(shutter.texture(moved.lids[eye]), drawn.values)
            alpha = lid[..., 3] * drawn.mask * (face.depth[window] < depth)
            picture = canvas.colours[window]
            picture[:] = mix(picture, lid[..., :3], alpha)
            covered[window] = np.maximum(covered[window], alpha)
        return covered


def _shutter(sight: Sight, eye: int) -> Shutter:
    """Prepare what shuts one eye."""
    lid, corners = sight.points[list(LIDS[eye])], sight.points[list(CORNERS[eye])]
    across = corners[1] - corners[0]
    length = max(float(np.linalg.norm(across)), 1.0)
    along = across / length * np.sign(across[0] or 1)
    zoom = max(1.0, _LEAST_WIDTH / length)
    width = zoom * length
    turn = zoom * np.array([along, [-along[1], along[0]]])
    flat = lid @ turn.T
    low = flat.min(0) - width * np.array([_BESIDE, _ABOVE])
    high = flat.max(0) + width * np.array([_BESIDE, _BELOW])
    columns, rows = (int(np.ceil(side)) for side in high - low)
    to_square = np.concatenate([turn, -low[:, None]], 1)
    index = to_square.copy()
    index[:, 2] += turn.sum(1) / 2 - 0.5  # from places to indices of pixels
    picture = cv2.warpAffine(sight.image, index, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lid = flat - low
    upper, lower = (_rows_of(arc(line), columns) for line in (lid[[0, *range(9, 16), 8]], lid[:9]))
    skin, hidden, lash = _paint(np.asarray(picture, np.float32), upper, lower, width)
    places, faces = _grid(columns, rows)
    there = np.linalg.solve(turn, (places + low).T).T
    depth = _depth_at(sight, there)
    return Shutter(
        skin=skin,
        hidden=hidden,
        lash=lash,
        upper=upper,
        lower=lower,
        pairs=(lid[1:8, 0] + lid[9:16, 0]) / 2,
        width=width,
        points=sight.face.view.unproject(there, depth).astype(np.float32),
        places=places,
        faces=faces,
        pull=_pull(sight.points, there, eye, length),
    )


def _rows_of(line: Floats, columns: int) -> Floats:
    """Return the row (w,) of a line (N, 2) in each column; beyond its ends it goes on level."""
    order = np.argsort(line[:, 0])
    return np.interp(np.arange(columns) + 0.5, line[order, 0], line[order, 1])


def _paint(picture: Floats, upper: Floats, lower: Floats, width: float) -> tuple[Floats, Floats, Floats]:
    """Return the skin (h, w, 3) without the eye, where (h, w) the eye was, and the lashes (h, w, 4)."""
    place = np.arange(len(picture))[:, None] + 0.5
    opening = ((place > upper) & (place < lower)).astype(np.float32)
    margin = max(_HIDDEN * width, 2)
    hidden = grow(opening, margin)
    luma = grey(picture)
    around = (grow(opening, 4 * margin) > 0) & (hidden == 0)
    usual = float(np.median(luma[around])) if around.any() else float(np.median(luma))
    light = (hidden == 0) & (luma > 0.78 * usual)
    known = light if light.sum() > 0.1 * light.size else hidden == 0
    skin = fill(picture, known.astype(np.float32))
    lash = _lashes(picture, skin, upper, width)
    hidden = np.maximum(hidden, grow((lash[..., 3] > 0.15).astype(np.float32), 2))
    skin = fill(picture, (known & (hidden == 0)).astype(np.float32))
    rough = picture - blur(picture, 1.5)
    grain = np.minimum(1.4 * np.median(np.abs(rough[known]), 0), 5)
    skin = skin + np.random.default_rng(0).normal(size=(*luma.shape, 1)) * grain
    return np.clip(skin, 0, 255).astype(np.float32), blur(hidden, 0.02 * width), lash


def _lashes(picture: Floats, skin: Floats, upper: Floats, width: float) -> Floats:
    """Return the line of the upper lashes, or a plain line, in its place (h, w, 4)."""
    base, luma = grey(skin), grey(picture)
    dark = np.clip((0.94 * base - luma) / (0.22 * base + 3), 0, 1)
    above = upper - np.arange(len(picture))[:, None] - 0.5
    dark = dark * np.clip((_UNDER * width + above) / 1.5, 0, 1) * np.clip((_LASH * width - above) / (0.05 * width), 0, 1)
    near = np.where(np.abs(above) < 0.07 * width, dark, 0)
    for column, peak in enumerate(near.argmax(0)):
        up, down = dark[: peak + 1, column], dark[peak:, column]
        up[:] = np.minimum.accumulate(up[::-1])[::-1]
        down[:] = np.minimum.accumulate(down)
    found = blur(dark, 0.7)
    level = np.linspace(-1, 1, len(upper))
    inside = np.clip((1 - np.abs(level) * (1 + 2 * _BESIDE) * 0.98) / 0.1, 0, 1)
    line = 0.7 * np.exp(-(((above - _LINE * width) / (_LINE * width)) ** 2)) * inside * (1 - found.max(0))
    weight = np.maximum(found, 1e-3 * (found > 0.02))
    colour = fill(picture, weight**2) if float(weight.sum()) > 1 else 0.4 * skin
    share = line / np.maximum(line + found, 1e-4)
    colour = mix(colour, 0.45 * skin, share)
    return np.concatenate([colour, np.maximum(found, line)[..., None]], -1).astype(np.float32)


def _grid(columns: int, rows: int) -> tuple[Floats, Ints]:
    """Return a grid over a square (N, 2), and its triangles (F, 3), counter-clockwise in head space."""
    x, y = np.linspace(0, columns, _CELLS[0] + 1), np.linspace(0, rows, _CELLS[1] + 1)
    places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2).astype(np.float32)
    index = np.arange(len(places)).reshape(_CELLS[1] + 1, _CELLS[0] + 1)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    return places, np.concatenate([np.stack([a, d, b], 1), np.stack([b, d, c], 1)]).astype(np.int32)


def _depth_at(sight: Sight, places: Floats) -> Floats:
    """Return the depth (N,) of the face at places (N, 2), carried over the eyes."""
    known = (sight.mesh_face >= 0).astype(np.float32)
    depth = fill(np.where(known > 0, sight.mesh_depth, 0)[..., None], known)
    return sample(np.repeat(depth, 3, -1), places[:, None].astype(np.float32))[:, 0, 0]


def _pull(points: Floats, places: Floats, eye: int, length: float) -> Floats:
    """Return the weights (N, 468) of landmarks near an eye, beside its upper lid, that move places (N, 2) of the picture."""
    apart = np.linalg.norm(places[:, None] - points, axis=-1) / (_REACH * length)
    apart[:, list(UPPER_LIDS[eye])] = np.inf
    weight = np.exp(-0.5 * (apart**2 - apart.min(1, keepdims=True) ** 2))
    pull: Floats = weight / weight.sum(1, keepdims=True)
    return pull
