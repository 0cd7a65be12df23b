"""Copy the sound tracks and subtitles of a file into a clip that is being written.

Packets are copied unchanged where players of the container support the codec; other sound is re-encoded, as AAC or as
Opus. They are written in step with the pictures, so that no track has to wait in memory for another.
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

from .clip_reading import demuxed, open_clip

COPIED_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
_COPIED = {"mp4": COPIED_CODECS, "mov": COPIED_CODECS - {"opus", "flac"}, "webm": frozenset({"opus", "vorbis"})}
_SUBTITLES = {"mp4": frozenset({"mov_text"}), "mov": frozenset({"mov_text"}), "webm": frozenset({"webvtt"})}

_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_AAC_RATE = 48000


def kept_subtitles(source: Path, container: str) -> tuple[int, ...]:
    """Return the numbers of the subtitle tracks that a container holds as they are.

    Args:
        source: MP4, MOV or Matroska file.
        container: Name of the container that is written: mp4, mov or webm.

    Raises:
        MediaError: The file cannot be opened.
    """
    with demuxed(source) as file:
        return tuple(
            number
            for number, stream in enumerate(file.streams.subtitles)
            if stream.codec_context is not None and stream.codec_context.name in _SUBTITLES[container]
        )


class SideTrack:
    """Copy one sound track, or one track of subtitles, of a file into another, in step with the pictures."""

    def __init__(
        self, source: Path, target: OutputContainer, start: float, number: int = 0, *, subtitles: bool = False
    ) -> None:
        """Add a stream to the target, before anything is written to it.

        Args:
            source: MP4, MOV or Matroska file.
            target: The clip being written.
            start: Time in the source, in seconds, that becomes time 0.
            number: Number of the track among those of its kind.
            subtitles: Whether it is a track of subtitles, see `kept_subtitles`.

        Raises:
            MediaError: The source has no such track, or none that can be decoded.
        """
        self._source = source
        self._start = start
        self._number = number
        self._open = ExitStack()
        try:
            file = self._open.enter_context(demuxed(source))
            if subtitles:
                self._packets = self._copied(file, file.streams.subtitles[number], target)
            else:
                self._packets = self._sound(file, target)
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

    def _sound(self, file: InputContainer, target: OutputContainer) -> Iterator[av.Packet]:
        if self._number >= len(file.streams.audio):
            raise MediaError(f"{self._source}: has no sound track to keep; pass a file that has one, or none")
        stream = file.streams.audio[self._number]
        if stream.codec_context is None:
            raise MediaError(f"{self._source}: its sound is of an unknown kind and cannot be decoded; remove the track")
        if stream.codec_context.codec.canonical_name in _COPIED[target.format.name]:
            return self._copied(file, stream, target)
        return self._encoded(file, stream, target)

    def _copied(
        self, file: InputContainer, stream: av.AudioStream | av.SubtitleStream, target: OutputContainer
    ) -> Iterator[av.Packet]:
        out = target.add_stream_from_template(stream)
        _keep_language(stream, out)
        return self._copies(file, stream, out)

    def _copies(
        self,
        file: InputContainer,
        stream: av.AudioStream | av.SubtitleStream,
        out: av.AudioStream | av.SubtitleStream,
    ) -> Iterator[av.Packet]:
        shift = round(self._start / float(stream.time_base))
        for packet in file.demux(stream):
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            if packet.pts + (packet.duration or 0) > 0 or not shift:
                packet.stream = out
                yield packet

    def _encoded(self, file: InputContainer, stream: av.AudioStream, target: OutputContainer) -> Iterator[av.Packet]:
        rate = stream.codec_context.sample_rate
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        codec, rates = ("libopus", (_AAC_RATE,)) if target.format.name == "webm" else ("aac", _AAC_RATES)
        out = target.add_stream(codec, rate=rate if rate in rates else _AAC_RATE, layout=layout)
        _keep_language(stream, out)
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


def check_sound(path: Path, seconds: float) -> None:
    """Check that the sound of a clip can be copied, by copying it to a temporary file.

    Args:
        path: MP4, MOV or Matroska file with a sound track.
        seconds: Length to copy.

    Raises:
        MediaError: The file has no sound track, or none that can be copied.
    """
    start = open_clip(path).start
    with tempfile.TemporaryFile() as scratch, av.open(scratch, "w", format="mp4") as target:
        sound = SideTrack(path, target, start)
        try:
            sound.advance(seconds)
        finally:
            sound.close()


def _keep_language(stream: av.stream.Stream, out: av.stream.Stream) -> None:
    language = stream.metadata.get("language")
    if language:
        out.metadata["language"] = language


def _begins(packet: av.Packet) -> float:
    return float(packet.pts * packet.time_base) if packet.pts is not None else 0.0
