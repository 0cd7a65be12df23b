"""Store scores in columns, one row per frame, and aggregate them by video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError
from forensics.evaluation.metrics.classification import Floats, Labels

from .aggregation import Aggregation, aggregate

EVERYTHING = "all"
_KEEPING = (Aggregation.MEAN, Aggregation.MAX, Aggregation.TOP)  # of one frame these give its own score


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table with one row per frame, or per video where there are no frames.

    The constructor checks the columns, so that every table is valid.

    Attributes:
        videos: (N,) key of the video, unique over data sets, methods and compressions:
            `dataset/method/compression/name` as far as these are known.
        identities: (N,) identities in the video; a forged one has source and drive.
        labels: (N,) 0 genuine, 1 manipulated.
        scores: (N,) higher means more likely manipulated.
        slices: (N,) part of the test that a row belongs to, such as `control`.
        methods: (N,) method of the video, empty where unknown; the key also names it.
        attributes: Attributes of the people in the data set, (N,) each by name, such as `gender`; empty where unknown.
        covered: (N,) False where no face was found or the file could not be read; the score there is 0.5.
    """

    videos: tuple[str, ...]
    identities: tuple[tuple[str, ...], ...]
    labels: Labels
    scores: Floats
    slices: tuple[str, ...]
    methods: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    covered: NDArray[np.bool_] = field(default_factory=lambda: np.ones(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        """Fill the optional columns and check that all columns are consistent.

        Raises:
            ScoresError: Lengths differ, the table is empty, a label is not 0 or 1, a score is not finite, a row
                names no identity, a slice is called `all`, a key does not name the method, or a video has two labels,
                slices, methods, attributes or sets of identities.
        """
        if not self.methods:
            object.__setattr__(self, "methods", ("",) * len(self.videos))
        if not len(self.covered):
            object.__setattr__(self, "covered", np.ones(len(self.videos), dtype=np.bool_))
        columns = (self.videos, self.identities, self.labels, self.scores, self.slices, self.methods, self.covered)
        lengths = {len(column) for column in (*columns, *self.attributes.values())}
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

    @classmethod
    def joined(cls, tables: Sequence[ScoreTable]) -> ScoreTable:
        """Return tables joined row by row; an attribute that one table lacks is empty there.

        Raises:
            ScoresError: There is no table, or a video of two tables has different labels or identities in them.
        """
        if not tables:
            raise ScoresError("no table to join")
        names = dict.fromkeys(name for table in tables for name in table.attributes)
        return cls(
            tuple(video for table in tables for video in table.videos),
            tuple(identities for table in tables for identities in table.identities),
            np.concatenate([table.labels for table in tables]),
            np.concatenate([table.scores for table in tables]),
            tuple(name for table in tables for name in table.slices),
            tuple(method for table in tables for method in table.methods),
            {
                name: tuple(value for table in tables for value in table.attributes.get(name, ("",) * len(table)))
                for name in names
            },
            np.concatenate([table.covered for table in tables]),
        )

    @property
    def slice_names(self) -> tuple[str, ...]:
        """Return the names of the slices, sorted."""
        return tuple(sorted(set(self.slices)))

    def by_video(self, how: Aggregation = Aggregation.MEAN) -> ScoreTable:
        """Return the table with one row per video, in the order of their first frames.

        Frames without a face count only where no frame of the video has one.

        Args:
            how: Aggregation of frame scores into a video's score.

        Raises:
            ScoresError: The aggregation needs probabilities and a score lies outside 0–1.
        """
        first = _first_rows(self.videos)
        starts = np.flatnonzero(first == np.arange(len(first)))
        if len(starts) == len(self) and how in _KEEPING and self.scores.dtype == np.float64:
            return self
        number = np.empty(len(self), dtype=np.intp)
        number[starts] = np.arange(len(starts))
        video_of = number[first]
        seen = np.bincount(video_of, weights=self.covered) > 0
        counted = self.covered | ~seen[video_of]
        scores = aggregate(np.asarray(self.scores, dtype=np.float64)[counted], video_of[counted], how)
        return self.rows(starts.tolist())._with(scores=scores, covered=seen)

    @property
    def method_slices(self) -> tuple[str, ...]:
        """Return the names of the slices of single forgery methods, `method=<name>`, sorted."""
        forged = {method for method, label in zip(self.methods, self.labels, strict=True) if label == 1 and method}
        return tuple(f"method={name}" for name in sorted(forged))

    def slice(self, name: str) -> ScoreTable:
        """Return the rows of a slice; where it has one class only, the other class comes from the whole table.

        A control slice contains marked genuine clips and no forged ones, and a slice of one forgery method contains no
        genuine ones; both are measured against all samples of the class that they lack. A group of people is measured
        separately.

        Args:
            name: A slice; or `method=<name>`; or `<attribute>=<value>`, such as `gender=female`.

        Raises:
            ScoresError: No row belongs to the slice.
        """
        if name == EVERYTHING:
            return self
        key, _, value = name.partition("=")
        column = {"": self.slices, "method": self.methods, **self.attributes}.get(key if value else "")
        inside = np.array([found == (value or name) for found in column or ()], dtype=np.bool_)
        if not inside.any():
            known = (*self.slice_names, *self.method_slices, *(f"{attribute}=…" for attribute in self.attributes))
            raise ScoresError(f"no slice is named {name!r}; there are {', '.join(known)}")
        if key not in self.attributes:
            for label in (0, 1):
                if not (inside & (self.labels == label)).any():
                    inside = inside | (self.labels == label)
        return self.rows(np.flatnonzero(inside).tolist())

    def rows(self, indices: Sequence[int]) -> ScoreTable:
        """Return some rows, in the given order."""
        chosen: NDArray[np.intp] = np.asarray(indices, dtype=np.intp)
        return self._with(
            videos=tuple(self.videos[index] for index in indices),
            identities=tuple(self.identities[index] for index in indices),
            labels=self.labels[chosen],
            scores=self.scores[chosen],
            slices=tuple(self.slices[index] for index in indices),
            methods=tuple(self.methods[index] for index in indices),
            attributes={name: tuple(column[index] for index in indices) for name, column in self.attributes.items()},
            covered=self.covered[chosen],
        )

    def _with(self, **columns: object) -> ScoreTable:
        """Return the table with other columns that come from its own rows, which were checked.

        Raises:
            ScoresError: There is no row.
        """
        made = object.__new__(ScoreTable)
        for column in fields(self):
            object.__setattr__(made, column.name, columns.get(column.name, getattr(self, column.name)))
        if not made.videos:
            raise ScoresError("the columns of a table of scores are equally long and not empty, got lengths [0]")
        return made

    def _check_videos(self) -> None:
        first = _first_rows(self.videos)
        rows = np.flatnonzero(first != np.arange(len(first)))
        labels = np.asarray(self.labels)
        wrong = labels[rows] != labels[first[rows]]
        pairs = list(zip(rows.tolist(), first[rows].tolist(), strict=True))
        for column in (self.slices, self.methods, *self.attributes.values()):
            wrong |= np.fromiter((column[row] != column[old] for row, old in pairs), dtype=np.bool_, count=len(pairs))
        people = self.identities
        differ = (
            people[row] is not people[old] and frozenset(people[row]) != frozenset(people[old]) for row, old in pairs
        )
        wrong |= np.fromiter(differ, dtype=np.bool_, count=len(pairs))
        if wrong.any():
            raise ScoresError(
                f"video {self.videos[rows[int(np.argmax(wrong))]]!r} occurs with different labels, slices, methods, "
                "attributes or identities; a key that several videos share would merge them"
            )
        for video, method in zip(self.videos, self.methods, strict=True):
            if method and f"/{method}/" not in f"/{video}":
                raise ScoresError(
                    f"video {video!r} was made by {method!r}, which its key does not name; "
                    "a key is dataset/method/compression/name, as far as these are known"
                )


def _first_rows(videos: Sequence[str]) -> NDArray[np.intp]:
    """Return the first row of the video of each row."""
    first: dict[str, int] = {}
    found = (first.setdefault(video, row) for row, video in enumerate(videos))
    return np.fromiter(found, dtype=np.intp, count=len(videos))
