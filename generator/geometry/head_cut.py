"""Separate hair and skull from the background above the chin, by a graph cut.

Data terms are mixtures of Gaussians in CIELAB of hair, skin and background; edges of the picture make the cut cheap; a
prior falls with the distance from the fitted skull (Boykov and Jolly, ICCV 2001).
"""

from __future__ import annotations

import warnings

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from generator.face.face_params import Floats

from .filling import Bytes, Mask, blur, disk, fill_holes, grow, piece_at, shrink
from .landmarks import FOREHEAD, OVAL
from .sight import Sight

_SIDE = 128
"""Side of the picture in which the cut is made."""
_CERTAIN = 60.0


def lab_colours(image: Floats) -> Floats:
    """Return CIELAB (H, W, 3) of RGB in 0 to 255."""
    return np.asarray(cv2.cvtColor((np.clip(image, 0, 255) / 255).astype(np.float32), cv2.COLOR_RGB2LAB), np.float32)


def cut_head(sight: Sight, body: Bytes, reduction: int) -> Bytes:
    """Return a binary mask whose part above the chin is the graph cut's and whose rest is the given one.

    Args:
        sight: The head in the picture.
        body: Binary mask of head and body, reduced.
        reduction: By which factor it is smaller than the picture.
    """
    scale = sight.size / _SIDE
    end = int(np.clip((sight.chin[1] + 0.10 * sight.height) / scale, 10, _SIDE))
    head = _Cut(sight, scale, end).solve()
    side = body.shape[0]
    smooth = blur(np.asarray(cv2.resize(head.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)), 1.2)
    rows = np.arange(side)[:, None] < end * scale / reduction
    joined = np.where(rows, (smooth > 0.5).astype(np.uint8), body).astype(np.uint8)
    joined = np.asarray(cv2.morphologyEx(joined, cv2.MORPH_OPEN, disk(2 * sight.pixel)), np.uint8)
    joined = piece_at(joined, sight.points[list(OVAL)].mean(0) / reduction)
    return fill_holes(joined, 0.01)


