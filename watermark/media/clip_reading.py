"""Read a clip of any length in constant memory, as a viewer displays it.

Opening a clip reads through its packets without decoding them: they tell how many frames there are, when each is shown,
and where decoding can begin. A clip whose frames are not evenly spaced is resampled to its nominal rate, by repeating
frames and losing none; `variable_rate` is then true. Reading needs no rate; only writing does (see `written_rate`).
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from watermark.errors import MediaError

from .clip_files import ClipFile, TimedFrame, is_transparent, open_frames, upright
from .frame_timing import time_frames
from .frames import Frames, spread

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ClipReader:
    """A clip on disk; every call opens the file anew, so a reader keeps no file open.

    Attributes:
        path: The file.
        fps: Frames per second of the frames that `chunks` yields; assumed where `timed` is false.
        height: Pixels in a column, upright.
        width: Pixels in a row, upright.
        frame_count: Number of frames that `chunks` yields.
        variable_rate: Whether the file's frames are not evenly spaced and are resampled.
        flattened: Whether the file has transparency; its frames are then composited over white.
        has_sound: Whether the file has a sound track.
        start: Presentation time of the first frame on the file's clock, in seconds; sound uses the same clock.
        timed: Whether the frames' time stamps tell the rate.
    """

    path: Path
    fps: Fraction
    height: int
    width: int
    frame_count: int
    variable_rate: bool
    flattened: bool
    has_sound: bool
    start: float
    timed: bool
    _shown: npt.NDArray[np.int64] = field(repr=False)
    _keys: npt.NDArray[np.int64] = field(repr=False)
    _places: npt.NDArray[np.int64] = field(repr=False)

    def __str__(self) -> str:
        """Return a short description of what was opened."""
        size = f"{self.width} × {self.height} pixels"
        rate = f"at {float(self.fps):g} a second" if self.timed else "at no stated rate"
        return f"a clip of {self.frame_count} frames, {size}, {rate}"

    @property
    def written_rate(self) -> Fraction:
        """Return the frames per second with which the frames can be written.

        Raises:
            MediaError: The frames' time stamps tell no rate.
        """
        if not self.timed:
            raise MediaError(
                f"{self.path}: its time stamps tell no frame rate, which writing a clip needs; convert it to MP4 with "
                "a constant rate"
            )
        return self.fps

    @property
    def frame_bytes(self) -> int:
        """Return the memory of one decoded frame in bytes."""
        return self.height * self.width * 3

    def chunks(self, size: int = 16) -> Iterator[Frames]:
        """Yield the frames in order, at most `size` at a time.

        Args:
            size: Maximum number of frames in memory at once.

        Yields:
            uint8 RGB, `(T, H, W, 3)` with T ≤ size.

        Raises:
            MediaError: The file is damaged, or changes its size.
        """
        frames = self.frames()
        while chunk := list(itertools.islice(frames, size)):
            yield np.stack(chunk)

    def frames(self) -> Iterator[Frames]:
        """Yield the frames one by one, uint8 RGB, `(H, W, 3)`.

        Raises:
            MediaError: The file is damaged, or changes its size.
        """
        with open_frames(self.path) as file:
            decoded = ((time, self._picture(frame)) for time, frame in self._decoded(file))
            if self.variable_rate:
                yield from self._resampled(decoded)
            else:
                yield from (picture for _, picture in decoded)

    def sample(self, limit: int) -> Frames:
        """Return at most `limit` frames, evenly spread, without decoding most of the frames between them.

        Args:
            limit: Maximum number of frames.

        Returns:
            uint8 RGB, `(T, H, W, 3)` with T ≤ limit; the first frame is the clip's first.

        Raises:
            MediaError: The file is damaged, or changes its size.
        """
        with open_frames(self.path) as file:
            wanted = self._shown[list(spread(len(self._shown), limit))]
            return self._stacked(len(wanted), self._picked(wanted, file, self._decoded(file)))

    def take(self, indices: Sequence[int]) -> Frames:
        """Return the frames with these numbers, in this order, without decoding most of the frames between them.

        Args:
            indices: Numbers of frames as `frames` counts them; any order, repeats allowed.

        Returns:
            uint8 RGB, `(len(indices), H, W, 3)`.

        Raises:
            MediaError: The file is damaged, or changes its size.
            IndexError: There is no frame of that number.
        """
        with open_frames(self.path) as file:
            return self._taken(indices, file, self._decoded(file))

    def first(self, count: int) -> Frames:
        """Return the first `count` frames, uint8 RGB, `(count, H, W, 3)`, without additional memory.

        Raises:
            MediaError: The file is damaged, or changes its size.
        """
        return self._stacked(count, self.frames())

    def _stacked(self, most: int, pictures: Iterator[Frames]) -> Frames:
        """Collect at most so many frames without storing any twice."""
        gathered = np.empty((most, self.height, self.width, 3), dtype=np.uint8)
        count = 0
        for count, picture in enumerate(itertools.islice(pictures, most), 1):
            gathered[count - 1] = picture
        if not count:
            raise MediaError(f"{self.path}: has no frame that can be decoded; get a sound copy of the file")
        return gathered[:count]

    def _taken(self, indices: Sequence[int], file: ClipFile, decoded: Iterator[TimedFrame]) -> Frames:
        """Return frames by number from an open file, whose first frame is the next to be decoded."""
        numbers, places = np.unique(np.asarray(indices, dtype=np.int64), return_inverse=True)
        if not len(numbers) or numbers[0] < 0 or numbers[-1] >= self.frame_count:
            raise IndexError(f"{self.path}: has frames 0 to {self.frame_count - 1}, not all of {list(indices)}")
        if self.variable_rate:
            numbers = np.searchsorted(self._places, numbers, "right") - 1
        wanted, shown = np.unique(self._shown[numbers], return_inverse=True)
        pictures = self._stacked(len(wanted), self._picked(wanted, file, decoded))
        order = shown[places]
        return pictures if np.array_equal(order, np.arange(len(pictures))) else pictures[order]

    def _picked(self, wanted: npt.NDArray[np.int64], file: ClipFile, decoded: Iterator[TimedFrame]) -> Iterator[Frames]:
        """Yield the frames shown at the wanted times, seeking to the key frame before each where that saves work."""
        at = int(self._shown[0]) - 1
        for time in wanted.tolist():
            before = int(np.searchsorted(self._keys, time, "right"))
            key = int(self._keys[before - 1]) if before else at
            if at < key <= time and key > self._shown[0]:
                file.seek(key)
                decoded = self._decoded(file)
            for at, frame in decoded:
                if at >= time:
                    yield self._picture(frame)
                    break
            else:
                raise MediaError(f"{self.path}: ends before its index says; get a sound copy of the file")

    def _picture(self, frame: av.VideoFrame) -> Frames:
        """Return a frame upright, in the clip's size."""
        picture = upright(frame)
        if picture.shape != (self.height, self.width, 3):
            raise MediaError(
                f"{self.path}: changes its size from {self.width} × {self.height} to "
                f"{picture.shape[1]} × {picture.shape[0]}; convert it to one size"
            )
        return picture

    def _decoded(self, file: ClipFile) -> Iterator[TimedFrame]:
        """Yield each frame with its time, or with its number where time stamps tell nothing and no seeking is done."""
        return file.decoded() if self.timed else _numbered(file.decoded())

    def _resampled(self, decoded: Iterator[tuple[int, Frames]]) -> Iterator[Frames]:
        """Yield each frame as often as it is shown until the place of the next one."""
        due, shown, last = 0, None, -1
        for time, picture in decoded:
            last = max(int(np.searchsorted(self._shown, time)), last + 1)  # two frames may have the same time
            place = int(self._places[min(last, len(self._places) - 1)])
            while shown is not None and due < place:
                yield shown
                due += 1
            shown = picture
        if shown is not None:
            yield shown


