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
from .filling import blur, disk, distance_to, fill, fill_holes, grow, mix, sample, smooth_step
from .kernels import Drawn, draw_mesh
from .landmarks import CORNERS, LIDS, UPPER_LIDS
from .motion import FOLDED, Moved
from .outlines import arc
from .sight import Sight

_BESIDE, _ABOVE, _BELOW = 0.36, 0.32, 0.36
"""How far the square of an eye reaches beyond its lids, in widths of the eye."""
_LEAST_WIDTH = 48
"""Pixels between the corners of an eye in its square, at least."""
_HIDDEN = 0.07
"""How far lashes and shaded edges reach beyond the lids, in widths of the eye."""
_STRAY, _UNLIKE = (0.2, 0.4), 26.0
"""How far what belongs to the eye is looked for above the lids and round them, in widths of the eye, and how unlike
skin it is."""
_LASH, _UNDER = 0.20, 0.02
"""How far the line of the lashes is looked for above the lid's edge and below it, in widths of the eye."""
_LINE = 0.022
"""Thickness of the line of a shut eye without lashes, in widths of the eye."""
_SHOWN = (0.9, FOLDED)
"""Shares of the opening between which a drawn lid appears over that of the mesh."""
_SHUT = 0.12
"""Share of the opening below which an eye counts as shut."""
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
        whole = smooth_step(1 - left / _SHUT)  # a shut lid covers whatever the lids' lines have missed of the eye
        lid = self.hidden * np.maximum(np.clip(down + 0.5, 0, 1), whole).astype(np.float32) * shown
        grid = np.mgrid[:rows, :columns].astype(np.float32)
        shift = (edge - self.upper).astype(np.float32)
        moved = cv2.remap(self.lash, grid[1], grid[0] - shift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        lash = moved[..., 3] * shown
        shade = 1 - 0.10 * np.exp(-np.maximum(down / 0.07, -down / 0.015) / self.width)
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
    picture, face = (
        np.asarray(cv2.warpAffine(each, index, (columns, rows), borderMode=cv2.BORDER_REPLICATE), np.float32)
        for each in (sight.image, sight.oval)
    )
    lid = flat - low
    upper, lower = (_rows_of(arc(line), columns) for line in (lid[[0, *range(9, 16), 8]], lid[:9]))
    skin, hidden, lash = _paint(picture, face, upper, lower, width)
    lash[..., 3] *= face
    places, faces = _grid(columns, rows)
    there = np.linalg.solve(turn, (places + low).T).T
    depth = _depth_at(sight, there)
    return Shutter(
        skin=skin,
        hidden=hidden * face,
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


def _paint(picture: Floats, face: Floats, upper: Floats, lower: Floats, width: float) -> tuple[Floats, Floats, Floats]:
    """Return the skin (h, w, 3) without the eye, where (h, w) the eye was, and the lashes (h, w, 4).

    Args:
        picture: (h, w, 3).
        face: (h, w) mask of the face, outside of which there is no skin.
        upper: (w,) rows of the upper lid.
        lower: (w,) rows of the lower lid.
        width: Pixels between the corners.
    """
    place = np.arange(len(picture))[:, None] + 0.5
    opening = ((place > upper) & (place < lower)).astype(np.float32)
    margin = max(_HIDDEN * width, 2)
    hidden = grow(opening, margin)
    beyond = (face < 0.9).astype(np.float32)
    skin = fill(picture, _known(picture, np.maximum(hidden, beyond), width))
    lash = _lashes(picture, skin, upper, width)
    hidden = np.maximum(hidden, _edges(picture, skin, opening, width))
    known = _known(picture, np.maximum(hidden, beyond), width)
    skin = fill(picture, known)
    rough = picture - blur(picture, 1.5)
    grain = np.minimum(1.4 * np.median(np.abs(rough[known > 0]), 0), 3)
    skin = skin + np.random.default_rng(0).normal(size=(*known.shape, 1)) * grain
    inside = np.pad(np.ones((len(picture) - 2, len(upper) - 2), np.float32), 1)
    fading = np.clip(distance_to(inside == 0) / (0.1 * width), 0, 1)
    return np.clip(skin, 0, 255).astype(np.float32), blur(hidden, 0.02 * width) * fading, lash


def _known(picture: Floats, hidden: Floats, width: float) -> Floats:
    """Return where skin is seen (h, w): what is not hidden and like its surroundings, unless that is little."""
    free = (hidden == 0).astype(np.float32)
    near = blur(picture * free[..., None], 0.15 * width) / np.maximum(blur(free, 0.15 * width), 1e-3)[..., None]
    like = (np.abs(picture - near).max(-1) < 0.12 * near.max(-1) + 10) * free
    if like.sum() > 0.1 * like.size:
        return np.asarray(like, np.float32)
    return free if free.any() else np.ones_like(free)


def _edges(picture: Floats, skin: Floats, opening: Floats, width: float) -> Floats:
    """Return what else is unlike skin and connected with the opening (h, w): lashes, lines, white that is left."""
    near = grow(opening, _STRAY[1] * width) > 0
    shown = np.flatnonzero(opening.any(1))
    near[: max(0, int(shown[0] - _STRAY[0] * width)) if len(shown) else None] = False
    unlike = (np.abs(picture - skin).max(-1) > _UNLIKE) & near
    joined = cv2.morphologyEx((unlike | (opening > 0)).astype(np.uint8), cv2.MORPH_OPEN, disk(1))
    labels = np.asarray(cv2.connectedComponents(joined)[1])
    kept = np.isin(labels, np.unique(labels[(opening > 0) & (joined > 0)])) & (joined > 0)
    return np.asarray(fill_holes(grow(kept.astype(np.float32), 0.05 * width).astype(np.uint8), 0.1), np.float32)


def _lashes(picture: Floats, skin: Floats, upper: Floats, width: float) -> Floats:
    """Return the line of the upper lashes, or a plain line, in its place (h, w, 4)."""
    base, luma = grey(skin), grey(picture)
    apart = np.abs(picture - skin).max(-1)
    dark = np.clip((apart - 0.06 * base - 2) / (0.22 * base + 5), 0, 1) * np.clip(6 * (1.05 - luma / (base + 1)), 0, 1)
    above = upper - np.arange(len(picture))[:, None] - 0.5
    dark = (
        dark * np.clip((_UNDER * width + above) / 1.5, 0, 1) * np.clip((_LASH * width - above) / (0.05 * width), 0, 1)
    )
    near = np.where(np.abs(above) < 0.07 * width, dark, 0)
    for column, peak in enumerate(near.argmax(0)):
        up, down = dark[: peak + 1, column], dark[peak:, column]
        up[:] = np.minimum.accumulate(up[::-1])[::-1]
        down[:] = np.minimum.accumulate(down)
    # The iris may be as dark as the lashes above it: no column's line is much thicker than those of most.
    thick = (dark > 0.5).sum(0)
    usual = float(np.median(thick[thick > 0])) if (thick > 0).any() else 0.0
    start = np.where(thick > 0, (dark > 0.5).argmax(0), len(dark))
    found = blur(dark * np.clip(start + 1.4 * usual + 1.5 - np.arange(len(dark))[:, None], 0, 1), 0.7)
    level = np.linspace(-1, 1, len(upper))
    inside = np.clip((1 - np.abs(level) * (1 + 2 * _BESIDE) * 0.98) / 0.1, 0, 1)
    line = 0.9 * np.exp(-(((above - _LINE * width) / (_LINE * width)) ** 2)) * inside * (1 - found.max(0))
    weight = np.maximum(found, 1e-3 * (found > 0.02))
    colour = fill(picture, weight**2) if float(weight.sum()) > 1 else 0.4 * skin
    share = line / np.maximum(line + found, 1e-4)
    colour = mix(colour, 0.38 * skin, share)
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
    """Return the weights (N, 468) of landmarks near an eye that move places (N, 2); its upper lid has none."""
    apart = np.linalg.norm(places[:, None] - points, axis=-1) / (_REACH * length)
    apart[:, list(UPPER_LIDS[eye])] = np.inf
    weight = np.exp(-0.5 * (apart**2 - apart.min(1, keepdims=True) ** 2))
    pull: Floats = weight / weight.sum(1, keepdims=True)
    return pull
