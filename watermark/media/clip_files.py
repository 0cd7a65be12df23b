"""Open the files of moving pictures and decode their frames in order, whatever container they are in."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from watermark.errors import MediaError

from .animations import WebpFile, is_animation_cut_off, is_moving
from .containers import Container, check_decodable, is_cut_off, sniff
from .frame_timing import MOST_CLIP_FRAMES
from .frames import Frames, check_area

TimedFrame = tuple[int, av.VideoFrame]
Times = npt.NDArray[np.int64]

_SMALL = 512 * 512  # up to this many pixels, starting threads costs more time than they save
_DEMUXERS = {Container.MP4: "mov", Container.MATROSKA: "matroska", Container.GIF: "gif"}
_MILLISECOND = 1e-3
_TECHNICAL = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id"})
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


class ClipFile(Protocol):
    """An open file of moving pictures.

    Attributes:
        unit: Seconds of one unit of its clock.
        stated_rates: Frames per second that its header states, the more reliable first.
        has_sound: Whether it has a sound track.
    """

    unit: float
    stated_rates: tuple[Fraction | None, ...]
    has_sound: bool

    def timetable(self) -> tuple[Times, Times]:
        """Return the presentation times of all frames, and those at which decoding can begin, both in order."""

    def seek(self, time: int) -> None:
        """Start decoding at one of the times at which it can begin."""

    def decoded(self) -> Iterator[TimedFrame]:
        """Yield each frame with its time; only wanted frames become pictures."""


@contextmanager
def open_frames(path: Path) -> Iterator[ClipFile]:
    """Open a file of moving pictures, after checks that decode nothing.

    Raises:
        MediaError: The file is missing, no clip, damaged, truncated, or its frames would fill the memory.
    """
    container = _container_of(path)
    cut_off = is_cut_off if container.is_clip else is_animation_cut_off
    if cut_off(path, container):
        raise MediaError(f"{path}: is truncated; get a sound copy of the file")
    if container is Container.WEBP:
        yield _Webp(path)
        return
    with demuxed(path) as file:
        yield _Demuxed(path, file, seekable=container.is_clip)


@contextmanager
def demuxed(path: Path) -> Iterator[InputContainer]:
    """Open a clip without access to the network or to other files, and convert decoder messages to one line.

    Raises:
        MediaError: The file is missing, no clip that the library reads, or damaged.
    """
    container = _container_of(path)
    if container not in _DEMUXERS:
        raise MediaError(f"{path}: is an animated {container.name}, which has no tracks")
    try:
        kind, options = _DEMUXERS[container], {"protocol_whitelist": "file"}
        with av.open(str(path), format=kind, options=options, metadata_errors="replace") as file:
            for stream in file.streams.video:
                codec = stream.codec_context
                if codec is not None and codec.width * codec.height <= _SMALL:
                    codec.thread_count = 1
            yield file
    except av.error.MemoryError:  # is no defect of the file
        raise
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: is damaged or truncated ({error.strerror}); get a sound copy of the file") from error


def descriptions(file: InputContainer) -> dict[str, str]:
    """Return what an open clip says about itself, such as its title, without notes on how the file was written."""
    return {name: text for name, text in file.metadata.items() if name.lower() not in _TECHNICAL}


def upright(frame: av.VideoFrame) -> Frames:
    """Return a decoded frame as RGB, composited over white and rotated as its metadata requires."""
    picture = _over_white(frame) if _has_alpha(frame) else frame.to_ndarray(format="rgb24", threads=1)
    return np.ascontiguousarray(np.rot90(picture, frame.rotation // 90))


def is_transparent(frame: av.VideoFrame) -> bool:
    """Return whether any pixel of a decoded frame is not opaque."""
    return _has_alpha(frame) and bool(frame.to_ndarray(format="rgba", threads=1)[..., 3].min() < 255)


def _has_alpha(frame: av.VideoFrame) -> bool:
    return any(component.is_alpha for component in frame.format.components)


def _over_white(frame: av.VideoFrame) -> Frames:
    layer = frame.to_ndarray(format="rgba", threads=1).astype(np.uint16)
    colour, alpha = layer[..., :3], layer[..., 3:]
    return np.asarray((colour * alpha + 255 * (255 - alpha) + 127) // 255, dtype=np.uint8)


def _container_of(path: Path) -> Container:
    container = sniff(path)
    check_decodable(path, container)
    if not is_moving(path, container):
        raise MediaError(f"{path}: is {container.name}, not a clip; read it with read_media")
    return container


class _Demuxed:
    """A clip that the library demuxes; a frame of a GIF is a change of the one before, so nothing is skipped there."""

    def __init__(self, path: Path, file: InputContainer, *, seekable: bool) -> None:
        self._path, self._file, self._seekable = path, file, seekable
        if not file.streams.video:
            raise MediaError(f"{path}: has no video track; give a file with moving pictures")
        self._stream = file.streams.video[0]
        codec = self._stream.codec_context
        if codec is None:
            raise MediaError(f"{path}: holds a kind of video that cannot be decoded; convert it to H.264")
        check_area(path, codec.width, codec.height)
        self.unit = float(self._stream.time_base or 0)
        self.stated_rates: tuple[Fraction | None, ...] = (self._stream.average_rate, self._stream.guessed_rate)
        self.has_sound = bool(file.streams.audio)

    def timetable(self) -> tuple[Times, Times]:
        shown, keys = array("q"), array("q")
        for packet in self._file.demux(self._stream):
            if packet.pts is None or packet.is_discard:
                continue
            shown.append(packet.pts)
            if packet.is_keyframe and self._seekable:
                keys.append(packet.pts)
            # A header of a few bytes can announce billions.
            if len(shown) > MOST_CLIP_FRAMES:
                raise MediaError(f"{self._path}: has more than {MOST_CLIP_FRAMES:,} frames; cut the clip")
        return np.sort(np.array(shown, dtype=np.int64)), np.sort(np.array(keys or shown[:1], dtype=np.int64))

    def seek(self, time: int) -> None:
        self._file.seek(time, stream=self._stream)

    def decoded(self) -> Iterator[TimedFrame]:
        for frame in self._frames():
            yield frame.pts if frame.pts is not None else 0, frame

    def _frames(self) -> Iterator[av.VideoFrame]:
        """Yield the decoded frames; the usual decoders of VP8 and VP9 leave out the alpha that a WebM can have."""
        name = _ALPHA_DECODERS.get(self._stream.codec_context.name)
        if name is None or self._stream.metadata.get("alpha_mode") != "1":
            yield from self._file.decode(self._stream)
            return
        decoder = av.VideoCodecContext.create(name, "r")
        decoder.thread_count = 1
        for packet in self._file.demux(self._stream):
            yield from decoder.decode(packet)


class _Webp:
    """An animated WebP."""

    unit = _MILLISECOND
    stated_rates: tuple[Fraction | None, ...] = ()
    has_sound = False

    def __init__(self, path: Path) -> None:
        self._file = WebpFile(path)
        check_area(path, self._file.width, self._file.height)

    def timetable(self) -> tuple[Times, Times]:
        return self._file.times, self._file.times[:1]

    def seek(self, time: int) -> None:
        self._file.seek(time)

    def decoded(self) -> Iterator[TimedFrame]:
        return self._file.decoded()
