"""Draw a clip's timeline as one SVG picture for a file or a page, with scores above and the mark below."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup

from .timeline import Timeline, clock

WIDTH = 760
_LEFT, _RIGHT, _TOP = 46, 14, 40
_PLOT, _STRIP, _GAP = 120, 14, 18
_TIMES = 5
_LONGEST_TITLE = 48
_ROOM = 110
"""Width in pixels from which a segment's times are written into it."""

_STYLE = """
.facetrail-timeline { --p: #fbfaf8; --i: #1d1c1a; --s: #6d6a64; --l: #e2dfd9; --a: #b4472a;
  font: 12px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
@media (prefers-color-scheme: dark) {
  .facetrail-timeline { --p: #171614; --i: #ece9e3; --s: #a09b92; --l: #322f2b; --a: #e58563; } }
.facetrail-timeline .paper { fill: var(--p); }
.facetrail-timeline text { fill: var(--s); }
.facetrail-timeline .title { fill: var(--i); font-size: 13px; font-weight: 600; }
.facetrail-timeline .grid { stroke: var(--l); }
.facetrail-timeline .limit { stroke: var(--a); stroke-dasharray: 4 4; }
.facetrail-timeline .limit-label { fill: var(--a); }
.facetrail-timeline .scores { fill: none; stroke: var(--s); stroke-width: 1.5; stroke-linejoin: round; }
.facetrail-timeline .quiet { fill: var(--s); }
.facetrail-timeline .high { fill: var(--a); }
.facetrail-timeline .again { fill: var(--p); stroke-width: 1.5; stroke: var(--s); }
.facetrail-timeline .again.high { stroke: var(--a); }
.facetrail-timeline .unseen { stroke: var(--s); }
.facetrail-timeline .bare { fill: var(--l); }
.facetrail-timeline .marked { fill: var(--a); }
.facetrail-timeline .segment { fill: var(--a); opacity: 0.14; }
.facetrail-timeline .segment-label { fill: var(--a); }
"""


def timeline_chart(timeline: Timeline, title: str, suspect: float) -> Markup:
    """Draw scores and mark over time, readable on light and on dark.

    Parts in which neighbouring frames are scored high are shaded. A dot is a scanned frame, an open dot is a frame of
    the second look, and a tick on the axis is a frame without a face. Scores above the threshold and parts with a mark
    have the accent colour.

    Args:
        timeline: The results of the clip.
        title: Name of the clip.
        suspect: The threshold above which a score is high, 0 to 1.

    Returns:
        An `svg` element, with its own style and name space.
    """
    bottom = _TOP + _PLOT
    strip = bottom + _GAP
    height = strip + _STRIP + 30
    parts = [
        Markup('<rect class="paper" width="{}" height="{}" rx="6"/>').format(WIDTH, height),
        _text(_LEFT, 22, _short(title), "title"),
        *_segments(timeline),
        *_scale(suspect),
        *_curve(timeline),
        *_dots(timeline, suspect),
        *_marks(timeline, strip),
        *_clock(timeline, strip + _STRIP + 18),
    ]
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="facetrail-timeline" viewBox="0 0 {} {}" width="{}" role="img" '
        'aria-label="{}" style="max-width:100%;height:auto"><style>{}</style>{}</svg>'
    ).format(WIDTH, height, WIDTH, in_words(timeline, title), Markup(_STYLE), Markup("").join(parts))  # noqa: S704 - ours  # nosec B704


def in_words(timeline: Timeline, title: str) -> str:
    """Return a text description of the chart for people who cannot see it."""
    scores = [moment.score for moment in timeline.moments if moment.score is not None]
    heights = f"scores from {min(scores):.2f} to {max(scores):.2f}" if scores else "no score"
    marked = ", ".join(f"{clock(start)} to {clock(end)}" for start, end in timeline.marked) or "none"
    high = ", ".join(f"{clock(one.start)} to {clock(one.end)}" for one in timeline.segments) or "none"
    looked = f"{len(timeline.moments)} frames looked at, {heights}"
    return f"Timeline of {title}: {looked}; segments with high scores: {high}; marked stretches: {marked}"


def _x(timeline: Timeline, time: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * time / max(timeline.seconds, 1e-9)


def _y(score: float) -> float:
    return _TOP + _PLOT * (1 - score)


def _scale(suspect: float) -> Iterator[Markup]:
    for tick in (0.0, 0.5, 1.0):
        yield _line(_LEFT, _y(tick), WIDTH - _RIGHT, _y(tick), "grid")
        yield _text(_LEFT - 8, _y(tick) + 4, f"{tick:g}", "tick", "end")
    yield _line(_LEFT, _y(suspect), WIDTH - _RIGHT, _y(suspect), "limit")
    yield _text(
        WIDTH - _RIGHT, 22, f"score of the most suspicious face; suspect above {suspect:.2f}", "limit-label", "end"
    )


def _segments(timeline: Timeline) -> Iterator[Markup]:
    """Yield the shaded parts, each with its times where they have room."""
    for one in timeline.segments:
        left, right = _x(timeline, one.start), _x(timeline, one.end)
        when = f"{clock(one.start)} to {clock(one.end)}"
        yield Markup(
            '<rect class="segment" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>'
        ).format(left, _TOP, max(right - left, 1), _PLOT, f"high from {when}, mean {one.score:.2f}")
        if right - left >= _ROOM:
            yield _text((left + right) / 2, _TOP + _PLOT - 6, when, "segment-label", "middle")


def _curve(timeline: Timeline) -> Iterator[Markup]:
    """Yield one line for each run of frames that show a face."""
    for seen, run in groupby(timeline.moments, key=lambda moment: moment.score is not None):
        if seen:
            places = " ".join(f"{_x(timeline, one.time):.1f},{_y(one.score or 0.0):.1f}" for one in run)
            yield Markup('<polyline class="scores" points="{}"/>').format(places)


def _dots(timeline: Timeline, suspect: float) -> Iterator[Markup]:
    for moment in timeline.moments:
        x = _x(timeline, moment.time)
        if moment.score is None:
            yield _line(x, _y(0) - 4, x, _y(0) + 4, "unseen")
            continue
        kind = "high" if moment.score > suspect else "quiet"
        yield Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>').format(
            f"again {kind}" if moment.second_look else kind,
            x,
            _y(moment.score),
            2.6,
            f"{clock(moment.time)}, frame {moment.frame}: {moment.score:.2f}",
        )


def _marks(timeline: Timeline, top: float) -> Iterator[Markup]:
    yield _text(_LEFT - 8, top + 11, "mark", "tick", "end")
    for stretch in timeline.marks:
        left, right = _x(timeline, stretch.start), _x(timeline, stretch.end)
        what = f"mark {stretch.reading.id or 'without a readable id'}" if stretch.present else "no mark found"
        yield Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>').format(
            "marked" if stretch.present else "bare",
            left,
            top,
            max(right - left - 1, 1),
            _STRIP,
            f"{clock(stretch.start)} to {clock(stretch.end)}: {what}, z {stretch.reading.z:.1f}",
        )


def _clock(timeline: Timeline, y: float) -> Iterator[Markup]:
    for number in range(_TIMES):
        time = timeline.seconds * number / (_TIMES - 1)
        anchor = "start" if number == 0 else "end" if number == _TIMES - 1 else "middle"
        yield _text(_x(timeline, time), y, clock(time), "tick", anchor)


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(kind, x1, y1, x2, y2)


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(kind, x, y, anchor, text)
