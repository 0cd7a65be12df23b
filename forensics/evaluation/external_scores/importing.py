"""Import another program's scores as a table in which every video is distinct and every person has a name."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError
from forensics.evaluation.scores.score_table import ScoreTable
from forensics.execution.progress import Report, silent, subrange

from .bench_folder import BenchResult, is_bench, read_bench
from .grouping import SampleUnit
from .named_rows import NamedRows, name_rows
from .records import Records
from .tabular import read_csv, read_json, read_npz

_LOG = logging.getLogger(__name__)

_READERS = {".json": read_json, ".jsonl": read_json, ".ndjson": read_json, ".npz": read_npz}
_PLAIN = "plain"
_READING_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class ForeignScores:
    """The interpreted scores of another program.

    Attributes:
        name: Name of the detector.
        corpus: Name of the test set, or of the file.
        table: One row per frame, or per video.
        folders: (N,) name of the folder that each frame lies in; empty where the rows are not frames in folders.
        printed: The other program's own metrics, such as `video_auc`.
        readings: AUC of every evaluation of this test set during training, in order; empty where unknown.
        notes: Sentences on how the file was interpreted.
        warnings: Sentences that a reader must know before relying on a number.
        samples: What a sample is, `videos` or `pictures`.
    """

    name: str
    corpus: str
    table: ScoreTable
    folders: tuple[str, ...] = ()
    printed: Mapping[str, float] | None = None
    readings: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    samples: str = "videos"


def read_foreign(
    path: Path,
    columns: Mapping[str, str] | None = None,
    *,
    unit: SampleUnit = SampleUnit.AUTO,
    report: Report = silent,
) -> tuple[ForeignScores, ...]:
    """Read scores in any known format: CSV, JSON, JSON Lines, NPZ, or DeepfakeBench's training folder or pickles.

    Args:
        path: The file or folder.
        columns: The column of each field, where the guesses are wrong.
        unit: What one sample is where the rows are pictures.
        report: Progress callback.

    Returns:
        One result for each detector and test set in it.

    Raises:
        ScoresError: The file has no such format, or is damaged; one line explains where and what to do.
        OSError: The file cannot be opened.
    """
    asked = columns or {}
    if is_bench(path):
        return tuple(_from_bench(found, unit) for found in read_bench(path))
    if path.suffix.lower() in (".log", ".txt"):
        raise ScoresError(
            f"{path} holds printed metrics and no scores; name DeepfakeBench's folder of the training, "
            "whose test/*/metric_dict_best.pickle hold them",
            path,
        )
    if path.suffix.lower() in (".npy", ".pt", ".pth", ".parquet", ".xlsx"):
        raise ScoresError(
            f"{path}: {path.suffix} is not read; write names, labels and scores as CSV, JSON or NPZ", path
        )
    records, chosen = _READERS.get(path.suffix.lower(), read_csv)(path, asked, subrange(report, 0.0, _READING_SHARE))
    report(_READING_SHARE, f"naming {path.name}")
    built = build_table(records, path, unit=unit)
    _LOG.info("read %d rows of scores from %s", len(records), path)
    told = ", ".join(f"{field} from {column!r}" for field, column in chosen.items())
    notes = (f"read {told}", *records.notes, *built.notes)
    found = ForeignScores(
        path.stem,
        path.name,
        built.table,
        built.folders,
        notes=notes,
        warnings=built.warnings,
        samples=built.samples,
    )
    return (found,)


def read_answers(
    path: Path, columns: Mapping[str, str] | None = None, report: Report = silent
) -> tuple[Sequence[str], NDArray[np.float64]]:
    """Read names of files and their scores as they stand, without interpreting the names; labels are not needed.

    Args:
        path: CSV, JSON, JSON Lines or NPZ.
        columns: The column of each field, where the guesses are wrong.
        report: Progress callback.

    Returns:
        (N,) names and (N,) scores, higher where manipulated.

    Raises:
        ScoresError: The file has no such format, or is damaged.
        OSError: The file cannot be opened.
    """
    records, _ = _READERS.get(path.suffix.lower(), read_csv)(path, columns or {}, report)
    return records.paths, records.scores


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A table made of records.

    Attributes:
        table: The table.
        folders: (N,) name of the folder of each row, empty where rows are not frames in folders.
        notes: Sentences on what was assumed.
        warnings: Sentences that a reader must know before relying on a number.
        samples: What a sample is, `videos` or `pictures`.
    """

    table: ScoreTable
    folders: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    samples: str


