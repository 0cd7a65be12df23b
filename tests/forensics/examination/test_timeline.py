from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from detectors import FoundSegment
from forensics.cli.commands.examine import timeline_lines
from forensics.examination.timeline import (
    MarkStretch,
    Moment,
    Timeline,
    clock,
    mark_line,
    segment_line,
    spans_in_words,
    sparkline,
)
from forensics.examination.timeline_chart import timeline_chart
from watermark import MarkReading, PayloadKind

MARKED = MarkReading(True, False, "00112233aabb", PayloadKind.GENERATED, 20.0, 0.0)
BARE = MarkReading(False, False, None, None, 1.0, 1.0)


def timeline(scores: list[float | None], marked: list[bool] | None = None, again: tuple[Moment, ...] = ()) -> Timeline:
    seconds = float(len(scores))
    moments = [Moment(25 * number, float(number), score) for number, score in enumerate(scores)]
    stretches = marked or [False]
    length = seconds / len(stretches)
    return Timeline(
        seconds=seconds,
        fps=25.0,
        frame_count=25 * len(scores),
        spacing=1.0,
        moments=tuple(sorted([*moments, *again], key=lambda moment: moment.time)),
        marks=tuple(
            MarkStretch(number * length, (number + 1) * length, present, MARKED if present else BARE)
            for number, present in enumerate(stretches)
        ),
    )


def test_the_sparkline_goes_evenly_through_time() -> None:
    assert sparkline(timeline([0.0, 0.5, 1.0, None])) == "▁▅█·"
    again = tuple(Moment(30 + step, 1.2 + step / 25, 0.9, second_look=True) for step in range(12))
    assert sparkline(timeline([0.0, 0.5, 1.0, None], again=again)) == "▁██·"


def test_a_long_clip_shares_characters_and_shows_the_highest() -> None:
    scores: list[float | None] = [0.0] * 120
    scores[61] = 1.0
    line = sparkline(timeline(scores), width=60)
    assert len(line) == 60
    assert line.index("█") == 30


def test_the_mark_is_drawn_under_the_scores() -> None:
    line = mark_line(timeline([0.1] * 8, [False, True, True, False]))
    assert line == "··████··"


def test_marked_neighbours_are_one_span() -> None:
    assert timeline([0.1] * 8, [True, True, False, True]).marked == ((0.0, 4.0), (6.0, 8.0))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (2.54, "0:02.5"), (9.97, "0:10"), (70.9, "1:10"), (3723, "1:02:03")]
)
def test_times_are_written_as_on_a_player(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_spans_are_told_in_words() -> None:
    assert spans_in_words([]) == ""
    assert spans_in_words([(12, 20)]) == "0:12 to 0:20"
    assert spans_in_words([(12, 20), (30, 40)]) == "0:12 to 0:20 and 0:30 to 0:40"
    assert spans_in_words([(10 * n, 10 * n + 5) for n in range(1, 6)]).endswith("0:30 to 0:35 and 2 more")


def test_the_chart_stands_alone_and_shows_every_frame_and_stretch() -> None:
    again = (Moment(30, 1.2, 0.9, second_look=True),)
    shown = timeline([0.2, 0.95, None, 0.3], [False, True], again)
    root = ElementTree.fromstring(timeline_chart(shown, "a <clip> & more.mp4", 0.8))  # noqa: S314 - our own drawing
    names = {"s": "http://www.w3.org/2000/svg"}
    kinds = [circle.get("class") for circle in root.findall("s:circle", names)]
    assert kinds == ["quiet", "high", "again high", "quiet"]
    assert len([line for line in root.findall("s:line", names) if line.get("class") == "unseen"]) == 1
    assert [r.get("class") for r in root.findall("s:rect", names)] == ["paper", "bare", "marked"]
    assert root.findtext("s:text", namespaces=names) == "a <clip> & more.mp4"
    assert "marked stretches: 0:02.0 to 0:04.0" in str(root.get("aria-label"))
    width, height = (float(side) for side in str(root.get("viewBox")).split()[2:])
    for circle in root.findall("s:circle", names):
        assert 0 < float(str(circle.get("cx"))) < width
        assert 0 < float(str(circle.get("cy"))) < height
    assert "prefers-color-scheme: dark" in str(root.findtext("s:style", namespaces=names))


def test_a_clip_without_a_face_is_drawn_too() -> None:
    drawn = timeline_chart(timeline([None, None]), "empty.mp4", 0.8)
    assert "no score" in drawn
    assert "<circle" not in drawn


def high(*spans: tuple[float, float]) -> Timeline:
    shown = timeline([0.1, 0.95, 0.95, 0.1, 0.1, 0.1, 0.95, 0.95])
    return replace(shown, segments=tuple(FoundSegment(start, end, 0.95) for start, end in spans))


def test_segments_are_lines_of_blocks_with_their_times() -> None:
    shown = high((1.0, 3.0), (6.0, 8.0))
    assert segment_line(shown) == "·██···██"
    lines = timeline_lines(shown)
    assert lines[1] == "  high  ·██···██ 0:01.0 to 0:03.0 and 0:06.0 to 0:08.0"
    assert not any("high" in line for line in timeline_lines(high()))


def test_the_chart_shades_segments_and_tells_them_to_those_who_cannot_see() -> None:
    root = ElementTree.fromstring(timeline_chart(high((1.0, 3.0)), "clip.mp4", 0.8))  # noqa: S314 - our own drawing
    names = {"s": "http://www.w3.org/2000/svg"}
    (shade,) = [one for one in root.findall("s:rect", names) if one.get("class") == "segment"]
    width = 760 - 46 - 14
    assert float(str(shade.get("x"))) == pytest.approx(46 + width / 8, abs=0.1)
    assert float(str(shade.get("width"))) == pytest.approx(width / 4, abs=0.1)
    assert shade.findtext("s:title", namespaces=names) == "high from 0:01.0 to 0:03.0, mean 0.95"
    assert "segments with high scores: 0:01.0 to 0:03.0" in str(root.get("aria-label"))
    labels = [one.text for one in root.findall("s:text", names) if one.get("class") == "segment-label"]
    assert labels == ["0:01.0 to 0:03.0"]
