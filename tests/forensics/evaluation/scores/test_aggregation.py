"""From frames to videos, against a loop over videos."""

import numpy as np
import pytest

from forensics.evaluation import Aggregation, ScoresError, ScoreTable, aggregate


def confident(values):
    """Follow the published rule word for word, for one video."""
    fakes = np.count_nonzero(values > 0.8)
    if fakes > len(values) // 2.5 and fakes > 11:
        return values[values > 0.8].mean()
    if np.count_nonzero(values < 0.2) > 0.9 * len(values):
        return values[values < 0.2].mean()
    return values.mean()


def logit_mean(values):
    logit = np.log(values / (1 - values)).mean()
    return 1 / (1 + np.exp(-logit))


BY_HAND = {
    Aggregation.MEAN: np.mean,
    Aggregation.LOGIT_MEAN: logit_mean,
    Aggregation.MAX: np.max,
    Aggregation.TOP: lambda values: np.sort(values)[-5:].mean(),
    Aggregation.CONFIDENT: confident,
}


@pytest.mark.parametrize("how", list(Aggregation))
def test_every_way_agrees_with_a_loop_over_videos(how):
    rng = np.random.default_rng(0)
    video_of = rng.permutation(np.repeat(np.arange(40), rng.integers(1, 60, 40)))
    centre = np.resize([-3.0, 0.0, 3.0, 1.5], 40)[video_of]
    scores = 1 / (1 + np.exp(-rng.normal(centre, 1.0)))
    found = aggregate(scores, video_of, how)
    expected = [BY_HAND[how](scores[video_of == video]) for video in range(40)]
    assert found == pytest.approx(expected)


def test_every_case_of_the_confident_mean_occurs():
    many = np.array([0.95] * 12 + [0.5] * 8)
    few = np.array([0.95] * 11 + [0.5])
    calm = np.array([0.05] * 19 + [0.9])
    videos = np.repeat([0, 1, 2], [len(many), len(few), len(calm)])
    found = aggregate(np.concatenate((many, few, calm)), videos, Aggregation.CONFIDENT)
    assert found == pytest.approx([0.95, few.mean(), 0.05])


@pytest.mark.parametrize("how", list(Aggregation))
def test_certain_frames_stay_finite_and_one_frame_is_itself(how):
    assert np.isfinite(aggregate(np.array([0.0, 1.0, 1.0]), np.array([0, 0, 1]), how)).all()
    assert aggregate(np.array([0.3]), np.array([0]), how) == pytest.approx([0.3])


@pytest.mark.parametrize("how", [Aggregation.LOGIT_MEAN, Aggregation.CONFIDENT])
def test_what_wants_probabilities_refuses_logits(how):
    with pytest.raises(ScoresError, match="wants probabilities"):
        aggregate(np.array([0.2, 3.0]), np.array([0, 0]), how)


def test_names_of_the_command_line_and_of_reports_both_find_it():
    for how in Aggregation:
        assert Aggregation.named(how.short) is Aggregation.named(how.value) is how
    with pytest.raises(ScoresError, match="mean, logit_mean, max, top, confident"):
        Aggregation.named("median")


def test_frames_without_a_face_count_only_where_no_frame_has_one():
    table = ScoreTable(
        ("a", "a", "b", "c"),
        (("p",), ("p",), ("q",), ("r",)),
        np.array([0, 0, 1, 1]),
        np.array([0.9, 0.5, 0.5, 0.7]),
        ("plain",) * 4,
        covered=np.array([True, False, False, True]),
    )
    videos = table.by_video()
    assert videos.scores == pytest.approx([0.9, 0.5, 0.7])
    assert videos.covered.tolist() == [True, False, True]
