"""Read what the file names of the published data sets reveal about people.

The name of a person includes the name of the data set that filmed the person. FaceForensics++'s videos also occur in
DeeperForensics-1.0 and DF40, and no video may occur in two splits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SWAP = frozenset({"Deepfakes", "FaceSwap", "FaceShifter", "DeepFakeDetection"})
"""FaceForensics++'s methods that put another face on the target; the others move the target's own face."""

_PAIR = re.compile(r"^(\d{3})_(\d{3})$")
_ACTORS = re.compile(r"^(\d{2})(?:_(\d{2}))?__")
_CELEB_SWAP = re.compile(r"^(id\d+)_(id\d+)_(\d+)")
_CELEB_REAL = re.compile(r"^(id\d+)_(\d+)")
_CELEB_PERSON = re.compile(r"id\d+")


@dataclass(frozen=True, slots=True)
class People:
    """The people in a video.

    Attributes:
        identities: Everyone in it.
        source: The identity whose look it shows.
        drive: The identity whose motion it follows.
        original: The genuine video it alters, None for genuine ones and where it is unknown.
    """

    identities: tuple[str, ...]
    source: str
    drive: str
    original: str | None = None


def alone(name: str, prefix: str) -> People:
    """Return a video's own name as its only person; nothing else is known."""
    person = f"{prefix}-{name}"
    return People((person,), person, person)


def youtube_people(name: str, method: str) -> People:
    """Return the people of FaceForensics++'s `target_source`, or of the one number of a genuine video.

    Args:
        name: Name of the video without suffix.
        method: Name of the method's folder; it decides whose look the target's frames show.
    """
    match = _PAIR.match(name)
    if match is None:
        return alone(name, "ff")
    target, other = f"ff-{match[1]}", f"ff-{match[2]}"
    look, motion = (other, target) if method in SWAP else (target, other)
    return People((target, other), look, motion, target)


def actor_people(name: str) -> People:
    """Return the people of DeepFakeDetection's `01__scene` and `01_02__scene__CODE` (target, source, scene)."""
    match = _ACTORS.match(name)
    if match is None:
        return alone(name, "dfd")
    scene = name.split("__")[1]
    target = f"dfd-{match[1]}"
    if match[2] is None:
        return People((target,), f"{target}__{scene}", f"{target}__{scene}")
    return People((target, f"dfd-{match[2]}"), f"dfd-{match[2]}", f"{target}__{scene}", f"{target}__{scene}")


def celeb_people(name: str, *, swaps: bool = True) -> People:
    """Return the people of Celeb-DF's `id0_0000` and `id0_id1_0000`: target person, source person, target's video.

    Args:
        name: Name of the video without suffix.
        swaps: Whether the second person's face was inserted into the first person's video.
    """
    match = _CELEB_SWAP.match(name)
    if match is not None:
        video = f"celeb-{match[1]}_{match[3]}"
        target, other = f"celeb-{match[1]}", f"celeb-{match[2]}"
        return People((target, other), other, video, video) if swaps else People((target, other), target, other)
    match = _CELEB_REAL.match(name)
    if match is not None:
        video = f"celeb-{match[1]}_{match[2]}"
        return People((f"celeb-{match[1]}",), video, video)
    found = tuple(dict.fromkeys(f"celeb-{person}" for person in _CELEB_PERSON.findall(name)))
    return People(found, found[0], found[-1]) if found else alone(name, "celeb-youtube")
