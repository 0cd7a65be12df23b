"""Show a picture's face in any pose, one marked picture after another: by controls, or by a face before a camera."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np

from generator.avatars import avatar_head
from generator.face.alignment import Retarget
from generator.face.face_params import DriveSequence, FaceParams
from generator.geometry import Painter, Strength, avatar_rig, face_in_picture, moment_of, prepare_source, zero_of
from watermark import Deployment, mark

from .animate_config import AnimateConfig
from .framing import Picture
from .geometry import plan_geometry

_RATE = 25.0

LABEL = "generated, not a recording"
"""What a live picture says about itself."""


class LivePicture:
    """A source picture that was taken apart once, and is drawn by the preset `geometry` in every pose asked for.

    Args:
        image: (H, W, 3) uint8 RGB source picture.
        params: Its face, of the layout "arkit".
        deployment: The deployment whose mark every picture carries.
        size: Side of the pictures in pixels, 256 to 2048.

    Raises:
        FaceModelError: The face is not of the layout "arkit".
        GenerationError: The size is out of range.
    """

    def __init__(self, image: Picture, params: FaceParams, deployment: Deployment, size: int = 256) -> None:
        # Faces that are set by hand have nothing beyond their coefficients, so the moment at rest has nothing either.
        self.params = replace(params, residual=None)
        still = DriveSequence.still(self.params, _RATE)
        config = AnimateConfig(mode="absolute", size=size)
        work = plan_geometry(image, params, still, config, (), "preview")
        rig = avatar_rig()
        zero = zero_of(work.params, still, Retarget("absolute"), None)
        source = prepare_source(rig, work.source, face_in_picture(work.params, size))
        self._rig, self._person = rig, avatar_head().neutral(params.shape)
        self._source = source
        self._painter = Painter(source, moment_of(rig, zero, self._person), Strength())
        self._payload, self._key = work.claim.payload, deployment.mark_key
        self._one_at_a_time = threading.Lock()

    def follower(self, neutral: FaceParams) -> LiveFollower:
        """Return the same picture, which then follows another face.

        Args:
            neutral: The other face at rest, of the layout "arkit"; what it moves since then is put on the source.
        """
        painter = Painter(self._source, moment_of(self._rig, neutral, avatar_head().neutral(neutral.shape)), Strength())
        return LiveFollower(self, painter, neutral)

    def shown(self, face: FaceParams) -> Picture:
        """Return the marked picture (S, S, 3) of the source with another expression, pose, gaze and camera.

        Args:
            face: The face as `params` has it, in the same source picture, with what shall be different.
        """
        with self._one_at_a_time:
            drawn = self._painter.frame(moment_of(self._rig, face, self._person))
        return mark(drawn, self._payload, self._key)


class LiveFollower:
    """A picture that follows a face before a camera; it is marked, and a line in it says that it is generated.

    Args:
        live: The picture. painter: Draws it. neutral: The followed face at rest.
    """

    def __init__(self, live: LivePicture, painter: Painter, neutral: FaceParams) -> None:
        self._live, self._painter = live, painter
        self._person = avatar_head().neutral(neutral.shape)

    def shown(self, face: FaceParams) -> Picture:
        """Return the marked picture (S, S, 3) of a moment of the followed face."""
        drawn = self._painter.frame(moment_of(self._live._rig, face, self._person))
        return mark(_labelled(drawn), self._live._payload, self._live._key)


def _labelled(picture: Picture) -> Picture:
    """Return a picture with a line of text at its lower edge that says that it is generated."""
    labelled = picture.copy()
    size = len(picture) / 512
    strip = labelled[-round(44 * size) :]
    strip[:] = np.asarray(strip * 0.35, np.uint8)
    place = (round(10 * size), len(picture) - round(14 * size))
    white, line = (255, 255, 255), max(1, round(1.8 * size))
    cv2.putText(labelled, LABEL, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9 * size, white, line, cv2.LINE_AA)
    return labelled
