"""Read and write a detector's worst errors: for each one a crop and a map of the regions that decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.errors import ReportError
from forensics.storage.files import write_whole
from forensics.storage.json_records import parse_json, read_record

FOLDER = "failures"
RECORD = "failures.json"


@dataclass(frozen=True, slots=True)
class Failure:
    """One sample that a detector classified wrongly.

    Attributes:
        video: Its key.
        label: 0 genuine, so that it is a false alarm; 1 manipulated, so that it is a miss.
        score: Score of the video.
        frame_score: Score of the shown frame.
        method: Method of the forgery, empty where unknown.
        crop: Picture of the face crop, relative to the record's folder; on a page, to the results folder.
        heat: Picture of the same crop under the map of what supported the answer, with a path of the same kind.
    """

    video: str
    label: int
    score: float
    frame_score: float
    method: str
    crop: str
    heat: str


@dataclass(frozen=True, slots=True)
class _Failures:
    failures: tuple[Failure, ...]


def write_failures(failures: Sequence[Failure], folder: Path) -> Path:
    """Write the record of failures whose pictures lie in a folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORD
    record = asdict(_Failures(tuple(failures)))
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(path, lambda part: part.write_text(text, "utf-8"))
    return path


def read_failures(root: Path, detector: Path) -> tuple[Failure, ...]:
    """Read a detector's failures; the paths of their pictures become relative to the results folder.

    Args:
        root: The results folder.
        detector: The detector's folder inside it.

    Raises:
        ReportError: The record is damaged, or names a picture outside its folder.
    """
    folder = detector / FOLDER
    path = folder / RECORD
    if not path.is_file():
        return ()
    try:
        found = read_record(_Failures, parse_json(path.read_text("utf-8")), RECORD)
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} is not a record of failures: {error}; remove it or evaluate again", path) from error
    return tuple(
        Failure(
            one.video,
            one.label,
            one.score,
            one.frame_score,
            one.method,
            (folder / one.crop).relative_to(root).as_posix(),
            (folder / one.heat).relative_to(root).as_posix(),
        )
        for one in found.failures
    )
