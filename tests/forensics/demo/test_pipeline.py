"""From a corpus to detectors, measures and the report, with a stand-in for the generator."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

from detectors import TrainConfig, TrainingSource, create_detector
from forensics.cli.commands.train import configure
from forensics.corpus import Corpus, Label, Slice, Split
from forensics.demo.pipeline import STAGES, DemoConfig, run_demo
from forensics.errors import CorpusError, InputError
from forensics.evaluation import ScoreTable, auc
from forensics.evaluation.run.score_corpus import control_shift, key_of, score_samples
from forensics.examination.examiner import thresholds_of
from forensics.faces import Faces, find_faces, spread_indices
from forensics.faces.crops import gather_crops, gather_faces
from forensics.reporting import read_failures, verify_report
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.rendering import Forger
from forensics.training.data import forged_samples, still_blends
from forensics.training.run_settings import TrainingRun, read_run, with_options
from watermark import Deployment, read_media

SPEC = create_detector("toy_resnet18", seed=0).spec


class BlindFinder:
    """Finds no face in any picture."""

    name = "blind"

    def __call__(self, image: np.ndarray, most: int, *, thorough: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
        return []


class TestFaces:
    @pytest.mark.parametrize(
        ("length", "count", "chosen"), [(3, 8, [0, 1, 2]), (10, 3, [0, 4, 9]), (5, 1, [0]), (100, 2, [0, 99])]
    )
    def test_frames_are_spread_from_first_to_last(self, length: int, count: int, chosen: list[int]) -> None:
        assert spread_indices(length, count).tolist() == chosen

    def test_frames_without_a_face_and_with_tiny_ones_are_left_out(self) -> None:
        boxes = {0: None, 1: (0, 0, 10, 10), 2: (0, 0, 60, 60), 3: (5, 5, 70, 70)}

        def finder(image: np.ndarray, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
            box = boxes[int(image[0, 0, 0])]
            return [] if box is None else [(np.float32(box), np.zeros((68, 2), np.float32))]

        frames = np.stack([np.full((80, 80, 3), index, np.uint8) for index in range(4)])
        faces = find_faces(frames, finder, 4)
        assert faces is not None
        assert faces.frames.tolist() == [2, 3]
        assert find_faces(frames[:2], finder, 2) is None

    def test_a_sidecar_gives_the_same_bytes_every_time(self, tmp_path: Path) -> None:
        faces = Faces(np.arange(2), np.zeros((2, 4), np.float32), np.ones((2, 68, 2), np.float32))
        for name in ("a.npz", "b.npz"):
            faces.save(tmp_path / name)
        assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


class TestCrops:
    def test_crops_come_in_sample_order_with_labels_and_pairs(self, tiny_corpus: Corpus) -> None:
        samples = tiny_corpus.where(split=Split.VAL, slice=Slice.MAIN)
        table = gather_crops(tiny_corpus, samples, SPEC, per_clip=2)
        assert table.crops.shape[1:] == (SPEC.input_size, SPEC.input_size, 3)
        assert list(dict.fromkeys(sample.id for sample in table.samples)) == [sample.id for sample in samples]
        assert table.labels.tolist() == [int(sample.label is Label.FORGED) for sample in table.samples]
        genuine = {name for name, label in zip(table.same_person, table.labels, strict=True) if label == 0}
        assert set(table.same_person) == genuine

    def test_self_blends_stand_beside_their_originals_and_show_the_same_face(self, tiny_corpus: Corpus) -> None:
        samples = tiny_corpus.where(split=Split.TRAIN, label=Label.GENUINE, slice=Slice.MAIN)
        faces, owners = gather_faces(tiny_corpus, samples, SPEC, per_clip=2)
        assert list(dict.fromkeys(owners)) == [sample.id for sample in samples]
        made, videos = still_blends(faces, owners, SPEC)
        assert made.labels.tolist() == [0, 1] * (len(made.labels) // 2)
        assert videos[:2] == [f"{owners[0]} genuine", f"{owners[0]} blended"]
        between = np.abs(made.crops[::2].astype(int) - made.crops[1::2]).mean()
        across = np.abs(made.crops[::2].astype(int) - np.roll(made.crops[::2], 1, axis=0)).mean()
        assert 0 < between < across / 2

    def test_a_sample_without_sidecar_and_tracker_names_the_way_out(self, tiny_corpus: Corpus) -> None:
        sample = dataclasses.replace(tiny_corpus.samples[0], landmarks=None, landmarks_sha256=None)
        with pytest.raises(CorpusError, match="facetrail models get face-mesh"):
            gather_crops(tiny_corpus, [sample], SPEC, per_clip=1)

    def test_a_sample_in_which_no_face_is_found_is_scored_undecided(self, tiny_corpus: Corpus) -> None:
        detector = create_detector("toy_resnet18", seed=0)
        first, second = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)[:2]
        blind = dataclasses.replace(first, landmarks=None, landmarks_sha256=None)
        table = score_samples(detector, tiny_corpus, [blind, second], per_clip=1, finder=BlindFinder())
        scores = dict(zip(table.videos, table.scores, strict=True))
        assert scores[key_of(first)] == 0.5
        assert scores[key_of(second)] != 0.5


class TestControlShift:
    def test_the_shift_is_the_mean_difference_of_twins(self, tiny_corpus: Corpus) -> None:
        samples = tiny_corpus.where(split=Split.TEST, label=Label.GENUINE)
        table = ScoreTable(
            videos=tuple(key_of(sample) for sample in samples),
            identities=tuple(sample.identities for sample in samples),
            labels=np.zeros(len(samples), dtype=np.int64),
            scores=np.array([0.3 if sample.slice is Slice.CONTROL else 0.1 for sample in samples]),
            slices=tuple(sample.slice.value for sample in samples),
        )
        found = control_shift(table, tiny_corpus, seed=0)
        assert (found.plain, found.marked, found.shift.value) == pytest.approx((0.1, 0.3, 0.2))
        assert found.pairs == 4

    def test_a_corpus_without_control_slice_is_refused(self, tiny_corpus: Corpus) -> None:
        samples = tiny_corpus.where(slice=Slice.MAIN)
        table = ScoreTable(
            videos=tuple(key_of(sample) for sample in samples),
            identities=tuple(sample.identities for sample in samples),
            labels=np.zeros(len(samples), dtype=np.int64),
            scores=np.zeros(len(samples)),
            slices=tuple(sample.slice.value for sample in samples),
        )
        with pytest.raises(CorpusError, match="control slice"):
            control_shift(table, Corpus(tiny_corpus.root, samples), seed=0)


class TestTrainingSettings:
    def test_a_file_lies_over_the_defaults_and_options_over_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "run.toml"
        path.write_text('diet = "self-blended"\nper_clip = 3\nmethods = ["a*"]\n[config]\nepochs = 5\nseed = 9\n')
        run = read_run(path, TrainingRun())
        assert run.training_source is TrainingSource.SELF_BLENDED
        assert (run.per_clip, run.config.epochs, run.config.seed) == (3, 5, 9)
        assert run.methods == ("a*",)
        run = with_options(run, detector="toy_resnet18", training_source=None, epochs=2, seed=None)
        assert (run.detector, run.training_source) == ("toy_resnet18", TrainingSource.SELF_BLENDED)
        assert (run.config.epochs, run.config.seed) == (2, 9)

    def test_another_detector_brings_its_own_recipe_and_leaves_what_was_chosen(self) -> None:
        run = with_options(TrainingRun(), detector="sbi", training_source=None, epochs=2, seed=7)
        assert (run.training_source, run.config.epochs, run.config.seed) == (TrainingSource.SELF_BLENDED, 2, 7)
        assert (run.config.optimizer, run.config.learning_rate, run.config.sam_radius) == ("sgd", 1e-3, 0.05)
        run = with_options(run, detector="ln_clip", training_source=None, epochs=None, seed=None)
        assert (run.training_source, run.config.epochs, run.config.learning_rate) == (TrainingSource.FORGED, 2, 3e-4)

    @pytest.mark.parametrize("key", ["training_source", "diet"])
    def test_a_file_names_the_training_source_by_its_older_key_too(self, tmp_path: Path, key: str) -> None:
        path = tmp_path / "run.toml"
        path.write_text(f'{key} = "self-blended"\n')
        assert read_run(path, TrainingRun()).training_source is TrainingSource.SELF_BLENDED
        path.write_text(f'{key} = "twins"\n')
        with pytest.raises(InputError, match="training_source is 'twins', expected 'self-blended' or 'forged'"):
            read_run(path, TrainingRun())

    def test_the_older_option_sets_the_training_source_and_is_not_shown(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        parser = argparse.ArgumentParser()
        configure(parser)
        for option in ("--training-source", "--diet"):
            options = parser.parse_args(["detector", "corpus", "--out", "detector", option, "self-blended"])
            assert options.training_source == "self-blended"
        with pytest.raises(SystemExit):
            parser.parse_args(["detector", "--help"])
        shown = capsys.readouterr().out
        assert "--training-source" in shown and "--diet" not in shown

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("per_clips = 3", "per_clip"),
            ("[config]\nlearning = 1", "learning_rate"),
            ('diet = "forge"', "forged"),
            ("per_clip = true", "per_clip is True, expected int"),
            ('[config]\nepochs = "twelve"', "config.epochs is 'twelve', expected int"),
            ("[config]\nmax_seconds = 'long'", "config.max_seconds is 'long', expected float"),
            ('[config]\noptimizer = "adaw"', "config.optimizer is 'adaw', expected 'adamw' or 'adam' or 'sgd'"),
            ("[config.augment]\nflip = 0.0", "unknown 'augment'"),
            ("config = 3", "config is 3, expected a table"),
            ("detector = 3", "detector is 3, expected str"),
            ("start = 3", "start is 3, expected Path"),
            ("pretrained = 3", "pretrained is 3, expected bool or Path"),
            ("diet = 3", "training_source is 3, expected 'forged' or 'self-blended' or 'twins'"),
            ('training_source = "twins"', "training_source is 'twins', expected 'self-blended' or 'forged'"),
            ('training_source = "forge"', "forged"),
            ('methods = "face-swap"', "methods is 'face-swap', expected a list of str"),
            ("=", "no TOML"),
        ],
    )
    def test_an_unknown_key_is_refused_with_the_nearest(self, tmp_path: Path, text: str, words: str) -> None:
        path = tmp_path / "run.toml"
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            read_run(path, TrainingRun())

    def test_paths_in_a_file_are_relative_to_it_and_its_detector_brings_the_recipe(self, tmp_path: Path) -> None:
        path = tmp_path / "run.toml"
        path.write_text('detector = "sbi"\nstart = "before"\npretrained = "weights"\n[config]\nepochs = 2\n')
        run = read_run(path, TrainingRun())
        assert (run.start, run.pretrained) == (tmp_path / "before", tmp_path / "weights")
        assert (run.detector, run.training_source) == ("sbi", TrainingSource.SELF_BLENDED)
        assert (run.config.epochs, run.config.optimizer, run.config.sam_radius) == (2, "sgd", 0.05)
        path.write_text("pretrained = true\n")
        assert read_run(path, TrainingRun()).pretrained is True

    def test_a_file_of_settings_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            read_run(tmp_path / "absent.toml", TrainingRun())
        assert caught.value.filename == str(tmp_path / "absent.toml")

    def test_less_than_one_half_is_never_called_high(self) -> None:
        assert thresholds_of(create_detector("toy_resnet18")).suspect >= 0.5


@pytest.mark.slow
def test_the_trail_ends_in_a_report_whose_numbers_are_its_own(
    tmp_path: Path, forger: Forger, deployment: Deployment
) -> None:
    config = DemoConfig(
        corpus=SynthesisConfig(seed=3, identities=6, clips=1, stills=0, frames=4, size=192),
        detector="cpu",
        per_clip=4,
        training=TrainConfig(epochs=2, seed=3),
        distortions=("jpeg", "blur"),
        severities=(1,),
        distorted_per_clip=2,
        gallery=2,
        replicates=40,
    )
    out = tmp_path / "out"
    walked = run_demo(out, config, forger, deployment)
    assert [stage.name for stage in walked.trail.stages] == [stage.name for stage in STAGES]
    assert all(row.as_sealed for row in walked.trail.provenance)
    corpus = Corpus.load(out / "corpus")
    assert len(walked.trail.provenance) == len([sample for sample in corpus.samples if sample.mark_id])
    assert len(walked.trail.gallery) == 2
    for row in walked.trail.gallery:
        assert row.truth is not None
        truth, output = (read_media(out / media.path).frames for media in (row.truth, row.output))
        assert truth.shape == output.shape
    by_hand = auc_by_hand(out / "evaluation" / "after" / "scores.csv")
    page = walked.written.page.read_text("utf-8")
    assert f"{by_hand:.3f}" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    report = json.loads((out / "evaluation" / "after" / "evaluation.json").read_text())
    assert report["sealed"] is True
    kinds = {measure["name"] for measure in report["measures"]}
    assert {"score_shift_by_mark/video", "mean_score/video", "auc/video", "fpr/video"} <= kinds
    assert verify_report(walked.written.page, deployment.trust).missing == ()
    titles = [section.name for section in walked.written.contents.sections]
    assert {"gallery", "detection", "comparisons", "robustness", "control", "provenance"} <= set(titles)
    for failure in read_failures(out, out / "evaluation" / "before"):
        assert (out / failure.crop).is_file() and (out / failure.heat).is_file()


def auc_by_hand(path: Path) -> float:
    videos: dict[str, list[float]] = {}
    labels: dict[str, int] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            key = "/".join(row[name] for name in ("dataset", "method", "compression", "video") if row[name])
            videos.setdefault(key, []).append(float(row["score"]))
            labels[key] = int(row["label"])
    return auc(np.array(list(labels.values())), np.array([np.mean(values) for values in videos.values()]))


def test_a_detector_of_forgeries_is_fed_the_mark_on_both_classes_or_has_no_choice(tiny_corpus: Corpus) -> None:
    marked = forged_samples(tiny_corpus, Split.TEST)
    assert {sample.label for sample in marked} == set(Label)
    assert all(sample.mark_id is not None for sample in marked)
    plain = forged_samples(tiny_corpus, Split.TRAIN)
    assert {(sample.label, sample.mark_id is None) for sample in plain} == {
        (Label.GENUINE, True),
        (Label.FORGED, False),
    }
