"""Take a source picture apart, once, for any number of frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generator.face.face_params import Floats

from .face_texture import FaceTexture, paint_face
from .filling import Bytes
from .layers import Layers, take_apart
from .lids import set_lids
from .matte import cut_matte
from .motion import Moment
from .relief import shape_relief
from .rig import Rig
from .sheets import Sheets, lay_sheets
from .sight import FaceInPicture, Sight, look
from .source_eyes import irises_on_head


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A source picture, taken apart.

    Attributes:
        rig: The head model. sight: The head in the picture.
        alpha: (S, S) matte of head and body. opaque: (S, S) how opaque a transparent picture is, 0 to 1, else None.
        layers: The layers. sheets: What carries them. face: The face's texture.
        moment: The source's own moment.
    """

    rig: Rig
    sight: Sight
    alpha: Floats
    opaque: Floats | None
    layers: Layers
    sheets: Sheets
    face: FaceTexture
    moment: Moment


def prepare_source(rig: Rig, image: Bytes, face: FaceInPicture, opaque: Bytes | None = None) -> Source:
    """Take a square picture apart.

    Args:
        rig: The head model.
        image: (S, S, 3) uint8 RGB, over white where it is transparent.
        face: The face that was read in it.
        opaque: (S, S) uint8, how opaque each pixel is; it is the matte then. None for an opaque picture.
    """
    picture = np.asarray(image, np.float32)
    sight = look(rig, picture, replace(face, points=set_lids(picture, face.points)))
    share = None if opaque is None else np.asarray(opaque, np.float32) / 255
    alpha = cut_matte(sight) if share is None else np.maximum(share, sight.oval)
    layers = take_apart(sight, alpha)
    relief = shape_relief(rig, sight, alpha)
    sheets = lay_sheets(rig, sight, relief, (layers.body[..., 3], layers.back[..., 3], layers.head[..., 3]))
    landmarks = rig.points(sight.coarse)
    moment = Moment(face.view, face.expression, landmarks, irises_on_head(rig, face.view, landmarks, face.irises))
    return Source(rig, sight, alpha, share, layers, sheets, paint_face(rig, sight, alpha), moment)
