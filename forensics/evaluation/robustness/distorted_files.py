"""Write the files of a corpus under every cell of a suite, so that a program that only reads folders can score them.

Every frame is written as PNG, without loss: the pixels are the ones that `facetrail evaluate --suite` would show to a
detector of whole frames, with the same draws. The layout is `<cell>/<genuine|forged>/<sample>.png`, or
`<sample>/<frame>.png` for clips.
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detectors import DetectorSpec
from forensics.corpus import Corpus, Sample
from forensics.distortions import Frames, find_cell
from forensics.errors import CorpusError, InputError
from forensics.evaluation.run import key_of
from forensics.execution.progress import Report, silent
from forensics.faces import WholeFrame, job_of
from watermark import encode_still, hidden_folder

from .excerpts import Excerpt, take_excerpt
from .work_units import CLEAN_KEY, CellKey, cell_rng, distort_excerpt

_LOG = logging.getLogger(__name__)

LABELS_NAME = "labels.csv"
COLUMNS = (
    "file", "label", "video", "frame", "distortion", "severity", "parameter", "method", "identities", "changed",
)  # fmt: skip
LEAD = 4
"""Frames decoded before each written one, for distortions that work across frames."""

_FRAMES = DetectorSpec(
    name="distorted files", method="adapter", backbone="", input_size=0, mean=(0, 0, 0), std=(1, 1, 1), crop_margin=0,
    licence="", paper="", summary="", alignment="frame",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DistortedFiles:
    """What was written.

    Attributes:
        labels: The list of the files.
        files: Number of pictures.
        samples: Number of samples.
        cells: Number of distortions, each at one severity, beside the undistorted files.
        only_boxes: Distortions that were left out, because they move face boxes and change no file.
        unreadable: Samples that cannot be decoded.
    """

    labels: Path
    files: int
    samples: int
    cells: int
    only_boxes: tuple[str, ...]
    unreadable: tuple[str, ...]


def write_distorted(
    corpus: Corpus,
    samples: Sequence[Sample],
    cells: Sequence[CellKey],
    out: Path,
    *,
    per_clip: int = 8,
    seed: int = 0,
    report: Report = silent,
) -> DistortedFiles:
    """Write samples undistorted and under cells, with a list of their labels; the folder appears only when whole.

    Args:
        corpus: The corpus of the samples.
        samples: The samples.
        cells: Names of distortions with severities.
        out: The folder; it must not exist, or be empty.
        per_clip: Largest number of frames of one clip, evenly spread.
        seed: Seed of the distortions.
        report: Progress callback.

    Raises:
        CorpusError: There is no sample, or none can be decoded.
        InputError: The folder has files in it already, or an encoder rejects frames.
    """
    if not samples:
        raise CorpusError(f"{corpus.root} has no such samples to distort", corpus.root)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already and not empty; name a new folder with -o", out)
    only_boxes = tuple(dict.fromkeys(name for name, severity in cells if _moves_boxes((name, severity))))
    keys = (CLEAN_KEY, *(key for key in dict.fromkeys(cells) if not _moves_boxes(key)))
    out.parent.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[object, ...]] = []
    unreadable: list[str] = []
    with hidden_folder(out.parent) as part:
        for number, sample in enumerate(samples):
            excerpt = take_excerpt(job_of(corpus, sample, _FRAMES, per_clip), WholeFrame(), LEAD)
            if excerpt is None:
                unreadable.append(sample.id)
                continue
            for step, key in enumerate(keys):
                report((number + step / len(keys)) / len(samples), f"distorting {sample.id}")
                rows += _write(part / "files", excerpt, sample, key, number, seed)
        if not rows:
            raise CorpusError(f"none of {len(samples)} samples of {corpus.root} can be decoded", corpus.root)
        with (part / LABELS_NAME).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
        (part / LABELS_NAME).rename(part / "files" / LABELS_NAME)
        if out.exists():
            out.rmdir()
        (part / "files").rename(out)
    _LOG.info("wrote %d pictures to %s", len(rows), out)
    return DistortedFiles(
        out / LABELS_NAME, len(rows), len(samples) - len(unreadable), len(keys) - 1, only_boxes, tuple(unreadable)
    )


def _moves_boxes(key: CellKey) -> bool:
    return not find_cell(*key).distortion.changes_pixels


def _write(
    folder: Path, excerpt: Excerpt, sample: Sample, key: CellKey, index: int, seed: int
) -> Iterator[tuple[object, ...]]:
    """Write the frames of one sample under one cell, and yield the row of each."""
    frames: Sequence[Frames] = excerpt.still_frames
    name, severity = key
    parameter = ""
    if key != CLEAN_KEY:
        cell = find_cell(*key)
        parameter, frames = cell.parameter, distort_excerpt(excerpt, cell, cell_rng(seed, index, cell))
    place = Path(_plain(f"{name}-{severity}" if severity else "undistorted")) / sample.label.value
    for number, (frame, before) in enumerate(zip(frames, excerpt.still_frames, strict=True)):
        stem = _plain(sample.id)
        file = place / (f"{stem}.png" if sample.is_still else f"{stem}/{number:04d}.png")
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        encode_still(frame, folder / file)
        changed = frame.shape != before.shape or bool((frame != before).any())
        yield (
            file.as_posix(), int(sample.label.value == "forged"), key_of(sample), number, name, severity, parameter,
            sample.method, ";".join(sample.identities), int(changed),
        )  # fmt: skip


def _plain(name: str) -> str:
    """Return a name that is one plain part of a path."""
    return re.sub(r"[^\w.+=-]+", "-", name).strip("-.") or "sample"
