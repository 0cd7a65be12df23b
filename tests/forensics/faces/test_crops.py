from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detectors import TrainConfig, TrainingSource, create_detector, load_detector, read_card
from forensics import cli
from forensics.corpus import Corpus, Label, Sample, Slice, Split
from forensics.corpus.importers.importing import import_corpus
from forensics.errors import CorpusError
from forensics.evaluation.run.score_corpus import key_of, score_crop_table
from forensics.execution.workers import WorkerConfig
from forensics.faces import Faces, cut_crops, find_faces_in
from forensics.faces.crops import CropTable, gather_crops, gather_faces, job_of, keep_crops
from forensics.faces.cutting import CropJob, Miss
from forensics.faces.five_points import TEMPLATE, align_face, five_points, similarity
from forensics.synthesis.filming import at_rest, find_truth, source_still
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.rendering import Forger
from forensics.synthesis.synthesize import synthesize
from forensics.training.run_settings import SOURCES, TrainingRun, with_options
from forensics.training.train import open_untrained, save_trained, train_on
from generator import DriveSequence
from generator.avatars import sample_avatar
from watermark import Deployment

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
        crop_table = gather_crops(imported, imported.samples, SPEC, per_clip=2, finder=Boxes((0, 0, 40, 40)))
        assert (crop_table.coverage.samples, crop_table.coverage.cropped, crop_table.coverage.crops) == (8, 7, 14)
        ((name, reason, message),) = crop_table.coverage.missed
        assert (name, reason) == (first.id, Miss.UNREADABLE)
        assert imported.files(first)[0].name in message
        assert first not in crop_table.samples and second in crop_table.samples
        assert str(crop_table.coverage) == "7 of 8 samples cropped (1 unreadable)"

    def test_frames_that_were_not_there_at_import_are_counted(self, imported: Corpus) -> None:
        lacking = dataclasses.replace(imported.samples[0], absent_frames=2)
        corpus = dataclasses.replace(imported, samples=(lacking, *imported.samples[1:]))
        coverage = keep_crops(corpus, SPEC, per_clip=2, finder=Boxes((0, 0, 40, 40)))
        assert (coverage.absent_frames, coverage.incomplete) == (2, 1)
        assert str(coverage) == "8 of 8 samples cropped; 2 frames of 1 samples were not there at import"

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
            gather_crops(tiny_corpus, samples, SPEC, per_clip=2, worker_config=WorkerConfig(workers=workers))
            for workers in (1, 2)
        )
        assert one.samples == two.samples
        np.testing.assert_array_equal(one.crops, two.crops)


class TestSeveralFaces:
    def test_faces_half_as_large_as_the_largest_count_and_smaller_ones_do_not(self) -> None:
        finder = Boxes((0, 0, 60, 60), (0, 0, 30, 30), (0, 0, 29, 29))
        look = find_faces_in([np.zeros((64, 64, 3), np.uint8)], np.arange(1), finder, most=4)
        assert look.faces is not None
        assert look.faces.boxes[:, 2].tolist() == [60, 30]

    def test_a_frame_is_scored_by_its_highest_face(self, imported: Corpus) -> None:
        detector = create_detector("toy_resnet18", seed=0)
        finder = Boxes((0, 0, 60, 60), (10, 10, 50, 50))
        crop_table = gather_crops(imported, imported.samples[:2], SPEC, per_clip=3, finder=finder, faces=4)
        assert len(crop_table.crops) == 12
        each = detector.probabilities(crop_table.crops).reshape(6, 2)
        table = score_crop_table(detector, crop_table)
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

        avatar = sample_avatar(3, "cartoon")
        picture = source_still(avatar, 256)
        face = find_truth(avatar, DriveSequence.still(at_rest(avatar), 25), 256).landmarks[0]
        move = cv2.getRotationMatrix2D((128, 128), turn, 1)
        image = cv2.warpAffine(picture, move, (256, 256))
        landmarks = face @ move[:, :2].T + move[:, 2]
        straight, turned = align_face(picture, face, 96, 0.15), align_face(image, landmarks, 96, 0.15)
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
        crop_table: CropTable = gather_crops(tiny_corpus, samples, spec, per_clip=1)
        upright = gather_crops(tiny_corpus, samples, SPEC, per_clip=1)
        assert crop_table.crops.shape == upright.crops.shape and not np.array_equal(crop_table.crops, upright.crops)
        with pytest.raises(CorpusError, match="aligned by five points"):
            cut_crops([np.zeros((64, 64, 3), np.uint8)], np.array([[0, 0, 40, 40]], np.float32), spec)


