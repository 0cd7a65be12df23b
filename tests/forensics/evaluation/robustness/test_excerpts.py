"""What is decoded of a sample."""

import numpy as np
import pytest

from forensics.corpus import Slice, Split
from forensics.corpus.media import read_frames
from forensics.evaluation.robustness.excerpts import take_excerpt, with_lead
from forensics.faces.crops import job_of


@pytest.mark.parametrize(("lead", "wanted"), [(0, [3, 7]), (2, [1, 2, 3, 5, 6, 7]), (4, [0, 1, 2, 3, 4, 5, 6, 7])])
def test_the_frames_before_are_added_once_and_in_order(lead, wanted):
    assert with_lead(np.array([3, 7]), lead).tolist() == wanted


def test_the_scored_frames_are_those_of_plain_scoring(tiny_corpus, toy):
    sample = next(one for one in tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN) if not one.is_still)
    excerpt = take_excerpt(job_of(tiny_corpus, sample, toy.spec, 2), None, 1)
    assert len(excerpt.shown) == 3
    assert excerpt.scored.tolist() == [0, 2]
    whole = read_frames(tiny_corpus.file(sample), (), [0, 2], is_clip=True)
    assert all(map(np.array_equal, excerpt.still_frames, whole))
    assert excerpt.boxes.shape == (2, 4)
