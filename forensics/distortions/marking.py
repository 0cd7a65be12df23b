"""Apply our own mark as a distortion: a detector whose score changes reads the mark and not the manipulation."""

from __future__ import annotations

import numpy as np

from watermark import Payload, PayloadKind, TooSmallError, check_size, mark

from .distortion import Frames, Rng


def mark_as_control(frames: Frames, level: float, rng: Rng) -> Frames:
    """Mark a clip under a control payload and a new key, whatever mark it carries already.

    Frames whose short side is under 128 pixels cannot carry a mark and stay unchanged.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        level: Unused.
        rng: Random generator of key and id, so that no deployment is needed or changed.
    """
    key, payload = rng.bytes(32), Payload.random(rng, PayloadKind.CONTROL)
    try:
        check_size(*frames.shape[1:3])
    except TooSmallError:
        return frames
    if len(frames) == 1:
        return np.asarray(mark(frames[0], payload, key), dtype=np.uint8)[None]
    return np.asarray(mark(frames, payload, key), dtype=np.uint8)
