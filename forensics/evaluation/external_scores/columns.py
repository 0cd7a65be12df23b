"""Find the meaning of the columns of another program's file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    "genuine": ("is_real", "is_genuine", "is_original", "is_authentic", "is_bonafide"),
    "identity": ("identity", "identities", "subject", "person", "people", "speaker"),
    "dataset": ("dataset", "data_set", "test_dataset"),
    "method": ("method", "manipulation", "manipulation_type", "forgery", "fake_type", "generator"),
    "compression": ("compression", "comp", "quality"),
    "frame": ("frame", "frame_id", "frame_idx", "frame_number", "frame_index"),
    "group": ("group", "slice"),
    "covered": ("covered",),
}  # fmt: skip
"""Common names of each field, most likely first; case, spaces and dashes are ignored."""

ATTRIBUTE = "attribute."
"""Beginning of the name of a column with an attribute of the people, such as `attribute.gender`."""

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
    _drop_doubles(chosen, asked)
    for field, hint in (("score", "score=NAME, or realness=NAME where higher means genuine"), ("video", "video=NAME")):
        if field not in chosen and not (field == "score" and "realness" in chosen):
            raise ScoresError(
                f"{path}: none of its columns is known to hold the {field} ({', '.join(map(str, present))}); "
                f"say so with --columns {hint}",
                path,
            )
    return chosen


def _drop_doubles(chosen: dict[str, str], asked: Mapping[str, str]) -> None:
    """Keep one column of scores and one of labels, where both directions have one."""
    if "realness" in asked or ("score" in chosen and "score" not in asked and _weak(chosen["score"], chosen)):
        chosen.pop("score", None)
    if "score" in chosen:
        chosen.pop("realness", None)
    if "label" in chosen and "genuine" not in asked:
        chosen.pop("genuine", None)
    if "genuine" in chosen:
        chosen.pop("label", None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).strip().lower()).strip("_")


def _weak(score: str, chosen: Mapping[str, str]) -> bool:
    """Return whether the score column may contain classes and another column contains the probability of real."""
    return "realness" in chosen and _plain(score) in ("pred", "prediction", "predictions", "preds", "output")
