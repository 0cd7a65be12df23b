"""Define the common interface of the compared marks, and our own mark with that interface."""

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
    """The result of reading a picture with a codec.

    Attributes:
        message: The bits, or None where the codec detects that there are none.
        p_value: Bound on the probability that an unmarked picture reads like this; None where the codec states no
            bound, so that its message alone proves nothing.
    """

    message: Bits | None
    p_value: float | None


class Codec(Protocol):
    """A method that embeds a message in a still and reads it back."""

    @property
    def name(self) -> str:
        """Return the name of the algorithm, as in soft bindings."""

    @property
    def capacity(self) -> int:
        """Return the number of bits in a message."""

    @property
    def smallest_side(self) -> int:
        """Return the minimum short side of a picture in pixels."""

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
    """Check that a codec can mark a picture.

    Raises:
        MediaError: The array is no RGB picture.
        TooSmallError: The short side of the picture is too small.
    """
    check_frames(picture[None] if picture.ndim == 3 else picture[:0])
    height, width = picture.shape[:2]
    if min(height, width) < codec.smallest_side:
        raise TooSmallError(
            f"a picture of {width} × {height} pixels is too small for {codec.name}: its short side must have at least "
            f"{codec.smallest_side} pixels; make it larger before marking"
        )


def check_message(message: Bits, codec: Codec) -> None:
    """Check that a message has the right length and contains only zeros and ones.

    Raises:
        WatermarkError: The message does not fit.
    """
    if message.shape != (codec.capacity,) or not np.isin(message, (0, 1)).all():
        raise WatermarkError(
            f"a message of shape {message.shape} does not fit {codec.name}; expected {codec.capacity} zeros and ones"
        )


class TileCodec:
    """Embed and read with the keyed tile of `watermark.mark` and `watermark.read_mark`."""

    name = SOFT_BINDING
    capacity = ID_BITS
    smallest_side = SMALLEST_SIDE

    def __init__(self, key: bytes, *, search: int = 1) -> None:
        """Set the 32-byte key; `search` is that of `read_mark`."""
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
