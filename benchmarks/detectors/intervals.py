"""Simulate how often intervals cover and how often equal detectors differ significantly; write results/intervals.csv.

Simulated people have four videos each. Either everyone is in both classes, as in corpora of face swaps, where a forged
video has a second person as its drive; or everyone is in one class only, as where the genuine videos have another
source. Scores are correlated within people, and the true AUC is known: Φ(d / √(2(a² + 1))). Two detectors of the same
quality share only the videos, so every significant difference is a false alarm. Rates have Wilson's 95 % interval.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, norm

from forensics.evaluation import AUC, ScoreTable, bootstrap_intervals, compare

RESULTS = Path(__file__).parents[2] / "results" / "intervals.csv"
PEOPLE = (10, 24, 60, 200)
DISTANCE, PERSON = 1.2, 1.0  # distance of the classes, and spread of people relative to that of videos, which is 1
TRUTH = float(norm.cdf(DISTANCE / np.sqrt(2 * (PERSON**2 + 1))))
REPLICATES = 500
BOTH, ONE = "everyone in both classes", "everyone in one class"
COLUMNS = ("design", "people", "videos", "question", "wanted", "value", "low", "high", "simulations", "seed")
QUESTIONS = {
    "interval by identity holds the true AUC": 0.95,
    "interval by video holds the true AUC": 0.95,
    "DeLong calls equal detectors different": 0.05,
    "permutation calls equal detectors different": 0.05,
    "facetrail calls equal detectors different": 0.05,
}


def simulate(design: str, people: int, rng: np.random.Generator) -> tuple[ScoreTable, ScoreTable]:
    """Simulate one test set as scored by two detectors of equal quality, one row per video."""
    source = np.repeat(np.arange(people), 4)
    if design == BOTH:
        labels = np.tile([0, 0, 1, 1], people)
        drive = (source + rng.integers(1, people, len(source))) % people
    else:
        labels = source % 2
        drive = (source + 2 * rng.integers(1, people // 2, len(source))) % people
    identities = tuple(
        (f"p{one}", f"p{other}") if label else (f"p{one}",)
        for one, other, label in zip(source, drive, labels, strict=True)
    )
    videos = tuple(f"v{number}" for number in range(len(labels)))

    def scored() -> ScoreTable:
        person = PERSON * rng.normal(size=people)
        of_both = np.where(labels == 1, (person[source] + person[drive]) / np.sqrt(2), person[source])
        scores = DISTANCE * labels + of_both + rng.normal(size=len(labels))
        return ScoreTable(videos, identities, labels, scores, ("plain",) * len(labels))

    return scored(), scored()


def answers(design: str, people: int, seed: int) -> Iterator[str]:
    """Yield the questions whose answer is yes in one simulation."""
    rng = np.random.default_rng((people, seed))
    first, second = simulate(design, people, rng)
    by_video = [(video,) for video in first.videos]
    for name, identities in (("identity", first.identities), ("video", by_video)):
        found = bootstrap_intervals({"auc": AUC}, first.labels, first.scores, identities, rng, replicates=REPLICATES)[
            "auc"
        ]
        if found.low is not None and found.high is not None and found.low <= TRUTH <= found.high:
            yield f"interval by {name} holds the true AUC"
    found_pair = compare("a", first, "b", second, seed=seed, replicates=REPLICATES, permutations=REPLICATES)
    if found_pair.p_delong is not None and found_pair.p_delong < 0.05:
        yield "DeLong calls equal detectors different"
    if found_pair.p_permutation is not None and found_pair.p_permutation < 0.05:
        yield "permutation calls equal detectors different"
    if found_pair.distinguishable:
        yield "facetrail calls equal detectors different"


def main() -> None:
    """Simulate and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with RESULTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for design, people in product((BOTH, ONE), PEOPLE):
            yes = Counter(
                name for number in range(options.simulations) for name in answers(design, people, options.seed + number)
            )
            for question, wanted in QUESTIONS.items():
                rate = binomtest(yes[question], options.simulations).proportion_ci(method="wilson")
                value = yes[question] / options.simulations
                row = (
                    design,
                    people,
                    4 * people,
                    question,
                    wanted,
                    *(f"{one:.3f}" for one in (value, rate.low, rate.high)),
                )
                writer.writerow((*row, options.simulations, options.seed))
            print(f"{design}, {people} people: done")


if __name__ == "__main__":
    main()
