"""Copy what a clip holds beside its pictures, such as sound and subtitles, into a clip that is being written.

Packets are copied unchanged where players of the new format support the codec; other sound is re-encoded, and other
subtitles are left out. Packets are written in step with the pictures, so that no track has to wait in memory for the
others.
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

from .clip_files import demuxed, descriptions
from .clip_formats import ClipFormat
from .clip_reading import open_clip
from .containers import Container, sniff
from .written_formats import clip_format

_RATES = {"aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)}
_RATE = 48000


def copy_tracks(source: Path, target: OutputContainer, start: float, made: ClipFormat) -> tuple[SideTrack, ...]:
    """Add the sound tracks, subtitles, chapters and descriptions of a clip to another, as far as its format holds them.

    Args:
        source: The clip whose tracks are copied.
        target: The clip being written; nothing has been written to it yet.
        start: Time in the source, in seconds, that becomes time 0.
        made: Format of the target.

    Returns:
        The tracks, which must be advanced with the pictures and closed after them.

    Raises:
        MediaError: The source cannot be opened, or has sound that cannot be decoded.
    """
    if not made.sound or sniff(source) is Container.WEBP:
        return ()
    with demuxed(source) as file:
        sounds, chapters, described = len(file.streams.audio), file.chapters(), descriptions(file)
        words = [
            number
            for number, stream in enumerate(file.streams.subtitles)
            if stream.codec_context is not None and stream.codec_context.name in made.subtitles
        ]
    with ExitStack() as opened:
        tracks = []
        for number, subtitles in (*((one, False) for one in range(sounds)), *((one, True) for one in words)):
            tracks.append(SideTrack(source, target, start, made, number, subtitles=subtitles))
            opened.callback(tracks[-1].close)
        opened.pop_all()
    target.metadata.update(described)
    if chapters:
        target.set_chapters(chapters)
    return tuple(tracks)


class SideTrack:
    """Copy one sound track, or one track of subtitles, of a file into another, in step with the pictures."""

    def __init__(
        self,
        source: Path,
        target: OutputContainer,
        start: float,
        made: ClipFormat,
        number: int = 0,
        *,
        subtitles: bool = False,
    ) -> None:
        """Add a stream to the target, before anything is written to it.

        Args:
            source: MP4, MOV or Matroska file.
            target: The clip being written.
            start: Time in the source, in seconds, that becomes time 0.
            made: Format of the target.
            number: Number of the track among those of its kind.
            subtitles: Whether it is a track of subtitles, of a codec that is copied.

        Raises:
            MediaError: The source has no such track, or none that can be decoded, or the format holds no sound.
        """
        if not made.sound:
            raise MediaError(
                f"{source}: its sound cannot be kept, because a .{made.muxer} file holds no sound; "
                "name an .mp4, .mov or .webm"
            )
        self._source = source
        self._start = start
        self._number = number
        self._made = made
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
        """Write what begins before a time of the target.

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
        """Close the source; what was not written yet is dropped."""
        self._open.close()

    def _sound(self, file: InputContainer, target: OutputContainer) -> Iterator[av.Packet]:
        if self._number >= len(file.streams.audio):
            raise MediaError(f"{self._source}: has no sound track to keep; pass a file that has one, or none")
        stream = file.streams.audio[self._number]
        if stream.codec_context is None:
            raise MediaError(f"{self._source}: its sound is of an unknown kind and cannot be decoded; remove the track")
        if stream.codec_context.codec.canonical_name in self._made.copied:
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
        kept = rate in _RATES.get(self._made.sound, ())
        out = target.add_stream(self._made.sound, rate=rate if kept else _RATE, layout=layout)
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


def check_sound(path: Path, out: Path, seconds: float) -> None:
    """Check that the sound of a clip can be copied into another, by copying it to a temporary file.

    Args:
        path: MP4, MOV or Matroska file with a sound track.
        out: Path of the other clip, whose suffix says its format.
        seconds: Length to copy.

    Raises:
        MediaError: The file has no sound track, or none that can be copied, or the format holds none.
    """
    made, start = clip_format(out), open_clip(path).start
    with tempfile.TemporaryFile() as scratch, av.open(scratch, "w", format=made.muxer) as target:
        sound = SideTrack(path, target, start, made)
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
