"""Scores gathered in batches and shards are those of one table."""

import numpy as np
import pytest

from forensics.evaluation import AUC, Aggregation, ScoresError, ScoreTable, auc
from forensics.evaluation.scores.accumulator import ScoreAccumulator


def table(seed=0, videos=30):
    rng = np.random.default_rng(seed)
    number = rng.permutation(np.repeat(np.arange(videos), rng.integers(1, 30, videos)))
    covered = (rng.random(len(number)) > 0.1) & (number != 3)
    return ScoreTable(
        tuple(f"swap/v{n}" for n in number),
        tuple((f"p{n % 7}", f"q{n % 3}") for n in number),
        number % 2,
        np.where(covered, rng.random(len(number)), 0.5),
        tuple("night" if n % 4 else "day" for n in number),
        ("swap",) * len(number),
        {"style": tuple("toon" if n % 5 else "clay" for n in number)},
        covered,
    )


def gathered(rows, batch):
    found = ScoreAccumulator()
    for first in range(0, len(rows), batch):
        found.add(rows.rows(list(range(first, min(first + batch, len(rows))))))
    return found


def as_dict(videos):
    columns = zip(videos.identities, videos.labels.tolist(), videos.slices, videos.attributes["style"], strict=True)
    return dict(
        zip(videos.videos, zip(columns, videos.scores.round(12), videos.covered.tolist(), strict=True), strict=True)
    )


@pytest.mark.parametrize("how", list(Aggregation))
@pytest.mark.parametrize("batch", [1, 17, 10_000])
def test_batches_of_any_size_give_the_videos_of_the_whole_table(how, batch):
    rows = table()
    assert as_dict(gathered(rows, batch).videos(how)) == as_dict(rows.by_video(how))


def test_shards_merge_to_the_whole_and_frames_keep_their_measure():
    rows = table(1)
    half = len(rows) // 2
    one, other = gathered(rows.rows(list(range(half))), 9), gathered(rows.rows(list(range(half, len(rows)))), 13)
    one.merge(other)
    assert len(one) == len(rows)
    assert as_dict(one.videos()) == as_dict(rows.by_video())
    assert AUC.of(one.counts()) == pytest.approx(auc(rows.labels, rows.scores))


def test_a_video_that_changes_its_label_between_batches_is_refused():
    rows = table(2)
    found = gathered(rows, 50)
    first = rows.rows([0])
    with pytest.raises(ScoresError, match="merge"):
        found.add(ScoreTable(first.videos, first.identities, 1 - first.labels, first.scores, first.slices))


def test_nothing_gathered_is_no_table():
    with pytest.raises(ScoresError, match="no "):
        ScoreAccumulator().videos()
    with pytest.raises(ScoresError, match="no scores"):
        ScoreAccumulator().frames()
