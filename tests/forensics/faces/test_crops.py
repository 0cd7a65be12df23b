from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detectors import TrainConfig, create_detector
from forensics import cli
from forensics.corpus import Corpus, Label, Sample, Slice, Split
from forensics.corpus.importing import import_corpus
from forensics.crews import Labour
from forensics.errors import CorpusError
from forensics.faces import Faces, cut_crops, look_for_faces
from forensics.faces.crops import CropShelf, blend_crops, gather_crops, job_of, keep_crops
from forensics.faces.cutting import CropJob, Miss
from forensics.faces.five_points import TEMPLATE, align_face, five_points, similarity
from forensics.scoring import key_of, score_shelf
from forensics.training import Diet, TrainingRun, train_on
from generator import puppets

SPEC = create_detector("toy_resnet18", seed=0).spec


class Boxes:
    """Finds boxes by the brightness of a picture's first pixel, and counts how often it is asked."""

    name = "boxes"

    def __init__(self, *boxes: tuple[int, int, int, int]) -> None:
        self.boxes, self.asked = boxes, 0

    def __call__(self, image: np.ndarray, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
        self.asked += 1
        return [(np.float32(box), np.full((68, 2), box[0], np.float32)) for box in self.boxes[:most]]


@pytest.fixture
def imported(tmp_path: Path, put_frames: Callable[..., None]) -> Corpus:
    for part in ("real", "fake"):
        for number in range(4):
            put_frames(tmp_path / f"wild/{part}_train/{number}", 3)
    return import_corpus(tmp_path / "wild", tmp_path / "corpus", seed=0)[0]


@pytest.fixture
def put_frames() -> Callable[..., None]:
    from PIL import Image

    def put(folder: Path, count: int) -> None:
        folder.mkdir(parents=True)
        rng = np.random.default_rng(list(str(folder).encode()))
        for number in range(count):
            Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(folder / f"{number}.png")

    return put


class TestCoverage:
    def test_samples_without_face_or_with_damage_are_counted_and_named_and_not_replaced(self, imported: Corpus) -> None:
        first, second, *_ = imported.samples
        imported.files(first)[0].write_bytes(b"damaged")
        tiny = Boxes((0, 0, 10, 10))
        with pytest.raises(CorpusError, match="no face was found in any of 8 samples"):
            gather_crops(imported, imported.samples, SPEC, per_clip=2, finder=tiny)
        shelf = gather_crops(imported, imported.samples, SPEC, per_clip=2, finder=Boxes((0, 0, 40, 40)))
        assert (shelf.coverage.samples, shelf.coverage.cropped, shelf.coverage.crops) == (8, 7, 14)
        ((name, reason, message),) = shelf.coverage.missed
        assert (name, reason) == (first.id, Miss.UNREADABLE)
        assert imported.files(first)[0].name in message
        assert first not in shelf.samples and second in shelf.samples
        assert str(shelf.coverage) == "7 of 8 samples cropped (1 unreadable)"

    @pytest.mark.parametrize(("boxes", "miss"), [((), Miss.NO_FACE), (((0, 0, 10, 30),), Miss.TINY_FACE)])
    def test_no_face_and_a_tiny_face_are_told_apart(self, imported: Corpus, boxes: tuple, miss: Miss) -> None:
        coverage = keep_crops(imported, SPEC, per_clip=2, finder=Boxes(*boxes))
        assert (coverage.cropped, coverage.count(miss), coverage.frames, coverage.frames_with_face) == (0, 8, 16, 0)


class TestKeptCrops:
    def test_kept_crops_are_not_cut_again_and_are_the_same(self, imported: Corpus) -> None:
        finder = Boxes((0, 0, 40, 40))
        before = gather_crops(imported, imported.samples, SPEC, per_clip=2, finder=finder, faces=1)
        keep_crops(imported, SPEC, per_clip=2, finder=finder)
        asked = finder.asked
        train = imported.where(split=Split.TRAIN)
        kept = gather_crops(imported, train, SPEC, per_clip=2, finder=finder)
        assert finder.asked == asked
        mine = [row for row, sample in enumerate(before.samples) if sample.split is Split.TRAIN]
        np.testing.assert_array_equal(kept.crops, before.crops[mine])

    def test_a_damaged_kept_file_is_cut_again(self, imported: Corpus) -> None:
        finder = Boxes((0, 0, 40, 40))
        keep_crops(imported, SPEC, per_clip=2, finder=finder)
        for path in (imported.root / "crops").iterdir():
            path.write_bytes(b"half")
        asked = finder.asked
        coverage = keep_crops(imported, SPEC, per_clip=2, finder=finder)
        assert (coverage.cropped, finder.asked - asked) == (8, 16)

    def test_another_content_contract_or_finder_has_another_name(self, imported: Corpus) -> None:
        sample = imported.samples[0]
        job = job_of(imported, sample, SPEC, 2)
        others = (
            job_of(imported, dataclasses.replace(sample, sha256="0"), SPEC, 2),
            job_of(imported, sample, SPEC, 3),
            job_of(imported, sample, dataclasses.replace(SPEC, crop_margin=0.4), 2),
            job_of(imported, sample, dataclasses.replace(SPEC, input_size=32), 2),
            job_of(imported, sample, dataclasses.replace(SPEC, alignment="five_point"), 2),
        )
        finder = Boxes()
        assert len({job.key(finder), job.key(None), *(other.key(finder) for other in others)}) == 7

    @pytest.mark.slow
    def test_two_processes_cut_what_one_does(self, tiny_corpus: Corpus) -> None:
        samples = tiny_corpus.where(split=Split.TEST)
        one, two = (
            gather_crops(tiny_corpus, samples, SPEC, per_clip=2, labour=Labour(workers=workers)) for workers in (1, 2)
        )
        assert one.samples == two.samples
        np.testing.assert_array_equal(one.crops, two.crops)


class TestSeveralFaces:
    def test_faces_half_as_large_as_the_largest_count_and_smaller_ones_do_not(self) -> None:
        finder = Boxes((0, 0, 60, 60), (0, 0, 30, 30), (0, 0, 29, 29))
        look = look_for_faces([np.zeros((64, 64, 3), np.uint8)], np.arange(1), finder, most=4)
        assert look.faces is not None
        assert look.faces.boxes[:, 2].tolist() == [60, 30]

    def test_a_frame_is_scored_by_its_highest_face(self, imported: Corpus) -> None:
        detector = create_detector("toy_resnet18", seed=0)
        finder = Boxes((0, 0, 60, 60), (10, 10, 50, 50))
        shelf = gather_crops(imported, imported.samples[:2], SPEC, per_clip=3, finder=finder, faces=4)
        assert len(shelf.crops) == 12
        each = detector.probabilities(shelf.crops).reshape(6, 2)
        table = score_shelf(detector, shelf)
        np.testing.assert_allclose(table.scores, each.max(1))
        assert len(set(each.argmax(1))) > 0 and table.videos[::3] == tuple(key_of(s) for s in imported.samples[:2])

    def test_spreading_keeps_all_faces_of_a_frame(self) -> None:
        faces = Faces(np.array([0, 0, 3, 3, 7]), np.zeros((5, 4), np.float32), np.zeros((5, 68, 2), np.float32))
        assert faces.spread(2).frames.tolist() == [0, 0, 7]


class TestFivePoints:
    def test_the_closed_form_is_the_exact_similarity_where_there_is_one(self) -> None:
        rng = np.random.default_rng(0)
        points = rng.normal(size=(5, 2))
        turn = 1.7 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
        move = similarity(points, points @ turn.T + (3, -2))
        np.testing.assert_allclose(move, np.column_stack([turn, (3, -2)]), atol=1e-9)

    def test_no_other_similarity_fits_better(self) -> None:
        rng = np.random.default_rng(1)
        points, target = rng.normal(size=(2, 5, 2))
        best = similarity(points, target)

        def error(move: np.ndarray) -> float:
            return float(((points @ move[:, :2].T + move[:, 2] - target) ** 2).sum())

        for _ in range(200):
            a, b, x, y = rng.normal(best[[0, 1, 0, 1], [0, 0, 2, 2]], 0.05)
            assert error(np.array([[a, -b, x], [b, a, y]])) >= error(best) - 1e-9

    @pytest.mark.parametrize("turn", [-30, 0, 45])
    def test_a_turned_face_stands_upright_on_the_template(self, turn: int) -> None:
        import cv2

        puppet = puppets.sample_puppet(np.random.default_rng(3), "toon")
        shot = puppets.render(puppet, puppet.neutral(), 256)
        move = cv2.getRotationMatrix2D((128, 128), turn, 1)
        image = cv2.warpAffine(shot.image, move, (256, 256))
        landmarks = shot.landmarks @ move[:, :2].T + move[:, 2]
        straight, turned = align_face(shot.image, shot.landmarks, 96, 0.15), align_face(image, landmarks, 96, 0.15)
        middle = slice(24, 72)
        assert np.abs(straight[middle, middle].astype(int) - turned[middle, middle]).mean() < 6

    def test_the_margin_gives_the_usual_scale(self) -> None:
        wanted = ((TEMPLATE - 0.5) / 1.3 + 0.5) * 256
        landmarks = np.zeros((68, 2))
        landmarks[36:42], landmarks[42:48], landmarks[30], landmarks[48], landmarks[54] = wanted
        np.testing.assert_allclose(five_points(landmarks), wanted)
        image = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
        assert np.abs(align_face(image, landmarks, 256, 0.15).astype(int) - image).max() <= 1

    def test_a_spec_that_wants_five_points_gets_them_or_is_refused(self, tiny_corpus: Corpus) -> None:
        spec = dataclasses.replace(SPEC, alignment="five_point")
        samples = tiny_corpus.where(split=Split.TEST, label=Label.GENUINE, slice=Slice.MAIN)
        shelf: CropShelf = gather_crops(tiny_corpus, samples, spec, per_clip=1)
        upright = gather_crops(tiny_corpus, samples, SPEC, per_clip=1)
        assert shelf.crops.shape == upright.crops.shape and not np.array_equal(shelf.crops, upright.crops)
        with pytest.raises(CorpusError, match="aligned by five points"):
            cut_crops([np.zeros((64, 64, 3), np.uint8)], np.array([[0, 0, 40, 40]], np.float32), spec)


def test_the_command_reports_coverage(tiny_corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json
    import shutil

    shutil.copytree(tiny_corpus.root, tmp_path / "corpus")
    words = ["corpus", "crop", str(tmp_path / "corpus"), "--detector", "cpu", "--per-clip", "2", "--workers", "1"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert f"{len(tiny_corpus.samples)} of {len(tiny_corpus.samples)} samples cropped" in out
    assert cli.main([*words, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["results"]
    assert entry["cropped"] == len(tiny_corpus.samples)
    assert entry["counts"] == {"no face": 0, "tiny face": 0, "unreadable": 0}
    assert entry["contract"]["alignment"] == "upright"


def test_a_job_can_be_sent_to_another_process(tiny_corpus: Corpus) -> None:
    import pickle

    job = job_of(tiny_corpus, tiny_corpus.samples[0], SPEC, 2)
    again: CropJob = pickle.loads(pickle.dumps(job))  # noqa: S301
    assert again.key(None) == job.key(None)


class TestTheTestSplitStaysShut:
    def test_crops_of_the_test_split_cannot_be_handed_to_training(self, tiny_corpus: Corpus) -> None:
        held, tested = tiny_corpus.where(split=Split.VAL), tiny_corpus.where(split=Split.TEST)
        assert len(gather_crops(tiny_corpus, held, SPEC, per_clip=1).as_set().crops)
        shelf = gather_crops(tiny_corpus, (*held, tested[0]), SPEC, per_clip=1)
        with pytest.raises(CorpusError, match=f"1 samples of the test split, such as {tested[0].id}"):
            shelf.as_set()

    def test_the_test_split_is_not_self_blended_either(self, tiny_corpus: Corpus) -> None:
        tested = tiny_corpus.where(split=Split.TEST, label=Label.GENUINE)
        with pytest.raises(CorpusError, match="test split"):
            blend_crops(tiny_corpus, tested, SPEC, np.random.default_rng(0), per_clip=1)

    @pytest.mark.parametrize("diet", list(Diet))
    def test_a_training_opens_no_file_of_the_test_split(
        self, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, diet: Diet
    ) -> None:
        """The corpus says where its files lie, so training is given one that refuses to for the test split."""
        asked: list[Split] = []
        honest = Corpus.file

        def watched(self: Corpus, sample: Sample) -> Path:
            asked.append(sample.split)
            return honest(self, sample)

        monkeypatch.setattr(Corpus, "file", watched)
        config = TrainConfig(epochs=1, batch_size=4)
        train_on(tiny_corpus, TrainingRun("toy_resnet18", diet, 1, config))
        assert set(asked) == {Split.TRAIN, Split.VAL}
