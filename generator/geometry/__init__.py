"""Move a picture's face without any learning: the source's own layers on the fitted avatar head.

A walk from top to bottom: `rig` prepares the head model; `lids` sets the read lids to the drawn eyes; `sight` looks at
the fitted head in the source; `matte`, `relief`, `layers`, `sheets`, `face_texture` and `source_eyes` take the picture
apart (`source` calls them in order); `motion` puts a drive's relative motion on the source; `painter` lays the layers
over each other, frame by frame, and `shutters` shuts the eyes.
"""

from __future__ import annotations

from .guides import GUIDES, TURNS
from .landmarks import BROWS, EDGES, LIPS, OVAL
from .layer_maps import LayerMaps, network_maps
from .moments import face_in_picture, moment_of, mouth_never_shuts, view_of, zero_of
from .motion import Moment, Strength
from .painter import Drawing, Painter
from .regions import REGIONS, restrict
from .rig import Rig, avatar_rig
from .sight import FaceInPicture
from .source import Source, prepare_source
from .view import View

EYES_AND_LIPS = tuple(dict.fromkeys(EDGES + LIPS))
"""Points of the face mesh at the edges of lids and lips."""

__all__ = [
    "BROWS",
    "EYES_AND_LIPS",
    "GUIDES",
    "OVAL",
    "REGIONS",
    "TURNS",
    "Drawing",
    "FaceInPicture",
    "LayerMaps",
    "Moment",
    "Painter",
    "Rig",
    "Source",
    "Strength",
    "View",
    "avatar_rig",
    "face_in_picture",
    "moment_of",
    "mouth_never_shuts",
    "network_maps",
    "prepare_source",
    "restrict",
    "view_of",
    "zero_of",
]
