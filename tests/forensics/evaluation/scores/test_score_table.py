"""Tables of scores."""

import numpy as np
import pytest

from forensics.evaluation import ScoresError, ScoreTable


def table(**changes):
    columns = {
        "videos": ("a", "a", "b", "c", "d"),
        "identities": (("p",), ("p",), ("p", "q"), ("q",), ("r",)),
        "labels": np.array([0, 0, 1, 0, 1]),
        "scores": np.array([0.2, 0.4, 0.9, 0.1, 0.6]),
        "slices": ("plain", "plain", "swap", "control", "puppet"),
    }
    return ScoreTable(**{**columns, **changes})


def test_a_video_has_the_mean_of_its_frames():
    found = table().by_video()
    assert found.videos == ("a", "b", "c", "d")
    assert found.scores == pytest.approx([0.3, 0.9, 0.1, 0.6])
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.identities[1] == ("p", "q")


def test_gathering_by_video_does_not_ask_for_sorted_rows():
    shuffled = table().rows([2, 1, 4, 0, 3]).by_video()
    assert dict(zip(shuffled.videos, shuffled.scores, strict=True)) == pytest.approx(
        {"a": 0.3, "b": 0.9, "c": 0.1, "d": 0.6}
    )


def test_a_slice_of_one_class_is_judged_against_all_of_the_other():
    assert table().slice("control").videos == ("b", "c", "d")
    assert table().slice("swap").videos == ("a", "a", "b", "c")
    assert len(table().slice("all")) == 5


def test_a_slice_with_both_classes_stays_as_it_is():
    found = table(slices=("plain", "plain", "plain", "control", "puppet")).slice("plain")
    assert found.videos == ("a", "a", "b")


def test_an_unknown_slice_is_answered_with_the_names():
    with pytest.raises(ScoresError, match="control, plain, puppet, swap"):
        table().slice("nobody")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"videos": ("a", "a", "a", "c", "d")}, "merge"),
        ({"slices": ("plain", "control", "swap", "control", "puppet")}, "merge"),
        ({"identities": (("p",), ("z",), ("p", "q"), ("q",), ("r",))}, "merge"),
        ({"identities": (("p",), ("p",), (), ("q",), ("r",))}, "'b' names no identity"),
        ({"scores": np.array([0.2, np.nan, 0.9, 0.1, 0.6])}, "finite"),
        ({"labels": np.array([0, 0, 1, 0, 3])}, "labels"),
        ({"scores": np.array([0.2])}, "equally long"),
        ({"slices": ("all",) * 5}, "slice"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ScoresError, match=message):
        table(**changes)


def test_an_empty_table_is_refused():
    with pytest.raises(ScoresError, match="empty"):
        ScoreTable((), (), np.array([]), np.array([]), ())


def full(**changes):
    columns = {
        "videos": ("ff/camera/c23/a", "ff/swap/c23/b", "ff/swap/c23/c", "ff/reenact/c23/b", "ff/camera/c23/d"),
        "identities": (("p",), ("p", "q"), ("r",), ("q",), ("s",)),
        "slices": ("main",) * 5,
        "labels": np.array([0, 1, 1, 1, 0]),
        "methods": ("camera", "swap", "swap", "reenact", "camera"),
        "attributes": {"gender": ("f", "f", "m", "m", "m")},
    }
    return table(**{**columns, **changes})


def test_a_method_is_judged_against_all_genuine_samples_and_a_group_by_itself():
    assert full().method_slices == ("method=reenact", "method=swap")
    assert full().slice("method=swap").videos == tuple(full().videos[row] for row in (0, 1, 2, 4))
    assert full().slice("gender=f").videos == full().videos[:2]
    with pytest.raises(ScoresError, match=r"method=reenact, method=swap, gender=…"):
        full().slice("gender=x")


def test_videos_of_one_name_and_two_methods_stay_two():
    assert len(full().by_video()) == 5
    with pytest.raises(ScoresError, match="which its key does not name"):
        full(videos=("a", "b", "c", "d", "e"))


@pytest.mark.parametrize(
    "changes",
    [
        {"videos": ("ff/camera/c23/a", "ff/swap/c23/b", "ff/swap/c23/b", "ff/reenact/c23/b", "ff/camera/c23/d")},
        {"attributes": {"gender": ("f",)}},
        {"covered": np.ones(3, dtype=bool)},
    ],
)
def test_optional_columns_must_fit_too(changes):
    with pytest.raises(ScoresError):
        full(**changes)
