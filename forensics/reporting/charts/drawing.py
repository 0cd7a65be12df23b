"""Draw shapes on a canvas, and axes that map values to places."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

ACCENT = "s0"
"""Style class of the main series of a chart; the others are `s1` to `s5`."""

Point = tuple[float, float]
_SERIES = 6


def tone(index: int, count: int) -> str:
    """Return the style class of one of several series; the last is accented, because detectors come oldest first."""
    return ACCENT if index == count - 1 else f"s{index % (_SERIES - 1) + 1}"


def svg(width: float, height: float, title: str, parts: Iterable[Markup]) -> Markup:
    """Return an SVG element with the given parts; a screen reader reads its title."""
    return Markup('<svg class="chart" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, Markup("").join(parts)
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Draw a straight line."""
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(kind, x1, y1, x2, y2)


def rectangle(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> Markup:
    """Draw a rectangle, with text shown on hover."""
    hint = Markup("<title>{}</title>").format(title) if title else ""
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5">{}</rect>').format(
        kind, x, y, max(width, 0.0), max(height, 0.0), hint
    )


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> Markup:
    """Draw a line of text."""
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(kind, x, y, anchor, words)


def polyline(points: Sequence[Point], kind: str) -> Markup:
    """Draw a line through points."""
    return Markup('<polyline class="{}" points="{}"/>').format(kind, _points(points))


def polygon(points: Sequence[Point], kind: str) -> Markup:
    """Draw a polygon filled between points."""
    return Markup('<polygon class="{}" points="{}"/>').format(kind, _points(points))


def dot(x: float, y: float, kind: str, title: str = "") -> Markup:
    """Draw a dot, with text shown on hover."""
    hint = Markup("<title>{}</title>").format(title) if title else ""
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3.2">{}</circle>').format(kind, x, y, hint)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis that maps values to places between its ends.

    Attributes:
        label: Label of the measured quantity.
        ticks: Values with their text.
        low: Value at the beginning.
        high: Value at the end.
        scale: Increasing function that is applied to values before they are placed.
    """

    label: str
    ticks: tuple[tuple[float, str], ...]
    low: float
    high: float
    scale: Callable[[float], float] = float

    def share(self, value: float) -> float:
        """Return the place of a value, 0 at the beginning and 1 at the end; values outside are clipped."""
        low, high = self.scale(self.low), self.scale(self.high)
        return (self.scale(min(max(value, self.low), self.high)) - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Plot:
    """A rectangle between two axes.

    Attributes:
        x: Axis from left to right.
        y: Axis from bottom to top.
        width: Width in units of the drawing.
        height: Height in units of the drawing.
    """

    x: Axis
    y: Axis
    width: float = 340
    height: float = 340

    LEFT = 58
    TOP = 12

    def at(self, x: float, y: float) -> Point:
        """Return the place of a pair of values on the canvas."""
        return self.LEFT + self.width * self.x.share(x), self.TOP + self.height * (1 - self.y.share(y))

    def frame(self) -> list[Markup]:
        """Draw grid, ticks and labels."""
        left, top, right, bottom = self.LEFT, self.TOP, self.LEFT + self.width, self.TOP + self.height
        parts: list[Markup] = []
        for value, words in self.x.ticks:
            x = self.at(value, self.y.low)[0]
            parts += [line(x, bottom, x, top, "grid"), text(x, bottom + 18, words, "tick", "middle")]
        for value, words in self.y.ticks:
            y = self.at(self.x.low, value)[1]
            parts += [line(left, y, right, y, "grid"), text(left - 8, y + 4, words, "tick", "end")]
        parts.append(text(left + self.width / 2, bottom + 38, self.x.label, "label", "middle"))
        parts.append(
            Markup(
                '<text class="label" text-anchor="middle" transform="translate(12 {:.1f}) rotate(-90)">{}</text>'
            ).format(top + self.height / 2, self.y.label)
        )
        return parts

    def svg(self, title: str, parts: Iterable[Markup]) -> Markup:
        """Draw the given parts over the frame."""
        return svg(self.LEFT + self.width + 14, self.TOP + self.height + 44, title, [*self.frame(), *parts])


def shares(label: str) -> Axis:
    """Return an axis from 0 to 1."""
    return Axis(label, tuple((value, f"{value:g}") for value in (0.0, 0.25, 0.5, 0.75, 1.0)), 0.0, 1.0)


def nice_axis(label: str, low: float, high: float) -> Axis:
    """Return an axis over a range, with three to six round ticks."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(
        (number * step, f"{number * step:.10g}".replace("-", "\N{MINUS SIGN}")) for number in range(first, last + 1)
    )
    return Axis(label, ticks, first * step, last * step)
