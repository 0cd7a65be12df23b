"""Read DeepfakeBench's results (Yan et al. 2023): what its trainer writes for every test set.

``` logs/<detector>_<time>/training.log                           every result of every test set, as text
logs/<detector>_<time>/test/<DATASET>/metric_dict_best.pickle {acc, auc, eer, ap, video_auc, pred (N,), label (N,)}
logs/<detector>_<time>/test/<DATASET>/data_dict_test.pickle   {image: N paths, label: N} ```

Predictions and paths are in one order, because the test loader does not shuffle the content of `data_dict_test.pickle`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensics.evaluation.errors import ScoresError

from .pickled_scores import read_pickled
from .records import Records, read_number

METRICS_FILE, NAMES_FILE, LOG_FILE = "metric_dict_best.pickle", "data_dict_test.pickle", "training.log"

_TIME = re.compile(r"_\d{4}(-\d\d){5}$")
_READING = re.compile(r"^.*?dataset: (\S+)\s+step: \d+\s+testing-metric, (.*)$", re.MULTILINE)
_PRINTED = re.compile(r"^dataset: (\S+)\s*$((?:\n(?!dataset: ).*)*)", re.MULTILINE)
_NUMBER = re.compile(r"\b(acc|auc|eer|ap|video_auc): ([-+.\deE]+|nan)\b")
_NAMED = ("image", "img_names", "image_names", "images", "path", "video")
_WAY_OUT = f"{NAMES_FILE} beside it holds the names; copy both files of one reading"


@dataclass(frozen=True, slots=True)
class BenchResult:
    """DeepfakeBench's results of one detector on one test set.

    Attributes:
        detector: Name of the detector, without the time of the training.
        dataset: The test set's name.
        records: The scores, in DeepfakeBench's order.
        printed: DeepfakeBench's own metrics of these scores, such as `video_auc`.
        readings: AUC of every result of this test set in the log, in order; empty without a log.
    """

    detector: str
    dataset: str
    records: Records
    printed: Mapping[str, float]
    readings: tuple[float, ...]


def is_bench(path: Path) -> bool:
    """Return whether a path has DeepfakeBench's results: a folder with some, or a pickle."""
    return path.is_dir() or path.suffix.lower() in (".pickle", ".pkl")


def read_bench(path: Path) -> tuple[BenchResult, ...]:
    """Read a pickle of results, or all below a folder.

    Raises:
        ScoresError: There are none, or a file is invalid; nothing of a pickle is executed.
        OSError: A file cannot be opened.
    """
    files = sorted(path.rglob(METRICS_FILE)) if path.is_dir() else [path]
    if not files:
        raise ScoresError(f"{path} holds no {METRICS_FILE}; name DeepfakeBench's logs/<detector>_<time>", path)
    return tuple(_read(file) for file in files)


def read_log(path: Path) -> dict[str, tuple[dict[str, float], ...]]:
    """Read every printed result of every test set from a log of train.py or the output of test.py.

    Returns:
        Metrics by name, in order, by test set.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    found = _READING.findall(text) or _PRINTED.findall(text)
    readings: dict[str, list[dict[str, float]]] = {}
    for dataset, words in found:
        numbers = {name: float(value) for name, value in _NUMBER.findall(words) if value != "nan"}
        if numbers:
            readings.setdefault(dataset, []).append(numbers)
    return {dataset: tuple(values) for dataset, values in readings.items()}


def _read(path: Path) -> BenchResult:
    content = read_pickled(path)
    if not isinstance(content, dict) or "pred" not in content or "label" not in content:
        raise ScoresError(
            f"{path} holds no `pred` and `label`; wanted is DeepfakeBench's {METRICS_FILE}, "
            "or predictions, labels and names as .npz or CSV",
            path,
        )
    scores, labels = (_numbers(content[name], name, path) for name in ("pred", "label"))
    names, named_labels = _names(content, path)
    lengths = {"pred": len(scores), "label": len(labels), "names": len(names)}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise ScoresError(f"{path}: {told}; they are not of one reading, take both files from the same run", path)
    kinds = [int(label != 0) for label in labels]
    if named_labels is not None:
        wrong = sum(int(one not in (0, False)) != kind for one, kind in zip(named_labels, kinds, strict=True))
        if wrong:
            raise ScoresError(
                f"{path}: {wrong} of {len(kinds)} labels differ from those of {NAMES_FILE}; "
                "take both files from the same run",
                path,
            )
    dataset = path.parent.name
    log = _find_log(path)
    readings = read_log(log).get(dataset, ()) if log is not None else ()
    return BenchResult(
        detector=_detector(path),
        dataset=dataset,
        records=Records(names, np.array(scores, dtype=np.float64), np.array(kinds, dtype=np.int64)),
        printed={
            str(name): float(value) for name, value in content.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
        readings=tuple(reading["auc"] for reading in readings if "auc" in reading),
    )  # fmt: skip


def _numbers(value: object, name: str, path: Path) -> list[float]:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.squeeze().ndim > 1:
        raise ScoresError(f"{path}: `{name}` is no list of numbers", path)
    return [read_number(str(one), f"{name} {i}", path) for i, one in enumerate(array.reshape(-1), start=1)]


def _names(content: Mapping[str, object], path: Path) -> tuple[list[str], Sequence[object] | None]:
    """Return the names of the rows, and their labels from a separate file."""
    own = next((content[name] for name in _NAMED if name in content), None)
    if own is not None:
        return _paths(own, path), None
    beside = next(
        (place for place in (path.with_name(NAMES_FILE), path.with_suffix(".names")) if place.is_file()), None
    )
    if beside is None:
        raise ScoresError(f"{path} names no files, and videos cannot be told apart without names; {_WAY_OUT}", path)
    named = read_pickled(beside)
    if not isinstance(named, dict) or "image" not in named:
        raise ScoresError(f"{beside} holds no list `image`; wanted is DeepfakeBench's {NAMES_FILE}", beside)
    labels = named.get("label")
    return _paths(named["image"], beside), labels if isinstance(labels, list) else None


def _paths(value: object, path: Path) -> list[str]:
    """Return one path per row; a row of a video detector is a list of frames, represented by its first."""
    entries = value.tolist() if isinstance(value, np.ndarray) else value
    firsts = (
        [entry[0] if isinstance(entry, list) and entry else entry for entry in entries]
        if isinstance(entries, list)
        else []
    )
    if not firsts or not all(isinstance(name, str) and name.strip("/\\ ") for name in firsts):
        raise ScoresError(f"{path}: its list of names holds something other than paths", path)
    return firsts


def _detector(path: Path) -> str:
    """Return the detector's name from its training folder, `xception_2024-05-01-10-00-00`, or a nearby folder."""
    for parent in path.parents:
        if _TIME.search(parent.name):
            return _TIME.sub("", parent.name)
    outer = [parent.name for parent in path.parents[1:3] if parent.name not in ("test", "")]
    return outer[0] if outer else path.stem


def _find_log(path: Path) -> Path | None:
    return next((parent / LOG_FILE for parent in path.parents[:4] if (parent / LOG_FILE).is_file()), None)
