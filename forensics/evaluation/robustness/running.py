"""Score a corpus under cells on any number of workers, with the same result, and resume an interrupted run."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from detectors import Detector
from forensics.corpus import Corpus, Label, Sample
from forensics.distortions import find_cell
from forensics.evaluation import ScoreTable
from forensics.evaluation.run import key_of
from forensics.execution.environment import installed_version
from forensics.execution.progress import Report, silent
from forensics.execution.workers import SERIAL, Work, WorkerConfig, open_pool
from forensics.faces import SCORED_FACES, FaceFinder, job_of

from .cell_store import CellStore, KeptCell
from .work_units import CLEAN_KEY, CellKey, CellRow, Shard, score_shard

_LOG = logging.getLogger(__name__)

Rows: TypeAlias = tuple[CellRow, ...]

VERSION = 1
"""Version of the scores; it is raised when the same corpus, detector and seed produce other scores than before."""

CLIPS_OF_A_SHARD = 4
"""Number of clips in a shard, and so the most that each process loses when a run is interrupted."""


@dataclass(frozen=True, slots=True, eq=False)
class GridRun:
    """The samples to score, with settings.

    Attributes:
        detector: The detector.
        corpus: The corpus of the samples.
        samples: Samples of both classes.
        detector_digest: SHA-256 of the detector, for the cache.
        seed: Seed of the distortions.
        per_clip: Largest number of frames of one clip.
        lead: Frames decoded before each scored one, for distortions that work across frames.
        finder: Face finder for samples without a sidecar.
        folder: Folder of the cache of cells, None for no cache.
        worker_config: Configuration of the worker pool, with one thread per worker.
    """

    detector: Detector
    corpus: Corpus
    samples: tuple[Sample, ...]
    detector_digest: str = ""
    seed: int = 0
    per_clip: int = 8
    lead: int = 4
    finder: FaceFinder | None = None
    folder: Path | None = None
    worker_config: WorkerConfig = SERIAL

    def digest(self) -> str:
        """Return the digest of everything that determines the cells."""
        parts = [
            VERSION,
            self.detector_digest,
            [asdict(sample) for sample in self.samples],
            [self.seed, self.per_clip, self.lead, SCORED_FACES],
            None if self.finder is None else self.finder.name,
            [installed_version(name) for name in ("av", "opencv-python", "torch")],
        ]
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class CellScores:
    """The scores of a cell.

    Attributes:
        key: Key of the cell, `CLEAN_KEY` for the undistorted samples.
        table: One row per frame, in the order of the samples.
        unchanged: Videos that the distortion left as they were.
        recipes: The drawn recipe of each video, for cells that draw their changes.
    """

    key: CellKey
    table: ScoreTable
    unchanged: tuple[str, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameter(self) -> str:
        """Return the severity in words, empty for the undistorted samples."""
        return parameter_of(self.key)


def run_cells(run: GridRun, cells: Sequence[CellKey], report: Report = silent) -> tuple[CellScores, ...]:
    """Score samples undistorted and under cells.

    Finished cells are in the run's folder and are not scored again. An interrupted run loses only the shards that its
    workers were processing.

    Args:
        run: The samples to score, with settings.
        cells: Names of distortions with severities.
        report: Progress callback.

    Returns:
        The undistorted samples first, then the cells in the order given.

    Raises:
        CorpusError: A sidecar is damaged or missing without a finder.
        InputError: A distortion or severity is unknown, or an encoder rejects frames.
    """
    keys = tuple(dict.fromkeys((CLEAN_KEY, *((find_cell(*key).name, key[1]) for key in cells))))
    store = None if run.folder is None or not run.detector_digest else CellStore(run.folder, run.digest())
    kept = {} if store is None else {key: store.load(key, parameter_of(key)) for key in keys}
    missing = tuple(key for key in keys if kept.get(key) is None)
    rows = {} if store is None or not missing else store.load_parts()
    shards = list(_shards(run, missing, rows))
    _LOG.info("%d of %d cells are done; %d shards are to be scored", len(keys) - len(missing), len(keys), len(shards))
    total, done = len(run.samples) * max(1, len(missing)), sum(key[0] in missing for key in rows)
    worker_config = run.worker_config if len(shards) > 1 else SERIAL
    with open_pool(
        worker_config, partial(_scorer, run.detector, run.finder, run.seed, run.lead, worker_config.device)
    ) as pool:
        for number, (place, found) in enumerate(pool.work(shards, ordered=False)):
            if store is not None:
                store.save_part(shards[place], found)
            new = {(row.cell, row.index): row for row in found}
            done += sum(key[0] in missing for key in new.keys() - rows.keys())
            rows |= new
            _LOG.debug("scored shard %d, %d of %d", place, number + 1, len(shards))
            report(done / total, f"distorting and scoring, {number + 1} of {len(shards)} shards")
    for key in missing:
        kept[key] = gathered = _gather(run, [rows[key, index] for index in range(len(run.samples))])
        if store is not None:
            store.save(key, parameter_of(key), gathered)
    _LOG.info("%d of %d cells are done", len(keys), len(keys))
    if store is not None:
        store.drop_parts()
    return tuple(
        CellScores(key, one.table, one.unchanged, one.recipes) for key in keys if (one := kept[key]) is not None
    )


def parameter_of(key: CellKey) -> str:
    """Return a cell's severity in words, empty for the undistorted samples."""
    return "" if key == CLEAN_KEY else find_cell(*key).parameter


def _shards(run: GridRun, cells: Sequence[CellKey], rows: Mapping[tuple[CellKey, int], CellRow]) -> Iterator[Shard]:
    """Yield the shards of the remaining work."""
    for first in range(0, len(run.samples), CLIPS_OF_A_SHARD):
        samples = run.samples[first : first + CLIPS_OF_A_SHARD]
        wanted = tuple(
            cell for cell in cells if any((cell, first + number) not in rows for number in range(len(samples)))
        )
        if wanted:
            jobs = tuple(job_of(run.corpus, one, run.detector.spec, run.per_clip, SCORED_FACES) for one in samples)
            yield Shard(first, jobs, wanted)


@contextmanager
def _scorer(
    detector: Detector, finder: FaceFinder | None, seed: int, lead: int, device: str | None
) -> Iterator[Work[Shard, Rows]]:
    if device is not None:
        detector.model.to(device)
    yield lambda shard, report: score_shard(detector, finder, shard, seed=seed, lead=lead)


def _gather(run: GridRun, rows: Sequence[CellRow]) -> KeptCell:
    owners = [run.samples[row.index] for row in rows for _ in row.scores]
    table = ScoreTable(
        videos=tuple(key_of(sample) for sample in owners),
        identities=tuple(sample.identities for sample in owners),
        labels=np.array([sample.label is Label.FORGED for sample in owners], dtype=np.int64),
        scores=np.array([score for row in rows for score in row.scores], dtype=np.float64),
        slices=tuple(sample.slice.value for sample in owners),
        methods=tuple(sample.method for sample in owners),
        covered=np.array([row.covered for row in rows for _ in row.scores], dtype=np.bool_),
    )
    names = [key_of(run.samples[row.index]) for row in rows]
    return KeptCell(
        table=table,
        unchanged=tuple(name for name, row in zip(names, rows, strict=True) if row.covered and not row.changed),
        recipes={name: row.recipe for name, row in zip(names, rows, strict=True) if row.recipe},
    )
