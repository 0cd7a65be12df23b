"""The timeline of an examined clip as a chart: a bar for each frame that was looked at, a band where it is marked."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ..timeline import Timeline, clock
from ..witnesses import Thresholds
from .templating import render

_WIDTH, _HEIGHT, _NARROWEST = 600.0, 52.0, 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One frame.

    Attributes:
        x: Left edge in the chart.
        width: Its width.
        height: Its height, the score.
        style: Its class.
        title: What it says when pointed at.
    """

    x: float
    width: float
    height: float
    style: str
    title: str


def chart_of(timeline: Timeline, thresholds: Thresholds) -> Markup:
    """Draw a timeline.

    Args:
        timeline: What was seen.
        thresholds: Where a score is high.
    """
    seconds = max(timeline.seconds, 1 / timeline.fps)
    starts = [min(_WIDTH * moment.time / seconds, _WIDTH - _NARROWEST) for moment in timeline.moments]
    widest = max(_NARROWEST, 0.8 * _WIDTH * timeline.spacing / seconds)
    bars = []
    for moment, x, following in zip(timeline.moments, starts, (*starts[1:], _WIDTH), strict=True):
        width = min(widest, max(_NARROWEST / 2, following - x - 1))
        if moment.score is None:
            bars.append(Bar(x, width, 1.5, "ft-faceless", f"{clock(moment.time)}: no face"))
            continue
        style = "ft-high" if moment.score > thresholds.suspect else "ft-quiet"
        bars.append(Bar(x, width, max(1.5, _HEIGHT * moment.score), style, f"{clock(moment.time)}: {moment.score:.2f}"))
    marked = [(_WIDTH * start / seconds, _WIDTH * (end - start) / seconds) for start, end in timeline.marked]
    words = f"Scores of {len(timeline.moments)} frames over {clock(timeline.seconds)}; the line marks a high score" + (
        "; the band below is where the mark was found" if marked else "; no mark was found in any stretch"
    )
    return Markup(render("timeline", bars=bars, marked=marked, suspect=thresholds.suspect, words=words))  # noqa: S704
