"""Set lids to drawn eyes, which are often larger than the eye that the face mesh expects.

The eye is cut out by its colours: what is unlike the skin under it, like what lies between the lids that were read, and
connected with it. It is cut with several limits, and the cut with the sharpest edge is taken, if its edge is clearly
sharper than that of the lids that were read; on photographs these mostly stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generator.face.face_params import Floats

from .filling import Mask, at_pixels, blur, disk, polygon
from .head_cut import lab_colours
from .landmarks import CORNERS, LIDS, lid_outline
from .outlines import between

_WIDTH = 64
"""Pixels between the corners of the eye in the square that is looked at."""
_ACROSS, _UP = 1.3, 1.1
"""How far the square reaches from the middle of the eye, in widths of the eye."""
_SKIN_DISTANCES, _EYE_DISTANCES = (10.0, 16.0, 30.0), (60.0, 220.0)
"""Squared Mahalanobis distances beyond which colours are not skin, squared CIELAB distances within which they are the
eye's."""
_LEAST_OPENING, _LEAST_GROWTH = 0.12, 1.12
"""An eye that opens less, in widths, is left as it is, and so is one that a cut enlarges less, in areas."""
_SHARPER, _SHARPER_EACH, _ALIKE, _CERTAIN = 1.28, 1.22, 1.6, 1.7
"""How much sharper the edges of both eyes must be on average, and that of each; the largest ratio of their growths, and
how much sharper edges are believed whatever the growths."""
_CHEEKS = ((101, 50, 205), (330, 280, 425))
"""Points of the face mesh on the cheek under each eye."""
_EXAMPLES = 40
_WHITES = np.array([[78, 0, 2], [86, 0, 2], [94, 0, 1]])
"""CIELAB of the white of eyes, which may lie outside of the lids that were read."""
_EDGE = 3.0
"""Distance from an edge at which colours are compared, pixels of the square."""
_THICKEST_LASH = 0.22
"""Largest thickness of the lashes' line, in heights of the eye."""


