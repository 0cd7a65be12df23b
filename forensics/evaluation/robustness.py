"""Measure what distortions do to a detector: its AUC, and its false alarms at the threshold people will use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.distortions import Frames, distort, find_suite

from .intervals import bootstrap_intervals
from .reports import CLEAN, Level, Measure
from .statistics import AUC, at_threshold
from .tables import EVERYTHING, ScoreTable

ScoreClip = Callable[[str, Frames], float]
GridProgress = Callable[[int, int, str, int], None]


@dataclass(frozen=True, slots=True)
class Clip:
    """Name a clip to be distorted and scored.

    Attributes:
        video: Key of the video.
        identities: Who is in it; a forged clip carries source and drive.
        label: 0 genuine, 1 manipulated.
        slice: Part of the test it belongs to.
        read: Gives its frames (T, H, W, 3) uint8; called once per cell of the grid.
    """

    video: str
    identities: tuple[str, ...]
    label: int
    slice: str
    read: Callable[[], Frames]


def robustness_grid(
    clips: Sequence[Clip],
    score: ScoreClip,
    *,
    threshold: float,
    seed: int,
    cells: Sequence[tuple[str, int]] | None = None,
    replicates: int = 1000,
    progress: GridProgress | None = None,
) -> tuple[Measure, ...]:
    """Score every clip under every distortion and severity, and measure each cell at video level.

    The first cell is the undistorted one. Every cell gives `auc/video`, and balanced accuracy and both rates at the
    frozen threshold.

    Args:
        clips: Of both classes.
        score: Gives a clip's score from its key and its frames, distorted or not.
        threshold: Frozen on undistorted validation data.
        seed: Of the distortions and the bootstrap; a clip meets the same noise whatever stands beside it in the grid.
        cells: Distortion names with severities; all by default.
        replicates: Of the bootstrap.
        progress: Called after each clip with the clips done, their total over all cells, the distortion and its
            severity.

    Raises:
        InputError: If a cell names no distortion or severity.
        MetricError: If a class is missing.
        ScoresError: If a score is not finite.
    """
    wanted = [(CLEAN, 0), *(cells if cells is not None else all_cells())]
    measures: list[Measure] = []
    for number, (name, severity) in enumerate(wanted):
        scores = []
        for index, clip in enumerate(clips):
            scores.append(score(clip.video, _frames(clip, index, name, severity, seed)))
            if progress is not None:
                progress(number * len(clips) + index + 1, len(wanted) * len(clips), name, severity)
        measures += _cell(_table(clips, scores), name, severity, threshold, seed, replicates)
    return tuple(measures)


def all_cells() -> Iterator[tuple[str, int]]:
    """Give every distortion with every severity."""
    return ((cell.name, cell.severity) for cell in find_suite("everyday").cells)


def _frames(clip: Clip, index: int, name: str, severity: int, seed: int) -> Frames:
    frames = clip.read()
    if name == CLEAN:
        return frames
    return distort(frames, name, severity, np.random.default_rng([seed, index, severity]))


def _table(clips: Sequence[Clip], scores: Sequence[float]) -> ScoreTable:
    return ScoreTable(
        tuple(clip.video for clip in clips),
        tuple(clip.identities for clip in clips),
        np.array([clip.label for clip in clips]),
        np.array(scores, dtype=np.float64),
        tuple(clip.slice for clip in clips),
    )


def _cell(table: ScoreTable, name: str, severity: int, threshold: float, seed: int, replicates: int) -> list[Measure]:
    rng = np.random.default_rng(seed)
    statistics = {"auc": AUC, **at_threshold(threshold)}
    found = bootstrap_intervals(statistics, table.labels, table.scores, table.identities, rng, replicates=replicates)
    n_positive = int((table.labels == 1).sum())
    return [
        Measure(
            name=f"{metric}/video",
            level=Level.VIDEO,
            slice=EVERYTHING,
            distortion=name,
            severity=severity,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            n_positive=n_positive,
            n_negative=len(table) - n_positive,
        )
        for metric, interval in found.items()
    ]
