"""Copy the sound track of a file into a clip that is being written.

Packets are copied unchanged where players of the new format support the codec, and otherwise re-encoded. They are
written in step with the pictures, so that neither track has to wait in memory for the other.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer

from watermark.errors import MediaError

from .clip_files import demuxed
from .clip_formats import ClipFormat, clip_format
from .clip_reading import open_clip

_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_RATE = 48000


class SoundTrack:
    """Copy the first sound track of a file into another, in step with the pictures."""

    def __init__(self, source: Path, target: OutputContainer, start: float, made: ClipFormat) -> None:
        """Add a sound stream to the target, before anything is written to it.

        Args:
            source: MP4, MOV or Matroska file with a sound track.
            target: The clip being written.
            start: Time in the source, in seconds, that becomes time 0.
            made: Format of the target.

        Raises:
            MediaError: The source has no sound track, or none that can be decoded.
        """
        self._source = source
        self._start = start
        self._coder = made.sound
        self._open = ExitStack()
        try:
            file = self._open.enter_context(demuxed(source))
            if not file.streams.audio:
                raise MediaError(f"{source}: has no sound track to keep; pass a file that has one, or none")
            if file.streams.audio[0].codec_context is None:
                raise MediaError(f"{source}: its sound is of an unknown kind and cannot be decoded; remove the track")
            codec = file.streams.audio[0].codec_context.codec.canonical_name
            make = self._copied if codec in made.copied else self._encoded
            self._packets = make(file, target)
            self._next = next(self._packets, None)
        except av.error.FFmpegError as error:
            self._open.close()
            raise MediaError(f"{source}: its sound cannot be decoded ({error.strerror}); remove the track") from error
        except BaseException:
            self._open.close()
            raise
        self._target = target

    def advance(self, seconds: float) -> None:
        """Write the sound that begins before a time of the target.

        Raises:
            MediaError: The source is damaged.
        """
        try:
            while self._next is not None and _begins(self._next) < seconds:
                self._target.mux(self._next)
                self._next = next(self._packets, None)
        except av.error.FFmpegError as error:
            raise MediaError(f"{self._source}: its sound is damaged ({error.strerror}); remove the track") from error

    def close(self) -> None:
        """Close the source; sound that was not written yet is dropped."""
        self._open.close()

    def _copied(self, file: InputContainer, target: OutputContainer) -> Iterator[av.Packet]:
        stream = file.streams.audio[0]
        out = target.add_stream_from_template(stream)
        return self._copies(file, stream, out)

    def _copies(self, file: InputContainer, stream: av.AudioStream, out: av.AudioStream) -> Iterator[av.Packet]:
        shift = round(self._start / float(stream.time_base))
        for packet in file.demux(stream):
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            if packet.pts + (packet.duration or 0) > 0 or not shift:
                packet.stream = out
                yield packet

    def _encoded(self, file: InputContainer, target: OutputContainer) -> Iterator[av.Packet]:
        stream = file.streams.audio[0]
        rate = stream.codec_context.sample_rate
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        rate = rate if rate in _RATES and self._coder == "aac" else _RATE
        out = target.add_stream(self._coder, rate=rate, layout=layout)
        return self._codings(file, stream, out)

    def _codings(self, file: InputContainer, stream: av.AudioStream, out: av.AudioStream) -> Iterator[av.Packet]:
        coder = out.codec_context
        resampler = av.AudioResampler(format=coder.format, layout=coder.layout, rate=coder.sample_rate)
        for frame in itertools.chain(file.decode(stream), (None,)):
            if frame is not None and frame.time is not None:
                if frame.time + frame.samples / frame.sample_rate <= self._start:
                    continue
                frame.pts -= round(self._start / float(frame.time_base))
            for piece in resampler.resample(frame):
                yield from out.encode(piece)
        yield from out.encode(None)


def check_sound(path: Path, out: Path, seconds: float) -> None:
    """Check that the sound of a clip can be copied into another, by copying it to a temporary file.

    Args:
        path: MP4, MOV or Matroska file with a sound track.
        out: Path of the other clip, whose suffix says its format.
        seconds: Length to copy.

    Raises:
        MediaError: The file has no sound track, or none that can be copied, or the format holds none.
    """
    made = clip_format(out)
    if not made.copied:
        raise MediaError(f"{out}: a {out.suffix} file holds no sound; name an .mp4, .mov or .webm to keep it")
    start = open_clip(path).start
    with tempfile.TemporaryFile() as scratch, av.open(scratch, "w", format=made.muxer) as target:
        sound = SoundTrack(path, target, start, made)
        try:
            sound.advance(seconds)
        finally:
            sound.close()


def _begins(packet: av.Packet) -> float:
    return float(packet.pts * packet.time_base) if packet.pts is not None else 0.0
