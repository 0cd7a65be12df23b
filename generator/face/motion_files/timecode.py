"""Read and write the timecodes of Live Link Face, HH:MM:SS:FF.mmm, and deduce the frame rate from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.errors import MotionFileError

_PATTERN = re.compile(r"\s*(\d{1,3}):(\d\d):(\d\d)[:;](\d{1,4}(?:\.\d+)?)\s*")
_RATES = (23.976, 24.0, 25.0, 29.97, 30.0, 48.0, 50.0, 59.94, 60.0, 100.0, 120.0)
_WHOLE_RATES = (24, 25, 30, 48, 50, 60, 100, 120)
_DEFAULT = 60
_DAY = 86400


@dataclass(frozen=True, slots=True)
class Timecode:
    """A moment: whole seconds since midnight, and frames (with a fraction) within the second."""

    second: int
    frame: float


def seconds_of(text: str, where: str) -> Timecode:
    """Read a timecode.

    Args:
        text: Such as "13:05:59:29.417".
        where: File and line, for the message.

    Raises:
        MotionFileError: The text is no timecode.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise MotionFileError(f"{where}, column Timecode is {text[:40]!r}; expected HH:MM:SS:FF.mmm")
    hours, minutes, seconds = (int(found[group]) for group in (1, 2, 3))
    return Timecode(hours * 3600 + minutes * 60 + seconds, float(found[4]))


def rate_of(times: Sequence[Timecode], path: Path) -> float:
    """Deduce how many frames a second a recording has; a single frame, or one within a second, is taken for 60.

    Raises:
        MotionFileError: The timecodes do not advance.
    """
    if len(times) < 2:
        return float(_DEFAULT)
    seconds = np.array([time.second for time in times], float)
    seconds += _DAY * np.concatenate([[0], np.cumsum(np.diff(seconds) < -_DAY / 2)])
    moments = seconds + np.array([time.frame for time in times]) / _frames_in_second(times)
    if np.median(np.diff(moments)) <= 0 or moments[-1] <= moments[0]:
        raise MotionFileError(f"{path}: its timecodes do not advance; give the frame rate with --fps")
    rate = float((len(moments) - 1) / (moments[-1] - moments[0]))
    nearest = min(_RATES, key=lambda known: abs(known - rate))
    return nearest if abs(nearest - rate) < 0.0004 * nearest else round(rate, 3)


def timecodes(frames: int, fps: float) -> Iterator[str]:
    """Write the timecodes of a motion that begins with the last frame before a full second.

    So that even a short recording shows how many frames a second holds.
    """
    whole = max(1, round(fps))
    for index in range(frames):
        second, part = divmod(1 - 1 / whole + index / fps, 1)
        thousandths = round(part * whole * 1000)
        if thousandths >= whole * 1000:
            second, thousandths = second + 1, 0
        minutes, seconds = divmod(int(second), 60)
        hours, minutes = divmod(minutes, 60)
        yield f"{hours:02d}:{minutes:02d}:{seconds:02d}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"


def _frames_in_second(times: Sequence[Timecode]) -> int:
    """Return how many frames the timecodes count to in a second."""
    frames = np.array([time.frame for time in times])
    crossed = np.diff([time.second for time in times]) != 0
    highest = int(frames.max())
    if not crossed.any():
        return max(_DEFAULT, highest + 1)
    steps = np.diff(frames)[~crossed]
    guess = highest + max(1, round(float(np.median(steps)))) if len(steps) else highest + 1
    nearest = min(_WHOLE_RATES, key=lambda known: abs(known - guess))
    return nearest if abs(nearest - guess) <= 0.04 * nearest and nearest > highest else guess
