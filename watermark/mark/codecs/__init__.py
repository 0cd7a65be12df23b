"""Ways to put a message into a picture's pixels and to read it back, all behind one protocol.

`TileCodec` is this room's own mark and needs nothing else. The others run published models from a file that the user
supplies; nothing is ever fetched. `LatentCodec` is no codec of pictures: its id is in the noise that a diffusion model
starts from.
"""

from __future__ import annotations

from .latent import LatentCodec, LatentReading
from .learned import PixelSealCodec, TrustMarkCodec, VideoSealCodec, WatermarkAnythingCodec
from .protocol import Bits, Codec, CodecReading
from .tile import TileCodec

__all__ = [
    "Bits",
    "Codec",
    "CodecReading",
    "LatentCodec",
    "LatentReading",
    "PixelSealCodec",
    "TileCodec",
    "TrustMarkCodec",
    "VideoSealCodec",
    "WatermarkAnythingCodec",
]
