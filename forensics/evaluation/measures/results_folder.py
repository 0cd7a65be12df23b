"""Write and read a results folder: one record of the run, and a folder with report and scores for each detector.

``` DIR/run.json                      EvalRun DIR/<detector>/evaluation.json    EvalReport DIR/<detector>/measures.csv
its measures, one per line DIR/<detector>/scores.csv         the test's scores, one row per frame
DIR/<detector>/validation.csv     the same of the validation split, where there is one ```
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from forensics.evaluation.errors import ScoresError
from forensics.storage.files import write_csv, write_whole
from forensics.storage.json_records import parse_json, read_record

from .reports import EvalReport, EvalRun, Measure

REPORT_NAME = "evaluation.json"
MEASURES_NAME = "measures.csv"
RUN_NAME = "run.json"

Record = TypeVar("Record")


_SETTINGS = re.compile(r",(?=[a-z_]+=)")


def folder_of(detector: str) -> str:
    """Return the name of a detector's folder inside a results folder: `probe:metadata` lies in `probe-metadata`."""
    return re.sub(r"[^\w.+=-]+", "-", detector).strip("-.") or "detector"


def short_names(detectors: Sequence[str]) -> tuple[str, ...]:
    """Return short names of detectors: the last part of their path, and more of it where that is not unique.

    Args:
        detectors: Names, or folders of trained ones.

    Raises:
        ScoresError: One detector is named twice.
    """
    # what stands after a comma are settings of a detector that was made elsewhere, `my_detector.py,size=224`
    bare = [_SETTINGS.split(name)[0] for name in detectors]
    parts = [Path(name).parts or (name,) for name in bare]
    for length in range(1, max(map(len, parts), default=0) + 1):
        names = tuple("-".join(part[-length:]).strip("/") for part in parts)
        if len({folder_of(name) for name in names}) == len(names):
            return names
    raise ScoresError(f"a detector is named twice: {', '.join(detectors)}; name each once")


def write_report(report: EvalReport, folder: Path) -> tuple[Path, Path]:
    """Write a report as `evaluation.json` and its measures as `measures.csv`; return both paths.

    Args:
        report: The report.
        folder: The detector's own folder, `DIR/<detector>` in a results folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document, table = folder / REPORT_NAME, folder / MEASURES_NAME
    _write_json(report, document)
    write_measures(report.measures, table)
    return document, table


def write_measures(measures: Iterable[Measure], path: Path) -> None:
    """Write measures as CSV, one per line."""
    write_csv(path, Measure, measures)


def read_report(path: Path) -> EvalReport:
    """Read a report from `evaluation.json` or the folder that contains it.

    Raises:
        ScoresError: The file is missing or not a report.
    """
    return _read_json(EvalReport, path / REPORT_NAME if path.is_dir() else path, "an evaluation report")


def write_run(run: EvalRun, folder: Path) -> Path:
    """Write the record of a run as `run.json` into a results folder; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RUN_NAME
    _write_json(run, path)
    return path


def read_run(path: Path) -> EvalRun:
    """Read the record of a run from `run.json` or the results folder that contains it.

    Raises:
        ScoresError: The file is missing or not such a record.
    """
    return _read_json(EvalRun, path / RUN_NAME if path.is_dir() else path, "a record of an evaluation")


def read_reports(folder: Path) -> tuple[EvalReport, ...]:
    """Read the reports of all detectors of a results folder, in the order of its run; probes come last.

    Raises:
        ScoresError: A file is missing or invalid.
    """
    run = read_run(folder)
    return tuple(read_report(folder / folder_of(name)) for name in (*run.detectors, *run.probes))


def _write_json(record: EvalReport | EvalRun, path: Path) -> None:
    text = json.dumps(asdict(record), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, lambda part: part.write_text(text + "\n", encoding="utf-8"))


def _read_json(kind: type[Record], path: Path, what: str) -> Record:
    try:
        record = parse_json(path.read_text(encoding="utf-8"))
        return read_record(kind, record, "report" if kind is EvalReport else "run")
    except (OSError, ValueError) as error:
        raise ScoresError(f"{path} is not {what}: {error}", path) from error
