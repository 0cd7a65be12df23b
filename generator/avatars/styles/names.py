"""Name the styles."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Literal, get_args

from generator.avatars.shapes import Kind
from generator.errors import FaceModelError

Style = Literal["real", "cartoon", "anime", "clay", "paint", "lowpoly", "sketch", "comic", "flat", "pixel"]
STYLES: tuple[Style, ...] = get_args(Style)

KINDS: Mapping[Style, Kind] = {
    "real": "real", "cartoon": "cartoon", "anime": "anime", "clay": "cartoon", "paint": "real", "lowpoly": "cartoon",
    "sketch": "real", "comic": "cartoon", "flat": "cartoon", "pixel": "cartoon",
}  # fmt: skip
"""The proportions that characters of each style have."""


def find_style(name: str) -> Style:
    """Return a style by its name.

    Raises:
        FaceModelError: There is no style of that name; the message names the nearest ones.
    """
    if name in STYLES:
        return name
    near = get_close_matches(name, STYLES, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise FaceModelError(f"no style {name!r}; {hint}there are: {', '.join(STYLES)}")
