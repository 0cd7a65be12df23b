"""Draw a number over rising strength, such as AUC over the attack's ε."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .drawing import Axis, Plot, dot, line, nice_axis, polygon, polyline, tone

_MOST_BANDS = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """One point of a series.

    Attributes:
        strength: Place on the axis.
        label: The strength in words.
        value: The number.
        low: Lower end of its interval, None without one.
        high: Upper end of the interval.
    """

    strength: float
    label: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """A series of points.

    Attributes:
        name: Name in the legend.
        rungs: The points, by rising strength.
    """

    name: str
    rungs: tuple[Rung, ...]


def ladder_chart(title: str, ladders: Sequence[Ladder], x_label: str, y_label: str, *, chance: float | None) -> Markup:
    """Draw numbers over strengths.

    Args:
        title: Title that a screen reader reads.
        ladders: The series; the last is accented.
        x_label: Label of the strength.
        y_label: Label of the number.
        chance: Chance level drawn as a dotted line, None without one.
    """
    ticks = {rung.strength: rung.label for ladder in ladders for rung in ladder.rungs}
    x = Axis(x_label, tuple(sorted(ticks.items())), 0.0, max(ticks) or 1.0)
    values = [rung.value for ladder in ladders for rung in ladder.rungs]
    y = nice_axis(y_label, min(0.0, *values), max(1.0, *values))
    plot = Plot(x, y, width=340, height=220)
    parts: list[Markup] = []
    if chance is not None:
        parts.append(line(*plot.at(x.low, chance), *plot.at(x.high, chance), "chance"))
    for index, ladder in enumerate(ladders):
        shade = tone(index, len(ladders))
        banded = [
            (rung, rung.low, rung.high) for rung in ladder.rungs if rung.low is not None and rung.high is not None
        ]
        if len(ladders) <= _MOST_BANDS and len(banded) > 1:
            upper = [plot.at(rung.strength, high) for rung, _, high in banded]
            lower = [plot.at(rung.strength, low) for rung, low, _ in banded]
            parts.append(polygon([*upper, *lower[::-1]], f"band {shade}"))
    for index, ladder in enumerate(ladders):
        shade = tone(index, len(ladders))
        parts.append(polyline([plot.at(rung.strength, rung.value) for rung in ladder.rungs], f"curve {shade}"))
        parts += [
            dot(*plot.at(rung.strength, rung.value), f"dot {shade}", f"{ladder.name}, {rung.label}: {rung.value:.3f}")
            for rung in ladder.rungs
        ]
    return plot.svg(title, parts)
