"""Hold scores in columns, one row per frame, and gather them by video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import ScoresError
from .metrics import Floats, Labels

EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Hold one row per frame, or per video where there are no frames.

    The constructor checks the columns, so that a table in hand is a table one can trust.

    Attributes:
        videos: (N,) key of the video, unique over data sets, methods and compressions.
        identities: (N,) identities in the video; a forged one carries source and drive.
        labels: (N,) 0 genuine, 1 manipulated.
        scores: (N,) higher means more likely manipulated.
        slices: (N,) name of the part of the test a row belongs to, such as `control`.
    """

    videos: tuple[str, ...]
    identities: tuple[tuple[str, ...], ...]
    labels: Labels
    scores: Floats
    slices: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that the columns fit together.

        Raises:
            ScoresError: If lengths differ, the table is empty, a label is not 0 or 1, a score is not finite, a row
                names no identity, a slice is called `all`, or a video has two labels, slices or sets of identities.
        """
        lengths = {len(self.videos), len(self.identities), len(self.labels), len(self.scores), len(self.slices)}
        if lengths == {0} or len(lengths) != 1:
            raise ScoresError(
                f"the columns of a table of scores are equally long and not empty, got lengths {sorted(lengths)}"
            )
        if not np.isin(self.labels, (0, 1)).all():
            raise ScoresError("labels are 0 genuine or 1 manipulated")
        if not np.isfinite(self.scores).all():
            raise ScoresError(f"{int((~np.isfinite(self.scores)).sum())} scores are not finite")
        if not all(self.identities):
            raise ScoresError(f"video {self.videos[self.identities.index(())]!r} names no identity")
        if EVERYTHING in self.slices:
            raise ScoresError(f"{EVERYTHING!r} names the whole test and cannot name a slice")
        self._check_videos()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.videos)

    @property
    def slice_names(self) -> tuple[str, ...]:
        """The names of the slices, sorted."""
        return tuple(sorted(set(self.slices)))

    def by_video(self) -> ScoreTable:
        """Give the table with one row per video, its score the mean of its frames."""
        first: dict[str, int] = {}
        for row, video in enumerate(self.videos):
            first.setdefault(video, row)
        number = {video: index for index, video in enumerate(first)}
        index_of = np.array([number[video] for video in self.videos])
        sums = np.bincount(index_of, weights=self.scores)
        table = self.rows(list(first.values()))
        return ScoreTable(table.videos, table.identities, table.labels, sums / np.bincount(index_of), table.slices)

    def slice(self, name: str) -> ScoreTable:
        """Give the rows of a slice; where it has one class only, the other class comes from the whole table.

        A control slice holds marked genuine clips and no forged ones, a slice of one forgery method holds no genuine
        ones; both are judged against all samples of the class they lack.

        Raises:
            ScoresError: If no row carries the name.
        """
        if name == EVERYTHING:
            return self
        inside = np.array([slice_name == name for slice_name in self.slices])
        if not inside.any():
            raise ScoresError(f"no slice is named {name!r}; there are {', '.join(self.slice_names)}")
        for label in (0, 1):
            if not (inside & (self.labels == label)).any():
                inside = inside | (self.labels == label)
        return self.rows(np.flatnonzero(inside).tolist())

    def rows(self, indices: Sequence[int]) -> ScoreTable:
        """Give some rows, in the order asked for."""
        chosen: NDArray[np.intp] = np.asarray(indices, dtype=np.intp)
        return ScoreTable(
            tuple(self.videos[index] for index in indices),
            tuple(self.identities[index] for index in indices),
            self.labels[chosen],
            self.scores[chosen],
            tuple(self.slices[index] for index in indices),
        )

    def _check_videos(self) -> None:
        seen: dict[str, tuple[int, str, frozenset[str]]] = {}
        for video, names, label, slice_name in zip(self.videos, self.identities, self.labels, self.slices, strict=True):
            facts = (int(label), slice_name, frozenset(names))
            if seen.setdefault(video, facts) != facts:
                raise ScoresError(
                    f"video {video!r} occurs with different labels, slices or identities; "
                    "a key that several videos share would merge them"
                )
