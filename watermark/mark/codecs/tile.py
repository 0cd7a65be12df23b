"""This room's own mark as a codec: the message is the id of a generated work."""

from __future__ import annotations

import numpy as np

from watermark.mark.embed import SMALLEST_SIDE, mark
from watermark.mark.payload import ID_BITS, SOFT_BINDING, Payload, PayloadKind
from watermark.mark.read import read_mark
from watermark.media.frames import Frames

from .protocol import Bits, CodecReading, check_message, check_still


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
