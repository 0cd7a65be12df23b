"""What a detector's features and score give away: the person, the mark."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from detectors import create_detector
from forensics.corpus import Corpus, Slice, Split
from forensics.errors import CorpusError
from forensics.evaluation.probes.identity import name_people, probe_identity, thumbnails
from forensics.evaluation.probes.mark import probe_mark
from forensics.faces.crops import CropTable, gather_crops


@pytest.fixture(scope="module")
def table(tiny_corpus: Corpus) -> CropTable:
    """Crops of all splits, so that there are six people; two of them have marked twins."""
    detector = create_detector("toy_resnet18")
    return gather_crops(tiny_corpus, tiny_corpus.samples, detector.spec, per_clip=2)


@dataclass
class Planted:
    """A detector whose features and score follow a rule."""

    rule: np.ndarray  # (N, D) by crop of the table
    crops: np.ndarray

    def _rows(self, crops: np.ndarray) -> np.ndarray:
        known = {crop.tobytes(): row for row, crop in enumerate(self.crops)}
        return self.rule[[known[crop.tobytes()] for crop in crops]]

    def embed(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._rows(crops)[:, 0], self._rows(crops)

    def probabilities(self, crops: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-self._rows(crops)[:, 0]))


def planted(table: CropTable, signal: np.ndarray, noise: float = 0.3) -> Planted:
    rng = np.random.default_rng(0)
    return Planted(signal + rng.normal(0, noise, (len(table.crops), signal.shape[1])), table.crops)


def test_features_that_name_people_are_found_against_chance(table: CropTable) -> None:
    names, person = np.unique([sample.identities[0] for sample in table.samples], return_inverse=True)
    knowing = planted(table, np.eye(len(names))[person] * 4)
    blind = planted(table, np.zeros((len(table.crops), 6)))
    outcome = probe_identity([("knowing", knowing, table), ("blind", blind, table)], seed=0, replicates=30)
    found = {(one.metric, one.slice): one for one in outcome.measures}
    assert found["identity_accuracy", "knowing"].value > 0.9
    assert found["identity_accuracy", "blind"].value < 0.6
    assert found["identity_accuracy", "knowing"].note == "chance 0.167, 6 people"
    thumbs = [found["identity_accuracy_of_thumbnails", name].value for name in ("knowing", "blind")]
    assert thumbs[0] == thumbs[1]
    assert thumbnails(table.crops).shape == (len(table.crops), 256)


def test_a_video_is_never_on_both_sides() -> None:
    """Features that name the video alone would give its person away if it were."""
    people = np.repeat(["a", "b", "c"], 12)
    videos = np.array([f"{person}{number // 3}" for number, person in enumerate(people)])
    code = np.random.default_rng(0).normal(size=(len(set(videos)), 8)) * 5
    features = code[np.unique(videos, return_inverse=True)[1]]
    assert name_people(features, people, videos, seed=0).mean() < 0.75


def test_a_detector_that_reads_the_mark_is_found_and_warned_of(table: CropTable) -> None:
    marked = np.array([sample.slice is Slice.CONTROL for sample in table.samples], dtype=float)[:, None]
    reader = planted(table, 4 * marked * np.ones((1, 3)))
    outcome = probe_mark([("reader", reader, table)], seed=0, replicates=30)
    found = {one.metric: one for one in outcome.measures}
    assert found["score_auc"].value > 0.95
    assert found["score_auc"].n_positive == 4
    assert any("reader: its score tell" in text for text in outcome.warnings)
    blind = probe_mark([("blind", planted(table, np.zeros((len(table.crops), 3))), table)], seed=0, replicates=200)
    score = next(one for one in blind.measures if one.metric == "score_auc")
    assert score.low is not None and score.low <= 0.5 <= score.high
    assert not any("score" in text for text in blind.warnings)


def test_without_a_control_slice_or_people_there_is_no_probe(tiny_corpus: Corpus, table: CropTable) -> None:
    detector = create_detector("toy_resnet18")
    train = gather_crops(tiny_corpus, tiny_corpus.where(split=Split.TRAIN), detector.spec, per_clip=2)
    with pytest.raises(CorpusError, match="control mark"):
        probe_mark([("toy", detector, train)], seed=0)
    one = [row for row, sample in enumerate(table.samples) if sample.identities[0] == table.samples[0].identities[0]]
    alone = replace(
        table,
        crops=table.crops[one],
        samples=tuple(table.samples[row] for row in one),
        frames=table.frames[one],
    )
    with pytest.raises(CorpusError, match="two people"):
        probe_identity([("toy", detector, alone)], seed=0)


def test_a_real_detector_goes_through_both(table: CropTable) -> None:
    detector = create_detector("toy_resnet18", seed=4)
    for outcome in (
        probe_identity([("toy", detector, table)], seed=0, replicates=10),
        probe_mark([("toy", detector, table)], seed=0, replicates=10),
    ):
        assert all(0 <= one.value <= 1 for one in outcome.measures)
        assert outcome.report("corpus", 0).detector in ("probe:identity", "probe:mark")
