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

from .clip_reading import open_clip
from .colour import parted_from_white
from .containers import Container
from .frames import Frames, check_frames
from .palette import with_palette
from .still_metadata import StillMetadata
from .still_writing import WrittenMetadata, written_metadata
from .tracks import SideTrack, copy_tracks
from .written_formats import check_clip, clip_format, writable

_KEY_FRAME_SECONDS = 2
_PALETTE = "pal8"


def encode_still(
    image: Frames,
    path: Path,
    *,
    quality: int = 95,
    xmp: bytes | None = None,
    lossless: bool = False,
    metadata: StillMetadata | None = None,
    alpha: Frames | None = None,
) -> WrittenMetadata:
    """Write one picture as PNG, JPEG, WebP, AVIF or TIFF, as the suffix says.

    Args:
        image: uint8 RGB, `(H, W, 3)`, over white where it is transparent.
        path: Path of the file; an existing file is overwritten in place.
        quality: 1 … 100 for JPEG, WebP and AVIF; PNG and TIFF are lossless.
        xmp: XMP packet to embed, in place of the metadata's.
        lossless: Whether every pixel must be kept; PNG, TIFF and WebP can.
        metadata: What the file says beside its pixels.
        alpha: uint8, `(H, W)`, how opaque each pixel is; None for a picture that is opaque.

    Returns:
        What of the metadata the file holds.

    Raises:
        MediaError: The suffix names no still format, the format always loses something, or it holds no transparency.
        OSError: The file cannot be written.
    """
    container = writable(path, moving=False)
    if alpha is not None and container is Container.JPEG:
        raise MediaError(f"{path}: JPEG holds no transparency; use .png, .webp, .avif or .tif")
    if lossless and container in (Container.JPEG, Container.AVIF):
        raise MediaError(f"{path}: {container.name} always loses something here; use .png, .webp or .tif without loss")
    options: dict[Container, dict[str, object]] = {
        Container.PNG: {"compress_level": 6},
        Container.JPEG: {"quality": quality, "subsampling": "4:2:0"},
        Container.WEBP: {"lossless": True} if lossless else {"quality": quality, "method": 4},
        Container.AVIF: {"quality": quality, "subsampling": "4:2:0", "speed": 6, "max_threads": 1},
        Container.TIFF: {"compression": "tiff_adobe_deflate"},
    }
    pixels = image if alpha is None else parted_from_white(image, alpha)
    stated = metadata or StillMetadata()
    stated = stated if xmp is None else replace(stated, xmp=xmp)
    try:
        written = written_metadata(stated, container)
        path.write_bytes(_encoded(pixels, container, {**options[container], **written.options}))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # encoders raise any error for metadata that they cannot take
        bare = StillMetadata(xmp=stated.xmp)
        if stated == bare:
            raise
        lost = f"metadata beside XMP (cannot be written: {error})"
        written = written_metadata(replace(bare, lost=(*stated.lost, lost)), container)
        path.write_bytes(_encoded(pixels, container, {**options[container], **written.options}))
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
    """Write frames as a clip in the format that the suffix says; see `ClipEncoder`.

    Args:
        frames: uint8 RGB, `(T, H, W, 3)`.
        path: Path of the file, suffix .mp4, .mov, .webm, .webp or .gif; an existing file is overwritten in place.
        fps: Frames per second.
        crf: Constant rate factor of x264, 0 … 51; lower is better. Only H.264 and VP9 follow it.

    Raises:
        MediaError: The suffix is none of these, or the rate cannot be written.
        OSError: The file cannot be written.
    """
    with ClipEncoder(path, fps, frames.shape[1], frames.shape[2], crf=crf) as encoder:
        encoder.write(frames)