def test_the_command_reports_coverage(tiny_corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    shutil.copytree(tiny_corpus.root, tmp_path / "corpus")
    words = ["corpus", "crop", str(tmp_path / "corpus"), "--detector", "cpu", "--per-clip", "2", "--workers", "1"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert f"{len(tiny_corpus.samples)} of {len(tiny_corpus.samples)} samples cropped" in out
    assert cli.main([*words, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["results"]
    assert entry["cropped"] == len(tiny_corpus.samples)
    assert entry["counts"] == {"no face": 0, "tiny face": 0, "too short": 0, "unreadable": 0}
    assert entry["contract"]["alignment"] == "upright"


@pytest.fixture(scope="module")
def longer_corpus(tmp_path_factory: pytest.TempPathFactory, forger: Forger, deployment: Deployment) -> Corpus:
    """With clips of six frames, which is more than a toy detector of clips judges at once."""
    config = SynthesisConfig(seed=6, identities=6, clips=1, stills=1, frames=6, size=192, control=())
    return synthesize(tmp_path_factory.mktemp("longer") / "corpus", config, forger, deployment)


@pytest.mark.slow
class TestRowsForDetectorsOfClips:
    CLIPS = create_detector("toy_flicker", seed=0).spec

    @staticmethod
    def seen_at(*frames: int) -> Faces:
        count = len(frames)
        return Faces(np.array(frames), np.zeros((count, 4), np.float32), np.zeros((count, 68, 2), np.float32))

    @pytest.mark.parametrize(
        ("there", "count", "chosen"),
        [
            ((0, 1, 2, 3, 4, 5, 6), 3, [2, 3, 4]),
            ((0, 1, 3, 4, 5, 9), 3, [3, 4, 5]),
            ((0, 2, 4, 6), 2, None),
            ((0, 1), 3, None),
            ((5,), 1, [5]),
        ],
    )
    def test_a_row_is_unbroken_and_from_the_middle(
        self, there: tuple[int, ...], count: int, chosen: list[int] | None
    ) -> None:
        row = self.seen_at(*there).row(count)
        assert (None if row is None else row.frames.tolist()) == chosen

    def test_consecutive_frames_are_cut_and_whole_windows_of_them(self, longer_corpus: Corpus) -> None:
        clip = next(sample for sample in longer_corpus.where(split=Split.TRAIN) if not sample.is_still)
        crop_table = gather_crops(longer_corpus, [clip], self.CLIPS, per_clip=6)
        assert len(crop_table.frames) == self.CLIPS.frames
        assert np.diff(crop_table.frames).tolist() == [1] * (self.CLIPS.frames - 1)

    def test_a_sample_that_is_too_short_is_counted_and_scored_undecided(self, longer_corpus: Corpus) -> None:
        clip = next(sample for sample in longer_corpus.where(split=Split.TEST) if not sample.is_still)
        still = next(sample for sample in longer_corpus.where(split=Split.TEST) if sample.is_still)
        crop_table = gather_crops(longer_corpus, [clip, still], self.CLIPS, per_clip=8)
        assert [(name, reason) for name, reason, _ in crop_table.coverage.missed] == [(still.id, Miss.TOO_SHORT)]
        table = score_crop_table(create_detector("toy_flicker", seed=0), crop_table)
        assert table.scores[table.videos.index(key_of(still))] == 0.5
        assert not table.covered[table.videos.index(key_of(still))]

    @pytest.mark.slow
    def test_a_detector_of_clips_is_trained_and_evaluated_by_command(
        self, longer_corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = str(tmp_path / "flicker")
        words = ["train", "detector", str(longer_corpus.root), "--detector", "toy_flicker", "--epochs", "1", "-o", out]
        assert cli.main(words) == 0
        words = ["evaluate", str(longer_corpus.root), "--detector", out, "-o", str(tmp_path / "results"), "--json"]
        capsys.readouterr()
        assert cli.main(words) == 0
        assert json.loads(capsys.readouterr().out)["results"]


class TestLearningMore:
    def test_named_forgeries_alone_are_fed_and_the_card_names_them(self, tiny_corpus: Corpus, tmp_path: Path) -> None:
        run = TrainingRun("toy_resnet18", per_clip=1, config=TrainConfig(epochs=1, batch_size=4), methods=("stand*",))
        detector, log = train_on(tiny_corpus, run)
        save_trained(detector, log, run, tiny_corpus, tmp_path)
        assert read_card(tmp_path).data.endswith("forgeries by stand-in")
        with pytest.raises(CorpusError, match="no forgery 'deepfakes' in its train split; it has stand-in"):
            train_on(tiny_corpus, dataclasses.replace(run, methods=("deepfakes",)))

    @pytest.mark.slow
    def test_a_trained_detector_goes_on_from_its_weights(
        self, tiny_corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        words = ["train", "detector", str(tiny_corpus.root), "--epochs", "1", "-o"]
        assert cli.main([*words, str(first), "--detector", "toy_resnet18"]) == 0
        run = with_options(TrainingRun(), detector=None, training_source=None, epochs=1, seed=None, start=first)
        begun, known = open_untrained(run), load_detector(first)
        assert all(
            bool((a == b).all())
            for a, b in zip(begun.model.state_dict().values(), known.model.state_dict().values(), strict=True)
        )
        assert (begun.calibration, begun.thresholds) == (None, None)
        assert cli.main([*words, str(second), "--from", str(first), "--methods", "stand*"]) == 0
        assert load_detector(second).spec.name == "toy_resnet18"
        assert read_card(second).data.endswith("begun with the weights of another detector")
        assert cli.main([*words, str(tmp_path / "third"), "--from", str(first), "--detector", "toy_srm"]) == 1
        assert "holds a detector 'toy_resnet18', and 'toy_srm' is to be trained" in capsys.readouterr().err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_a_job_can_be_sent_to_another_process(tiny_corpus: Corpus) -> None:
    import pickle

    job = job_of(tiny_corpus, tiny_corpus.samples[0], SPEC, 2)
    again: CropJob = pickle.loads(pickle.dumps(job))  # noqa: S301
    assert again.key(None) == job.key(None)


class TestTheTestSplitStaysShut:
    def test_crops_of_the_test_split_cannot_be_handed_to_training(self, tiny_corpus: Corpus) -> None:
        held, tested = tiny_corpus.where(split=Split.VAL), tiny_corpus.where(split=Split.TEST)
        assert len(gather_crops(tiny_corpus, held, SPEC, per_clip=1).as_set().crops)
        crop_table = gather_crops(tiny_corpus, (*held, tested[0]), SPEC, per_clip=1)
        with pytest.raises(CorpusError, match=f"1 samples of the test split, such as {tested[0].id}"):
            crop_table.as_set()

    def test_the_test_split_is_not_self_blended_either(self, tiny_corpus: Corpus) -> None:
        tested = tiny_corpus.where(split=Split.TEST, label=Label.GENUINE)
        with pytest.raises(CorpusError, match="test split"):
            gather_faces(tiny_corpus, tested, SPEC, per_clip=1)

    @pytest.mark.slow
    @pytest.mark.parametrize("source", SOURCES)
    def test_a_training_opens_no_file_of_the_test_split(
        self, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, source: TrainingSource
    ) -> None:
        """The corpus says where its files lie, so training is given one that refuses to for the test split."""
        asked: list[Split] = []
        honest = Corpus.file

        def watched(self: Corpus, sample: Sample) -> Path:
            asked.append(sample.split)
            return honest(self, sample)

        monkeypatch.setattr(Corpus, "file", watched)
        config = TrainConfig(epochs=1, batch_size=4)
        train_on(tiny_corpus, TrainingRun("toy_resnet18", source, 1, config))
        assert set(asked) == {Split.TRAIN, Split.VAL}


def test_training_takes_frames_of_the_altered_parts_and_scoring_those_of_the_whole_clip(longer_corpus: Corpus) -> None:
    clip = next(one for one in longer_corpus.where(label=Label.FORGED) if one.fps is not None and one.frames >= 6)
    rate = float(clip.fps or 0)
    parts = dataclasses.replace(clip, segments=((1 / rate, 3 / rate), (4 / rate, 5 / rate)))
    trained = gather_crops(longer_corpus, [parts], SPEC, per_clip=8, altered_only=True)
    assert trained.frames.tolist() == [1, 2, 4]
    scored = gather_crops(longer_corpus, [parts], SPEC, per_clip=8)
    assert scored.frames.tolist() == gather_crops(longer_corpus, [clip], SPEC, per_clip=8).frames.tolist()
    whole = job_of(longer_corpus, clip, SPEC, 8, altered_only=True)
    assert whole.key(None) == job_of(longer_corpus, parts, SPEC, 8).key(None)
    assert whole.key(None) != job_of(longer_corpus, parts, SPEC, 8, altered_only=True).key(None)
