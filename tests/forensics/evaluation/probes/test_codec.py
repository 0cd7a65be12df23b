"""Codec traces: what recompression writes, read on and off the face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors import find_spec
from forensics.corpus import Corpus
from forensics.errors import CorpusError
from forensics.evaluation.probes.codec import probe_codec, traces


def picture(seed: int = 0) -> np.ndarray:
    grain = np.random.default_rng(seed).integers(0, 255, (120, 136, 3), dtype=np.uint8)
    return cv2.GaussianBlur(grain, (0, 0), 1.2)


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]


def test_strong_compression_leaves_block_borders_and_zeros() -> None:
    plain, strong = traces(picture()), traces(compressed(picture(), 10))
    assert plain.shape == (24,) and np.isfinite(plain).all()
    assert (strong[:2] > plain[:2] + 0.2).all()  # steps across block borders, both ways
    assert (strong[9:13] > plain[9:13] + 0.4).all()  # zeros in the lower bands, where the blur left something


def test_blocks_of_the_face_are_left_out() -> None:
    image, box = picture(), np.array([40.0, 40, 88, 88])
    swapped = image.copy()
    swapped[40:88, 40:88] = compressed(image, 5)[40:88, 40:88]
    assert not np.allclose(traces(image), traces(swapped))
    assert np.allclose(traces(image, box)[:16], traces(swapped, box)[:16])
    assert np.allclose(traces(image, box), traces(swapped, box), atol=0.05)  # residuals look one pixel further
    assert np.isnan(traces(image, np.array([-5.0, -5, 200, 200]))).all()


@pytest.mark.slow
def test_a_blurred_class_is_found_and_one_person_is_too_few(tiny_corpus: Corpus) -> None:
    spec = find_spec("toy_resnet18")
    outcome = probe_codec(tiny_corpus, spec, seed=0, replicates=20)
    found = {one.slice: one for one in outcome.measures}
    assert set(found) == {"all", "outside the face"}
    assert found["all"].value > 0.8  # the stand-in's forgeries are coarsened
    assert (found["all"].n_positive, found["all"].n_negative) == (12, 12)
    assert outcome.warnings == ()  # too few files to warn
    with pytest.raises(CorpusError, match="too few people"):
        probe_codec(Corpus(tiny_corpus.root, tiny_corpus.samples[:1]), spec, seed=0)
