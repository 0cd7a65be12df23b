"""Prepare the face of the Animate tab: an avatar that is drawn on the spot, or a picture of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.animation.animate import load_still, refuse_marked, track_source
from forensics.animation.tracking import TrackerChoice
from generator import FaceParams, LivePicture, avatars
from watermark import Deployment, encode_still

from .sessions import Session

Frames = NDArray[np.uint8]

SIZE = 512
"""Side of an avatar's picture in pixels."""

LIVE = 256
"""Side of the picture that follows the sliders, in pixels."""

_KEPT = 3
"""Prepared faces that an open page keeps."""


@dataclass(frozen=True, slots=True)
class FaceChoice:
    """The face that was chosen.

    Attributes:
        upload: An uploaded picture, None for an avatar.
        style: Style of the avatar.
        seed: What the avatar is drawn from, at least 0.
    """

    upload: Path | None
    style: str
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face that can be posed.

    Attributes:
        still: (H, W, 3) uint8 RGB.
        params: The face in it, of the layout "arkit".
        live: The picture in any pose, small.
    """

    still: Frames
    params: FaceParams
    live: LivePicture


def face_of(choice: FaceChoice, deployment: Deployment, session: Session) -> Face:
    """Return the chosen face, prepared once for each open page.

    Args:
        choice: The choice.
        deployment: The deployment whose mark the posed pictures carry.
        session: The page, which keeps the last faces until it is closed.

    Raises:
        InputError: The picture is too small, shows no face, or carries a mark already.
        WatermarkError: The picture cannot be read.
        FaceModelError: There is no such style.
    """
    found = session.faces.pop(choice, None) or _prepared(choice, deployment)
    if not session.closed:
        session.faces[choice] = found
        for old in list(session.faces)[:-_KEPT]:
            session.faces.pop(old, None)
    return found


def _prepared(choice: FaceChoice, deployment: Deployment) -> Face:
    if choice.upload is None:
        avatar = avatars.sample_avatar(choice.seed, choice.style)
        params = avatar.params()
        still: Frames = avatars.render(avatar, params, SIZE).picture
    else:
        still = load_still(choice.upload)
        refuse_marked(choice.upload, still, deployment)
        params = track_source(choice.upload, still, TrackerChoice("arkit"))
    return Face(still, params, LivePicture(still, params, deployment, LIVE))


def file_of(choice: FaceChoice, face: Face, folder: Path) -> Path:
    """Return the picture as a file, written where it is an avatar's.

    Args:
        choice: The choice.
        face: The face.
        folder: Folder of the new file.
    """
    if choice.upload is not None:
        return choice.upload
    path = folder / f"avatar-{choice.style}-{choice.seed}.png"
    encode_still(face.still, path)
    return path
