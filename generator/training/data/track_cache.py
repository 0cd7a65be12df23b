"""Track the parameters of a data set's clips once, and cache them.

A file is identified by the SHA-256 of its content, so a renamed or moved file is not read again. Long files are cut
into pieces that are tracked one by one. A record is written last and lists every piece with its state: a piece without
a face, or a file that cannot be decoded, is counted and left out, never replaced.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.errors import NoFaceError, TrainingError
from generator.trackers import Tracker, cache_folder
from watermark import ClipReader, MediaError, file_hash, open_clip, whole_file

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".m4v")
_LONGEST_SIDE = 768
"""Larger frames are shrunk for tracking; camera parameters are in picture sides, so they do not change."""
_SHORTEST = 2
_WAIT = 0.5

Progress = Callable[[int, int], None]
State = Literal["tracked", "no face", "too short"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of consecutive frames of a file.

    Attributes:
        start, count: First frame and number of frames.
        state: Result of tracking it.
        reason: Why it is not tracked; "" where it is.
    """

    start: int
    count: int
    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """The tracking record of a file.

    Attributes:
        digest: SHA-256 of its content.
        height, width: Size of its frames; 0 where it cannot be decoded.
        pieces: Its pieces in order; none where it cannot be decoded.
        reason: Why it cannot be decoded, else "".
    """

    digest: str
    height: int
    width: int
    pieces: tuple[Piece, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of a data set that could be used."""

    files: int
    unreadable: int
    pieces: int
    tracked: int
    no_face: int
    too_short: int
    frames: int

    @staticmethod
    def of(records: Sequence[Record]) -> Coverage:
        """Count the usable parts of records."""
        pieces = [piece for record in records for piece in record.pieces]
        count = {state: sum(piece.state == state for piece in pieces) for state in ("tracked", "no face", "too short")}
        return Coverage(
            files=len(records), unreadable=sum(bool(record.reason) for record in records), pieces=len(pieces),
            tracked=count["tracked"], no_face=count["no face"], too_short=count["too short"],
            frames=sum(piece.count for piece in pieces if piece.state == "tracked"),
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"{self.files} files, {self.unreadable} of them unreadable; {self.pieces} pieces: {self.tracked} tracked "
            f"({self.frames} frames), {self.no_face} without a face, {self.too_short} too short"
        )


def default_cache() -> Path:
    """Return the default folder of records: in $FACETRAIL_CACHE or the user's cache."""
    return cache_folder() / "tracks"


class TrackCache:
    """Read and write records and motions in a cache folder.

    Args:
        folder: Folder of the cache, created if absent.
        tracker: Name of the tracker; every tracker has its own records.
        piece: Length of a piece in frames.
    """

    def __init__(self, folder: Path, tracker: str, piece: int) -> None:
        self._folder, self._piece = folder / f"{tracker}-{piece}", piece
        self._stamps = folder / "files"
        for made in (self._folder, self._stamps):
            made.mkdir(parents=True, exist_ok=True)

    def motion_path(self, digest: str, piece: Piece) -> Path:
        """Return the path of a piece's motion, which is in the coordinates of the whole frame."""
        return self._folder / f"{digest}-{piece.start}.npz"

    def find(self, path: Path) -> Record | None:
        """Return the record of a file, or None where there is none."""
        record = self._folder / f"{self._digest(path)}.json"
        if not record.is_file():
            return None
        try:
            stored: dict[str, Any] = json.loads(record.read_text("utf-8"))
            pieces = tuple(Piece(**piece) for piece in stored.pop("pieces"))
            return Record(**stored, pieces=pieces)
        except (ValueError, TypeError, KeyError) as error:
            raise TrainingError(f"{record}: no record of tracked pieces ({error}); delete it to track anew") from None

    def track(self, path: Path, tracker: Tracker) -> Record:
        """Track a file piece by piece and store the results."""
        digest = self._digest(path)
        try:
            clip = open_clip(path)
            pieces = tuple(self._track_piece(digest, *cut, clip, tracker) for cut in _cuts(clip, self._piece))
            record = Record(digest, clip.height, clip.width, pieces)
        except MediaError as error:
            record = Record(digest, 0, 0, (), str(error))
        _write(self._folder / f"{digest}.json", asdict(record))
        return record

    def _track_piece(
        self, digest: str, start: int, frames: NDArray[np.uint8], clip: ClipReader, tracker: Tracker
    ) -> Piece:
        if len(frames) < _SHORTEST:
            return Piece(start, len(frames), "too short", f"{len(frames)} frame")
        try:
            motion = tracker.track_clip(frames, float(clip.fps))
        except NoFaceError as error:
            return Piece(start, len(frames), "no face", str(error))
        piece = Piece(start, len(frames), "tracked")
        # Two copies of a file may be tracked at once: each is written apart, the last one stays.
        motion.save(self.motion_path(digest, piece))
        return piece

    def _digest(self, path: Path) -> str:
        """Return the SHA-256 of a file's content; a file with unchanged path, size and time is not read again."""
        state = path.stat()
        key = f"{path.resolve()}\0{state.st_size}\0{state.st_mtime_ns}"
        stamp = self._stamps / hashlib.sha256(key.encode()).hexdigest()
        if stamp.is_file() and len(known := stamp.read_text("ascii")) == 64:
            return known
        digest = file_hash(path)
        _replace(stamp, digest)
        return digest


def _cuts(clip: ClipReader, piece: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first frame and the frames of each piece, no larger than tracking needs."""
    frames, start = clip.frames(), 0
    scale = _LONGEST_SIDE / max(clip.height, clip.width)
    while chunk := list(itertools.islice(frames, piece)):
        if scale < 1:
            chunk = [cv2.resize(f, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for f in chunk]
        yield start, np.stack(chunk)
        start += len(chunk)


def _write(path: Path, content: dict[str, Any]) -> None:
    _replace(path, json.dumps(content, indent=1))


def _replace(path: Path, text: str) -> None:
    with whole_file(path) as part:
        part.write_text(text, "utf-8")


def find_videos(folder: Path) -> list[Path]:
    """Return all videos below a folder, sorted.

    Raises:
        TrainingError: There is no video.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder}: no such folder; name a folder of videos, or 'avatars'")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file())
    if not found:
        raise TrainingError(f"{folder}: holds no video ({', '.join(VIDEO_SUFFIXES)}); name a folder of videos")
    return found


def track_all(
    videos: Sequence[Path], cache: TrackCache, load: Callable[[], Tracker], progress: Progress,
    process: int = 0, processes: int = 1,
) -> list[Record]:  # fmt: skip
    """Return the records of all videos, after tracking those without a record.

    Process p of P tracks the videos p, p + P, ... and waits for the records of the others; no process group is needed.

    Args:
        videos: Video files.
        cache: Cache of the records.
        load: Function that loads the tracker; it is called only if there is something to track.
        progress: Progress callback; receives the number of finished videos.
        process: Number of this process, p.
        processes: Number of processes, P.
    """
    known = [cache.find(video) for video in videos]
    done, tracker = sum(record is not None for record in known), None
    for index in range(process, len(videos), processes):
        if known[index] is None:
            tracker = tracker or load()
            known[index] = cache.track(videos[index], tracker)
            done += 1
            progress(done, len(videos))
    while missing := [index for index, record in enumerate(known) if record is None]:
        for index in missing:
            known[index] = cache.find(videos[index])
        if None in known:
            time.sleep(_WAIT)
    return [record for record in known if record is not None]
