"""Detectors on a corpus: protocols, the record of reads, resuming, and the results folder."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from detectors import DetectorCard, create_detector, save_detector
from detectors.interpretation.thresholds import Thresholds
from forensics.corpus import Corpus, Label, Slice, Split
from forensics.errors import CorpusError, InputError
from forensics.evaluation import (
    Aggregation,
    EvalReport,
    Level,
    Measure,
    ScoresError,
    read_report,
    read_reports,
    read_run,
    read_scores,
)
from forensics.evaluation.protocol.protocols import PROTOCOLS, find_protocol
from forensics.evaluation.protocol.read_journal import JOURNAL_NAME, past_reads
from forensics.evaluation.run import (
    Settings,
    corpus_digest,
    evaluate_corpus,
    with_reports,
    write_results,
)

QUICK = Settings(per_clip=2, replicates=20)


def save_toy(folder: Path, seed: int = 0, threshold: float = 0.4) -> str:
    detector = create_detector("toy_resnet18", seed=seed)
    detector.thresholds = Thresholds(0.9, threshold, "video", 40)
    save_detector(detector, folder, DetectorCard("toys", "0" * 64, "by identity", "Apache-2.0"))
    return str(folder)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_toy(tmp_path_factory.mktemp("detectors") / "toy")


def test_the_report_says_how_many_frames_were_not_there(tiny_corpus: Corpus, toy: str) -> None:
    tested = tiny_corpus.where(split=Split.TEST)[0]
    lacking = dataclasses.replace(tested, absent_frames=3)
    samples = tuple(lacking if sample == tested else sample for sample in tiny_corpus.samples)
    (found,) = evaluate_corpus(dataclasses.replace(tiny_corpus, samples=samples), [toy], QUICK)
    assert any(f"3 frames of 1 samples, such as {tested.id}, were not there" in text for text in found.report.warnings)
    (whole,) = evaluate_corpus(tiny_corpus, [toy], QUICK)
    assert not any("were not there" in text for text in whole.report.warnings)


def test_the_report_says_what_was_tested_and_at_which_threshold(tiny_corpus: Corpus, toy: str) -> None:
    (found,) = evaluate_corpus(tiny_corpus, [toy], QUICK)
    report = found.report
    assert (report.detector, report.threshold, report.sealed, report.early_reads) == ("toy", 0.4, True, ())
    assert "detector's own validation data" in report.threshold_origin
    assert report.aggregation == "mean of probabilities"
    assert report.corpus_digest == corpus_digest(tiny_corpus.where(split=Split.TEST))
    assert any("never calibrated" in warning for warning in report.warnings)
    assert any("fewer than ten" in warning for warning in report.warnings)
    assert found.table is not None and found.validation is not None
    assert not set(found.table.videos) & set(found.validation.videos)
    coverage = report.find("coverage/video")
    assert coverage is not None and (coverage.value, coverage.note) == (1.0, "1.000 of manipulated, 1.000 of genuine")


def test_a_change_of_the_test_changes_its_digest_and_the_order_does_not(tiny_corpus: Corpus) -> None:
    samples = tiny_corpus.where(split=Split.TEST)
    assert corpus_digest(reversed(samples)) == corpus_digest(samples)
    other = dataclasses.replace(samples[0], sha256="0" * 64)
    assert corpus_digest((other, *samples[1:])) != corpus_digest(samples)


def test_cross_measures_each_method_against_all_genuine_samples(tiny_corpus: Corpus, toy: str) -> None:
    settings = dataclasses.replace(QUICK, protocol=find_protocol("cross"))
    (found,) = evaluate_corpus(tiny_corpus, [toy], settings)
    measure = found.report.find("auc/video", slice="method=stand-in")
    assert measure is not None
    assert measure.n_negative == len(tiny_corpus.where(split=Split.TEST, label=Label.GENUINE))
    assert measure.n_positive == len(tiny_corpus.where(split=Split.TEST, label=Label.FORGED))


def test_adapted_takes_its_threshold_from_the_validation_split(tiny_corpus: Corpus, toy: str) -> None:
    settings = dataclasses.replace(QUICK, protocol=find_protocol("adapted"))
    (found,) = evaluate_corpus(tiny_corpus, [toy], settings)
    assert found.validation is not None
    videos = found.validation.by_video()
    genuine = videos.scores[videos.labels == 0]
    assert found.report.threshold == genuine.max()
    assert "validation videos" in found.report.threshold_origin


def test_unseen_tests_every_sample_and_says_what_it_cannot_know(tiny_corpus: Corpus, toy: str) -> None:
    settings = dataclasses.replace(QUICK, protocol=find_protocol("unseen"), per_clip=1)
    (found,) = evaluate_corpus(tiny_corpus, [toy], settings)
    assert found.table is not None and len(found.table.by_video()) == len(tiny_corpus.samples)
    assert found.validation is None
    assert any("saw this corpus in training" in warning for warning in found.report.warnings)


def test_a_corpus_without_a_test_split_names_the_way_out(tiny_corpus: Corpus, toy: str) -> None:
    rest = Corpus(tiny_corpus.root, tiny_corpus.where(split=Split.TRAIN))
    with pytest.raises(CorpusError, match="--protocol unseen"):
        evaluate_corpus(rest, [toy], QUICK)


def test_an_unknown_protocol_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean sealed"):
        find_protocol("seald")
    assert len({protocol.name for protocol in PROTOCOLS}) == len(PROTOCOLS)


def test_a_detector_scored_before_is_not_scored_again(
    tiny_corpus: Corpus, toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = evaluate_corpus(tiny_corpus, [toy], QUICK, out=tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("scored again")

    monkeypatch.setattr("forensics.evaluation.run.score_corpus.score_samples", refuse)
    (again,) = evaluate_corpus(tiny_corpus, [toy], QUICK, out=tmp_path)
    assert again.report == first.report
    assert len(past_reads(tmp_path)) == 1
    cross = dataclasses.replace(QUICK, protocol=find_protocol("cross"))
    (crossed,) = evaluate_corpus(tiny_corpus, [toy], cross, out=tmp_path)
    assert crossed.report.sealed
    scores = tmp_path / "toy" / "scores.csv"
    scores.write_text(scores.read_text().replace("0.", "0.0", 1))
    with pytest.raises(AssertionError, match="scored again"):
        evaluate_corpus(tiny_corpus, [toy], QUICK, out=tmp_path)


def test_weights_changed_after_a_look_at_the_test_break_the_seal(tiny_corpus: Corpus, tmp_path: Path) -> None:
    path, out = tmp_path / "mine", tmp_path / "out"
    evaluate_corpus(tiny_corpus, [save_toy(path)], QUICK, out=out)
    (found,) = evaluate_corpus(tiny_corpus, [save_toy(path, seed=1)], QUICK, out=out)
    assert not found.report.sealed
    assert len(found.report.early_reads) == 1 and "mine" in found.report.early_reads[0]
    (other,) = evaluate_corpus(tiny_corpus, [save_toy(tmp_path / "other", seed=2)], QUICK, out=out)
    assert other.report.sealed
    assert any("read earlier, for mine" in warning for warning in other.report.warnings)


@pytest.mark.parametrize("change", [{"aggregation": Aggregation.MAX}, {"per_clip": 1}])
def test_a_choice_changed_after_a_look_at_the_test_breaks_the_seal(
    tiny_corpus: Corpus, toy: str, tmp_path: Path, change: dict[str, object]
) -> None:
    evaluate_corpus(tiny_corpus, [toy], QUICK, out=tmp_path)
    (found,) = evaluate_corpus(tiny_corpus, [toy], dataclasses.replace(QUICK, **change), out=tmp_path)
    assert not found.report.sealed
    assert "mean of probabilities" in found.report.early_reads[0]


def test_a_damaged_journal_is_named_and_not_written_over(tiny_corpus: Corpus, toy: str, tmp_path: Path) -> None:
    journal = tmp_path / JOURNAL_NAME
    journal.write_text("no read\n")
    with pytest.raises(ScoresError, match=r"reads\.jsonl, line 1"):
        evaluate_corpus(tiny_corpus, [toy], QUICK, out=tmp_path)
    assert journal.read_text() == "no read\n"


def test_a_line_that_a_full_disk_cut_off_stands_for_no_read_and_joins_no_other(
    tiny_corpus: Corpus, toy: str, tmp_path: Path
) -> None:
    evaluate_corpus(tiny_corpus, [toy], QUICK, out=tmp_path)
    journal = tmp_path / JOURNAL_NAME
    line = journal.read_bytes()
    journal.write_bytes(line + line[:90])
    (found,) = evaluate_corpus(tiny_corpus, [toy], dataclasses.replace(QUICK, per_clip=1), out=tmp_path)
    assert len(found.report.early_reads) == 1
    assert len(past_reads(tmp_path)) == 2
    assert journal.read_bytes().startswith(line)


def test_the_folder_holds_what_was_measured(tiny_corpus: Corpus, toy: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = evaluate_corpus(tiny_corpus, [toy], QUICK, out=out)
    probe = EvalReport("corpus", "probe:metadata", "sealed", 0, done[0].report.measures[:2], sealed=True)
    done = with_reports(done, [probe])
    write_results(done, (), dataclasses.replace(QUICK, command="facetrail evaluate"), out)
    run = read_run(out)
    assert (run.detectors, run.probes, run.command) == (("toy",), ("probe:metadata",), "facetrail evaluate")
    assert "machine" in dict(run.environment) and "torch" in dict(run.environment)
    assert read_reports(out) == (done[0].report, probe)
    assert read_report(out / "probe-metadata") == probe
    table = read_scores(out / "toy" / "scores.csv")
    assert done[0].table is not None
    assert table.videos == done[0].table.videos
    assert table.attributes == done[0].table.attributes
    np.testing.assert_array_equal(table.scores, done[0].table.scores)
    assert (out / "toy" / "validation.csv").is_file()


def test_further_measures_join_the_detector_of_their_name_once(tiny_corpus: Corpus, toy: str) -> None:
    done = evaluate_corpus(tiny_corpus, [toy], QUICK)
    more = Measure("auc/video", Level.VIDEO, "all", "jpeg", 1, 0.7, None, None, 4, 4, parameter="quality 30")
    report = dataclasses.replace(done[0].report, measures=(more,), warnings=("thin",))
    twice = with_reports(with_reports(done, [report]), [report])
    assert len(twice) == 1
    assert twice[0].report.measures == (*done[0].report.measures, more)
    assert twice[0].report.warnings.count("thin") == 1


def test_scores_do_not_depend_on_how_many_samples_are_held_at_once(
    tiny_corpus: Corpus, toy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detectors import load_detector
    from forensics.evaluation.run.score_corpus import score_samples

    torch.manual_seed(0)
    samples = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)
    whole = score_samples(load_detector(toy), tiny_corpus, samples, per_clip=2)
    monkeypatch.setattr("forensics.evaluation.run.score_corpus.BATCH", 1)
    parts = score_samples(load_detector(toy), tiny_corpus, samples, per_clip=2)
    assert parts.videos == whole.videos
    np.testing.assert_allclose(parts.scores, whole.scores, atol=1e-6)


def test_the_command_writes_compares_and_lists(
    facetrail: Callable[..., tuple[int, str, str]], tiny_corpus: Corpus, toy: str, tmp_path: Path
) -> None:
    other, out = save_toy(tmp_path / "other", seed=5), tmp_path / "out"
    code, text, _ = facetrail(
        "evaluate", tiny_corpus.root, "--detector", toy, other, "--per-clip", "1", "-o", out, "--protocol", "cross"
    )
    assert code == 0
    assert "toy on corpus" in text and "method=stand-in" in text and "not distinguishable" in text
    assert read_run(out).detectors == ("toy", "other")
    assert len(read_run(out).comparisons) == 1
    code, text, _ = facetrail("evaluate", "--protocol", "list")
    assert code == 0 and all(protocol.name in text for protocol in PROTOCOLS)
    shutil.rmtree(out)


@pytest.mark.slow
def test_an_early_read_is_in_text_and_json(
    facetrail: Callable[..., tuple[int, str, str]], tiny_corpus: Corpus, tmp_path: Path
) -> None:
    path, out = tmp_path / "mine", tmp_path / "out"
    common = ("evaluate", tiny_corpus.root, "--per-clip", "1", "-o", out, "--detector", path)
    save_toy(path)
    facetrail(*common)
    save_toy(path, seed=1)
    _, text, _ = facetrail(*common)
    assert "NOT SEALED: mine" in text
    save_toy(path, seed=2)
    _, answer, _ = facetrail(*common, "--json")
    entry = json.loads(answer)["results"][0]
    assert entry["sealed"] is False and len(entry["early_reads"]) == 2
