"""Declare the forgery methods of a synthetic corpus as data; `forgeries` implements them."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.errors import InputError, did_you_mean

GENERATED = "reenactment"
"""The method whose name in the manifest is the generator's."""

GEOMETRY = "geometry"
"""The preset that needs no weights."""

GENERATORS = (GEOMETRY, "mini")
"""Presets that corpora are made with, the usual one first."""

PARTIAL_SWAP = "partial-swap"
"""The method that alters a part of a clip and leaves the rest as it was."""

SWAPS = ("face-swap", PARTIAL_SWAP)
"""Methods that alter the footage of the drive; every other method alters the source's own."""

WHOLE_AVATAR = "whole-avatar"
"""The method whose look no genuine sample shows."""


@dataclass(frozen=True, slots=True)
class ForgeryMethod:
    """One method of forgery.

    Attributes:
        name: Name that users type and the manifest records.
        summary: One line that describes the method.
        people: 2 where one avatar's look is combined with another's motion, 1 where an avatar is forged from its own
            footage.
        region: The altered region: `frame`, `face`, `mouth` or `eyes`.
        generator: Whether the generator makes it; otherwise genuine footage is edited.
        stills: Whether it is made of pictures too, and not of clips alone.
    """

    name: str
    summary: str
    people: int
    region: str
    generator: bool
    stills: bool = True


METHODS: tuple[ForgeryMethod, ...] = (
    ForgeryMethod(GENERATED, "the generator moves an avatar's still by another's motion", 2, "frame", True),
    ForgeryMethod("self-reenactment", "the generator moves an avatar's still by its own motion", 1, "frame", True),
    ForgeryMethod(WHOLE_AVATAR, "the generator draws an avatar that exists nowhere else", 2, "frame", True),
    ForgeryMethod("codec-twin", "genuine footage, encoded and decoded by the generator's codec", 1, "frame", False),
    ForgeryMethod("mesh-warp", "one frame, moved by another's motion as a mesh", 2, "frame", False),
    ForgeryMethod("face-swap", "another's face, bent to the landmarks and cloned in", 2, "face", False),
    ForgeryMethod(PARTIAL_SWAP, "a face swap in parts of a clip, with soft joins", 2, "face", False, stills=False),
    ForgeryMethod("self-blend", "a face over a slightly changed copy of itself", 1, "face", False),
    ForgeryMethod("mouth-edit", "the mouth of another moment", 1, "mouth", False),
    ForgeryMethod("eyes-edit", "eyes and brows of another moment", 1, "eyes", False),
)


OWN_METHODS = {method.name: method for method in METHODS if method.name != WHOLE_AVATAR}
"""Forgeries that are made of a user's own files, by name."""


def find_method(name: str) -> ForgeryMethod:
    """Return the method of a name.

    Raises:
        InputError: There is none; the message suggests the nearest.
    """
    for method in METHODS:
        if method.name == name:
            return method
    names = [method.name for method in METHODS]
    meant = did_you_mean(name, names)
    raise InputError(f"no forgery {name!r}{meant and f'; {meant}'} There are: {', '.join(names)}")