class _Cut:
    """One graph cut over the rows above the chin."""

    def __init__(self, sight: Sight, scale: float, end: int) -> None:
        self._end = end
        small = cv2.resize(cv2.bilateralFilter(sight.image, 7, 25, 4 * sight.pixel), (_SIDE, _SIDE),
                           interpolation=cv2.INTER_AREA)  # fmt: skip
        self._lab = lab_colours(np.asarray(small))
        width = sight.width / scale

        def reduced(values: Floats | Mask) -> Floats:
            return np.asarray(cv2.resize(values.astype(np.float32), (_SIDE, _SIDE), interpolation=cv2.INTER_NEAREST))

        self._oval: Mask = reduced(sight.oval) > 0.5
        below = reduced(sight.below)
        skull = reduced((sight.mesh_face >= 0) & (sight.below < 0)) > 0
        top = float((sight.points[FOREHEAD] - sight.chin) @ sight.down / sight.height)
        self._cap: Mask = (shrink(skull, 0.04 * width) > 0) & (below > top - 0.10)
        self._sure: Mask = self._cap | (shrink(self._oval, 0.015 * width) > 0)
        known = skull & (below > top - 0.22)
        self._distance = cv2.distanceTransform((~(known | self._oval)).astype(np.uint8), cv2.DIST_L2, 5) / width
        self._rows: Mask = np.broadcast_to(np.arange(_SIDE)[:, None] < end, (_SIDE, _SIDE))
        self._border = np.zeros((_SIDE, _SIDE), bool)
        self._border[:2] = self._border[:, :3] = self._border[:, -3:] = True
        self._hair: Mask = known & ~self._oval & (below < top + 0.10)
        if self._hair.sum() < 30:
            self._hair = self._cap & ~self._oval

    def solve(self) -> Mask:
        """Return the head (128, 128); rows at and below the end are empty."""
        distance, oval = self._distance, self._oval
        behind = self._background()
        surely_behind = behind & ~self._sure & ((self._border & (distance > 0.4)) | (distance > 0.95))
        skin = self._likelihood(oval, 3)
        prior = np.clip((0.16 - distance) * 8, -4.5, 1.5)
        hair, head = self._hair, self._sure
        for _ in range(2):
            hair_like = self._likelihood(hair, 3)
            front = np.maximum(hair_like, skin - 1.5 - 25 * np.clip(distance - 0.05, 0, 1))
            evidence = blur(front - self._likelihood(behind, 4), 0.7)
            unary = np.clip(evidence, -6, 6) * 0.8 + prior
            unary[self._sure] = _CERTAIN
            unary[surely_behind] = -_CERTAIN
            head = self._cut(unary)
            hair = (head & ~oval & (hair_like > skin - 2)) | (self._cap & ~oval)
            hair = hair if hair.sum() > 60 else self._cap
            behind = self._rows & (grow(head, 1) == 0)
            behind = behind if behind.sum() > 60 else self._rows & ~head
        return head

    def _background(self) -> Mask:
        """Return the background before the first cut: far from the skull, or at the border, and unlike hair."""
        rows, distance = self._rows, self._distance
        behind = rows & ((distance > 0.62) | (self._border & (distance > 0.22)))
        if behind.sum() <= 80:
            behind = rows & (distance > np.percentile(distance[rows], 88))
        hair_like = self._likelihood(self._hair, 3)
        unlike = behind & (hair_like < np.quantile(hair_like[self._hair], 0.25))
        return unlike if unlike.sum() > 0.4 * behind.sum() else behind

    def _likelihood(self, mask: Mask, components: int) -> Floats:
        """Return the log-likelihood of every pixel under a mixture fitted to the masked ones."""
        from sklearn.exceptions import ConvergenceWarning  # its import takes a second
        from sklearn.mixture import GaussianMixture

        pixels = self._lab.reshape(-1, 3)
        chosen = pixels[mask.ravel()]
        chosen = chosen[:: max(1, len(chosen) // 1200)]
        if len(chosen) < components:
            return np.full((_SIDE, _SIDE), -20.0)
        model = GaussianMixture(components, reg_covar=8.0, random_state=0, max_iter=30)
        with warnings.catch_warnings():
            # Colours of drawings lie on a few points; a mixture that has not settled tells them apart as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            scores: Floats = model.fit(chosen).score_samples(pixels).reshape(_SIDE, _SIDE)
        return scores

    def _cut(self, unary: Floats) -> Mask:
        """Return the minimum cut of data terms, positive for the head, and the picture's edges."""
        lab, values = self._lab[: self._end], (unary[: self._end] * 10).astype(np.int32).ravel()
        count = values.size
        places = np.arange(count).reshape(lab.shape[:2])
        across, down = ((lab[:, 1:] - lab[:, :-1]) ** 2).sum(-1), ((lab[1:] - lab[:-1]) ** 2).sum(-1)
        softness = min(1 / (float(np.mean(across)) + 1e-6), 0.02)
        rows, columns, capacity = [], [], []
        for first, second, apart in ((places[:, :-1], places[:, 1:], across), (places[:-1], places[1:], down)):
            weight = ((9 * np.exp(-softness * apart) + 0.4) * 10).astype(np.int32).ravel()
            rows += [first.ravel(), second.ravel()]
            columns += [second.ravel(), first.ravel()]
            capacity += [weight, weight]
        source, sink = count, count + 1
        front, back = np.nonzero(values > 0)[0], np.nonzero(values < 0)[0]
        rows += [np.full(len(front), source), back]
        columns += [front, np.full(len(back), sink)]
        capacity += [values[front], -values[back]]
        graph = sparse.csr_matrix(
            (np.concatenate(capacity), (np.concatenate(rows), np.concatenate(columns))), (count + 2, count + 2)
        )
        left = graph - maximum_flow(graph, source, sink).flow
        left.data[left.data < 0] = 0
        left.eliminate_zeros()
        head = np.zeros(count + 2, bool)
        head[breadth_first_order(left, source, return_predecessors=False)] = True
        whole = np.zeros((_SIDE, _SIDE), bool)
        whole[: self._end] = head[:count].reshape(lab.shape[:2])
        return whole
