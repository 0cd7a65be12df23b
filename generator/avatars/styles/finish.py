"""Choose the finish of a style."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats

from .drawn import anime, comic, sketch
from .frame import Frame
from .graphic import flat, pixel
from .names import Style
from .rendered import cartoon, clay, lowpoly, paint, real

_FINISHES: Mapping[Style, Callable[[Frame], Floats]] = {
    "real": real, "cartoon": cartoon, "anime": anime, "clay": clay, "paint": paint, "lowpoly": lowpoly,
    "sketch": sketch, "comic": comic, "flat": flat, "pixel": pixel,
}  # fmt: skip


def finish(frame: Frame, style: Style) -> NDArray[np.uint8]:
    """Return the picture (size, size, 3) of a shaded frame."""
    picture = np.clip(_FINISHES[style](frame), 0, 1)
    if frame.gamma != 1:
        picture = picture**frame.gamma
    return (picture * 255 + 0.5).astype(np.uint8)
