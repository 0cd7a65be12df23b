"""Find the meaning of the columns of another program's file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.evaluation.errors import ScoresError

GUESSES: Mapping[str, tuple[str, ...]] = {
    "score": (
        "score", "fake_score", "fake_prob", "prob_fake", "p_fake", "fake_probability", "fakeness", "fake", "prob",
        "probability", "y_prob", "y_score", "y_pred", "scores", "pred", "prediction", "predictions", "preds", "output",
        "logit", "logits", "pred_score", "confidence",
    ),
    "realness": ("real_prob", "prob_real", "p_real", "real_score", "real_probability", "realness"),
    "label": (
        "label", "y", "y_true", "target", "targets", "gt", "ground_truth", "truth", "true_label", "correct_label",
        "labels", "is_fake", "class",
    ),
    "video": (
        "video", "path", "video_path", "file_path", "frame_path", "image_path", "img_path", "filepath", "video_id",
        "video_name", "file", "filename", "file_name", "image", "images", "img", "img_names", "image_names", "name",
        "names", "paths", "key",
    ),
    "identity": ("identity", "identities", "subject", "person", "people", "speaker"),
    "dataset": ("dataset", "data_set", "test_dataset"),
    "method": ("method", "manipulation", "manipulation_type", "forgery", "fake_type", "generator"),
    "compression": ("compression", "comp", "quality"),
    "frame": ("frame", "frame_id", "frame_idx", "frame_number", "frame_index"),
    "group": ("group", "slice"),
}  # fmt: skip
"""Common names of each field, most likely first; case, spaces and dashes are ignored."""

_GENUINE = frozenset({"0", "0.0", "real", "genuine", "original", "pristine", "false", "bonafide"})
_FORGED = frozenset({"1", "1.0", "fake", "forged", "manipulated", "deepfake", "synthetic", "true", "spoof"})

Cell = str | float | int | bool | None


def parse_columns(text: str) -> dict[str, str]:
    """Parse `video=path,label=y` as names of fields and columns.

    Raises:
        ScoresError: A part has another shape, or names a field twice or one that does not exist.
    """
    chosen: dict[str, str] = {}
    for part in text.split(","):
        field, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column or field not in GUESSES or field in chosen:
            raise ScoresError(
                f"--columns: {part.strip()!r} is not FIELD=COLUMN with each field once; fields are {', '.join(GUESSES)}"
            )
        chosen[field] = column
    return chosen


def choose_columns(present: Sequence[str], asked: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return the column of each field.

    Args:
        present: Names of the columns of the file.
        asked: The user's choice, which precedes every guess.
        path: The file, named in error messages.

    Raises:
        ScoresError: A requested column is missing, or there is no column for score or video.
    """
    plain = {_plain(name): name for name in reversed(present)}
    chosen: dict[str, str] = {}
    for field, guesses in GUESSES.items():
        if field in asked:
            if asked[field] not in present:
                raise ScoresError(
                    f"{path} has no column {asked[field]!r}; there are {', '.join(map(str, present))}", path
                )
            chosen[field] = asked[field]
            continue
        free = [
            plain[name] for name in guesses if name in plain and plain[name] not in (*asked.values(), *chosen.values())
        ]
        if free:
            chosen[field] = free[0]
    if "realness" in asked or ("score" in chosen and "score" not in asked and _weak(chosen["score"], chosen)):
        chosen.pop("score", None)
    if "score" in chosen:
        chosen.pop("realness", None)
    for field, hint in (("score", "score=NAME, or realness=NAME where higher means genuine"), ("video", "video=NAME")):
        if field not in chosen and not (field == "score" and "realness" in chosen):
            raise ScoresError(
                f"{path}: none of its columns is known to hold the {field} ({', '.join(map(str, present))}); "
                f"say so with --columns {hint}",
                path,
            )
    return chosen


@dataclass(frozen=True, slots=True)
class Record:
    """One line of another program's scores.

    Attributes:
        path: Path or name as written in the file.
        label: 0 genuine, 1 manipulated, None where the file does not say.
        score: Higher means more likely manipulated.
        identity: Identity as written in the file, empty without one.
        dataset: Data set as written in the file, empty without one; the same applies to the following fields.
        method: Method of the video.
        compression: Its compression.
        group: Part of the test.
        frame: Number or name of the frame.
    """

    path: str
    label: int | None
    score: float
    identity: str = ""
    dataset: str = ""
    method: str = ""
    compression: str = ""
    group: str = ""
    frame: str = ""


def read_record(row: Mapping[str, Cell], chosen: Mapping[str, str], where: str, path: Path) -> Record:
    """Parse one line.

    Args:
        row: The cells of the line by column.
        chosen: The column of each field.
        where: Name of the line in error messages, such as `line 7`.
        path: The file, named in error messages.

    Raises:
        ScoresError: A cell is missing or does not fit its field.
    """

    def text(field: str) -> str:
        value = row.get(chosen[field]) if field in chosen else None
        return "" if value is None else str(value).strip()

    if not text("video"):
        raise ScoresError(f"{path}, {where}: the column {chosen['video']!r} is empty", path)
    field = "score" if "score" in chosen else "realness"
    score = read_number(text(field), f"{path}, {where}", path)
    return Record(
        path=text("video"),
        label=read_label(text("label"), f"{path}, {where}", path) if "label" in chosen else None,
        score=score if field == "score" else -score,
        identity=text("identity"),
        dataset=text("dataset"),
        method=text("method"),
        compression=text("compression"),
        group=text("group"),
        frame=text("frame"),
    )


def read_number(text: str, where: str, path: Path) -> float:
    """Parse a finite score.

    Raises:
        ScoresError: The text is not a finite number.
    """
    try:
        score = float(text)
    except ValueError:
        raise ScoresError(f"{where}: score {text[:40]!r} is not a number", path) from None
    if not math.isfinite(score):
        raise ScoresError(f"{where}: score {text!r} is not finite; leave out what could not be scored", path)
    return score


def read_label(text: str, where: str, path: Path) -> int:
    """Parse a label: 0 or 1, or a common word for it.

    Raises:
        ScoresError: The text is none of these.
    """
    word = text.lower()
    if word not in _GENUINE | _FORGED:
        raise ScoresError(
            f"{where}: label {text[:40]!r}; wanted is 0 or real for genuine, 1 or fake for manipulated", path
        )
    return int(word in _FORGED)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).strip().lower()).strip("_")


def _weak(score: str, chosen: Mapping[str, str]) -> bool:
    """Return whether the score column may contain classes and another column contains the probability of real."""
    return "realness" in chosen and _plain(score) in ("pred", "prediction", "predictions", "preds", "output")
