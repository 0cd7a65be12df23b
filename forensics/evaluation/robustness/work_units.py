"""Run the work of one process: decode a few clips once, and score each under every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors import CropError, Detector
from forensics.distortions import Cell, Frames, Rng, find_cell
from forensics.errors import CorpusError
from forensics.execution.workers import one_thread
from forensics.faces import CropJob, FaceFinder, Floats, cut_crops

from .excerpts import Excerpt, take_excerpt

CellKey = tuple[str, int]
"""Name of a distortion and its severity; `CLEAN_KEY` means no distortion."""

CLEAN_KEY: CellKey = ("none", 0)


@dataclass(frozen=True, slots=True)
class Shard:
    """A few clips and the cells to score them under.

    Attributes:
        first: Place of the first clip among all samples.
        jobs: The clips.
        cells: The cells.
    """

    first: int
    jobs: tuple[CropJob, ...]
    cells: tuple[CellKey, ...]


@dataclass(frozen=True, slots=True)
class CellRow:
    """The effect of one cell on one clip.

    Attributes:
        cell: Key of the cell.
        index: Place of the clip among all samples.
        scores: One score for each frame with a face; only the undecided 0.5 where there is none.
        covered: Whether a face was found.
        changed: Whether pixels or boxes changed.
        recipe: The drawn recipe, for cells that draw their changes.
    """

    cell: CellKey
    index: int
    scores: tuple[float, ...]
    covered: bool
    changed: bool
    recipe: str = ""


def score_shard(
    detector: Detector, finder: FaceFinder | None, shard: Shard, *, seed: int, lead: int
) -> tuple[CellRow, ...]:
    """Score the clips of a shard under its cells, one clip in memory at a time, on one thread.

    Random draws depend only on the seed, the clip's place and the severity.

    Args:
        detector: The detector.
        finder: Face finder for samples without a sidecar.
        shard: The clips and cells.
        seed: Seed of the distortions.
        lead: Frames decoded before each scored one, for cells that work across frames.

    Raises:
        CorpusError: A sidecar is damaged, or there is neither sidecar nor finder.
        InputError: A video encoder rejects the frames.
    """
    rows: list[CellRow] = []
    with one_thread():
        for index, job in enumerate(shard.jobs, start=shard.first):
            excerpt = take_excerpt(job, finder, lead)
            for key in shard.cells:
                if excerpt is None:
                    rows.append(CellRow(key, index, (0.5,), covered=False, changed=False))
                    continue
                try:
                    rows.append(_score(detector, excerpt, key, index, seed))
                except CropError as error:
                    raise CorpusError(f"sample {job.sample.id}: {error}") from error
    return tuple(rows)


def _score(detector: Detector, excerpt: Excerpt, key: CellKey, index: int, seed: int) -> CellRow:
    before = excerpt.still_frames
    if key == CLEAN_KEY:
        scores = _frame_scores(detector, excerpt, before, excerpt.boxes, excerpt.landmarks)
        return CellRow(key, index, scores, covered=True, changed=False)
    cell = find_cell(*key)
    level = cell.distortion.level(cell.severity)
    recipe = "" if cell.distortion.recipe is None else cell.distortion.recipe(level, cell_rng(seed, index, cell))
    rng = cell_rng(seed, index, cell)
    boxes, landmarks = cell.distortion.move(excerpt.boxes, excerpt.landmarks, level, rng)
    after = distort_excerpt(excerpt, cell, rng)
    moved = not detector.spec.whole_frame and not np.array_equal(boxes, excerpt.boxes)
    changed = moved or not all(map(np.array_equal, before, after))
    scale = np.array([_scale(before[row], after[row]) for row in excerpt.rows], dtype=np.float32)  # (N, 2)
    scores = _frame_scores(detector, excerpt, after, boxes * np.tile(scale, 2), landmarks * scale[:, None])
    return CellRow(key, index, scores, covered=True, changed=changed, recipe=recipe)


def cell_rng(seed: int, index: int, cell: Cell) -> Rng:
    """Return the random generator of a cell on one clip, which depends on seed, place of the clip and severity."""
    return np.random.default_rng([seed, index, cell.severity])


def distort_excerpt(excerpt: Excerpt, cell: Cell, rng: Rng) -> Sequence[Frames]:
    """Distort the scored frames: frames of one size as a clip, frames of several sizes one by one."""
    change, level = cell.distortion.change, cell.distortion.level(cell.severity)
    alike = len({frame.shape for frame in excerpt.shown}) == 1
    if not alike:
        return [change(frame[None], level, rng)[0] for frame in excerpt.still_frames]
    if cell.distortion.temporal:
        return list(change(np.stack(excerpt.shown), level, rng)[excerpt.scored])
    return list(change(np.stack(excerpt.still_frames), level, rng))


def _scale(before: Frames, after: Frames) -> tuple[float, float]:
    return after.shape[1] / before.shape[1], after.shape[0] / before.shape[0]


def _frame_scores(
    detector: Detector, excerpt: Excerpt, frames: Sequence[Frames], boxes: Floats, landmarks: Floats
) -> tuple[float, ...]:
    """Score every frame; a frame with several faces gets the highest of their scores."""
    crops = cut_crops([frames[row] for row in excerpt.rows], boxes, detector.spec, landmarks)
    first = np.flatnonzero(np.diff(excerpt.rows, prepend=-1))
    return tuple(np.maximum.reduceat(detector.probabilities(crops), first).tolist())
