"""What the compared marks have in common, and our own mark in that form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from watermark import Payload, PayloadKind, TooSmallError, WatermarkError, mark, read_mark
from watermark.mark.embed import SMALLEST_SIDE
from watermark.mark.payload import ID_BITS, SOFT_BINDING
from watermark.media.frames import Frames, check_frames

Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class CodecReading:
    """What a codec reads from a picture.

    Attributes:
        message: The bits, or None where the codec can tell that there are none.
        p_value: Bound on the chance that an unmarked picture reads like this; None where the codec states none, so that
            its message alone proves nothing.
    """

    message: Bits | None
    p_value: float | None


class Codec(Protocol):
    """A way to put a message into a still and to read it back."""

    @property
    def name(self) -> str:
        """Name of the algorithm, as soft bindings give it."""

    @property
    def capacity(self) -> int:
        """Bits in a message."""

    @property
    def smallest_side(self) -> int:
        """Pixels that the short side of a picture must have."""

    def embed(self, picture: Frames, message: Bits) -> Frames:
        """Return a marked copy of an RGB still, `(H, W, 3)`.

        Raises:
            WatermarkError: The picture or message does not suit the codec.
        """

    def read(self, picture: Frames) -> CodecReading:
        """Read an RGB still, `(H, W, 3)`, marked or not.

        Raises:
            WatermarkError: The array is no picture.
        """


def check_still(picture: Frames, codec: Codec) -> None:
    """Refuse a picture that a codec cannot mark.

    Raises:
        MediaError: The array is no RGB picture.
        TooSmallError: Its short side is too small.
    """
    check_frames(picture[None] if picture.ndim == 3 else picture[:0])
    height, width = picture.shape[:2]
    if min(height, width) < codec.smallest_side:
        raise TooSmallError(
            f"a picture of {width} × {height} pixels is too small for {codec.name}: its short side must have at least "
            f"{codec.smallest_side} pixels; make it larger before marking"
        )


def check_message(message: Bits, codec: Codec) -> None:
    """Refuse a message of another length or of anything but zeros and ones.

    Raises:
        WatermarkError: It does not fit.
    """
    if message.shape != (codec.capacity,) or not np.isin(message, (0, 1)).all():
        raise WatermarkError(
            f"a message of shape {message.shape} does not fit {codec.name}; expected {codec.capacity} zeros and ones"
        )


class TileCodec:
    """The keyed tile of `watermark.mark` and `watermark.read_mark`."""

    name = SOFT_BINDING
    capacity = ID_BITS
    smallest_side = SMALLEST_SIDE

    def __init__(self, key: bytes, *, search: int = 1) -> None:
        """Use a 32-byte key; `search` is that of `read_mark`."""
        self._key = key
        self._search = search

    def embed(self, picture: Frames, message: Bits) -> Frames:
        """Return a marked copy; see `Codec.embed`."""
        check_still(picture, self)
        check_message(message, self)
        identifier = int("".join(map(str, message.tolist())), 2)
        return mark(picture, Payload(identifier, PayloadKind.GENERATED), self._key)

    def read(self, picture: Frames) -> CodecReading:
        """Read a picture; see `Codec.read`."""
        reading = read_mark(picture, self._key, search=self._search)
        if reading.id is None:
            return CodecReading(None, reading.p_value)
        message = np.array([int(bit) for bit in f"{int(reading.id, 16):0{ID_BITS}b}"], dtype=np.uint8)
        return CodecReading(message, reading.p_value)
