"""Compiled passes give the intervals and p-values of the slow ones, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.evaluation import AUC, ScoreTable, auc, compare, compare_all, paired_interval, permutation_test
from forensics.evaluation.comparison.joint_tests import difference_intervals, permutation_tests

People = list[tuple[str, ...]]


def drawn(seed: int, shown: str) -> tuple[np.ndarray, list[np.ndarray], People, np.ndarray]:
    """Return labels, scores of three detectors, identities and clusters; `tied` scores have one decimal."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 300)
    scores = [labels * gain + rng.normal(size=300) for gain in (0.8, 1.0, 1.3)]
    if shown == "tied":
        scores = [np.round(one, 1) for one in scores]
    people: People = [(f"p{n}",) for n in range(300)]
    if shown == "recurring":
        people = [(f"p{n % 70}",) for n in range(300)]
    if shown == "pairs":
        people = [(f"p{n % 70}", f"p{(7 * n) % 70}") if labels[n] else (f"p{n % 70}",) for n in range(300)]
    clusters = np.array([int(names[0][1:]) for names in people])
    return labels, scores, people, clusters


@pytest.mark.parametrize("shown", ["plain", "tied", "recurring", "pairs"])
def test_compiled_intervals_are_those_of_each_pair_alone(shown: str) -> None:
    labels, scores, people, _ = drawn(1, shown)
    compiled, plain = (
        difference_intervals(labels, scores, people, np.random.default_rng(3), replicates=200, large=large)
        for large in (0, 1000)
    )
    assert compiled == plain and set(plain) == {(0, 1), (0, 2), (1, 2)}
    alone = paired_interval(AUC, labels, scores[0], scores[2], people, np.random.default_rng(3), replicates=200)
    found = compiled[0, 2]
    assert (found.value, found.low, found.high, found.spread) == (
        alone.difference, alone.low, alone.high, alone.spread,
    )  # fmt: skip


@pytest.mark.parametrize("shown", ["plain", "tied", "recurring"])
def test_compiled_permutations_are_those_of_each_pair_alone(shown: str) -> None:
    labels, scores, _, clusters = drawn(2, shown)
    compiled, plain = (
        permutation_tests(labels, scores, clusters, lambda: np.random.default_rng(4), permutations=300, large=large)
        for large in (0, 1000)
    )
    assert compiled == plain
    alone = permutation_test(labels, scores[1], scores[2], clusters, np.random.default_rng(4), permutations=300)
    assert compiled[1, 2] == alone
    assert len(set(compiled.values())) == 3


def test_three_detectors_are_compared_as_two_at_a_time_would_be() -> None:
    labels, scores, people, _ = drawn(5, "recurring")
    keys = tuple(f"v{n}" for n in range(300))
    tables = {
        name: ScoreTable(keys, tuple(people), labels, one, ("plain",) * 300)
        for name, one in zip("abc", scores, strict=True)
    }
    order = np.random.default_rng(0).permutation(300).tolist()
    shuffled = tables | {"c": tables["c"].rows(order)}
    found = compare_all(shuffled, seed=6, replicates=100, permutations=100)
    alone = compare("b", tables["b"], "c", tables["c"], seed=6, replicates=100, permutations=100)
    assert [(one.first, one.second) for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert (found[2].low, found[2].high, found[2].p_delong) == (alone.low, alone.high, alone.p_delong)
    assert found[2].p_permutation == alone.p_permutation
    assert found[0].first_value == auc(labels, scores[0])
