"""`facetrail evaluate` with groups, attacks and probes: what stands in the answer and in the results folder."""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from detectors import DetectorCard, create_detector, save_detector
from forensics import cli
from forensics.cli.commands.evaluate_options import MEASUREMENTS, Measurement
from forensics.corpus import Corpus
from forensics.evaluation import read_reports, read_scores

from .test_main import SCHEMAS, complaints


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toys") / "toy"
    save_detector(create_detector("toy_resnet18", seed=1), folder, DetectorCard("none", "", "none", "Apache-2.0"))
    return folder


@pytest.fixture
def corpus(tiny_corpus: Corpus, tmp_path: Path) -> Path:
    shutil.copytree(tiny_corpus.root, tmp_path / "corpus")
    return tmp_path / "corpus"


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_offers_what_the_command_calls(name: str) -> None:
    assert isinstance(import_module(f"forensics.cli.commands.evaluate_options.{name}"), Measurement)


@pytest.mark.slow
def test_attacks_and_probes_stand_in_the_results_folder(
    toy: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    arguments = [
        "--per-clip",
        "2",
        "--attack",
        "fgsm",
        "--epsilon",
        "4",
        "1",
        "--probe",
        "metadata",
        "identity",
        "mark",
    ]
    assert cli.main(["evaluate", str(corpus), "--detector", str(toy), *arguments, "--json", "-o", str(out)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert complaints(answer, json.loads((SCHEMAS / "evaluate.json").read_text())) == []
    reports = {one.detector: one for one in read_reports(out)}
    assert list(reports) == ["toy", "probe:metadata", "probe:identity", "probe:mark"]
    rungs = {(one.severity, one.parameter) for one in reports["toy"].measures if one.distortion == "fgsm"}
    assert rungs == {(0, "ε 0/255"), (1, "ε 1/255"), (2, "ε 4/255")}
    assert {one.slice for one in reports["probe:identity"].measures} == {"toy"}
    assert {one.name for one in reports["probe:mark"].measures} == {"score_auc/video", "feature_auc/video"}


@pytest.mark.slow
def test_a_surrogate_is_attacked_and_not_measured(
    toy: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    save_detector(create_detector("toy_cpu", seed=2), other, DetectorCard("none", "", "none", "Apache-2.0"))
    arguments = ["--per-clip", "1", "--attack", "fgsm", "--epsilon", "8", "--surrogate", str(other)]
    assert cli.main(["evaluate", str(corpus), "--detector", str(toy), *arguments]) == 0
    told = capsys.readouterr().out
    assert "fgsm from other" in told and "toy under attack" in told and "other on corpus" not in told


def test_groups_come_from_the_corpus_or_from_a_file(
    toy: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = sorted({sample.identities[0] for sample in Corpus.load(corpus).samples})
    beside = "".join(f"{name},{'odd' if number % 2 else 'even'}\n" for number, name in enumerate(people))
    (corpus / "attributes.csv").write_text("identity,number\n" + beside)
    out = tmp_path / "results"
    assert cli.main(["evaluate", str(corpus), "--detector", str(toy), "--attributes", "-o", str(out)]) == 0
    assert "number: left out for fewer than 10 files of a class" in capsys.readouterr().out
    assert set(read_scores(out / "toy" / "scores.csv").attributes) == {"number", "style"}
    given = tmp_path / "given.csv"
    given.write_text("identity,everybody\n" + "".join(f"{name},yes\n" for name in people))
    assert cli.main(["evaluate", str(corpus), "--detector", str(toy), "--attributes", str(given)]) == 0
    assert "everybody: left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--attack", "pgd"], "--scores has none"),
        (["--probe", "metadata"], "--scores has none"),
        (["--attributes"], "nothing is known of the people"),
        (["--attributes", "absent.csv"], "is not there"),
    ],
)
def test_a_file_of_scores_has_no_frames_to_attack_or_probe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    scores = tmp_path / "scores.csv"
    rows = [f"v{number},p{number},{number % 2},{number / 10}" for number in range(8)]
    scores.write_text("video,identity,label,score\n" + "\n".join(rows) + "\n")
    assert cli.main(["evaluate", "--scores", str(scores), *arguments]) != 0
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--generator", "mini", "--suite", "blur"), "--suite measures detectors; leave it out with --generator"),
        (("--scores", "theirs.csv", "--attack", "fgsm"), "--attack looks at the files of a CORPUS; --scores has none"),
        (("corpus", "--failures", "2"), "--failures wants a results folder -o DIR"),
        (("corpus", "--surrogate", "cpu"), "--surrogate wants --attack"),
        (("corpus", "--crossed"), "--crossed wants --attributes"),
        (("corpus", "--attributes", "none.csv"), "none.csv: is not there; name a CSV file with --attributes"),
        (("corpus", "-o", "FILE"), "FILE: is a file; name a folder with -o"),
        (("corpus", "-o", "FILE/below"), "FILE: is a file; name a folder with -o"),
    ],
)
def test_what_cannot_work_is_refused_before_any_work(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text("precious")
    assert cli.main(["evaluate", *arguments]) in (1, 2)
    assert said in capsys.readouterr().err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["FILE"]
