"""Stand in for a face finder where a detector judges whole frames, so that it needs neither faces nor a tracker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .finding import Floats, Frames

WHOLE_FRAME = "whole-frame"


class WholeFrame:
    """A face finder that returns the whole frame as the only box, without landmarks."""

    name = WHOLE_FRAME

    def __call__(self, image: Frames, most: int, *, thorough: bool = False) -> Sequence[tuple[Floats, Floats]]:
        """Return the box of the frame; its 68 landmarks all lie in its middle and mean nothing."""
        height, width = image.shape[:2]
        landmarks = np.tile(np.array([width / 2, height / 2], dtype=np.float32), (68, 1))
        return [(np.array([0, 0, width, height], dtype=np.float32), landmarks)]
