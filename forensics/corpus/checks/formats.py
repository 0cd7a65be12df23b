"""Read the outer format of a media file: container, codec, size and frame rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forensics.errors import CorpusError
from forensics.storage.media_suffixes import CLIPS


@dataclass(frozen=True, slots=True, order=True)
class Format:
    """The encoding of a file. A detector can use it to cheat where it differs between the classes.

    Attributes:
        container: For instance `mov,mp4,m4a,3gp,3g2,mj2` or `JPEG`.
        codec: For instance `h264`, or the colour mode of a still.
        width: Pixels.
        height: Pixels.
        fps: Frames per second, 0 for a still.
    """

    container: str
    codec: str
    width: int
    height: int
    fps: float

    def __str__(self) -> str:
        rate = f" at {self.fps:g} fps" if self.fps else ""
        return f"{self.container.partition(',')[0]} {self.codec} {self.width}x{self.height}{rate}"


def probe_format(path: Path) -> Format:
    """Read a file's format without decoding its pixels.

    Args:
        path: A still or a clip.

    Raises:
        CorpusError: The file cannot be opened as either.
    """
    if path.suffix.lower() in CLIPS:
        return _probe_clip(path)
    from PIL import Image

    try:
        with Image.open(path) as image:
            return Format(str(image.format), image.mode, image.width, image.height, 0.0)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be opened as a picture: {error}", path) from error


def _probe_clip(path: Path) -> Format:
    from watermark import MediaError, demuxed

    try:
        with demuxed(path) as container:
            if not container.streams.video:
                raise CorpusError(f"{path} holds no video", path)
            stream = container.streams.video[0]
            context = stream.codec_context
            rate = round(float(stream.average_rate or 0), 3)
            return Format(container.format.name, context.name, context.width, context.height, rate)
    except MediaError as error:
        raise CorpusError(f"{path} cannot be opened as a clip: {error}", path) from error
