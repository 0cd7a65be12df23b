"""Import another program's scores as a table in which every video is distinct and every person has a name."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError
from forensics.evaluation.scores.score_files import read_scores
from forensics.evaluation.scores.score_table import ScoreTable

from .bench_folder import BenchResult, is_bench, read_bench
from .columns import Record
from .naming import Video, common_folders, folder_name, name_video, split_path
from .tabular import read_csv, read_json, read_npz

_LOG = logging.getLogger(__name__)

_NATIVE = frozenset({"video", "identity", "label", "score"})
_READERS = {".json": read_json, ".jsonl": read_json, ".ndjson": read_json, ".npz": read_npz}
_PLAIN = "plain"


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
    """

    name: str
    corpus: str
    table: ScoreTable
    folders: tuple[str, ...] = ()
    printed: Mapping[str, float] | None = None
    readings: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_foreign(path: Path, columns: Mapping[str, str] | None = None) -> tuple[ForeignScores, ...]:
    """Read scores in any known format: CSV, JSON, JSON Lines, NPZ, or DeepfakeBench's training folder or pickles.

    Args:
        path: The file or folder.
        columns: The column of each field, where the guesses are wrong.

    Returns:
        One result for each detector and test set in it.

    Raises:
        ScoresError: The file has no such format, or is damaged; one line explains where and what to do.
        OSError: The file cannot be opened.
    """
    asked = columns or {}
    if is_bench(path):
        return tuple(_from_bench(found) for found in read_bench(path))
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
    if not asked and path.suffix.lower() not in _READERS and _is_native(path):
        return (ForeignScores(path.stem, path.name, read_scores(path), notes=("read as facetrail's own columns",)),)
    records, chosen = _READERS.get(path.suffix.lower(), read_csv)(path, asked)
    table, folders, warnings = build_table(records, path)
    _LOG.info("read %d rows of scores from %s", len(records), path)
    told = ", ".join(f"{field} from {column!r}" for field, column in chosen.items())
    return (ForeignScores(path.stem, path.name, table, folders, notes=(f"read {told}",), warnings=warnings),)


def build_table(
    records: Sequence[Record], path: Path, dataset: str = ""
) -> tuple[ScoreTable, tuple[str, ...], tuple[str, ...]]:
    """Build a table from records, with names for videos and people.

    Args:
        records: At least one record.
        path: The file, named in error messages.
        dataset: Data set of all records, where neither they nor their paths name one.

    Returns:
        The table, the folder of each row (empty where rows are not frames), and warnings.

    Raises:
        ScoresError: A label is missing, one video has two labels, or a path names no video.
    """
    videos = _name_videos(records, path, dataset)
    labels = _labels_of(records, videos, path)
    several = len({video.dataset for video in videos}) > 1
    try:
        table = ScoreTable(
            videos=tuple(video.key for video in videos),
            identities=tuple(
                _split(record.identity) or video.identities for record, video in zip(records, videos, strict=True)
            ),
            labels=labels,
            scores=np.array([record.score for record in records], dtype=np.float64),
            slices=tuple(
                record.group or (video.dataset if several else "") or _PLAIN
                for record, video in zip(records, videos, strict=True)
            ),
            methods=tuple(video.method for video in videos),
        )
    except ScoresError as error:
        raise ScoresError(f"{path}: {error}", path) from None
    paths = [record.path for record in records]
    framed = len(set(table.videos)) < len(table) and all(len(split_path(name)) > 1 for name in paths)
    return table, tuple(map(folder_name, paths)) if framed else (), tuple(_warnings(records, videos, table))


def _name_videos(records: Sequence[Record], path: Path, dataset: str) -> list[Video]:
    """Return the video of each record; records with the same facts share one."""
    if (nameless := next((record.path for record in records if not split_path(record.path)), None)) is not None:
        raise ScoresError(f"{path}: {nameless!r} names no video; give every row its video's name", path)
    skip = common_folders([record.path for record in records])
    named: dict[tuple[str, ...], Video] = {}
    videos = []
    for record in records:
        facts = (record.path, record.dataset or dataset, record.method, record.compression)
        if facts not in named:
            named[facts] = name_video(
                record.path, skip=skip, dataset=facts[1], method=record.method, compression=record.compression
            )
        videos.append(named[facts])
    return videos


def _labels_of(records: Sequence[Record], videos: Sequence[Video], path: Path) -> NDArray[np.int64]:
    """Return the label of each record, its own or that of its video; both classes must occur."""
    labels = [
        video.label if record.label is None else record.label for record, video in zip(records, videos, strict=True)
    ]
    if None in labels:
        raise ScoresError(
            f"{path}: nothing says whether {records[labels.index(None)].path!r} is genuine; "
            "add a column with 0 or 1 and name it with --columns label=NAME",
            path,
        )
    if len(set(labels)) == 1:
        only = "manipulated" if labels[0] else "genuine"
        raise ScoresError(f"{path} holds {only} samples of one class only; nothing can be measured without both", path)
    return np.array(labels, dtype=np.int64)


def _from_bench(found: BenchResult) -> ForeignScores:
    where = Path(found.detector) / found.dataset
    table, folders, warnings = build_table(found.records, where, found.dataset)
    return ForeignScores(
        name=found.detector,
        corpus=found.dataset,
        table=table,
        folders=folders,
        printed=found.printed,
        readings=found.readings,
        notes=("read as DeepfakeBench's results",),
        warnings=(
            *warnings,
            "DeepfakeBench saves the scores of the training step that was best on this very test set; "
            "every number here is optimistic by that choice",
        ),
    )


def _warnings(records: Sequence[Record], videos: Sequence[Video], table: ScoreTable) -> list[str]:
    found = []
    known = {
        video.key: bool(record.identity) or video.people_known for record, video in zip(records, videos, strict=True)
    }
    strangers = sum(not one for one in known.values())
    if strangers:
        found.append(
            f"{strangers} of {len(known)} videos name nobody; each counts as its own person, so intervals are too "
            "narrow where people recur; add a column with identities (--columns identity=NAME)"
        )
    frames = [(record.path, record.frame) for record in records]
    twice = len(frames) - len(set(frames))
    if twice and any(record.frame for record in records):
        found.append(f"{twice} frames are listed more than once")
    middles = [
        float(np.median(table.scores[table.labels == label])) for label in (0, 1) if (table.labels == label).any()
    ]
    if len(middles) == 2 and middles[1] < middles[0]:
        found.append(
            "forged samples score lower than genuine ones; where higher means genuine, say --columns realness=NAME"
        )
    return found


def _split(identity: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in identity.split("+") if name.strip())


def _is_native(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = file.readline(100_000)
    return {name.strip().strip('"') for name in header.split(",")} >= _NATIVE
