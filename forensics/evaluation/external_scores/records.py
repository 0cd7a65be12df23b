"""Interpret the cells of a table of scores, column by column, with the same rules for every format.

Numbers and labels are decided for the whole file: decimal commas and labels such as -1 and 1 are read where only one
reading is possible, and otherwise refused in one sentence that says how to write them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError

from .naming import class_of_path

Text = Sequence[str]
Where = Callable[[int], str]
"""Name of a row in error messages, such as `line 7`, by the row's number from 0."""

UNDECIDED = 0.5
"""Score of a row without a face."""

_GENUINE = frozenset({"0", "real", "genuine", "original", "pristine", "false", "bonafide", "bona-fide", "no"})
_FORGED = frozenset({"1", "fake", "forged", "manipulated", "deepfake", "synthetic", "true", "spoof", "yes"})
_COVERED = frozenset({"", "1", "true", "yes"})
_BLIND = frozenset({"0", "false", "no"})
_WHOLE = re.compile(r"^([+-]?\d+)[.,]0+$")
_COMMA = re.compile(r"^[+-]?\d*,\d+(e[+-]?\d+)?$", re.IGNORECASE)
_THOUSANDS = re.compile(r"^[+-]?[1-9]\d{0,2}(,\d{3})+$")
_UNKNOWN = -1
_AGREEING = 0.9
"""Share of the rows whose folder must agree with a reading of the labels."""


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The rows of another program's scores, as columns of one length.

    Attributes:
        paths: (N,) path or name as written in the file.
        scores: (N,) higher means more likely manipulated.
        labels: (N,) 0 genuine, 1 manipulated, -1 where the file does not say.
        texts: Further columns as written, (N,) each by field: `identity`, `dataset`, `method`, `compression`, `group`
            and `frame`, as far as the file has them.
        covered: (N,) False where no face was found.
        attributes: Attributes of the people, (N,) each by name.
        notes: Sentences on how numbers and labels were read.
    """

    paths: Text
    scores: NDArray[np.float64]
    labels: NDArray[np.int64]
    texts: Mapping[str, Text] = field(default_factory=dict)
    covered: NDArray[np.bool_] | None = None
    attributes: Mapping[str, Text] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.paths)

    def text(self, name: str) -> Text:
        """Return a further column, empty cells where the file has none."""
        return self.texts.get(name) or ("",) * len(self)


def interpret(cells: Mapping[str, Text], chosen: Mapping[str, str], where: Where, path: Path) -> Records:
    """Interpret the cells of a table.

    Args:
        cells: (N,) stripped cells of each column that is used, by the name of its field.
        chosen: Name of the column of each field.
        where: Name of a row in error messages.
        path: The file, named in error messages.

    Raises:
        ScoresError: A cell is missing or does not fit its field.
    """
    paths = cells["video"]
    if "" in paths:
        raise ScoresError(f"{path}, {where(paths.index(''))}: the column {chosen['video']!r} is empty", path)
    covered = _covered(cells["covered"], where, path) if "covered" in cells else None
    turned = "score" not in cells
    numbers = cells["realness" if turned else "score"]
    if covered is not None and not covered.all():
        numbers = [text if seen else str(UNDECIDED) for text, seen in zip(numbers, covered, strict=True)]
    scores, notes = read_numbers(numbers, where, path)
    labels = np.full(len(paths), _UNKNOWN, dtype=np.int64)
    if "genuine" in cells or "label" in cells:
        opposite = "genuine" in cells
        name = "genuine" if opposite else "label"
        labels, told = read_labels(cells[name], paths, where, path)
        if opposite:
            labels = 1 - labels
            notes = (*notes, f"the column {chosen[name]!r} says 1 for genuine files, so its labels are turned round")
        notes = (*notes, *told)
    known = ("identity", "dataset", "method", "compression", "group", "frame")
    return Records(
        paths=paths,
        scores=-scores if turned else scores,
        labels=labels,
        texts={name: cells[name] for name in known if name in cells},
        covered=covered,
        attributes={name.removeprefix("attribute."): cells[name] for name in cells if name.startswith("attribute.")},
        notes=notes,
    )


def read_numbers(texts: Text, where: Where, path: Path) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Parse finite scores; decimal commas are read where no cell can be meant otherwise.

    Returns:
        The scores, and a note where commas were read as decimal points.

    Raises:
        ScoresError: A text is not a finite number, or commas may separate decimals or thousands.
    """
    notes: tuple[str, ...] = ()
    try:
        scores = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    except ValueError:
        scores = _with_commas(texts, where, path)
        notes = ("commas in the scores were read as decimal points",)
    finite = np.isfinite(scores)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ScoresError(
            f"{path}, {where(row)}: score {texts[row]!r} is not finite{_others(int((~finite).sum()))}; "
            "leave out what could not be scored",
            path,
        )
    return scores, notes


