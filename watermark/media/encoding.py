"""Write stills and clips with the one encoder that synthetic and genuine corpus files share.

The same frames and settings give the same bytes: one coding thread, no time stamps, no random identifiers.
"""

from __future__ import annotations

import io
import tempfile
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Self

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from watermark.errors import MediaError

from .clip_reading import demuxed, open_clip
from .containers import Container, writable
from .frame_timing import FASTEST, LARGEST_DENOMINATOR
from .frames import Frames, check_frames
from .sound import SideTrack, kept_subtitles
from .still_metadata import StillMetadata
from .still_writing import WrittenMetadata, written_metadata

_KEY_FRAME_SECONDS = 2


def encode_still(
    image: Frames,
    path: Path,
    *,
    quality: int = 95,
    xmp: bytes | None = None,
    lossless: bool = False,
    metadata: StillMetadata | None = None,
) -> WrittenMetadata:
    """Write one picture as PNG, JPEG, WebP, AVIF or TIFF, as the suffix says.

    Args:
        image: uint8 RGB, `(H, W, 3)`.
        path: Path of the file; an existing file is overwritten in place.
        quality: 1 … 100 for JPEG, WebP and AVIF; PNG and TIFF are lossless.
        xmp: XMP packet to embed, in place of the metadata's.
        lossless: Whether every pixel must be kept; PNG, TIFF and WebP can.
        metadata: What the file says beside its pixels.

    Returns:
        What of the metadata the file holds.

    Raises:
        MediaError: The suffix names no still format, or the format always loses something.
        OSError: The file cannot be written.
    """
    container = writable(path)
    if container.is_clip:
        raise MediaError(f"{path}: cannot hold a still; use .png, .jpg, .webp, .avif or .tif")
    if lossless and container in (Container.JPEG, Container.AVIF):
        raise MediaError(f"{path}: {container.name} always loses something here; use .png, .webp or .tif without loss")
    options: dict[Container, dict[str, object]] = {
        Container.PNG: {"compress_level": 6},
        Container.JPEG: {"quality": quality, "subsampling": "4:2:0"},
        Container.WEBP: {"lossless": True} if lossless else {"quality": quality, "method": 4},
        Container.AVIF: {"quality": quality, "subsampling": "4:2:0", "speed": 6, "max_threads": 1},
        Container.TIFF: {"compression": "tiff_adobe_deflate"},
    }
    stated = metadata or StillMetadata()
    stated = stated if xmp is None else replace(stated, xmp=xmp)
    try:
        written = written_metadata(stated, container)
        path.write_bytes(_encoded(image, container, {**options[container], **written.options}))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # encoders raise any error for metadata that they cannot take
        bare = StillMetadata(xmp=stated.xmp)
        if stated == bare:
            raise
        lost = f"metadata beside XMP (cannot be written: {error})"
        written = written_metadata(replace(bare, lost=(*stated.lost, lost)), container)
        path.write_bytes(_encoded(image, container, {**options[container], **written.options}))
    return written


def _encoded(image: Frames, container: Container, options: dict[str, Any]) -> bytes:
    with _scratch(container) as encoded:
        Image.fromarray(image).save(encoded, format=container.name, **options)
        encoded.seek(0)
        return encoded.read()


def _scratch(container: Container) -> IO[bytes]:
    """Return the stream that an encoder writes to, in memory where the encoder would not report a full disk.

    libtiff reports a full disk, so it writes to a temporary file. It skips bytes for alignment: in a file they are
    zeros, in memory they are undefined.
    """
    return tempfile.TemporaryFile() if container is Container.TIFF else io.BytesIO()


def encode_clip(frames: Frames, path: Path, fps: float | Fraction, *, crf: int = 18) -> None:
    """Write frames as a clip, an MP4 with the index at the front; see `ClipEncoder`.

    Args:
        frames: uint8 RGB, `(T, H, W, 3)`.
        path: Path of the file, suffix .mp4, .mov or .webm; an existing file is overwritten in place.
        fps: Frames per second.
        crf: Constant rate factor of x264, 0 … 51; lower is better.

    Raises:
        MediaError: The suffix is none of a clip's, or the rate is not positive.
        OSError: The file cannot be written.
    """
    with ClipEncoder(path, fps, frames.shape[1], frames.shape[2], crf=crf) as encoder:
        encoder.write(frames)


_FORMATS = {".mp4": "mp4", ".mov": "mov", ".webm": "webm"}
_TECHNICAL = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id"})
_FRAGMENTED = "+frag_keyframe+empty_moov+default_base_moof"
_VP9_STEPS = 6
"""VP9 at a rate factor that is higher by this looks about as good as H.264."""


