"""Tables of comparisons, power and training seeds."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from forensics.evaluation import (
    EvalReport,
    Level,
    Measure,
    MetricError,
    ScoresError,
    ScoreTable,
    compare,
    compare_all,
    describe_comparisons,
    holm,
    over_seeds,
    power_of,
)


def videos(strength, seed, people=40, each=4):
    rng = np.random.default_rng(seed)
    count = people * each
    labels = np.arange(count) % 2
    who = np.arange(count) // each
    return ScoreTable(
        tuple(f"v{n}" for n in range(count)),
        tuple((f"p{n}",) for n in who),
        labels,
        rng.normal(strength * labels) + rng.normal(size=people)[who] * 0.3,
        ("plain",) * count,
    )


def quick(tables, **options):
    return compare_all(tables, seed=0, **{"replicates": 300, "permutations": 300, **options})


def test_every_pair_is_compared_and_corrected_for_all():
    found = quick({"weak": videos(0.2, 0), "strong": videos(3.0, 1), "alike": videos(3.0, 2)})
    assert [(one.first, one.second) for one in found] == [("weak", "strong"), ("weak", "alike"), ("strong", "alike")]
    assert tuple(one.p_adjusted for one in found) == holm([one.p_permutation for one in found])
    assert [one.distinguishable for one in found] == [True, True, False]
    text = describe_comparisons(found)
    assert text.count("is better") == 2 and text.count("not distinguishable") == 1


def test_the_order_of_rows_does_not_matter():
    first, second = videos(1.0, 0), videos(1.0, 1)
    shuffled = second.rows(np.random.default_rng(0).permutation(len(second)).tolist())
    assert quick({"a": first, "b": second}) == quick({"a": first, "b": shuffled})


def test_other_videos_or_labels_are_refused_with_a_count():
    first, second = videos(1.0, 0), videos(1.0, 1)
    with pytest.raises(ScoresError, match=r"3 only in the first, 0 only in the second, 157 in both.*'v0'"):
        compare("a", first, "b", second.rows(list(range(3, 160))), seed=0)
    with pytest.raises(ScoresError, match="disagree on the label of 160 videos"):
        compare("a", first, "b", replace(second, labels=1 - second.labels), seed=0)


def test_an_interval_across_zero_is_no_difference_whatever_the_p_value():
    (found,) = quick({"weak": videos(0.2, 0), "strong": videos(3.0, 1)})
    assert found.distinguishable
    assert not replace(found, low=-0.1, high=0.1).distinguishable
    assert not replace(found, low=None, high=None).distinguishable


@pytest.mark.slow
def test_the_videos_that_power_asks_for_show_the_difference_that_often():
    """Draw as many videos as advised and count how often the difference is seen."""
    first, second = videos(1.6, 3, people=400, each=2), videos(1.2, 4, people=400, each=2)
    true = float(norm.cdf(1.6 / np.sqrt(2 * 1.09)) - norm.cdf(1.2 / np.sqrt(2 * 1.09)))
    advice = power_of(first, second, true, seed=0, replicates=400)
    people = advice.identities_needed
    seen = 0
    for seed in range(60):
        pair = videos(1.6, 2 * seed + 100, people=people, each=2), videos(1.2, 2 * seed + 101, people=people, each=2)
        found = compare("a", pair[0], "b", pair[1], seed=seed, replicates=200, permutations=1)
        seen += found.low is not None and (found.low > 0 or found.high < 0)
    assert 0.62 <= seen / 60 <= 0.95
    assert advice.videos_needed == pytest.approx(2 * people, abs=2)


def test_half_the_difference_takes_four_times_the_videos():
    first, second = videos(1.6, 3), videos(1.2, 4)
    wide, narrow = (power_of(first, second, d, seed=0, replicates=300) for d in (0.1, 0.05))
    assert narrow.videos_needed == pytest.approx(4 * wide.videos_needed, rel=0.05)
    assert wide.smallest == narrow.smallest
    assert "design effect" in str(wide)


def test_power_refuses_what_cannot_be_extrapolated():
    first = videos(1.6, 3)
    with pytest.raises(MetricError, match="does not vary"):
        power_of(first, first, 0.1, seed=0, replicates=50)
    with pytest.raises(MetricError, match=r"0–0\.5"):
        power_of(first, videos(1.0, 4), 0.0, seed=0)


def run(value, seed, **changes):
    measure = Measure("auc/video", Level.VIDEO, "all", "none", 0, value, 0.0, 1.0, 5, 5)
    report = EvalReport("toys", f"seed{seed}", "sealed", 0, (measure,), sealed=True, corpus_digest="d")
    return replace(report, **changes)


def test_seeds_become_mean_deviation_and_number():
    together = over_seeds([run(0.8, 0), run(0.9, 1), run(0.85, 2)], "toy over 3 seeds")
    (measure,) = together.measures
    assert measure.value == pytest.approx(0.85)
    assert measure.note == "± 0.0500 over 3 seeds"
    reach = 4.302653 * 0.05 / np.sqrt(3)  # Student's t with two degrees of freedom
    assert (measure.low, measure.high) == pytest.approx((0.85 - reach, 0.85 + reach))
    assert together.sealed and together.threshold is None


def test_two_seeds_or_unlike_runs_are_refused():
    with pytest.raises(ScoresError, match="at least 3 runs, got 2"):
        over_seeds([run(0.8, 0), run(0.9, 1)], "toy")
    with pytest.raises(ScoresError, match="not measured alike"):
        over_seeds([run(0.8, 0), run(0.9, 1), run(0.9, 2, protocol="unseen")], "toy")
    assert not over_seeds([run(0.8, 0), run(0.9, 1), run(0.9, 2, sealed=False)], "toy").sealed
