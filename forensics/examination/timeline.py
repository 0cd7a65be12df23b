"""Record a clip's results over time: one score for each scanned frame, one mark reading for each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watermark import MarkReading

if TYPE_CHECKING:
    from detectors import FoundSegment

BARS = "▁▂▃▄▅▆▇█"
NO_FACE = "·"
WIDEST_SPARKLINE = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """One scanned frame.

    Attributes:
        frame: Its number, from 0.
        time: When it is shown, in seconds from the clip's start.
        score: Probability of manipulation of its most suspicious face, 0 to 1; None where it shows no face.
        second_look: Whether it was scanned because its surroundings were suspicious.
    """

    frame: int
    time: float
    score: float | None
    second_look: bool = False


@dataclass(frozen=True, slots=True)
class MarkStretch:
    """A part of a clip and the mark that its frames show together.

    Attributes:
        start: Start in seconds.
        end: End in seconds.
        present: Whether the mark is present, at a false positive rate of 1e-6 for all parts of the clip together.
        reading: The reading of the frames of this part.
    """

    start: float
    end: float
    present: bool
    reading: MarkReading


@dataclass(frozen=True, slots=True)
class Timeline:
    """The results of a clip over time.

    Attributes:
        seconds: Length of the clip in seconds.
        fps: Frames per second.
        frame_count: Frames of the clip.
        spacing: Seconds between two frames of the first look.
        moments: The scanned frames, in order.
        marks: Readings of the mark, in order; they cover the clip.
        segments: Parts in which neighbouring frames are scored high, in order; borders lie halfway between frames.
    """

    seconds: float
    fps: float
    frame_count: int
    spacing: float
    moments: tuple[Moment, ...]
    marks: tuple[MarkStretch, ...]
    segments: tuple[FoundSegment, ...] = ()

    @property
    def marked(self) -> tuple[tuple[float, float], ...]:
        """Return the times in seconds at which a mark is present; neighbouring parts are joined."""
        spans: list[tuple[float, float]] = []
        for stretch in self.marks:
            if not stretch.present:
                continue
            if spans and spans[-1][1] >= stretch.start:
                spans[-1] = (spans[-1][0], stretch.end)
            else:
                spans.append((stretch.start, stretch.end))
        return tuple(spans)


def sparkline(timeline: Timeline, width: int = WIDEST_SPARKLINE) -> str:
    """Draw the scores as one line of blocks, evenly over time, with `·` where no face was seen.

    Args:
        timeline: The results of the clip.
        width: Largest number of characters; several moments may share one, which shows the highest.
    """
    highest: list[float | None] = [None] * columns(timeline, width)
    for moment in timeline.moments:
        at = _column(timeline, moment.time, len(highest))
        if moment.score is not None and moment.score >= (highest[at] or 0.0):
            highest[at] = moment.score
    return "".join(NO_FACE if score is None else _bar(score) for score in highest)


def mark_line(timeline: Timeline, width: int = WIDEST_SPARKLINE) -> str:
    """Draw the presence of the mark as one line, as long as that of the scores: `█` where present, `·` elsewhere.

    Args:
        timeline: The results of the clip.
        width: Largest number of characters.
    """
    return _spans_line(timeline, timeline.marked, width)


def segment_line(timeline: Timeline, width: int = WIDEST_SPARKLINE) -> str:
    """Draw where frames are scored high as one line: `█` in a segment, `·` elsewhere.

    Args:
        timeline: The results of the clip.
        width: Largest number of characters.
    """
    return _spans_line(timeline, [(one.start, one.end) for one in timeline.segments], width)


def _spans_line(timeline: Timeline, spans: Sequence[tuple[float, float]], width: int) -> str:
    cells = [NO_FACE] * columns(timeline, width)
    for start, end in spans:
        first, last = _column(timeline, start, len(cells)), _column(timeline, end - 1e-6, len(cells))
        cells[first : last + 1] = BARS[-1] * (last + 1 - first)
    return "".join(cells)


def columns(timeline: Timeline, width: int) -> int:
    """Return the number of characters of a line, at most the number of frames of the first look."""
    return min(width, sum(not moment.second_look for moment in timeline.moments))


def clock(seconds: float) -> str:
    """Format a time in a clip as `1:02:03`, `2:03` or, below ten seconds, `0:02.5`."""
    if round(seconds, 1) < 10:
        return f"0:{seconds:04.1f}"
    minutes, rest = divmod(int(round(seconds, 1)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def spans_in_words(spans: Sequence[tuple[float, float]], most: int = 3) -> str:
    """Format time ranges as `0:02.0 to 0:04.5 and 1:10 to 1:20`.

    Args:
        spans: Start and end in seconds.
        most: Largest number of ranges; further ones are only counted.
    """
    words = [f"{clock(start)} to {clock(end)}" for start, end in spans[:most]]
    if len(spans) > most:
        words.append(f"{len(spans) - most} more")
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _column(timeline: Timeline, time: float, count: int) -> int:
    return min(int(time / timeline.seconds * count), count - 1)


def _bar(score: float) -> str:
    return BARS[min(int(score * len(BARS)), len(BARS) - 1)]
