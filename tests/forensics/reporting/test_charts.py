"""Charts drawn where the numbers say."""

from __future__ import annotations

import re

import pytest
from scipy.stats import norm

from forensics.reporting.charts.curves import Bin, Curve, det_chart, reliability_chart, roc_chart
from forensics.reporting.charts.drawing import nice_axis, tone
from forensics.reporting.charts.heat import Row, Square, heat_map, size_of
from forensics.reporting.charts.histogram import histogram_chart
from forensics.reporting.charts.ladder import Ladder, Rung, ladder_chart

STEP = Curve("a", (0.0, 0.5, 1.0), (0.0, 0.75, 1.0), (0.0, 0.6, 1.0), (0.0, 0.9, 1.0))


def points(svg: str, kind: str) -> list[tuple[float, float]]:
    found = re.search(rf'<\w+ class="{kind}[^"]*" points="([^"]*)"', svg)
    assert found is not None
    pairs = [pair.split(",") for pair in found[1].split()]
    return [(float(x), float(y)) for x, y in pairs]


def test_the_roc_climbs_in_steps_through_its_points() -> None:
    drawn = points(roc_chart([STEP]), "curve")
    left, bottom = drawn[0]
    right, top = drawn[-1]
    across = [(x - left) / (right - left) for x, _ in drawn]
    upwards = [(bottom - y) / (bottom - top) for _, y in drawn]
    assert across == pytest.approx([0, 0.5, 0.5, 1, 1], abs=1e-3)
    assert upwards == pytest.approx([0, 0, 0.75, 0.75, 1], abs=1e-3)


def test_normally_distributed_scores_are_a_straight_line_on_normal_deviates() -> None:
    rates = tuple(index / 200 for index in range(1, 200))
    hits = tuple(float(norm.sf(norm.isf(rate) - 1.5)) for rate in rates)
    drawn = points(det_chart([Curve("a", rates, hits, hits, hits)]), "curve")
    corners = [point for point in drawn[1::2] if 130 < point[0] < 350]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(corners[::6], corners[6::6], strict=False) if b[0] > a[0]]
    assert len(slopes) > 5
    assert max(slopes) - min(slopes) < 0.25


def test_more_than_three_curves_come_without_bands() -> None:
    assert roc_chart([STEP] * 3).count("<polygon") == 3
    assert roc_chart([STEP] * 4).count("<polygon") == 0


def test_the_newest_of_several_series_has_the_accent_and_the_others_differ() -> None:
    tones = [tone(index, 5) for index in range(5)]
    assert tones[-1] == "s0"
    assert len(set(tones)) == 5


def test_a_bin_on_the_diagonal_lies_on_the_diagonal() -> None:
    chart = reliability_chart("a", [Bin(0.25, 0.25, 0.1, 0.4, 8)], "s0")
    found = re.search(r'cx="([\d.]+)" cy="([\d.]+)"', chart)
    assert found is not None
    x, y = float(found[1]) - 58, 352 - float(found[2])
    assert x == pytest.approx(y) == pytest.approx(85)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_score_at_either_end_is_drawn(score: float) -> None:
    assert histogram_chart("a", (), (score,), "s0").count('class="bar s0"') == 1


def test_scores_beyond_probabilities_are_drawn_on_their_own_axis() -> None:
    chart = histogram_chart("a", (-3.0,), (5.0,), "s0", low=-3.0, high=5.0, threshold=1.0)
    assert chart.count('class="bar') == 2
    assert "\N{MINUS SIGN}3<" in chart and "threshold" in chart


@pytest.mark.parametrize(("harm", "opacity"), [(-0.2, "0.00"), (0.0, "0.00"), (0.5, "0.50"), (1.7, "1.00")])
def test_the_colour_of_a_square_is_its_harm(harm: float, opacity: str) -> None:
    drawn = heat_map("t", [Row("jpeg", (Square("0.8", harm),))], ["level 1"])
    assert re.search(rf'class="harm"[^>]*fill-opacity="{re.escape(opacity)}"', drawn)


def test_a_missing_square_leaves_a_gap() -> None:
    drawn = heat_map("t", [Row("a", (None, Square("x", 0.1))), Row("b", (Square("y", 0.1), None))], ["1", "2"])
    assert drawn.count('class="cell"') == 2


def test_a_map_is_as_wide_as_its_names_need() -> None:
    short, long = (size_of(heat_map("t", [Row(name, (Square("x", 0),))], ["1"]))[0] for name in ("a", "a" * 40))
    assert long - short > 200


def test_a_ladder_places_its_rungs_by_strength() -> None:
    rungs = tuple(Rung(strength, f"{strength:g}", 0.5, None, None) for strength in (0.0, 2.0, 8.0))
    drawn = points(ladder_chart("t", [Ladder("a", rungs)], "ε", "AUC", chance=0.5), "curve")
    assert (drawn[1][0] - drawn[0][0]) / (drawn[2][0] - drawn[0][0]) == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 8.1), (0.5, 0.5), (1e-6, 3e-6), (0, 12345)])
def test_a_round_axis_holds_its_range_in_few_ticks(low: float, high: float) -> None:
    axis = nice_axis("x", low, high)
    assert axis.low <= low and axis.high >= high
    assert 2 <= len(axis.ticks) <= 7
