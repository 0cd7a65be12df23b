"""Divide a user's people into splits, and plan which forgeries are made of their files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from forensics.corpus import SHARES, Split
from forensics.synthesis.methods import OWN_METHODS, SWAPS

from .reading import Opened

FEWEST = 2
"""Least people of a split, because most forgeries need two of the same split."""

CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Planned:
    """A forgery, or a control, before it is made.

    Attributes:
        id: Its name in the corpus.
        method: One of `OWN_METHODS`, or `control`.
        split: Its split.
        look: The file whose look it shows.
        drive: The file whose motion it follows; the same where one file is edited.
        seed: Its own seed.
    """

    id: str
    method: str
    split: Split
    look: Opened
    drive: Opened
    seed: int

    @property
    def base(self) -> Opened:
        """Return the file whose pixels are altered."""
        return self.drive if self.method in SWAPS else self.look

    @property
    def is_clip(self) -> bool:
        """Return whether a clip is made."""
        return self.drive.is_clip

    @property
    def path(self) -> str:
        """Return the path of the media file, relative to the corpus folder."""
        folder = CONTROL if self.method == CONTROL else "forged"
        return f"media/{folder}/{self.id}.{'mp4' if self.is_clip else 'jpg'}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A forgery that cannot be made of a file, and why."""

    file: str
    method: str
    why: str


def deal_people(people: Sequence[str], seed: int) -> dict[str, Split]:
    """Assign people to splits by the usual shares, at least two to each; too few people are all for testing.

    Args:
        people: Names; repetitions do not count.
        seed: Seed of the order.
    """
    names = sorted(set(people))
    if len(names) < FEWEST * len(SHARES):
        return dict.fromkeys(names, Split.TEST)
    order = [names[place] for place in np.random.default_rng([seed, 1]).permutation(len(names))]
    counts = {split: max(FEWEST, int(len(names) * share)) for split, share in SHARES.items()}
    counts[Split.TRAIN] += len(names) - sum(counts.values())
    dealt = [split for split, count in counts.items() for _ in range(count)]
    return dict(zip(order, dealt, strict=True))


def plan_forgeries(
    opened: Sequence[Opened], splits: dict[str, Split], methods: Sequence[str], pairs: int, seed: int
) -> tuple[tuple[Planned, ...], tuple[Missing, ...]]:
    """Return what is made of the usable files, and what cannot be made of which file.

    Args:
        opened: The usable files.
        splits: Split of every person.
        methods: Names of the forgeries.
        pairs: Drives of other people for each source and method.
        seed: Seed of the corpus.
    """
    planned: list[Planned] = []
    missing: list[Missing] = []
    drives = [one for one in opened if one.is_clip and one.file.role == "drives"]
    for method in (*methods, CONTROL):
        two = method in OWN_METHODS and OWN_METHODS[method].people == 2
        for number, look in enumerate(opened):
            if look.file.role == "drives" and (two or method == "self-reenactment"):
                continue
            chosen, why = _drives_of(look, drives, splits, method, pairs, number)
            if why:
                missing.append(Missing(look.file.id, method, why))
            for drive in chosen:
                planned.append(_planned(method, splits[look.file.person], look, drive, seed))
    return tuple(planned), tuple(missing)


def _drives_of(
    look: Opened, drives: Sequence[Opened], splits: dict[str, Split], method: str, pairs: int, number: int
) -> tuple[list[Opened], str]:
    """Return the files that are combined with a look, or why there is none."""
    person = look.file.person
    if method == "self-reenactment":
        own = [one for one in drives if one.file.person == person and one.sha256 != look.sha256]
        return own[:pairs], "" if own else "there is no drive of the same person"
    if method in OWN_METHODS and OWN_METHODS[method].people == 2:
        others = [one for one in drives if one.file.person != person and splits[one.file.person] is splits[person]]
        if not others:
            return [], f"there is no drive of another person in the split {splits[person]}"
        return [others[(number + step) % len(others)] for step in range(min(pairs, len(others)))], ""
    if method in ("mouth-edit", "eyes-edit") and not look.is_clip:
        return [], "a picture shows no other moment"
    return [look], ""


def _planned(method: str, split: Split, look: Opened, drive: Opened, seed: int) -> Planned:
    by = "" if look is drive else f"-by-{drive.file.id}"
    name = f"{split}-{look.file.id}-{_slug(look.file.name)}{by}-{method}"
    entropy = [seed, 2, *hashed(look), *hashed(drive), *method.encode()]
    return Planned(name, method, split, look, drive, int(np.random.SeedSequence(entropy).generate_state(1)[0]))


def hashed(one: Opened) -> tuple[int, ...]:
    """Return numbers that a file's content determines."""
    return tuple(bytes.fromhex(one.sha256[:16]))


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", PurePosixPath(name).stem).strip("-")[:24] or "file"
