"""Tell animations from stills in GIF and WebP files, and decode animated WebP, which the clip library does not read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from watermark.errors import MediaError

from .containers import Container, open_file

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_VP8X_ANIMATED = 0x02


def is_moving(path: Path, container: Container) -> bool:
    """Return whether a file holds moving pictures.

    Args:
        path: The file.
        container: Its container.

    Raises:
        MediaError: The file cannot be opened.
    """
    if container is Container.GIF:
        with open_file(path) as file:
            images = _gif_images(file)
            return next(images, None) is not None and next(images, None) is not None
    if container is Container.WEBP:
        with open_file(path) as file:
            head = file.read(21)
        return head[12:16] == b"VP8X" and bool(head[20] & _VP8X_ANIMATED)
    return container.is_clip


def is_animation_cut_off(path: Path, container: Container) -> bool:
    """Return whether a GIF ends without its trailer, or a WebP before the length that it states.

    Args:
        path: An animation.
        container: Its container.
    """
    with open_file(path) as file:
        if container is Container.GIF:
            for _ in _gif_images(file):
                pass
            return file.read(1) != bytes([_TRAILER])
        head = file.read(8)
    return 8 + int.from_bytes(head[4:], "little") > path.stat().st_size


def _gif_images(file: BinaryIO) -> Iterator[int]:
    """Yield the place of each image of a GIF (GIF89a, appendix B); the file then stands at its trailer or its end."""
    head = file.read(13)
    if len(head) < 13:
        return
    file.seek(_table_bytes(head[10]), 1)
    while (kind := file.read(1)) in (bytes([_EXTENSION]), bytes([_IMAGE])):
        if kind[0] == _EXTENSION:
            file.seek(1, 1)
        else:
            at, described = file.tell() - 1, file.read(9)
            if len(described) < 9:
                return
            file.seek(_table_bytes(described[8]) + 1, 1)
            yield at
        while size := file.read(1):
            if not size[0]:
                break
            file.seek(size[0], 1)
    if kind:
        file.seek(-1, 1)


def _table_bytes(packed: int) -> int:
    """Return the bytes of the colour table that a packed field announces."""
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


class WebpFile:
    """An animated WebP, opened for reading from its first frame on.

    Attributes:
        times: (N,) presentation times of the frames in milliseconds, the first is 0.
        width: Pixels in a row.
        height: Pixels in a column.
        transparent: Whether the file says that it has transparency.
    """

    def __init__(self, path: Path) -> None:
        """Read the container's chunks, and decode nothing.

        Raises:
            MediaError: The file cannot be opened, or is damaged.
        """
        self._path = path
        self._first = 0
        durations: list[int] = []
        with open_file(path) as file:
            head = file.read(30)
            if len(head) < 30:
                raise MediaError(f"{path}: is truncated; get a sound copy of the file")
            self.transparent = bool(head[20] & 0x10)
            self.width, self.height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
            file.seek(12)
            while len(chunk := file.read(8)) == 8:
                name, size = struct.unpack("<4sI", chunk)
                after = file.tell() + size + size % 2
                if name == b"ANMF":
                    durations.append(int.from_bytes(file.read(15)[12:15], "little"))
                file.seek(after)
        self.times: npt.NDArray[np.int64] = np.cumsum([0, *durations], dtype=np.int64)[: len(durations)]

    def seek(self, time: int) -> None:
        """Start decoding at the frame that is shown at a time, in milliseconds."""
        self._first = int(np.searchsorted(self.times, time))

    def decoded(self) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield each frame with its time.

        Raises:
            MediaError: The file is damaged.
        """
        try:
            with Image.open(self._path, formats=["WEBP"]) as image:
                for index in range(self._first, len(self.times)):
                    image.seek(index)
                    frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGBA")), format="rgba")
                    yield int(self.times[index]), frame
        except MemoryError:
            raise
        except Exception as error:  # decoders raise any error for a damaged file
            raise MediaError(
                f"{self._path}: is damaged or truncated ({error}); get a sound copy of the file"
            ) from error