def build_table(
    records: Records, path: Path, dataset: str = "", *, unit: SampleUnit = SampleUnit.AUTO, framed: bool = False
) -> Built:
    """Build a table from records, with names for videos and people.

    Args:
        records: At least one record.
        path: The file, named in error messages.
        dataset: Data set of all records, where neither they nor their paths name one.
        unit: What one sample is where the rows are pictures.
        framed: Whether the rows are known to be frames of the videos that their folders name.

    Raises:
        ScoresError: A label is missing, one video has two labels, or a path names no video.
    """
    named = name_rows(records, path, dataset, unit=unit, framed=framed)
    labels = _labels_of(records, named, path)
    several = len(set(named.datasets)) > 1
    groups = records.text("group")
    try:
        table = ScoreTable(
            videos=named.keys,
            identities=_identities(records.text("identity"), named),
            labels=labels,
            scores=records.scores,
            slices=tuple(
                group or (found if several else "") or _PLAIN
                for group, found in zip(groups, named.datasets, strict=True)
            ),
            methods=named.methods,
            attributes={name: tuple(column) for name, column in records.attributes.items()},
            covered=np.ones(len(records), dtype=np.bool_) if records.covered is None else records.covered,
        )
    except ScoresError as error:
        raise ScoresError(f"{path}: {error}", path) from None
    return Built(table, named.folders, named.notes, tuple(_warnings(records, named, table)), named.word)


def _identities(texts: Sequence[str], named: NamedRows) -> tuple[tuple[str, ...], ...]:
    """Return the people of each row, as written or as the path says; equal texts share one tuple."""
    known = {text: tuple(name.strip() for name in text.split("+") if name.strip()) for text in set(texts)}
    if not any(known.values()):
        return named.identities
    return tuple(known[text] or people for text, people in zip(texts, named.identities, strict=True))


def _labels_of(records: Records, named: NamedRows, path: Path) -> NDArray[np.int64]:
    """Return the label of each record, its own or that of its path; both classes must occur."""
    labels = np.where(records.labels < 0, named.labels, records.labels)
    if (labels < 0).any():
        raise ScoresError(
            f"{path}: nothing says whether {records.paths[int(np.argmax(labels < 0))]!r} is genuine; "
            "add a column with 0 or 1 and name it with --columns label=NAME",
            path,
        )
    if (labels == labels[0]).all():
        only = "manipulated" if labels[0] else "genuine"
        raise ScoresError(f"{path} holds {only} samples of one class only; nothing can be measured without both", path)
    return labels


def _from_bench(found: BenchResult, unit: SampleUnit) -> ForeignScores:
    where = Path(found.detector) / found.dataset
    built = build_table(found.records, where, found.dataset, unit=unit, framed=True)
    return ForeignScores(
        name=found.detector,
        corpus=found.dataset,
        table=built.table,
        folders=built.folders,
        printed=found.printed,
        readings=found.readings,
        notes=("read as DeepfakeBench's results", *built.notes),
        samples=built.samples,
        warnings=(
            *built.warnings,
            "DeepfakeBench saves the scores of the training step that was best on this very test set; "
            "every number here is optimistic by that choice",
        ),
    )


def _warnings(records: Records, named: NamedRows, table: ScoreTable) -> list[str]:
    found = []
    strangers, known = _strangers(records, named)
    if strangers:
        found.append(
            f"{strangers} of {known} {named.word} name nobody; each counts as its own person, so intervals are too "
            "narrow where people recur; add a column with identities (--columns identity=NAME)"
        )
    if "frame" in records.texts:
        twice = len(records) - len(set(zip(records.paths, records.text("frame"), strict=True)))
        if twice and any(records.text("frame")):
            found.append(f"{twice} frames are listed more than once")
    middles = [
        float(np.median(table.scores[table.labels == label])) for label in (0, 1) if (table.labels == label).any()
    ]
    if len(middles) == 2 and middles[1] < middles[0]:
        found.append(
            "forged samples score lower than genuine ones; where higher means genuine, say --columns realness=NAME"
        )
    said = named.classes >= 0
    against = said & (named.classes != table.labels)
    if against.sum() * 2 > said.sum():
        found.append(
            f"the labels of {int(against.sum())} rows contradict the class that their folder is named after; "
            "labels are 0 for genuine and 1 for manipulated"
        )
    return found


def _strangers(records: Records, named: NamedRows) -> tuple[int, int]:
    """Return the number of samples that name nobody, and of all samples."""
    if "identity" not in records.texts and not named.people_known.any():
        count = len(set(named.keys))
        return count, count
    told = zip(named.keys, records.text("identity"), named.people_known.tolist(), strict=True)
    known = {key: bool(text) or people for key, text, people in told}
    return sum(not one for one in known.values()), len(known)
