"""Measure what another program answered to distorted files, with the same tables as for a detector of ours."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from forensics.distortions import find_cell
from forensics.errors import InputError
from forensics.evaluation import (
    PICTURES,
    SCORES_NAME,
    AppliedDistortion,
    EvalReport,
    Measure,
    ScoresError,
    ScoreTable,
    folder_of,
    measure_table,
    short_names,
    warnings_of,
    write_scores,
)
from forensics.evaluation.external_scores import read_answers
from forensics.evaluation.measures.distorted_cells import measure_cell
from forensics.evaluation.run import Evaluated, Settings

from .distorted_files import COLUMNS, LABELS_NAME
from .grid import BASELINE
from .work_units import CLEAN_KEY, CellKey

HALF = 0.5


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the list of distorted files."""

    file: str
    label: int
    video: str
    cell: CellKey
    parameter: str
    method: str
    identities: tuple[str, ...]
    changed: bool


def evaluate_answers(
    paths: Sequence[Path],
    folder: Path,
    settings: Settings,
    *,
    columns: Mapping[str, str] | None = None,
    out: Path | None = None,
) -> tuple[Evaluated, ...]:
    """Measure the scores that programs gave to the files of `write_distorted`.

    Where scores are probabilities the threshold is one half. Otherwise it is the one at which 5 % of the undistorted
    genuine videos of this test are flagged, and a warning says so.

    Args:
        paths: One file of scores a detector, with the names of the files and a score each.
        folder: The folder of the distorted files.
        settings: Settings of the evaluation; the protocol is not used.
        columns: The column of each field, for all files.
        out: The results folder; None to write nothing.

    Raises:
        InputError: The folder has no list of labels, or a damaged one.
        ScoresError: A file has no score, has two, or the scores cannot be read.
        MetricError: A class is missing.
    """
    rows = _read_labels(folder)
    names = short_names([str(path.with_suffix("")) for path in paths])
    return tuple(
        _evaluate(rows, _scores_of(rows, path, columns), name, folder, settings, out)
        for path, name in zip(paths, names, strict=True)
    )


def _read_labels(folder: Path) -> list[_Row]:
    path = folder / LABELS_NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        if not found or not set(COLUMNS) <= found[0].keys():
            raise ValueError("its columns are others")
        return [
            _Row(
                row["file"], int(row["label"]), row["video"], (row["distortion"], int(row["severity"])),
                row["parameter"], row["method"], tuple(row["identities"].split(";")), row["changed"] == "1",
            )
            for row in found
        ]  # fmt: skip
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: is no list of distorted files ({error}); name a folder that `facetrail corpus distort` wrote",
            path,
        ) from error


def _scores_of(rows: Sequence[_Row], path: Path, columns: Mapping[str, str] | None) -> NDArray[np.float64]:
    """Return the score of each row; a name may have folders in front of what the list names.

    Raises:
        ScoresError: A file has no score, or has two.
    """
    place = {row.file: number for number, row in enumerate(rows)}
    scores = np.full(len(rows), np.nan)
    for name, score in zip(*read_answers(path, columns), strict=True):
        parts = PurePosixPath(name.replace("\\", "/")).parts
        number = next((place[tail] for first in range(len(parts)) if (tail := "/".join(parts[first:])) in place), None)
        if number is None:
            continue
        if not np.isnan(scores[number]):
            raise ScoresError(f"{path}: {rows[number].file} has two scores; give every file one", path)
        scores[number] = score
    missing = np.flatnonzero(np.isnan(scores))
    if len(missing):
        raise ScoresError(
            f"{path}: {len(missing)} of {len(rows)} files have no score, such as {rows[missing[0]].file}; score every "
            f"file of {LABELS_NAME}, with its path as it is there",
            path,
        )
    return scores


def _evaluate(
    rows: Sequence[_Row], scores: NDArray[np.float64], name: str, folder: Path, settings: Settings, out: Path | None
) -> Evaluated:
    cells = tuple(dict.fromkeys(row.cell for row in rows))
    if CLEAN_KEY not in cells:
        raise InputError(f"{folder / LABELS_NAME}: lists no undistorted files to compare with", folder)
    clean = _table(rows, scores, CLEAN_KEY)
    videos = clean.by_video(settings.aggregation)
    probabilities = bool(scores.min() >= 0 and scores.max() <= 1)
    genuine = np.sort(videos.scores[videos.labels == 0])
    threshold = HALF if probabilities or not len(genuine) else float(np.quantile(genuine, 0.95, method="higher"))
    measures = [
        *measure_table(
            clean,
            seed=settings.seed,
            threshold=threshold,
            replicates=settings.replicates,
            aggregation=settings.aggregation,
            slices=clean.method_slices,
        )
    ]
    for cell in cells:
        if cell != CLEAN_KEY:
            measures += _measure(rows, scores, cell, videos, threshold, settings)
    own = () if probabilities else ("the threshold was chosen on the undistorted genuine videos of this very test",)
    told = {cell[0]: find_cell(*cell).distortion.note for cell in cells if cell != CLEAN_KEY}
    measured = EvalReport(
        corpus=folder.name,
        detector=name,
        protocol="scores of distorted files",
        seed=settings.seed,
        measures=tuple(measures),
        sealed=False,
        threshold=threshold,
        threshold_origin="one half, chosen before the scores were read"
        if probabilities
        else "5 % false positives on the undistorted genuine videos",
        aggregation=settings.aggregation.value,
        samples=PICTURES if len(set(clean.videos)) == len(clean) else "videos",
        warnings=(
            *own,
            *warnings_of(measures, clean.identities),
            *(f"{one}: {note}" for one, note in told.items() if note),
        ),
    )
    place = None if out is None else out / folder_of(name)
    if place is not None:
        write_scores(clean, place / SCORES_NAME)
    return Evaluated(measured, clean, settings, folder=place)


def _measure(
    rows: Sequence[_Row],
    scores: NDArray[np.float64],
    cell: CellKey,
    clean: ScoreTable,
    threshold: float,
    settings: Settings,
) -> tuple[Measure, ...]:
    inside = [row for row in rows if row.cell == cell]
    changed = {row.video for row in inside if row.changed}
    same = len({row.video for row in inside}) - len(changed)
    return measure_cell(
        clean,
        _table(rows, scores, cell).by_video(settings.aggregation),
        threshold=threshold,
        seed=settings.seed,
        applied=AppliedDistortion(*cell, parameter=inside[0].parameter or BASELINE),
        note=f"left {same} of {len(clean)} videos unchanged" if same else "",
        replicates=settings.replicates,
    )


def _table(rows: Sequence[_Row], scores: NDArray[np.float64], cell: CellKey) -> ScoreTable:
    chosen = [number for number, row in enumerate(rows) if row.cell == cell]
    return ScoreTable(
        videos=tuple(rows[number].video for number in chosen),
        identities=tuple(rows[number].identities for number in chosen),
        labels=np.array([rows[number].label for number in chosen], dtype=np.int64),
        scores=scores[chosen],
        slices=("main",) * len(chosen),
        methods=tuple(rows[number].method for number in chosen),
    )
