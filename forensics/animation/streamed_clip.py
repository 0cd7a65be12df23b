"""Read frames of a clip from disk, for readers that go through them in order."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.trackers import ClipFrames
from watermark import ClipReader, MediaError, open_clip, read_media

_LOG = logging.getLogger(__name__)

Frame = NDArray[np.uint8]


class StreamedClip:
    """The frames of a clip, decoded on request; at most two of them are in memory at a time.

    Args:
        clip: The clip.
    """

    ndim = 4

    def __init__(self, clip: ClipReader) -> None:
        self._clip = clip
        self._at = -1
        self._frames: Iterator[Frame] = iter(())
        self._frame: Frame | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape (T, H, W, 3)."""
        return self._clip.frame_count, self._clip.height, self._clip.width, 3

    def __len__(self) -> int:
        return self._clip.frame_count

    def __iter__(self) -> Iterator[Frame]:
        return self._clip.frames()

    def __getitem__(self, index: int) -> Frame:
        """Return a frame; going back requires decoding from the start."""
        if not 0 <= index < len(self):
            raise IndexError(f"{self._clip.path}: has frames 0 to {len(self) - 1}, not {index}")
        if index < self._at or self._frame is None:
            self._at, self._frames = -1, self._clip.frames()
        while self._at < index:
            self._frame = next(self._frames, None)
            if self._frame is None:
                raise MediaError(f"{self._clip.path}: ends before frame {index}; get a sound copy of the file")
            self._at += 1
        assert self._frame is not None  # noqa: S101 - the loop has set it  # nosec B101
        return self._frame


def open_frames(path: Path) -> tuple[ClipFrames, float | None]:
    """Open a clip or a picture.

    Returns:
        Its frames (T, H, W, 3), and frames per second, or None for a picture.

    Raises:
        MediaError: The file cannot be read, or is a clip whose time stamps tell no rate, which the motion needs.
    """
    media = read_media(path, max_frames=1)
    if media.fps is None:
        _LOG.info("opened %s: %s", path, media)
        return media.frames, None
    clip = open_clip(path)
    _LOG.info("opened %s: %s", path, clip)
    return StreamedClip(clip), float(clip.written_rate)