def open_clip(path: Path) -> ClipReader:
    """Open an MP4, MOV, Matroska or WebM file, or an animated GIF or WebP, for reading in pieces. The content decides.

    Rotation metadata is applied; the first video track is read.

    Raises:
        MediaError: The file is missing, no clip, damaged or truncated.
    """
    with _introduced(path) as (clip, _, _):
        return clip


def take_frames(path: Path, indices: Sequence[int]) -> Frames:
    """Open a clip and return some of its frames: `open_clip(path).take(indices)`, but the file is opened once.

    Raises:
        MediaError: As for `open_clip`.
        IndexError: There is no frame of that number.
    """
    with _introduced(path) as (clip, file, decoded):
        return clip._taken(indices, file, decoded)


@contextmanager
def _introduced(path: Path) -> Iterator[tuple[ClipReader, ClipFile, Iterator[TimedFrame]]]:
    """Open a clip and inspect it; yield its reader with the open file and all of its frames, not yet decoded."""
    with open_frames(path) as file:
        shown, keys = file.timetable()
        file.seek(int(shown[0]) if len(shown) else 0)
        decoded = file.decoded()
        first = next(decoded, None)
        if first is None or not len(shown):
            raise MediaError(f"{path}: has no frame that can be decoded; get a sound copy of the file")
        height, width = upright(first[1]).shape[:2]
        timing = time_frames(shown, file.unit, file.stated_rates)
        start = float(shown[0]) * file.unit
        whole: Iterator[TimedFrame] = itertools.chain([first], decoded)
        if not timing.timed:
            shown, keys, whole = np.arange(len(shown), dtype=np.int64), shown[:0], _numbered(whole)
        count = int(timing.places[-1]) + 1
        clip = ClipReader(
            path,
            timing.fps,
            height,
            width,
            count,
            timing.variable,
            is_transparent(first[1]),
            file.has_sound,
            start,
            timing.timed,
            shown,
            keys,
            timing.places,
        )
        _LOG.debug("opened %s: %s%s", path, clip, ", resampled" if timing.variable else "")
        yield clip, file, whole


def _numbered(decoded: Iterator[TimedFrame]) -> Iterator[TimedFrame]:
    """Replace the time of each frame by its number."""
    return ((number, frame) for number, (_, frame) in enumerate(decoded))
