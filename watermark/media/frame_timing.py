"""Find the frame rate of a clip from the times at which its frames are shown, and where each frame goes at that rate.

The rate is the nominal one, that of the most common frame duration. Where the frames are not evenly spaced, a frame is
repeated until the next one is due, and no frame is lost: frames that arrive faster than the rate are shown one after
another, slightly late, and where that is not enough, a faster rate of the same clip is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

LARGEST_DENOMINATOR = 1001

FASTEST = 1000
"""Largest number of frames per second."""

MOST_CLIP_FRAMES = 5_000_000

ASSUMED_RATE = Fraction(25)
"""Frames per second by which a clip is counted whose time stamps tell none."""

_COMMON_RATES = tuple(
    Fraction(rate)
    for rate in ("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60", "100", "120")
)
_ALIKE = 0.05
"""Share by which durations differ that count as the same duration."""

_ON_TIME = 0.25
"""Distance from the nearest step of the rate, in steps, up to which a frame is shown on time."""

_LATEST = 1.5
"""Largest delay of a frame in steps of the rate."""

_SNAP = 5e-4
"""Relative distance up to which a measured rate is taken for a stated or common one."""

_MOST_CANDIDATES = 64

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FrameTiming:
    """The frame rate of a clip, and where its frames go.

    Attributes:
        fps: Frames per second.
        places: (N,) for each frame of the file the number of the first written frame that shows it, rising.
        variable: Whether frames have to be repeated because they are not evenly spaced.
        timed: Whether the time stamps tell the rate; otherwise `fps` is only assumed, and nothing can be written with
            it.
    """

    fps: Fraction
    places: Numbers
    variable: bool
    timed: bool = True


def time_frames(times: Numbers, unit: float, stated: Iterable[Fraction | None]) -> FrameTiming:
    """Return the frame rate of a clip and the places of its frames.

    Args:
        times: (N,) presentation times in units of the clip's clock, in order, at least one.
        unit: Seconds of one unit.
        stated: Rates that the file's header states, the more reliable first; None where it states none.
    """
    named = [Fraction(rate) for rate in stated if rate]
    even = np.arange(len(times), dtype=np.int64)
    seconds = (times - times[0]) * unit
    if len(times) == 1 and named:
        return FrameTiming(named[0].limit_denominator(LARGEST_DENOMINATOR), even, variable=False)
    if not seconds[-1] > 0:
        return _untimed(even, named)
    durations = np.sort(np.diff(times)[np.diff(times) > 0])
    nominal = _nominal(durations, unit, named)
    gapped = _with_gaps(seconds, nominal)
    if gapped is None:
        mean = Fraction((len(times) - 1) / float(seconds[-1])).limit_denominator(LARGEST_DENOMINATOR)
        for rate in (*named, nominal, mean):
            if rate and np.abs(seconds * float(rate) - even).max() < 0.5:
                return FrameTiming(rate.limit_denominator(LARGEST_DENOMINATOR), even, variable=False)
    places, rate = (gapped, nominal) if gapped is not None else _without_loss(durations, unit, named, seconds)
    if places[-1] >= MOST_CLIP_FRAMES:
        return _untimed(even, named)
    return FrameTiming(rate, places, variable=True)


def _untimed(even: Numbers, named: list[Fraction]) -> FrameTiming:
    assumed = next((rate for rate in named if rate <= FASTEST), ASSUMED_RATE)
    return FrameTiming(assumed.limit_denominator(LARGEST_DENOMINATOR), even, variable=False, timed=False)


def _nominal(durations: Numbers, unit: float, named: list[Fraction]) -> Fraction:
    """Return the rate of the most common duration; of equally common ones that of the shortest."""
    reach = np.maximum(durations * _ALIKE, 1)
    count = np.searchsorted(durations, durations + reach, "right") - np.searchsorted(durations, durations - reach)
    return _rate_of(int(durations[count.argmax()]), durations, unit, named)


def _rate_of(duration: int, durations: Numbers, unit: float, named: list[Fraction]) -> Fraction:
    """Return the rate of a duration: the mean of those like it, which a clock of few steps rounds up and down.

    The result is the nearest stated or common rate, where one is as near as the clock can tell.
    """
    reach = max(duration * _ALIKE, 1)
    low, high = np.searchsorted(durations, duration - reach), np.searchsorted(durations, duration + reach, "right")
    alike = durations[low:high]
    measured = min(1 / (float(alike.mean()) * unit), FASTEST)
    nearest = min((*named, *_COMMON_RATES), key=lambda rate: abs(float(rate) - measured))
    within = max(_SNAP, 1 / (duration * np.sqrt(len(alike))))
    rate = nearest if abs(float(nearest) - measured) <= within * measured else Fraction(measured)
    return max(rate.limit_denominator(LARGEST_DENOMINATOR), Fraction(1, LARGEST_DENOMINATOR))


def _with_gaps(seconds: npt.NDArray[np.float64], rate: Fraction) -> Numbers | None:
    """Return the places of frames that are all on time at a rate and leave gaps; None where they do not."""
    steps = seconds * float(rate)
    places = np.ceil(steps - 0.5).astype(np.int64)
    on_time = bool(np.abs(steps - places).max() < _ON_TIME and (np.diff(places) >= 1).all())
    return places if on_time and places[-1] >= len(places) else None


def _without_loss(
    durations: Numbers, unit: float, named: list[Fraction], seconds: npt.NDArray[np.float64]
) -> tuple[Numbers, Fraction]:
    """Return places that lose no frame, at the slowest rate from the nominal one on that shows none too late."""
    rate = _nominal(durations, unit, named)
    shorter = np.unique(durations[durations * unit * float(rate) < 1])[::-1]
    picked = shorter[np.unique(np.linspace(0, len(shorter) - 1, min(len(shorter), _MOST_CANDIDATES)).astype(int))]
    places = _pushed(seconds, rate)
    for duration in picked.tolist():
        if (places - seconds * float(rate)).max() < _LATEST:
            break
        faster = _rate_of(duration, durations, unit, named)
        if faster > rate:
            rate, places = faster, _pushed(seconds, faster)
    return places, rate


def _pushed(seconds: npt.NDArray[np.float64], rate: Fraction) -> Numbers:
    """Return the place nearest to each frame's time, or the next free one where a frame is there already."""
    order = np.arange(len(seconds), dtype=np.int64)
    places: Numbers = np.maximum.accumulate(np.ceil(seconds * float(rate) - 0.5).astype(np.int64) - order) + order
    return places
