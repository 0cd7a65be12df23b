"""Track FLAME parameters with a network that reads crops."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from generator.errors import NoFaceError
from generator.face.face_params import LAYOUTS, DriveSequence, FaceParams
from generator.trackers.drive_smoothing import smooth_drive
from generator.trackers.face_crop import CropRule
from generator.trackers.face_mesh.face_mesh import FaceMesh
from generator.trackers.face_mesh.follow import check_clip, check_gaps
from generator.trackers.protocol import Box, ClipFrames, Progress
from generator.trackers.regions import Image, Points
from generator.trackers.smoothing import spread

from .face_sight import FaceSeeker, Sight
from .flame_camera import FlameHead, cameras_of, pose_of
from .flame_code import CROP_SIZE, FlameCode, FlameNetwork

_LOG = logging.getLogger(__name__)

BATCH = 16
"""Number of crops that a network reads at once."""

_LAYOUT = LAYOUTS["flame"]


class FlameTracker:
    """Track FLAME's shape, expression, pose and camera.

    The face mesh finds the face; a caller's box or landmarks replace it and apply to the whole clip. Gaze comes from
    the irises of the face mesh and is 0 without it, since the networks have no gaze output.

    Args:
        name: Name of the tracker.
        network: Network that reads crops.
        rule: Rule of its crops.
        head: FLAME's head.
        find_mesh: Function that returns the face mesh networks, or raises TrackerError where they are not installed.
        device: Device of the network.
    """

    face_model = "flame"

    def __init__(
        self,
        name: str,
        network: FlameNetwork,
        rule: CropRule,
        head: FlameHead,
        find_mesh: Callable[[], FaceMesh],
        device: str = "cpu",
    ) -> None:
        self.name = name
        self._network = network.to(device)
        self._seeker = FaceSeeker(rule, find_mesh)
        self._head = head
        self._device = device

    def track_still(self, image: Image, *, box: Box | None = None, landmarks: Points | None = None) -> FaceParams:
        """Read the face of a picture; see `Tracker`.

        Raises:
            TrackerError: The face mesh is needed and not installed.
        """
        sight = self._seeker.look_at(image, box, landmarks)
        code = self._read(image[None], sight, None)
        if not code.usable().all():
            raise NoFaceError(f"{self.name} reads no face from the crop; give another box, landmarks or tracker")
        return self._fit(code, sight, sight.known, 1.0, image.shape[:2])[0]

    def track_clip(
        self,
        frames: ClipFrames,
        fps: float,
        *,
        box: Box | None = None,
        landmarks: Points | None = None,
        progress: Progress | None = None,
    ) -> DriveSequence:
        """Read the motion of one face; see `Tracker`.

        Without the face mesh, box and landmarks are needed.

        Raises:
            TrackerError: The face mesh is needed and not installed.
        """
        check_clip(frames, fps)
        total = 2 * len(frames)

        def looked(done: int, _: int) -> None:
            if progress is not None:
                progress(done, total)

        def read(done: int, _: int) -> None:
            if progress is not None:
                progress(len(frames) + done, total)

        sight = self._seeker.watch(frames, fps, box, landmarks, looked)
        code = self._read(frames, sight, read)
        usable = code.usable()
        known = sight.known.copy()
        known[known] = usable
        _LOG.info("tracked %d frames with %s; %d show the face", len(known), self.name, int(known.sum()))
        check_gaps(known, fps)
        return smooth_drive(self._fit(code.take(usable), sight, known, fps, frames.shape[1:3]))

    def _read(self, frames: ClipFrames, sight: Sight, progress: Progress | None) -> FlameCode:
        """Read the K frames that show the face, in batches."""
        shown = np.flatnonzero(sight.known).tolist()
        codes = []
        for start in range(0, len(shown), BATCH):
            batch = shown[start : start + BATCH]
            crops = np.stack([sight.regions[index].cut(frames[index], CROP_SIZE) for index in batch])
            # Kept channels-last in memory, which a CPU reads faster than planes of colour.
            codes.append(self._network.read(torch.from_numpy(crops).permute(0, 3, 1, 2).to(self._device)))
            if progress is not None:
                progress(batch[-1] + 1, len(frames))
        return FlameCode.join(codes)

    def _fit(
        self, code: FlameCode, sight: Sight, known: NDArray[np.bool_], fps: float, size: tuple[int, ...]
    ) -> DriveSequence:
        """Combine the parameters of K frames to one head's motion over T frames; `known` is true for those K."""
        shape = np.median(code.shape, 0).astype(np.float32)
        expression = np.clip(code.expression, _LAYOUT.low, _LAYOUT.high)
        regions = [sight.regions[index] for index in np.flatnonzero(known)]
        pose = spread(np.unwrap(pose_of(code), axis=0), known)
        camera = cameras_of(code, regions, self._head, (shape, expression), (size[0], size[1]))
        return DriveSequence(
            shape=shape,
            expression=spread(expression.astype(np.float64), known).astype(np.float32),
            pose=pose.astype(np.float32),
            gaze=sight.gaze(pose, size[0], size[1]).astype(np.float32),
            camera=spread(camera, known).astype(np.float32),
            fps=fps,
            face_model=self.face_model,
        )
