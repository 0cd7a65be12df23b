from __future__ import annotations

import io

import pytest

from forensics.execution import progress
from forensics.execution.progress import open_progress, subrange, time_left
from forensics.execution.stages import Stage, StageClock


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("fraction", "elapsed", "text"),
    [(0.0, 50.0, ""), (0.5, 0.2, ""), (0.5, 30.0, "about 30 s left"), (0.1, 60.0, "about 9 min left"), (1.0, 60.0, "")],
)
def test_the_time_left_follows_the_pace_so_far(fraction: float, elapsed: float, text: str) -> None:
    assert time_left(fraction, elapsed) == text


def test_a_part_stays_within_its_stretch() -> None:
    seen: list[float] = []
    inner = subrange(lambda fraction, _: seen.append(fraction), 0.2, 0.6)
    for fraction in (-1.0, 0.0, 0.5, 1.0, 2.0):
        inner(fraction, "")
    assert seen == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])


def test_lines_are_sparse_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    stream = io.StringIO()
    with open_progress(stream) as report:
        report(0.0, "first")
        for second in range(1, 40):
            clock.now = 100.0 + second
            report(second / 40, f"first {second}" if second < 20 else "second")
    lines = stream.getvalue().splitlines()
    assert [line.partition("]")[2].split(",")[0].split()[0] for line in lines] == ["first", "first", "second", "second"]
    assert "left" in lines[1]


def test_a_bar_is_drawn_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with open_progress(stream) as report:
        report(0.5, "halfway")
    assert "halfway" in stream.getvalue()


def test_stages_share_the_bar_by_their_weights_and_keep_their_times() -> None:
    seen: list[float] = []
    clock = StageClock([Stage("a", 1.0), Stage("b", 3.0)], lambda fraction, _: seen.append(fraction))
    with clock.stage("a") as report:
        report(0.5, "")
    with clock.stage("b") as report:
        report(0.5, "")
    assert seen == pytest.approx([0.0, 0.125, 0.25, 0.25, 0.625, 1.0])
    assert list(clock.seconds) == ["a", "b"]
    assert all(seconds >= 0 for seconds in clock.seconds.values())


def test_stages_run_in_the_order_announced() -> None:
    clock = StageClock([Stage("a", 1.0), Stage("b", 1.0)], lambda *_: None)
    with pytest.raises(ValueError, match="'b' runs where 'a'"), clock.stage("b"):
        pass
