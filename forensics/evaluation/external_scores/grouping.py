"""Decide what one sample is where rows are pictures: each picture, or the frames of one video together.

A folder of pictures is a video in the usual layouts of videos, and a class, a generator or a data set in the usual
layouts of pictures. Taking such a folder for a video averages away every error and can make any detector perfect.
Therefore pictures are samples of their own, unless a published naming scheme, a column or the names themselves show
that they are frames.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .naming import Place, is_general, split_path

FEWEST_VIDEOS = 5
"""Number of videos of each class below which folders are not taken for videos by their names alone."""

_ALIKE = 0.9  # share of the videos whose names must follow a common pattern
_RECURRING = (
    0.5  # largest share of distinct frame names among the rows of a class, where every video begins its count again
)
_NUMBERED = re.compile(r"^(?:(.*?)[ _.\-]*(?:frame|frm|fr|f|#)[ _.\-]*|(.*?)[ _.\-]+)?(\d+)$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_PEOPLE = re.compile(r"^(person|people|subject|identity|user|speaker|actor|patient|participant)", re.IGNORECASE)
_LONG = 8  # letters of a random name without digits, such as those of the DFDC


class SampleUnit(StrEnum):
    """What one sample is; the values are those of the command line."""

    AUTO = "auto"
    PICTURE = "picture"
    VIDEO = "video"


class Grouping(StrEnum):
    """How pictures become samples."""

    ALONE = "alone"
    BY_FOLDER = "by folder"
    BY_NAME = "by name"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The grouping of pictures, and the reason in words; empty where nothing was assumed."""

    grouping: Grouping
    why: str


def choose_grouping(
    folders: Sequence[str], stems: Sequence[str], labels: NDArray[np.int64], unit: SampleUnit
) -> Chosen:
    """Choose how pictures whose folders name no video in a published scheme become samples.

    Args:
        folders: (N,) folder of each picture, as a path with slashes; at least one.
        stems: (N,) name of each picture without its suffix.
        labels: (N,) 0, 1, or -1 where unknown.
        unit: The user's choice.
    """
    distinct = set(folders)
    if unit is SampleUnit.PICTURE:
        return Chosen(Grouping.ALONE, "")
    leaves = [(split_path(folder) or [""])[-1] for folder in distinct]
    special = all(leaf and not is_general(leaf) for leaf in leaves)
    if unit is SampleUnit.VIDEO:
        return Chosen(Grouping.BY_FOLDER if special else Grouping.BY_NAME, "")
    if special and _are_videos([(folder, folder) for folder in folders], stems, labels):
        return Chosen(
            Grouping.BY_FOLDER,
            f"each of {len(distinct)} folders of pictures was taken for one video, because folders and frames are "
            "numbered alike; where each picture is a sample of its own, say --level picture",
        )
    bases, frames = _bases(folders, stems)
    if all(base for _, base in bases) and _are_videos(bases, frames, labels, grid=True):
        return Chosen(
            Grouping.BY_NAME,
            f"the pictures were taken for frames of {len(set(bases))} videos by their names; "
            "where each picture is a sample of its own, say --level picture",
        )
    return Chosen(
        Grouping.ALONE,
        "each picture was taken for a sample of its own, because nothing names a video; where pictures are frames of "
        "videos, say --level video",
    )


def is_published(folder: str) -> bool:
    """Return whether a folder names a video in a published scheme, or lies in a folder `frames`."""
    parts = split_path(folder)
    if not parts or is_general(parts[-1]):
        return False
    return (len(parts) > 1 and parts[-2].lower() == "frames") or bool(Place.of(parts[:-1]).people(parts[-1]))


def base_of(stem: str) -> str:
    """Return the name of a picture without its frame number: `clip_07` of `clip_07_frame012`."""
    match = _NUMBERED.match(stem)
    return (match[1] or match[2] or "") if match else ""


def _bases(folders: Sequence[str], stems: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the folder and video of each picture by its name alone, and its frame number."""
    bases = [base_of(stem) for stem in stems]
    numbers = [_DIGITS.findall(stem)[-1] if base else "" for stem, base in zip(stems, bases, strict=True)]
    return list(zip(folders, bases, strict=True)), numbers


def _are_videos(
    units: Sequence[tuple[str, str]], frames: Sequence[str], labels: NDArray[np.int64], *, grid: bool = False
) -> bool:
    """Return whether groups of pictures look like the frames of videos.

    The groups must be many in each class, have one label each and names of a common pattern, and their frames must be
    numbered, each group from a common start.

    Args:
        units: (N,) folder and name of the group of each picture.
        frames: (N,) name or number of each frame.
        labels: (N,) 0, 1, or -1 where unknown.
        grid: Whether the groups must also share their frame numbers.
    """
    sizes: dict[tuple[str, str], int] = defaultdict(int)
    label_of: dict[tuple[str, str], int] = {}
    for unit, label in zip(units, labels.tolist(), strict=True):
        sizes[unit] += 1
        if label_of.setdefault(unit, label) != label:
            return False
    classes = np.array(list(label_of.values()))
    per_class = [int((classes == label).sum()) for label in np.unique(classes)]
    if min(per_class) < FEWEST_VIDEOS or len(units) < 2 * len(sizes):
        return False
    numbers: dict[int, set[str]] = defaultdict(set)
    for frame, label in zip(frames, labels.tolist(), strict=True):
        numbers[label].add(frame)
    if not all(_DIGITS.search(one) for found in numbers.values() for one in found):
        return False
    usual = float(np.median(list(sizes.values())))
    for label, found in numbers.items():
        if len(found) > (2 * usual if grid else _RECURRING * int((labels == label).sum())):
            return False
    return _share_of_alike(sorted({name for _, name in sizes})) >= _ALIKE


def _share_of_alike(names: Sequence[str]) -> float:
    """Return the share of names whose pattern at least `FEWEST_VIDEOS` names follow."""
    patterns = [_pattern(name) for name in names]
    counts: dict[str, int] = defaultdict(int)
    for pattern in patterns:
        counts[pattern] += 1
    return sum(bool(pattern) and counts[pattern] >= FEWEST_VIDEOS for pattern in patterns) / len(patterns)


def _pattern(name: str) -> str:
    """Return the last part of a name with every number as `#`; empty for words and people, which are no videos."""
    leaf = name.rpartition("/")[2]
    if _PEOPLE.match(leaf):
        return ""
    if _DIGITS.search(leaf):
        return _DIGITS.sub("#", leaf)
    return f"letters {len(leaf)}" if leaf.isalpha() and len(leaf) >= _LONG else ""
