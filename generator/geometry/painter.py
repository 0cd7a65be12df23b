"""Draw frames: the layers of a source, moved and laid over each other.

From behind to the front: plate, body, back of the head, head, eyes, mouth, face, lids. What the layers miss of the
source then travels with the topmost one, so that the neutral frame is the source to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .canvas import Canvas, Hole, Pose
from .eyes import Eyes
from .filling import Bytes, grow, sample
from .guides import opening, smaller, stretch, trust, turned_surface
from .kernels import Drawn, draw_mesh, lay_over, mix_over, topmost
from .landmarks import UPPER_LIDS
from .motion import Moment, Moved, Strength, Transfer
from .mouth import Mouth
from .shutters import Shutters
from .source import Source

_PLATE, _FACE = 0, 3
"""Numbers of the topmost layer; body and head lie between, and the rims of body and head on the plate follow."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A drawn frame with what it knows about itself; S is its side.

    Attributes:
        picture: (S, S, 3) uint8, or (S, S, 4) with the alpha of a transparent source.
        guides: (s, s, 7) in [0, 1], the channels of `GUIDES`.
        turned: (s, s, 6) in [0, 1], normals of the face's surface and their change; 0.5 beside it.
    """

    picture: Bytes
    guides: Floats
    turned: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """Layers that lie over each other.

    Attributes:
        colours: (S, S, 3). top: (S, S) the topmost layer. places: (S, S, 2) its place in the source, pixels.
        cover: (S, S) how far layers cover the plate. share: (S, S) how far the residual may travel.
        alpha: (S, S) of the face. lids: (S, S) where lids are drawn. holes: Eyes and mouth.
        screen: (V, 3) the face mesh. surface: (V, 3) in head space.
        drawn: (S, S) its visible triangles.
    """

    colours: Floats
    top: Bytes
    places: Floats
    cover: Floats
    share: Floats
    alpha: Floats
    lids: Floats
    holes: list[Hole]
    screen: Floats
    surface: Floats
    drawn: Ints


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
        self._shutters = Shutters(sight)
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
            np.ones((2, len(UPPER_LIDS[0]))),
        )
        laid = self._layers(still)
        self._top, self._cover, self._share = laid.top, laid.cover, laid.share
        self._missed = sight.image - laid.colours
        self._missed_alpha = None if source.opaque is None else source.opaque - laid.cover

    def frame(self, moment: Moment) -> NDArray[np.uint8]:
        """Return the frame (S, S, 3) of one moment of the drive, (S, S, 4) with alpha of a transparent source."""
        return self.frame_of(self._transfer.move(moment))

    def frame_of(self, moved: Moved) -> NDArray[np.uint8]:
        """Return the frame of what moves on the source; its colours are over white where it is transparent."""
        laid = self._layers(moved)
        return self._picture(laid, self._believed(laid, self._calm(moved)))

    def drawing(self, moment: Moment, size: int) -> Drawing:
        """Return the frame of one moment of the drive, with guides of a size in pixels, at most S."""
        moved = self._transfer.move(moment)
        laid, calm, sight = self._layers(moved), self._calm(moved), self._source.sight
        believed = self._believed(laid, calm)
        picture = self._picture(laid, believed)
        shape = laid.top.shape
        bare = (1 - self._source.layers.filled) * (1 - laid.cover)
        certain = np.where(laid.top == _PLATE, np.maximum(believed, bare), np.maximum(believed, laid.lids))
        certain = certain.astype(np.float32)
        # A drawn lid is in the source's colours, and lacks its detail as stretched skin does.
        stretched = np.maximum(stretch(laid.top, laid.places) * (laid.top != _PLATE), laid.lids)
        guides = [
            trust(certain, laid.cover, stretched, laid.holes, calm), laid.cover, laid.alpha, laid.share, stretched,
            opening(laid.holes, "eye", shape), opening(laid.holes, "mouth", shape),
        ]  # fmt: skip
        turned = turned_surface(
            laid.surface @ moved.view.rotation.T, sight.fine @ sight.face.view.rotation.T, laid.screen,
            self._rig.faces, laid.drawn, self._rig.oval,
        )  # fmt: skip
        return Drawing(picture, smaller(np.stack(guides, -1), size), smaller(turned, size))

    def _picture(self, laid: _Laid, believed: Floats) -> NDArray[np.uint8]:
        colours = laid.colours + sample(self._missed, laid.places) * believed[..., None]
        if self._missed_alpha is not None:
            opaque = laid.cover + sample(self._missed_alpha, laid.places) * believed
            colours = np.concatenate([colours, 255 * opaque[..., None]], -1)
        return np.clip(np.rint(colours), 0, 255).astype(np.uint8)

    def _calm(self, moved: Moved) -> float:
        """Return 1 where the head stands as in the source, and 0 where it has moved by some pixels."""
        sight = self._source.sight
        landmarks = self._source.moment.landmarks
        there, here = moved.view.project(landmarks), sight.face.view.project(landmarks)
        away = np.linalg.norm((there - here)[:, :2], axis=1).mean() / sight.pixel
        return float(np.exp(-((away / 1.5) ** 2)))

    def _believed(self, laid: _Laid, calm: float) -> Floats:
        """Return where the residual belongs, 0 to 1: where the same layer is on top as in the source.

        What a bare plate misses is the rim of hair that the matte has cut off; it stays only while the head does.
        """
        top, places = laid.top, laid.places
        x, y = places[..., 0] - 0.5, places[..., 1] - 0.5
        before = cv2.remap(self._top, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        same = (before == top).astype(np.float32)
        own = np.minimum((laid.share + 1e-3) / (sample(self._share, places) + 1e-3), 1)
        own *= calm + (1 - calm) * np.minimum(2 * laid.share, 1)
        same = np.minimum(same, cv2.blur(same, (3, 3))) * own
        bare = np.clip(1 - 8 * np.abs(laid.cover - self._cover), 0, 1)
        return np.where(top == _PLATE, same * bare * calm, same)

    def _layers(self, moved: Moved) -> _Laid:
        """Lay the layers over each other."""
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
        surface = sight.fine + surface_change
        screen = moved.view.project(surface)
        face = draw_mesh(screen, rig.faces, self._vertex_values, shape, both_sides=False)
        alpha, own = self._face(canvas, face)
        top, places = topmost(((body, layers.body), (head, layers.head)), face, alpha)
        share = np.where(top == _FACE, own, 1).astype(np.float32)
        for hole in canvas.holes:
            share[hole.window] *= 1 - grow(hole.mask, 1) * (1 - hole.same)
        lids = self._shutters.draw(canvas, pose, face, moved)
        for hole in canvas.holes:
            hole.mask[:] *= 1 - lids[hole.window]
        return _Laid(
            canvas.colours, top, places, canvas.cover, share * (1 - lids), alpha, lids, canvas.holes, screen, surface,
            face.face,
        )  # fmt: skip

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
