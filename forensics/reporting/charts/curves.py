"""Draw curves with bands: ROC, DET and reliability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from scipy.special import ndtri

from .drawing import Axis, Plot, Point, dot, line, polygon, polyline, shares, tone

_MOST_BANDS = 3
_DET_TICKS = (0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
_DET_LOW, _DET_HIGH = 0.004, 0.96


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve with a band.

    Attributes:
        name: Name of the detector.
        x: Rising values of x.
        y: Value at each x.
        low: Lower end of the band at each x.
        high: Upper end of the band at each x.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Samples of similar probability.

    Attributes:
        predicted: Their mean probability.
        observed: Share of manipulated ones among them.
        low: Lower end of its 95 % interval.
        high: Upper end of the interval.
        count: Number of samples.
    """

    predicted: float
    observed: float
    low: float
    high: float
    count: int


def roc_chart(curves: Sequence[Curve]) -> Markup:
    """Draw ROC curves; x is the false positive rate and y the true positive rate.

    Args:
        curves: The curves, from the oldest detector to the newest, which is accented.
    """
    plot = Plot(shares("false positive rate"), shares("true positive rate"))
    parts = [line(*plot.at(0, 0), *plot.at(1, 1), "chance"), *_curves(plot, curves)]
    return plot.svg(f"ROC curves of {_names(curves)}", parts)


def det_chart(curves: Sequence[Curve]) -> Markup:
    """Draw the curves as errors on normal deviates (Martin et al. 1997); x are false alarms, y are misses.

    Args:
        curves: ROC curves.
    """
    plot = Plot(_deviates("false positive rate"), _deviates("miss rate"))
    errors = [_as_errors(curve) for curve in curves]
    parts = [line(*plot.at(_DET_LOW, _DET_LOW), *plot.at(_DET_HIGH, _DET_HIGH), "chance"), *_curves(plot, errors)]
    return plot.svg(f"Detection error trade-off of {_names(curves)}", parts)


def reliability_chart(name: str, bins: Sequence[Bin], shade: str) -> Markup:
    """Draw how often samples of a probability were manipulated; a calibrated probability lies on the diagonal.

    Args:
        name: Name of the detector.
        bins: The bins, by rising probability.
        shade: Style class of the series.
    """
    plot = Plot(shares("stated probability"), shares("share manipulated"))
    parts = [line(*plot.at(0, 0), *plot.at(1, 1), "chance")]
    for found in bins:
        parts.append(
            line(*plot.at(found.predicted, found.low), *plot.at(found.predicted, found.high), f"whisker {shade}")
        )
    parts.append(polyline([plot.at(found.predicted, found.observed) for found in bins], f"curve {shade}"))
    parts += [
        dot(
            *plot.at(found.predicted, found.observed),
            f"dot {shade}",
            f"{found.observed:.2f} of {found.count}, stated {found.predicted:.2f}",
        )
        for found in bins
    ]
    return plot.svg(f"Reliability of {name}", parts)


def _curves(plot: Plot, curves: Sequence[Curve]) -> list[Markup]:
    tones = [tone(index, len(curves)) for index in range(len(curves))]
    parts: list[Markup] = []
    if len(curves) <= _MOST_BANDS:
        for curve, shade in zip(curves, tones, strict=True):
            upper, lower = _stairs(plot, curve.x, curve.high), _stairs(plot, curve.x, curve.low)
            parts.append(polygon([*upper, *lower[::-1]], f"band {shade}"))
    for curve, shade in zip(curves, tones, strict=True):
        parts.append(polyline(_stairs(plot, curve.x, curve.y), f"curve {shade}"))
    return parts


def _stairs(plot: Plot, xs: Sequence[float], ys: Sequence[float]) -> list[Point]:
    """Return the points of a step curve, without interpolation."""
    held = [(x, y) for index, y in enumerate(ys) for x in xs[index : index + 2]]
    corners = [plot.at(x, y) for x, y in held]
    return [
        point
        for index, point in enumerate(corners)
        if index in (0, len(corners) - 1) or not corners[index - 1][1] == point[1] == corners[index + 1][1]
    ]


def _as_errors(curve: Curve) -> Curve:
    missed = tuple(1 - value for value in curve.y)
    return Curve(
        curve.name, curve.x, missed, tuple(1 - value for value in curve.high), tuple(1 - value for value in curve.low)
    )


def _deviates(label: str) -> Axis:
    ticks = tuple((value, f"{100 * value:g} %") for value in _DET_TICKS)
    return Axis(label, ticks, _DET_LOW, _DET_HIGH, lambda value: float(ndtri(value)))


def _names(curves: Sequence[Curve]) -> str:
    return ", ".join(curve.name for curve in curves)
