"""Test that a mask decides which of several faces is trained and scored as forged."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detectors import create_detector
from forensics.corpus import Corpus, Label, Sample, save_masks
from forensics.corpus.importers import import_corpus
from forensics.errors import CorpusError
from forensics.evaluation.robustness.excerpts import take_excerpt
from forensics.faces import Faces, gather_crops, job_of, keep_crops
from forensics.faces.cutting import Miss

SPEC = create_detector("toy_resnet18", seed=0).spec
LARGE, SMALL = (0, 0, 60, 60), (70, 70, 96, 96)
RED, GREEN = (220, 30, 30), (30, 200, 30)


class TwoFaces:
    """Finds a large face and a small one in every picture, in this order."""

    name = "two faces"

    def __call__(self, image: np.ndarray, most: int, *, thorough: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
        found = []
        for left, top, right, bottom in (LARGE, SMALL)[:most]:
            points = np.random.default_rng(0).uniform((left, top), (right, bottom), (68, 2))
            found.append((np.float32([left, top, right, bottom]), points.astype(np.float32)))
        return found


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Pictures of a large red face and a small green one; the folder of each forged one has three of them."""
    for part in ("real", "fake"):
        for number in range(4):
            folder = tmp_path / f"wild/{part}_train/{number}"
            folder.mkdir(parents=True)
            for frame in range(3):
                picture = np.full((100, 100, 3), 10 * number + frame, np.uint8)
                for (left, top, right, bottom), colour in ((LARGE, RED), (SMALL, GREEN)):
                    picture[top:bottom, left:right] = colour
                Image.fromarray(picture).save(folder / f"{frame}.png")
    return import_corpus(tmp_path / "wild", tmp_path / "corpus", seed=0)[0]


def masked(corpus: Corpus, tmp_path: Path, *boxes: tuple[int, int, int, int], kind: str = "npz") -> Corpus:
    """Return the corpus with a mask of these boxes, one for each frame, on every forged sample."""
    masks = np.zeros((len(boxes), 100, 100), bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    if kind == "npz":
        save_masks(masks, tmp_path / "wild/mask.npz")
    elif kind == "png":
        Image.fromarray(masks[0].astype(np.uint8) * 255).resize((50, 50)).save(tmp_path / "wild/mask.png")
    else:
        (tmp_path / "wild/mask").mkdir()
        for number, mask in enumerate(masks):
            Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / f"wild/mask/{number}.png")
    name = "mask" if kind == "folder" else f"mask.{kind}"
    samples = [dataclasses.replace(one, mask=name) if one.label is Label.FORGED else one for one in corpus.samples]
    return dataclasses.replace(corpus, samples=tuple(samples))


def greenness(crops: np.ndarray) -> np.ndarray:
    middle = crops[:, crops.shape[1] // 2, crops.shape[2] // 2].astype(int)
    return middle[:, 1] > middle[:, 0]


@pytest.mark.parametrize("kind", ["npz", "png", "folder"])
@pytest.mark.parametrize("faces", [1, 4])
def test_the_face_under_the_mask_is_the_forged_one_however_small(
    corpus: Corpus, tmp_path: Path, faces: int, kind: str
) -> None:
    corpus = masked(corpus, tmp_path, SMALL, SMALL, SMALL, kind=kind)
    forged = corpus.where(label=Label.FORGED)
    table = gather_crops(corpus, forged, SPEC, per_clip=3, finder=TwoFaces(), faces=faces)
    assert len(table.crops) == 3 * len(forged)
    assert greenness(table.crops).all()


def test_without_a_mask_the_largest_face_is_trained_on(corpus: Corpus) -> None:
    table = gather_crops(corpus, corpus.samples, SPEC, per_clip=3, finder=TwoFaces())
    assert not greenness(table.crops).any()


def test_each_frame_has_its_own_mask_and_a_frame_that_was_not_altered_has_no_crop(
    corpus: Corpus, tmp_path: Path
) -> None:
    corpus = masked(corpus, tmp_path, LARGE, (0, 0, 0, 0), SMALL)
    sample = corpus.where(label=Label.FORGED)[0]
    table = gather_crops(corpus, [sample], SPEC, per_clip=3, finder=TwoFaces())
    assert table.frames.tolist() == [0, 2]
    assert greenness(table.crops).tolist() == [False, True]


def test_a_mask_beside_every_face_gives_no_crop_and_says_so(corpus: Corpus, tmp_path: Path) -> None:
    corpus = masked(corpus, tmp_path, *[(62, 0, 68, 20)] * 3)
    coverage = keep_crops(corpus, SPEC, per_clip=3, finder=TwoFaces())
    forged = {sample.id for sample in corpus.where(label=Label.FORGED)}
    assert {name for name, _, _ in coverage.missed} == forged
    assert {(miss, message) for _, miss, message in coverage.missed} == {
        (Miss.NO_FACE, "the mask covers none of the faces that were found")
    }


def test_the_robustness_excerpt_shows_the_same_face(corpus: Corpus, tmp_path: Path) -> None:
    corpus = masked(corpus, tmp_path, SMALL, SMALL, LARGE)
    excerpt = take_excerpt(job_of(corpus, corpus.where(label=Label.FORGED)[0], SPEC, 3, 4), TwoFaces(), 0)
    assert excerpt is not None
    assert excerpt.boxes.tolist() == [list(SMALL), list(SMALL), list(LARGE)]


def test_a_sidecar_with_several_faces_obeys_the_mask_too(corpus: Corpus, tmp_path: Path) -> None:
    corpus = masked(corpus, tmp_path, SMALL, LARGE, SMALL)
    boxes = np.float32([LARGE, SMALL] * 3)
    Faces(np.repeat(np.arange(3), 2), boxes, np.zeros((6, 68, 2), np.float32)).save(corpus.root / "faces.npz")
    sample: Sample = dataclasses.replace(corpus.where(label=Label.FORGED)[0], landmarks="faces.npz")
    table = gather_crops(corpus, [sample], SPEC, per_clip=3)
    assert greenness(table.crops).tolist() == [True, False, True]


def test_another_mask_makes_other_crops(corpus: Corpus, tmp_path: Path) -> None:
    first = masked(corpus, tmp_path, SMALL, SMALL, SMALL)
    sample = first.where(label=Label.FORGED)[0]
    before = job_of(first, sample, SPEC, 3).key(TwoFaces())
    masked(corpus, tmp_path, LARGE, LARGE, LARGE)
    assert job_of(first, sample, SPEC, 3).key(TwoFaces()) != before


def test_a_damaged_mask_is_named(corpus: Corpus, tmp_path: Path) -> None:
    corpus = masked(corpus, tmp_path, SMALL, SMALL, SMALL)
    (tmp_path / "wild/mask.npz").write_bytes(b"half")
    with pytest.raises(CorpusError, match=r"mask\.npz holds no masks"):
        gather_crops(corpus, corpus.where(label=Label.FORGED), SPEC, per_clip=3, finder=TwoFaces())
