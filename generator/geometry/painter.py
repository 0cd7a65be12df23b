"""Draw frames: the layers of a source, moved and laid over each other.

From behind to the front: plate, body, back of the head, head, eyes, mouth, face. What the layers miss of the source
then travels with the topmost one, so that the neutral frame is the source to the bit.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats

from .canvas import Canvas, Pose
from .eyes import Eyes
from .filling import grow, sample
from .kernels import Drawn, draw_mesh, lay_over, mix_over, topmost
from .motion import Moment, Moved, Strength, Transfer
from .mouth import Mouth
from .source import Source

_PLATE, _FACE = 0, 3
"""Numbers of the topmost layer; body and head lie between, and the rims of body and head on the plate follow."""


class Painter:
    """Draw one source by one drive.

    Args:
        source: The source, taken apart.
        neutral: The drive's neutral moment.
        strength: How the motion is transferred.
    """

    def __init__(self, source: Source, neutral: Moment, strength: Strength) -> None:
        self._rig, self._source, sight = source.rig, source, source.sight
        self._transfer = Transfer(source.rig, source.moment, neutral, strength)
        self._eyes = Eyes(source.rig, sight, same_person=strength.same_person)
        self._mouth = Mouth(source.rig, sight)
        face = source.face
        self._vertex_values = np.concatenate(
            [
                face.screen, face.mirror_screen, face.visible[:, None], face.mirrored[:, None],
                source.rig.oval[:, None], face.gain,
            ],
            1,
        ).astype(np.float32)  # fmt: skip
        still = Moved(
            sight.face.view,
            np.zeros(len(source.rig.expressions)),
            np.zeros_like(source.moment.landmarks),
            np.zeros((2, 2)),
        )
        colours, self._top, _, self._cover, self._share = self._layers(still)
        self._missed = sight.image - colours

    def frame(self, moment: Moment) -> NDArray[np.uint8]:
        """Return the frame (S, S, 3) of one moment of the drive."""
        return self.frame_of(self._transfer.move(moment))

    def frame_of(self, moved: Moved) -> NDArray[np.uint8]:
        """Return the frame (S, S, 3) of what moves on the source."""
        colours, top, places, cover, share = self._layers(moved)
        colours += (
            sample(self._missed, places) * self._believed(top, places, cover, share, self._calm(moved))[..., None]
        )
        return np.clip(np.rint(colours), 0, 255).astype(np.uint8)

    def _calm(self, moved: Moved) -> float:
        """Return 1 where the head stands as in the source, and 0 where it has moved by some pixels."""
        sight = self._source.sight
        landmarks = self._source.moment.landmarks
        there, here = moved.view.project(landmarks), sight.face.view.project(landmarks)
        away = np.linalg.norm((there - here)[:, :2], axis=1).mean() / sight.pixel
        return float(np.exp(-((away / 1.5) ** 2)))

    def _believed(self, top: NDArray[np.uint8], places: Floats, cover: Floats, share: Floats, calm: float) -> Floats:
        """Return where the residual belongs, 0 to 1: where the same layer is on top as in the source.

        What a bare plate misses is the rim of hair that the matte has cut off; it stays only while the head does.
        """
        x, y = places[..., 0] - 0.5, places[..., 1] - 0.5
        before = cv2.remap(self._top, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        same = (before == top).astype(np.float32)
        own = np.minimum((share + 1e-3) / (sample(self._share, places) + 1e-3), 1)
        own *= calm + (1 - calm) * np.minimum(2 * share, 1)
        same = np.minimum(same, cv2.blur(same, (3, 3))) * own
        bare = np.clip(1 - 8 * np.abs(cover - self._cover), 0, 1)
        return np.where(top == _PLATE, same * bare * calm, same)

    def _layers(self, moved: Moved) -> tuple[Floats, NDArray[np.uint8], Floats, Floats, Floats]:
        """Lay the layers over each other.

        Returns:
            The colours (S, S, 3); the topmost layer (S, S); its place in the source (S, S, 2) in pixels; how far layers
            cover the plate (S, S); and how far the residual may travel (S, S).
        """
        rig, source = self._rig, self._source
        sight, layers, sheets = source.sight, source.layers, source.sheets
        shape = (sight.size, sight.size)
        pose, surface_change = self._pose(moved)
        canvas = Canvas(layers.plate.copy(), np.zeros(shape, np.float32))
        still = np.zeros(2)
        body = sheets.body.draw(moved.view, surface_change, shape, still)
        lay_over(canvas.colours, canvas.cover, body, layers.body)
        back = sheets.back.draw(moved.view, surface_change, shape, still)
        lay_over(canvas.colours, canvas.cover, back, layers.back)
        head = sheets.head.draw(moved.view, surface_change, shape, still)
        lay_over(canvas.colours, canvas.cover, head, layers.head)
        self._eyes.draw(canvas, pose)
        self._mouth.draw(canvas, pose)
        screen = moved.view.project(sight.fine + surface_change)
        face = draw_mesh(screen, rig.faces, self._vertex_values, shape, both_sides=False)
        alpha, own = self._face(canvas, face)
        top, places = topmost(((body, layers.body), (head, layers.head)), face, alpha)
        share = np.where(top == _FACE, own, 1).astype(np.float32)
        for hole in canvas.holes:
            share[hole.window] *= 1 - grow(hole.mask, 1) * (1 - hole.same)
        return canvas.colours, top, places, canvas.cover, share

    def _pose(self, moved: Moved) -> tuple[Pose, Floats]:
        """Return the head at a moment, and the displacement (V, 3) of its surface since the source's moment."""
        rig, sight = self._rig, self._source.sight
        change = np.tensordot(moved.expression.astype(np.float32), rig.expressions, 1)
        change = rig.met(change, moved.landmarks - rig.points(change))
        coarse = sight.coarse + change
        landmarks = rig.points(coarse)
        return Pose(moved.view, coarse, landmarks, moved.view.project(landmarks), moved.irises), rig.fine(change)

    def _face(self, canvas: Canvas, drawn: Drawn) -> tuple[Floats, Floats]:
        """Lay the face over the canvas; return its alpha and the share of its own, not mirrored, colours."""
        alpha, own = mix_over(
            canvas.colours,
            canvas.cover,
            drawn,
            self._source.face.texture,
            _hole_mask(canvas, drawn, self._source.sight.width),
        )
        return alpha, own


def _hole_mask(canvas: Canvas, drawn: Drawn, width: float) -> Floats:
    """Return what is left of the face (S, S) beside eyes and mouth; what lies before them covers them."""
    left = np.ones(drawn.face.shape, np.float32)
    for hole in canvas.holes:
        behind = drawn.depth[hole.window] < hole.depth + 0.07 * width
        left[hole.window] *= 1 - hole.mask * behind
    return left
