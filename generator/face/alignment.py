"""Compute Facial Alignment: the source's shape with the drive's pose and expression, at the source's scale and place.

AniFaceDiff swaps the shape and calibrates the head scale (arXiv 2406.13272); the camera rule is our own choice: s =
s_src * s_t / s_0 and t = t_src + (t_t - t_0) * s_src / s_0, where 0 is the drive's neutral moment. The division by s_0
makes the result independent of the driver's size in the drive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generator.errors import FaceModelError

from .face_params import DriveSequence, FaceParams, Floats, find_layout
from .pose import angles, rotation

Mode = Literal["relative", "absolute"]


@dataclass(frozen=True, slots=True)
class Retarget:
    """Configure how motion is transferred.

    Attributes:
        mode: "absolute" uses the drive's pose and expression unchanged; "relative" adds the drive's change from its own
            neutral moment to the source's pose and expression.
        eyes: Gain on lid motion. mouth: Gain on mouth motion, for FLAME on jaw motion. Both are >= 0; 1 does not change
            the motion.
    """

    mode: Mode = "relative"
    eyes: float = 1.0
    mouth: float = 1.0


def neutral_moment(drive: DriveSequence) -> FaceParams:
    """Return the drive's neutral moment: its anchor, or the median of the calmest third of its frames, not frame 0."""
    if drive.anchor is not None:
        return drive[drive.anchor]
    calm = _by_effort(drive)[: max(1, len(drive) // 3)]

    def middle(values: Floats) -> Floats:
        return np.median(values[calm], 0).astype(np.float32)

    return FaceParams(
        drive.shape, middle(drive.expression), middle(drive.pose), middle(drive.gaze), middle(drive.camera),
        drive.face_model, None if drive.residual is None else middle(drive.residual),
    )  # fmt: skip


def calmest_frame(drive: DriveSequence) -> int:
    """Return the frame in which a drive is at rest: its anchor, or the one with the least expression and turn."""
    return int(_by_effort(drive)[0]) if drive.anchor is None else drive.anchor


def _by_effort(drive: DriveSequence) -> NDArray[np.intp]:
    """Return the frames in the order of their expression and turn, the calmest first."""
    highest = find_layout(drive.face_model).high
    effort = np.abs(drive.expression / highest).sum(1) + 2 * np.abs(drive.pose - np.median(drive.pose, 0)).sum(1)
    return np.argsort(effort, kind="stable")


def align(source: FaceParams, drive: DriveSequence, retarget: Retarget) -> DriveSequence:
    """Transfer the drive's motion to the source's head, in the source's picture.

    The drive's shape is not used: two drives that differ only in shape give the same result, bit for bit.

    Raises:
        FaceModelError: Source and drive were read with different face models.
    """
    if source.face_model != drive.face_model:
        raise FaceModelError(
            f"the source is a {source.face_model} face and the drive a {drive.face_model} face; "
            "read both with trackers of the same face model"
        )
    layout = find_layout(source.face_model)
    zero = neutral_moment(drive)
    ratio = source.camera[0] / zero.camera[0]
    camera = np.empty_like(drive.camera)
    camera[:, 0] = drive.camera[:, 0] * ratio
    camera[:, 1:] = source.camera[1:] + (drive.camera[:, 1:] - zero.camera[1:]) * ratio
    gain = np.ones(len(layout.expression), np.float32)
    gain[list(layout.eyes)], gain[list(layout.mouth)] = retarget.eyes, retarget.mouth
    if retarget.mode == "absolute":
        expression, pose, gaze = drive.expression * gain, drive.pose, drive.gaze
    else:
        expression = source.expression + gain * (drive.expression - zero.expression)
        back = rotation(zero.pose).T
        pose = np.stack([angles(rotation(p) @ back @ rotation(source.pose)) for p in drive.pose])
        gaze = np.clip(source.gaze + drive.gaze - zero.gaze, -1, 1)
    return DriveSequence(
        shape=source.shape,
        expression=np.clip(expression, layout.low, layout.high).astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=gaze.astype(np.float32),
        camera=camera,
        fps=drive.fps,
        face_model=source.face_model,
    )
