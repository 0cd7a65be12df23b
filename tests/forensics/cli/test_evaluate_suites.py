"""`facetrail evaluate --suite`."""

import argparse
from pathlib import Path

import pytest

from detectors import DetectorCard, create_detector, save_detector
from forensics.cli.commands.evaluate_options import robustness
from forensics.cli.main import main
from forensics.distortions import SUITES, suites
from forensics.errors import UsageError
from forensics.evaluation import read_report


@pytest.fixture(scope="module")
def toy_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "toy"
    card = DetectorCard(data="none", data_digest="none", split="none", licence="Apache-2.0")
    save_detector(create_detector("toy_cpu", seed=1), folder, card)
    return folder


def test_the_list_names_every_suite_without_a_corpus(capsys):
    assert main(["evaluate", "--suite", "list"]) == 0
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines()[1:]] == [suite.name for suite in SUITES]


def test_an_unknown_suite_is_answered_with_the_nearest_in_one_line(tiny_corpus, toy_folder, capsys):
    assert main(["evaluate", str(tiny_corpus.root), "--detector", str(toy_folder), "--suite", "evryday"]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "evryday" in line]
    assert len(errors) == 1
    assert "nearest: everyday" in errors[0]


@pytest.mark.slow
def test_a_suite_lands_in_table_report_and_cells_and_absent_encoders_are_said(
    tiny_corpus, toy_folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(suites, "has_encoder", lambda name: name != "libsvtav1")
    command = ["evaluate", str(tiny_corpus.root), "--detector", str(toy_folder), "--per-clip", "1", "-o", str(tmp_path)]
    assert main([*command, "--suite", "mark", "av1", "deeperforensics1-mixed"]) == 0
    told = capsys.readouterr().out
    assert "mark:control" in told
    assert "av1:crf crf 58 was left out: the installed PyAV has no encoder libsvtav1" in told
    report = read_report(tmp_path / "toy")
    drift = report.find("fpr_drift/video", distortion="mark:control", severity=1)
    assert drift.parameter == "marked by us, under a key of its own"
    assert report.find("auc/video", distortion="deeperforensics1:mixed", severity=3).parameter.startswith("4 types")
    assert any("av1:crf" in warning for warning in report.warnings)
    assert (tmp_path / "toy" / "cells" / "mark.control-1.csv").is_file()


def test_a_file_of_scores_cannot_be_distorted():
    options = argparse.Namespace(suite=["mark"], workers=1, engine="local", address=None, gpus=0.0)
    with pytest.raises(UsageError, match="cannot be scored again"):
        list(robustness.measure(options, [], lambda share, note: None))