def read_labels(texts: Text, paths: Text, where: Where, path: Path) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Parse the labels of a file: 0 and 1, common words, or -1 and 1; 1 and 2 only where the folders explain them.

    Args:
        texts: (N,) labels as written.
        paths: (N,) path of each row, whose folders may be named after the classes.
        where: Name of a row in error messages.
        path: The file, named in error messages.

    Returns:
        The labels, 0 genuine and 1 manipulated, and a note where they were written otherwise.

    Raises:
        ScoresError: A label is none of these, or it is open which number means manipulated.
    """
    word_of = {text: _plain_number(text.lower()) for text in set(texts)}
    words = set(word_of.values())
    meant: dict[str, int] = {word: int(word in _FORGED) for word in words & (_GENUINE | _FORGED)}
    notes: tuple[str, ...] = ()
    if words == {"-1", "1"}:
        meant = {"-1": 0, "1": 1}
        notes = ("the labels are -1 and 1, read as genuine and manipulated",)
    elif words == {"1", "2"}:
        meant = _explained_by_folders([word_of[text] for text in texts], paths, path)
        notes = (f"the labels are 1 and 2; by the names of the folders, {_of(meant, 1)} means manipulated",)
    if words - set(meant):
        odd = [row for row, text in enumerate(texts) if word_of[text] not in meant]
        raise ScoresError(
            f"{path}, {where(odd[0])}: label {texts[odd[0]][:40]!r}{_others(len(odd))}; "
            "wanted is 0 or real for genuine, 1 or fake for manipulated",
            path,
        )
    number_of = {text: meant[word] for text, word in word_of.items()}
    return np.fromiter(map(number_of.__getitem__, texts), dtype=np.int64, count=len(texts)), notes


def read_number(text: str, where: str, path: Path) -> float:
    """Parse one finite score.

    Raises:
        ScoresError: The text is not a finite number.
    """
    try:
        score = float(text)
    except ValueError:
        raise ScoresError(f"{path}, {where}: score {text[:40]!r} is not a number", path) from None
    if not math.isfinite(score):
        raise ScoresError(f"{path}, {where}: score {text!r} is not finite; leave out what could not be scored", path)
    return score


def _with_commas(texts: Text, where: Where, path: Path) -> NDArray[np.float64]:
    """Parse scores with decimal commas.

    Raises:
        ScoresError: A text is no number, or the commas have two possible meanings.
    """
    odd = [row for row, text in enumerate(texts) if not _is_number(text)]
    wrong = [row for row in odd if not _COMMA.match(texts[row])]
    if wrong:
        raise ScoresError(
            f"{path}, {where(wrong[0])}: score {texts[wrong[0]][:40]!r} is not a number{_others(len(wrong))}", path
        )
    both = any("." in text for text in texts)
    if both or all(_THOUSANDS.match(texts[row]) for row in odd):
        why = "others have decimal points" if both else "the comma may separate decimals or thousands"
        raise ScoresError(
            f"{path}, {where(odd[0])}: score {texts[odd[0]][:40]!r} has a comma, and {why}; "
            "write every score with a decimal point",
            path,
        )
    return np.array([float(text.replace(",", ".")) for text in texts], dtype=np.float64)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain_number(word: str) -> str:
    """Return a label such as `1.0` or `+1` as `1`, any other word unchanged."""
    match = _WHOLE.match(word)
    return (match[1] if match else word).removeprefix("+")


def _explained_by_folders(words: Text, paths: Text, path: Path) -> dict[str, int]:
    """Find which of the labels 1 and 2 means manipulated from folders that are named after the classes.

    Raises:
        ScoresError: The folders do not say it.
    """
    votes = {"1": [0, 0], "2": [0, 0]}
    for word, name in zip(words, paths, strict=True):
        kind = class_of_path(name)
        if kind is not None:
            votes[word][kind] += 1
    for forged, genuine in (("1", "2"), ("2", "1")):
        right = votes[forged][1] + votes[genuine][0]
        if min(votes[forged][1], votes[genuine][0]) and right >= _AGREEING * len(paths):
            return {forged: 1, genuine: 0}
    raise ScoresError(
        f"{path}: the labels are 1 and 2, and nothing says which of them means manipulated; "
        "write 0 for genuine and 1 for manipulated",
        path,
    )


def _of(meant: Mapping[str, int], label: int) -> str:
    return next(word for word, value in meant.items() if value == label)


def _covered(texts: Text, where: Where, path: Path) -> NDArray[np.bool_]:
    words = {text: text.lower() for text in set(texts)}
    odd = {text for text, word in words.items() if word not in _COVERED | _BLIND}
    if odd:
        row = next(row for row, text in enumerate(texts) if text in odd)
        raise ScoresError(f"{path}, {where(row)}: covered {texts[row]!r}; wanted is 1 or 0", path)
    seen = {text: word in _COVERED for text, word in words.items()}
    return np.fromiter(map(seen.__getitem__, texts), dtype=np.bool_, count=len(texts))


def _others(count: int) -> str:
    """Return how many further rows have the same fault, empty for one."""
    return "" if count < 2 else f", as are {count - 1} other rows"
