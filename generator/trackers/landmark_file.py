"""Read the 68 points of a face from a file of a person or another program."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from generator.errors import TrackerError

from .regions import Points


def read_landmarks(path: Path) -> Points:
    """Read 68 iBUG points in pixels.

    Args:
        path: ``.npy`` with an array ``(68, 2)``; ``.json`` with a list of 68 pairs; ``.txt`` or ``.csv`` with 68 lines
            of two numbers; ``.pts`` of the 300-W annotation.

    Returns:
        ``(68, 2)`` x, y.

    Raises:
        TrackerError: The file cannot be read or does not contain 68 points.
    """
    try:
        points = np.asarray(_read(path), np.float64)
    except OSError as error:
        raise TrackerError(f"{path}: cannot be read ({error.strerror or error}); check the path") from None
    except (ValueError, TypeError, EOFError) as error:
        reason = (str(error).splitlines() or [""])[0][:120]
        raise TrackerError(f"{path}: not a file of landmarks ({reason}); 68 points x, y in pixels expected") from None
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise TrackerError(f"{path}: holds numbers of shape {points.shape}; 68 finite points x, y in pixels expected")
    return points


def _read(path: Path) -> object:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return np.load(path, allow_pickle=False)
    text = path.read_text(encoding="utf-8")
    if suffix == ".json":
        return json.loads(text)
    if suffix == ".pts":
        text = text[text.index("{") + 1 : text.index("}")]
    rows = [line.replace(",", " ").split() for line in text.splitlines() if line.strip()]
    return [[float(number) for number in row] for row in rows]