def set_lids(image: Floats, points: Floats) -> Floats:
    """Return the points (468, 2) with the lids moved to the eyes as they are drawn.

    Args:
        image: (S, S, 3) in 0 to 255.
        points: (468, 2) in pixels.
    """
    moved = points.astype(np.float64).copy()
    squares = [_Square.on(image, points, eye) for eye in (0, 1)]
    cuts = [None if square is None else _best_cut(square) for square in squares]
    for eye in (0, 1):
        square, cut, other = squares[eye], cuts[eye], cuts[1 - eye]
        if square is not None and cut is not None and _better(cut, other):
            moved[list(LIDS[eye])] = square.to_picture(cut.lids)
    return moved


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A drawn eye.

    Attributes:
        lids: (16, 2) in the square.
        growth: Its area over that of the lids that were read.
        sharper: Sharpness of its edge over that of theirs.
    """

    lids: Floats
    growth: float
    sharper: float


def _better(cut: _Cut, other: _Cut | None) -> bool:
    """Return whether a cut is to be believed; the other eye, where it was cut too, should agree."""
    if other is None:
        return cut.sharper > _SHARPER
    apart = max(cut.growth, other.growth) / min(cut.growth, other.growth)
    both = (cut.sharper + other.sharper) / 2
    return (apart < _ALIKE or both > _CERTAIN) and both > _SHARPER and min(cut.sharper, other.sharper) > _SHARPER_EACH


@dataclass(frozen=True, slots=True, eq=False)
class _Square:
    """The surroundings of an eye with its corners on a level.

    Attributes:
        lab: (h, w, 3) CIELAB. lid: (16, 2) the lids that were read, in the square's pixels, corners at 0 and 8.
        opening: (h, w) between them. cheek: (N, 3) CIELAB of the cheek under the eye.
        turn: (2, 3) from the picture's pixels to the square's.
    """

    lab: Floats
    lid: Floats
    opening: Mask
    cheek: Floats
    turn: Floats

    @classmethod
    def on(cls, image: Floats, points: Floats, eye: int) -> _Square | None:
        """Return the square round an eye; None where it is too small or hardly open."""
        lid, corners = points[list(LIDS[eye])], points[list(CORNERS[eye])]
        width = float(np.linalg.norm(corners[0] - corners[1]))
        opening = float(np.linalg.norm(lid[9:16] - lid[1:8], axis=1).max())
        if width < 6 or opening < _LEAST_OPENING * width:
            return None
        along = (corners[1] - corners[0]) / width
        along = along * np.sign(along[0] or 1)
        zoom = _WIDTH / width
        turn = zoom * np.array([along, [-along[1], along[0]]])
        half = np.array([_ACROSS, _UP]) * _WIDTH
        turn = np.concatenate([turn, (half - turn @ corners.mean(0))[:, None]], 1)
        shape = (2 * int(half[1]), 2 * int(half[0]))
        if zoom < 1:
            image = blur(image, 0.4 / zoom)
        index = turn.copy()
        index[:, 2] += turn[:, :2].sum(1) / 2 - 0.5  # from places to indices of pixels
        square = cv2.warpAffine(image.astype(np.float32), index, shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        here = lid @ turn[:, :2].T + turn[:, 2]
        outline = lid_outline(points, eye) @ turn[:, :2].T + turn[:, 2]
        lab = lab_colours(blur(square, 1.0))
        return cls(lab, here, polygon(outline, shape) > 0.5, _cheek(image, points, eye, width), turn)

    def to_picture(self, places: Floats) -> Floats:
        """Return places (N, 2) of the square in the picture."""
        found: Floats = np.linalg.solve(self.turn[:, :2], (places - self.turn[:, 2]).T).T
        return found


def _best_cut(square: _Square) -> _Cut | None:
    """Return the cut with the sharpest edge; None where the lids that were read are as good."""
    before, area = _sharpness(square.lab, square.lid), float(square.opening.sum())
    cuts = []
    for mean, inverse in _skins(square):
        apart = square.lab - mean
        away = np.einsum("hwi,ij,hwj->hw", apart, inverse, apart)
        for least in _SKIN_DISTANCES:
            inside = square.lab[square.opening & (away > least)]
            if len(inside) < 20:
                continue
            examples = inside[np.linspace(0, len(inside) - 1, _EXAMPLES).astype(int)]
            near = _nearest(square.lab, np.concatenate([examples, _WHITES]))
            for most in _EYE_DISTANCES:
                region = _grown(square, (away > least) & (near < most))
                growth = float(region.sum()) / area
                if growth > _LEAST_GROWTH:
                    lids = _lids_of(region, square, float(mean[0]))
                    cuts.append(_Cut(lids, growth, _sharpness(square.lab, lids) / max(before, 1e-6)))
    return max(cuts, key=lambda cut: cut.sharper, default=None)


def _sharpness(lab: Floats, lid: Floats) -> float:
    """Return how far the colours differ on both sides of lids (16, 2): the mean, and half of the lower quartile."""
    ring = between(lid[[0, *range(9, 16), 8]], lid[:9])
    along = np.roll(ring, -1, 0) - np.roll(ring, 1, 0)
    out = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
    inside, outside = (at_pixels(lab, ring + step * out) for step in (_EDGE, -_EDGE))
    apart = np.linalg.norm(inside - outside, axis=1)
    return float(apart.mean() + 0.5 * np.percentile(apart, 25))


def _cheek(image: Floats, points: Floats, eye: int, width: float) -> Floats:
    """Return the CIELAB colours (N, 3) of a disc on the cheek under an eye of a width in pixels."""
    x, y = points[list(_CHEEKS[eye])].mean(0)
    reach = max(0.2 * width, 3.0)
    across, down = np.meshgrid(np.linspace(-reach, reach, 16), np.linspace(-reach, reach, 16))
    colours = at_pixels(image, np.stack([x + across.ravel(), y + down.ravel()], 1))
    return np.asarray(lab_colours(colours[None].astype(np.float32))[0], np.float64)


def _nearest(lab: Floats, examples: Floats) -> Floats:
    """Return the squared distance (h, w) of each colour to the nearest of some examples (N, 3)."""
    product = lab.reshape(-1, 3) @ examples.T
    apart = (lab.reshape(-1, 3) ** 2).sum(1)[:, None] - 2 * product + (examples**2).sum(1)
    nearest: Floats = apart.min(1).reshape(lab.shape[:2])
    return nearest


def _skins(square: _Square) -> list[tuple[Floats, Floats]]:
    """Return mean (3,) and inverse covariance (3, 3) of the skin under the lids, and of that on the cheek."""
    rows, columns = np.mgrid[: square.lab.shape[0], : square.lab.shape[1]]
    beside = np.abs(columns - square.lab.shape[1] / 2) < 0.5 * _WIDTH
    start = square.lid[:, 1].max()
    under = beside & (rows > start + 0.16 * _WIDTH) & (rows < start + 0.42 * _WIDTH)
    found = []
    for colours in (square.lab[under].astype(np.float64), square.cheek):
        if len(colours) < 20:
            continue
        away = ((colours - np.median(colours, 0)) ** 2).sum(1)
        colours = colours[away <= np.quantile(away, 0.7)]
        found.append((colours.mean(0), np.linalg.inv(np.cov(colours.T) + 12 * np.eye(3))))
    return found


def _grown(square: _Square, unlike: Mask) -> Mask:
    """Return the region (h, w) that is connected with the opening; directions in which it runs away are closed."""
    allowed = np.ones_like(unlike)
    low, high = np.floor(square.lid.min(0)).astype(int), np.ceil(square.lid.max(0)).astype(int)
    sides = (
        (np.s_[:, 0], np.s_[:, : low[0]]), (np.s_[:, -1], np.s_[:, high[0] + 1 :]),
        (np.s_[0], np.s_[: low[1]]), (np.s_[-1], np.s_[high[1] + 1 :]),
    )  # fmt: skip
    region = square.opening
    for _ in range(len(sides) + 1):
        region = _connected((unlike & allowed) | square.opening, square.opening)
        leaks = [beyond for edge, beyond in sides if region[edge].any()]
        if not leaks:
            break
        for beyond in leaks:
            allowed[beyond] = False
    return region


def _connected(mask: Mask, seed: Mask) -> Mask:
    """Return the part of a mask that is connected with a seed, without thin lines and holes."""
    thick = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disk(0.05 * _WIDTH))
    thick = cv2.morphologyEx(thick | seed.astype(np.uint8), cv2.MORPH_CLOSE, disk(0.05 * _WIDTH))
    labels = np.asarray(cv2.connectedComponents(thick)[1])
    kept = np.bincount(labels[seed & (thick > 0)], minlength=1)
    kept[0] = 0
    region = (labels == int(kept.argmax())).astype(np.uint8)
    outlines = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return cv2.drawContours(region, outlines, -1, 1, -1) > 0


def _lids_of(region: Mask, square: _Square, skin: float) -> Floats:
    """Return the lids (16, 2) at the edge of a region; the line of the upper lashes lies above them."""
    count = region.sum(0)
    columns = np.nonzero(count >= 2)[0]
    first, last = float(columns[0]), float(columns[-1] + 1)
    rows = np.arange(region.shape[0])[:, None]
    top = np.where(region, rows, 10**6).min(0).astype(float)
    bottom = np.where(region, rows + 1, -1).max(0).astype(float)
    top, bottom = (_calm(each[columns]) for each in (top, bottom))
    top = np.minimum(top + _lash(region, square.lab[..., 0], skin), bottom)
    at = columns + 0.5
    start, end = square.lid[0, 0], square.lid[8, 0]
    left, right = (first, last) if start < end else (last, first)
    share = (square.lid[:, 0] - start) / (end - start)
    x = left + share * (right - left)
    y = np.concatenate([np.interp(x[:9], at, bottom), np.interp(x[9:], at, top)])
    for corner in (0, 8):
        near = np.abs(at - x[corner]) < 0.05 * _WIDTH
        y[corner] = (top[near] + bottom[near]).mean() / 2
    return np.stack([x, y], 1)


def _calm(values: Floats) -> Floats:
    """Return a line (N,) without steps of a few pixels."""
    padded = np.pad(values, 4, mode="edge")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, 9), -1)
    return np.convolve(np.pad(middle, 2, mode="edge"), np.ones(5) / 5, "valid")


def _lash(region: Mask, light: Floats, skin: float) -> float:
    """Return the thickness of the dark line at a region's upper edge, where something light follows below."""
    dark, bright = np.percentile(light[region], [5, 92])
    limit = min(dark + 0.3 * (bright - dark), skin - 8)
    height = region.sum(0)
    thick = []
    for column in np.nonzero(height > 0.5 * height.max())[0]:
        shown = light[region[:, column], column] < limit
        run = int(np.argmin(shown)) if not shown.all() else len(shown)
        if run < 0.4 * len(shown):
            thick.append(run)
    return min(float(np.median(thick)), _THICKEST_LASH * float(height.max())) if len(thick) > 4 else 0.0
