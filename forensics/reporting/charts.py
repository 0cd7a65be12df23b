"""Charts as inline SVG. Colours and type come from the page's style sheet, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from markupsafe import Markup, escape

from .contents import Histogram, RocCurve, StageTime

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
BINS = 20


def roc_chart(curves: Sequence[RocCurve]) -> Markup:
    """Draw ROC curves with their bands; the last curve gets the accent colour.

    Args:
        curves: From the oldest detector to the newest.
    """
    left, top, side = 46, 12, 340

    def x(rate: float) -> float:
        return left + side * rate

    def y(rate: float) -> float:
        return top + side * (1 - rate)

    parts: list[Markup] = []
    for tick in TICKS:
        parts += [
            _line(x(tick), y(0), x(tick), y(1), "grid"),
            _line(x(0), y(tick), x(1), y(tick), "grid"),
            _text(x(tick), y(0) + 18, f"{tick:g}", "tick", "middle"),
            _text(x(0) - 8, y(tick) + 4, f"{tick:g}", "tick", "end"),
        ]
    parts.append(_line(x(0), y(0), x(1), y(1), "chance"))
    tones = [tone(index, len(curves)) for index in range(len(curves))]
    for curve, shade in zip(curves, tones, strict=True):
        upper = [(x(f), y(t)) for f, t in zip(curve.fpr, curve.high, strict=True)]
        lower = [(x(f), y(t)) for f, t in zip(curve.fpr, curve.low, strict=True)]
        parts.append(Markup('<polygon class="band {}" points="{}"/>').format(shade, _points([*upper, *lower[::-1]])))
    for curve, shade in zip(curves, tones, strict=True):
        line = [(x(f), y(t)) for f, t in zip(curve.fpr, curve.tpr, strict=True)]
        parts.append(Markup('<polyline class="curve {}" points="{}"/>').format(shade, _points(line)))
    parts += [
        _text(x(0.5), y(0) + 38, "false positive rate", "label", "middle"),
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(12 {:.1f}) rotate(-90)">{}</text>'
        ).format(y(0.5), "true positive rate"),
    ]
    names = ", ".join(f"{curve.name} AUC {curve.auc.value:.3f}" for curve in curves)
    return _svg(left + side + 12, top + side + 44, f"ROC curves: {names}", parts)


def histogram_chart(histogram: Histogram, shade: str) -> Markup:
    """Draw the scores of both classes, genuine upwards and forged downwards from a shared axis.

    Args:
        histogram: The scores, 0 to 1.
        shade: Style class of the forged bars.
    """
    left, width, height = 8, 380, 84
    axis = 12 + height
    edges = np.linspace(0.0, 1.0, BINS + 1)
    parts: list[Markup] = []
    step = width / BINS
    genuine, forged = (np.histogram(scores, edges)[0] / max(len(scores), 1) for scores in histogram.by_class)
    tallest = max(float(genuine.max()), float(forged.max())) or 1.0
    for shares, kind, sign in ((genuine, "genuine", -1), (forged, shade, 1)):
        for index, share in enumerate(shares):
            length = float(share) / tallest * (height - 22)
            if share > 0:
                top = axis - length if sign < 0 else axis
                parts.append(_bar(left + index * step + 1, top, step - 2, max(length, 1.0), kind))
    parts.append(_line(left, axis, left + width, axis, "axis"))
    parts += [_text(left + width * tick, axis + height + 26, f"{tick:g}", "tick", "middle") for tick in TICKS[1:-1]]
    parts.append(_text(left, axis + height + 26, "0", "tick", "start"))
    parts.append(_text(left + width, axis + height + 26, "1", "tick", "end"))
    parts.append(_text(left, 12, f"genuine, {len(histogram.genuine)}", "label", "start"))
    parts.append(_text(left, axis + height + 6, f"forged, {len(histogram.forged)}", "label", "start"))
    return _svg(width + 16, 2 * height + 48, f"Scores of {histogram.name} by class", parts)


def length_shares(stages: Sequence[StageTime]) -> list[float]:
    """Turn the seconds of stages into bar lengths, percent of the longest.

    Args:
        stages: In the order they ran.
    """
    longest = max((stage.seconds for stage in stages), default=0.0) or 1.0
    return [round(100 * stage.seconds / longest, 1) for stage in stages]


def heat_share(auc: float) -> int:
    """Turn an AUC into the share of accent colour in its cell, percent: 0 at chance, 100 at perfect."""
    return round(100 * min(max((auc - 0.5) / 0.5, 0.0), 1.0))


def tone(index: int, count: int) -> str:
    """Name the style class of one of several series; the last is the accented one."""
    return "accent" if index == count - 1 else "quiet"


def _svg(width: float, height: float, title: str, parts: Iterable[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, Markup("").join(parts)
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(kind, x1, y1, x2, y2)


def _bar(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return Markup('<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5"/>').format(
        kind, x, y, width, height
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, escape(text)
    )


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