class ClipEncoder:
    """Write H.264 in MP4 or MOV, or VP9 in WebM, piece by piece, in constant memory.

    4:2:0 needs even sides: an odd one grows by a copy of its last row or column, so no pixel is lost. A key frame comes
    at least every two seconds, so that a part cut out of the clip still contains the mark. Used in a `with` block; the
    file is whole when the block ends without an error.
    """

    def __init__(
        self,
        path: Path,
        fps: float | Fraction,
        height: int,
        width: int,
        *,
        crf: int = 18,
        audio_from: Path | None = None,
        tracks_from: Path | None = None,
        fragmented: bool = False,
    ) -> None:
        """Open a file for writing.

        Args:
            path: Path of the file, suffix .mp4, .mov or .webm; an existing file is overwritten in place.
            fps: Frames per second.
            height: Pixels in a column.
            width: Pixels in a row.
            crf: Constant rate factor of x264, 0 … 51; lower is better.
            audio_from: A clip whose sound is copied, from the time of its first frame on; None writes no sound.
            tracks_from: A clip whose sound tracks, subtitles, chapters and descriptions are all copied, as far as the
                container holds them; instead of `audio_from`.
            fragmented: Whether an MP4 or MOV is written in fragments, so that it can be streamed while it is read.

        Raises:
            MediaError: The suffix is none of a clip's, the rate is not positive, or sound that is to be copied cannot
                be used.
            OSError: The file cannot be written.
        """
        self.rate = check_clip(path, fps)
        self.size = (height, width)
        self.count = 0
        self._tracks: list[SideTrack] = []
        source = tracks_from or audio_from
        start = 0.0 if source is None else open_clip(source).start
        kind = _FORMATS[path.suffix.lower()]
        movflags = {} if kind == "webm" else {"movflags": _FRAGMENTED if fragmented else "+faststart"}
        self._file = av.open(str(path), "w", format=kind, options={"fflags": "+bitexact", **movflags})
        self._stream = self._video(kind, width, height, crf)
        try:
            if tracks_from is not None:
                self._keep_all(tracks_from, kind, start)
            elif audio_from is not None:
                self._tracks.append(SideTrack(audio_from, self._file, start))
        except BaseException:
            self._abandon()
            raise

    def _video(self, kind: str, width: int, height: int, crf: int) -> av.VideoStream:
        key_frames = {"g": str(max(round(self.rate * _KEY_FRAME_SECONDS), 1)), "threads": "1"}
        if kind == "webm":
            options = {"crf": str(min(crf + _VP9_STEPS, 63)), "b": "0", "deadline": "good", "cpu-used": "4"}
            stream = self._file.add_stream("libvpx-vp9", rate=self.rate, options={**options, **key_frames})
        else:
            options = {"crf": str(crf), "preset": "medium"}
            stream = self._file.add_stream("libx264", rate=self.rate, options={**options, **key_frames})
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = Colorspace.SMPTE170M
        stream.codec_context.color_range = ColorRange.MPEG
        return stream

    def _keep_all(self, source: Path, kind: str, start: float) -> None:
        """Copy every track beside the pictures, the chapters and the descriptions of a clip."""
        with demuxed(source) as file:
            sounds, chapters = len(file.streams.audio), file.chapters()
            described = {key: text for key, text in file.metadata.items() if key not in _TECHNICAL}
        for number in range(sounds):
            self._tracks.append(SideTrack(source, self._file, start, number))
        for number in kept_subtitles(source, kind):
            self._tracks.append(SideTrack(source, self._file, start, number, subtitles=True))
        self._file.metadata.update(described)
        if chapters:
            self._file.set_chapters(chapters)

    def write(self, frames: Frames) -> None:
        """Write frames, uint8 RGB, `(T, H, W, 3)`.

        Raises:
            MediaError: The frames have another size than the clip.
            OSError: The file cannot be written.
        """
        check_frames(frames)
        if frames.ndim != 4 or frames.shape[1:3] != self.size:
            raise MediaError(f"frames of shape {frames.shape} do not fit a clip of {self.size[1]} × {self.size[0]}")
        growth = (*((0, side % 2) for side in self.size), (0, 0))
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(np.pad(picture, growth, mode="edge"), format="rgb24")
            self._mux(self._stream.encode(frame.reformat(format="yuv420p", dst_colorspace=Colorspace.SMPTE170M)))
            self.count += 1

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            for track in self._tracks:
                track.advance(float(packet.dts * packet.time_base))
            self._file.mux(packet)

    def __enter__(self) -> Self:
        """Return the encoder."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish the file, or leave it unfinished where the block failed."""
        try:
            if kind is None:
                self._mux(self._stream.encode())
                for track in self._tracks:
                    track.advance(self.count / float(self.rate))
        except BaseException:
            self._abandon()
            raise
        if kind is None:
            self._leave()
        else:
            self._abandon()

    def _leave(self) -> None:
        for track in self._tracks:
            track.close()
        self._file.close()

    def _abandon(self) -> None:
        """Close an unfinished file; the error of finishing it is ignored."""
        with suppress(OSError, ValueError):
            self._leave()


def check_clip(path: Path, fps: float | Fraction) -> Fraction:
    """Return the frame rate in the form that is written.

    Raises:
        MediaError: The suffix is none of a clip's, or the rate is not between 0 and 1000.
    """
    if not writable(path).is_clip:
        raise MediaError(f"{path}: cannot hold a clip; use .mp4, .mov or .webm")
    if not 0 < fps <= FASTEST:
        raise MediaError(f"{path}: a frame rate of {fps} cannot be written; give frames a second between 0 and 1000")
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)
