"""Remove the jitter from measured curves without delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OneEuro:
    """Smooth with the One-Euro filter (Casiez, Roussel and Vogel, CHI 2012), which adapts to the speed of the signal.

    Attributes:
        cutoff: Cut-off frequency of a signal at rest in Hz, > 0; lower values smooth more.
        beta: Increase of the cut-off with speed, in Hz per unit per second, >= 0; higher values react faster.
        speed_cutoff: Cut-off frequency of the speed estimate in Hz, > 0.
    """

    cutoff: float
    beta: float
    speed_cutoff: float = 1.0

    def filter(self, curve: Curve, fps: float) -> Curve:
        """Filter forwards in time, each column by itself.

        Args:
            curve: ``(T, C)``.
            fps: Samples per second, > 0.
        """
        smoothed = np.array(curve, np.float64)
        speed = np.zeros_like(smoothed[0]) if len(smoothed) else smoothed
        for t in range(1, len(smoothed)):
            smoothed[t], speed = self.step(smoothed[t - 1], speed, curve[t], fps)
        return smoothed

    def step(self, before: Curve, speed: Curve, value: Curve, fps: float) -> tuple[Curve, Curve]:
        """Filter one more sample, and return it with the estimate of its speed.

        Args:
            before: ``(C,)`` the filtered sample before.
            speed: ``(C,)`` the estimate of its speed, zero at first.
            value: ``(C,)`` the new sample.
            fps: Samples per second, > 0.
        """
        raw_speed = (value - before) * fps
        speed = speed + _weight(self.speed_cutoff, fps) * (raw_speed - speed)
        weight = _weight(self.cutoff + self.beta * np.abs(speed), fps)
        return before + weight * (value - before), speed

    def smooth(self, curve: NDArray[np.float32] | Curve, fps: float) -> Curve:
        """Filter forwards and backwards and return the mean, so that nothing is delayed.

        Args:
            curve: ``(T, C)``.
            fps: Samples per second, > 0.
        """
        forwards = np.asarray(curve, np.float64)
        return (self.filter(forwards, fps) + self.filter(forwards[::-1], fps)[::-1]) / 2


def fill_gaps(curve: Curve, known: NDArray[np.bool_]) -> Curve:
    """Interpolate unknown samples linearly; before the first and after the last known one the curve is constant.

    Args:
        curve: ``(T, ...)``.
        known: ``(T,)``, at least one value is true.
    """
    times = np.arange(len(curve))
    flat = curve.reshape(len(curve), -1)
    columns = [np.interp(times, times[known], column[known]) for column in flat.T]
    return np.stack(columns, -1).reshape(curve.shape)


def spread(values: Curve, known: NDArray[np.bool_]) -> Curve:
    """Return the samples of the known moments at their positions, and interpolate the others.

    Args:
        values: ``(K, C)``.
        known: ``(T,)`` with K true values, K at least 1.

    Returns:
        ``(T, C)``.
    """
    whole = np.zeros((len(known), values.shape[1]))
    whole[known] = values
    return fill_gaps(whole, known)


def _weight(cutoff: float | Curve, fps: float) -> float | Curve:
    # Casiez et al. 2012, equations 5 and 6: alpha = 1 / (1 + tau / Te), tau = 1 / (2 pi fc).
    return 1 / (1 + fps / (2 * np.pi * cutoff))