class ClipEncoder:
    """Write a clip piece by piece, in constant memory, in the format of its suffix.

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
        transparent: bool = False,
    ) -> None:
        """Open a file for writing.

        Args:
            path: Path of the file, suffix .mp4, .mov, .webm, .webp or .gif; an existing file is overwritten in place.
            fps: Frames per second.
            height: Pixels in a column.
            width: Pixels in a row.
            crf: Constant rate factor of x264, 0 … 51; lower is better. Only H.264 and VP9 follow it.
            audio_from: A clip whose sound is copied, from the time of its first frame on; None writes no sound.
            tracks_from: A clip whose sound tracks, subtitles, chapters and descriptions are all copied, as far as the
                container holds them; instead of `audio_from`.
            fragmented: Whether an MP4 or MOV is written in fragments, so that it can be streamed while it is read.
            transparent: Whether the frames come with their alpha.

        Raises:
            MediaError: The format holds no such clip: its suffix, rate, sound, transparency or fragments; or sound that
                is to be copied cannot be used.
            OSError: The file cannot be written.
        """
        self.rate = check_clip(path, fps, transparent=transparent, fragmented=fragmented)
        self.size = (height, width)
        self.count = 0
        made = clip_format(path)
        self._coding = made.transparent if transparent and made.transparent else made.opaque
        self._tracks: tuple[SideTrack, ...] = ()
        source = tracks_from or audio_from
        start = 0.0 if source is None else open_clip(source).start
        muxing = made.fragments if fragmented and made.fragments else made.muxing
        self._file = av.open(str(path), "w", format=made.muxer, options={**muxing, "fflags": "+bitexact"})
        self._stream = self._video(crf)
        try:
            if tracks_from is not None:
                self._tracks = copy_tracks(tracks_from, self._file, start, made)
            elif audio_from is not None:
                self._tracks = (SideTrack(audio_from, self._file, start, made),)
        except BaseException:
            self._abandon()
            raise

    def _video(self, crf: int) -> av.VideoStream:
        key_frames = str(max(round(self.rate * _KEY_FRAME_SECONDS), 1))
        options = {**self._coding.options_for(crf), "threads": "1", "g": key_frames}
        stream: av.VideoStream = self._file.add_stream(self._coding.codec, rate=self.rate, options=options)
        stream.height, stream.width = (side + growth for side, growth in zip(self.size, self._growth, strict=True))
        stream.pix_fmt = self._coding.pixels
        if self._coding.pixels != _PALETTE:
            stream.codec_context.colorspace = Colorspace.SMPTE170M
            stream.codec_context.color_range = ColorRange.MPEG
        return stream

    @property
    def _growth(self) -> tuple[int, int]:
        """Return by how many rows and columns the pictures grow."""
        height, width = self.size
        return (height % 2, width % 2) if self._coding.even else (0, 0)

    def write(self, frames: Frames, alpha: Frames | None = None) -> None:
        """Write frames, uint8 RGB, `(T, H, W, 3)`; with their alpha, `(T, H, W)`, where the clip is transparent.

        Raises:
            MediaError: The frames have another size than the clip.
            OSError: The file cannot be written.
        """
        check_frames(frames)
        if frames.ndim != 4 or frames.shape[1:3] != self.size:
            raise MediaError(f"frames of shape {frames.shape} do not fit a clip of {self.size[1]} × {self.size[0]}")
        pictures = frames if alpha is None else parted_from_white(frames, alpha)
        growth = (*((0, pixels) for pixels in self._growth), (0, 0))
        for picture in pictures:
            self._mux(self._stream.encode(self._frame(np.pad(picture, growth, mode="edge"))))
            self.count += 1

    def _frame(self, picture: Frames) -> av.VideoFrame:
        if self._coding.pixels == _PALETTE:
            return av.VideoFrame.from_ndarray(with_palette(picture), format=_PALETTE)
        frame = av.VideoFrame.from_ndarray(picture, format="rgba" if picture.shape[2] == 4 else "rgb24")
        return frame.reformat(format=self._coding.pixels, dst_colorspace=Colorspace.SMPTE170M)

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
