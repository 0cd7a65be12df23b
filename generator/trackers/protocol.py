"""What every tracker can do."""

from collections.abc import Callable, Iterator
from typing import Protocol

from generator.face.face_params import DriveSequence, FaceParams

from .regions import Image, Points

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

Progress = Callable[[int, int], None]
"""Is told how many of how many steps are done."""


class ClipFrames(Protocol):
    """Frames ``(T, H, W, 3)`` uint8 RGB: an array, or what decodes them in order as they are asked for."""

    @property
    def ndim(self) -> int:
        """4."""

    @property
    def shape(self) -> tuple[int, ...]:
        """T, H, W, 3."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Image]: ...

    def __getitem__(self, index: int, /) -> Image: ...


class Tracker(Protocol):
    """Reads the parameters of one face off pictures; `load_tracker` gives one by name."""

    @property
    def name(self) -> str:
        """Name in `TRACKERS`."""

    @property
    def face_model(self) -> str:
        """Name of the layout of what it reads."""

    def track_still(self, image: Image, *, box: Box | None = None, landmarks: Points | None = None) -> FaceParams:
        """Read the face of a picture.

        Args:
            image: ``(H, W, 3)`` uint8 RGB. The camera is in sides of the square that encloses the picture centrally.
            box: Where the face is, for one that is not found or to choose one.
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
            frames: T at least 1; gone through in order, twice by some trackers.
            fps: Frames a second, > 0.
            box: Where the face is in the first frame, for one that is not found or to choose one.
            landmarks: ``(68, 2)`` iBUG points of the first frame in pixels, instead of the box.
            progress: Is told how far the work is.

        Raises:
            NoFaceError: Frames without a face follow each other for more than `LONGEST_GAP`.
            TrackerError: There is no frame, or `fps` is not above 0.
        """
