"""Define the interface of trackers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from generator.face.face_params import DriveSequence, FaceParams

from .regions import Image, Points

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

Progress = Callable[[int, int], None]
"""Progress callback; receives the number of finished steps and the number of all steps."""


class ClipFrames(Protocol):
    """Frames ``(T, H, W, 3)`` uint8 RGB: an array, or an object that decodes them in order on demand."""

    @property
    def ndim(self) -> int:
        """Return 4."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return T, H, W, 3."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Image]: ...

    def __getitem__(self, index: int, /) -> Image: ...


class Tracker(Protocol):
    """Track the parameters of one face in pictures; `load_tracker` loads a tracker by name."""

    @property
    def name(self) -> str:
        """Return the name in `TRACKERS`."""

    @property
    def face_model(self) -> str:
        """Return the name of the layout of the tracked parameters."""

    def track_still(self, image: Image, *, box: Box | None = None, landmarks: Points | None = None) -> FaceParams:
        """Read the face of a picture.

        Args:
            image: ``(H, W, 3)`` uint8 RGB. The camera is in sides of the square that encloses the picture centrally.
            box: Box of the face, for a face that is not found or to choose one.
            landmarks: ``(68, 2)`` iBUG points in pixels, instead of the box.

        Raises:
            NoFaceError: There is no face, the picture is too small, or box or landmarks do not fit it.
        """

    def track_clip(
        self,
        frames: ClipFrames,
        fps: float,
        *,
        box: Box | None = None,
        landmarks: Points | None = None,
        progress: Progress | None = None,
    ) -> DriveSequence:
        """Read the motion of one face, smoothed without delay.

        Args:
            frames: Frames with T at least 1; they are read in order, by some trackers twice.
            fps: Frames per second, > 0.
            box: Box of the face in the first frame, for a face that is not found or to choose one.
            landmarks: ``(68, 2)`` iBUG points of the first frame in pixels, instead of the box.
            progress: Progress callback.

        Raises:
            NoFaceError: More than `LONGEST_GAP` of consecutive frames have no face.
            TrackerError: There is no frame, or `fps` is not above 0.
        """
