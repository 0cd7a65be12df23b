"""Maps are compared with masks as scikit-learn compares them, in the coordinates of the detector's own crop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, jaccard_score, roc_auc_score

from detectors import create_detector, load_detector
from forensics.corpus import Corpus, Label, Slice, Split, write_manifest
from forensics.errors import CorpusError
from forensics.evaluation.localisation import LocalisationPlan, measure_localisation, pixel_scores

Call = Callable[..., tuple[int, str, str]]
LEFT_HALF = """
import numpy as np
def predict(pictures):
    return [0.7] * len(pictures)
def locate(pictures):
    found = np.zeros(pictures.shape[:3])
    found[:, :, : pictures.shape[2] // 2] = 0.9
    return found
"""
PLAN = LocalisationPlan(per_clip=2, seed=1, replicates=50)


@pytest.fixture(scope="module")
def masked(tiny_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The tiny corpus, in which the top half of every forged frame counts as altered."""
    root = tmp_path_factory.mktemp("masked") / "corpus"
    shutil.copytree(tiny_corpus.root, root)
    (root / "masks").mkdir(exist_ok=True)
    samples = []
    for sample in tiny_corpus.samples:
        if sample.label is Label.FORGED:
            mask = np.zeros((sample.height, sample.width), np.uint8)
            mask[: sample.height // 2] = 255
            Image.fromarray(mask).save(root / "masks" / f"{sample.id}.png")
            sample = replace(sample, mask=f"masks/{sample.id}.png")
        samples.append(sample)
    write_manifest(root, samples)
    return Corpus.load(root)


def test_one_map_has_the_scores_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    found, mask = rng.random((20, 30)), rng.random((20, 30)) < 0.3
    scores = pixel_scores(found, mask)
    assert scores is not None
    truth, flagged = mask.ravel(), found.ravel() > 0.5
    assert scores.auc == pytest.approx(roc_auc_score(truth, found.ravel()))
    assert scores.f1 == pytest.approx(f1_score(truth, flagged))
    assert scores.iou == pytest.approx(jaccard_score(truth, flagged))


def test_a_mask_without_pixels_has_no_scores_and_a_full_one_no_auc() -> None:
    assert pixel_scores(np.ones((4, 4)), np.zeros((4, 4), dtype=np.bool_)) is None
    full = pixel_scores(np.ones((4, 4)), np.ones((4, 4), dtype=np.bool_))
    assert full is not None and full.auc is None and full.f1 == full.iou == 1


def test_a_map_of_the_left_half_meets_a_mask_of_the_upper_half(masked: Corpus, tmp_path: Path) -> None:
    (tmp_path / "left.py").write_text(LEFT_HALF)
    detector = load_detector(f"{tmp_path / 'left.py'},sees=frame,manipulated=1")
    samples = masked.where(split=Split.TEST, slice=Slice.MAIN)
    measures, told = measure_localisation(detector, masked, samples, PLAN)
    found = {one.name: one for one in measures}
    assert found["pixel_auc/video"].value == pytest.approx(0.5)
    assert found["pixel_f1/video"].value == pytest.approx(0.5)
    assert found["pixel_iou/video"].value == pytest.approx(1 / 3)
    assert found["pixel_iou/video"].n_positive == sum(sample.label is Label.FORGED for sample in samples)
    assert "only knows the middle has" in found["pixel_auc/video"].note
    assert "have a mask" in told[0]


def test_a_mask_is_cut_as_the_face_is(masked: Corpus, tmp_path: Path) -> None:
    """The upper half of a frame covers the same rows of every face crop, which the map names exactly."""
    upper = LEFT_HALF.replace("[:, :, : pictures.shape[2] // 2]", "[:, : pictures.shape[1] // 2]")
    (tmp_path / "upper.py").write_text(upper)
    detector = load_detector(f"{tmp_path / 'upper.py'},sees=face,size=64,manipulated=1")
    samples = masked.where(split=Split.TEST, slice=Slice.MAIN)
    measures, _ = measure_localisation(detector, masked, samples, PLAN)
    found = {one.name: one.value for one in measures}
    assert found["pixel_auc/video"] > 0.8 and found["pixel_iou/video"] > 0.6


def test_a_corpus_without_masks_is_refused(tiny_corpus: Corpus) -> None:
    samples = tiny_corpus.where(split=Split.TEST)
    with pytest.raises(CorpusError, match="no forged sample with a mask"):
        measure_localisation(create_detector("toy_cpu"), tiny_corpus, samples, PLAN)


def test_the_command_shows_the_table_and_keeps_the_measures(facetrail: Call, masked: Corpus, tmp_path: Path) -> None:
    code, out, err = facetrail(
        "evaluate", masked.root, "--detector", "cpu", "--per-clip", 1, "--where", "-o", tmp_path / "out"
    )
    assert code == 0, err
    assert "cpu: where, against the masks" in out
    assert "pixel_iou/video" in (tmp_path / "out" / "cpu" / "measures.csv").read_text()
