"""A detector of one's own is an ordinary detector for every command that takes `--detector`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from detectors import create_detector, load_detector
from examples import own_detector
from forensics.corpus import Corpus, Split
from watermark import read_media

from .test_main import SCHEMAS, complaints

Call = Callable[..., tuple[int, str, str]]
EXAMPLE = Path(own_detector.__file__)
FRAMES = "import numpy as np\ndef predict(path):\n    import cv2\n    return float(cv2.imread(str(path)).std() / 128)\n"


@pytest.fixture
def frames_detector(tmp_path: Path) -> str:
    path = tmp_path / "frames.py"
    path.write_text(FRAMES)
    return f"{path},sees=frame,manipulated=0"


@pytest.mark.slow
def test_everything_is_measured_of_one_file_of_fifteen_lines(
    facetrail: Call, tiny_corpus: Corpus, tmp_path: Path
) -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 15
    code, out, err = facetrail(
        "evaluate", tiny_corpus.root, "--detector", EXAMPLE, "--per-clip", 1, "--suite", "mark", "--attack", "square",
        "--epsilon", 4, "--steps", 10, "--probe", "mark", "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0, err
    assert "own_detector.py under distortions" in out and "square" in out and "probe:mark" in out
    report = json.loads((tmp_path / "out" / "own_detector.py" / "evaluation.json").read_text())
    names = {(one["name"], one["distortion"]) for one in report["measures"]}
    assert {("auc/video", "none"), ("evaded/video", "square"), ("auc/video", "square")} <= names


def test_whole_frames_need_no_face_and_score_as_the_file_does(
    facetrail: Call, tiny_corpus: Corpus, tmp_path: Path, frames_detector: str
) -> None:
    code, _, err = facetrail(
        "evaluate", tiny_corpus.root, "--detector", frames_detector, "--per-clip", 1, "--failures", 1,
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0, err
    report = json.loads((tmp_path / "out" / "frames.py" / "evaluation.json").read_text())
    found = {one["name"]: one["value"] for one in report["measures"] if one["slice"] == "all"}
    samples = tiny_corpus.where(split=Split.TEST)
    scores = [1 - read_media(tiny_corpus.file(one)).frames[0].std() / 128 for one in samples]
    assert found["coverage/video"] == 1
    assert list((tmp_path / "out" / "frames.py" / "failures").glob("*-heat.png"))
    labels = [one.label == "forged" for one in samples]
    assert found["auc/frame"] == pytest.approx(roc_auc_score(labels, scores))


def test_two_detectors_are_compared_on_the_same_test(
    facetrail: Call, tiny_corpus: Corpus, tmp_path: Path, frames_detector: str
) -> None:
    out = tmp_path / "out"
    arguments = ("evaluate", tiny_corpus.root, "--detector", EXAMPLE, frames_detector, "--per-clip", 1, "-o", out)
    assert facetrail(*arguments)[0] == 0
    code, told, err = facetrail("compare", out)
    assert code == 0, err
    assert "own_detector.py" in told and "frames.py" in told


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["face", "frame"])
def test_a_file_is_examined_with_it(
    facetrail: Call, tiny_corpus: Corpus, frames_detector: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sample, *_) = tiny_corpus.where(split=Split.TEST, label="genuine")
    path = tiny_corpus.file(sample)
    code, out, err = facetrail("examine", path, "--detector", frames_detector if kind == "frame" else EXAMPLE, "--json")
    assert code in (0, 3), err
    (entry,) = json.loads(out)["results"]
    assert "nothing tells what it was trained on" in json.dumps(entry)
    if kind == "frame":
        still = read_media(path).frames
        assert entry["score"]["probability"] == pytest.approx(1 - np.mean([one.std() for one in still]) / 128, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--detector", EXAMPLE), "made elsewhere is not trained here"),
        (("--from", EXAMPLE), "made elsewhere is not trained here"),
    ],
)
def test_training_one_is_refused_with_the_way_out(facetrail: Call, tiny_corpus: Corpus, tmp_path, arguments, reason):
    code, _, err = facetrail("train", "detector", tiny_corpus.root, *arguments, "-o", tmp_path / "out")
    assert code != 0 and reason in err
    assert not (tmp_path / "out").exists()


def test_what_a_detector_does_not_state_is_one_line(facetrail: Call, tiny_corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(FRAMES)
    code, _, err = facetrail("evaluate", tiny_corpus.root, "--detector", tmp_path / "bare.py")
    assert code != 0 and "does not say sees, manipulated" in err and "bare.toml" in err
    assert "Traceback" not in err


def test_crops_of_whole_frames_are_not_kept(facetrail: Call, tiny_corpus: Corpus, frames_detector: str) -> None:
    code, _, err = facetrail("corpus", "crop", tiny_corpus.root, "--detector", frames_detector)
    assert code != 0 and "judges whole frames" in err


@pytest.mark.slow
def test_a_converted_checkpoint_is_evaluated_and_learns_more(
    facetrail: Call, tiny_corpus: Corpus, tmp_path: Path
) -> None:
    backbone = create_detector("toy_resnet18").model.state_dict()
    tensors = {
        name.removeprefix("backbone."): value for name, value in backbone.items() if name.startswith("backbone.")
    }
    width = backbone["classifier.weight"].shape[1]
    torch.save({**tensors, "fc.weight": torch.ones(1, width) / 9, "fc.bias": torch.zeros(1)}, tmp_path / "mine.pth")
    how = ("--as", "timm", "--backbone", "test_resnet", "--size", 64, "--normalise", "imagenet")
    code, out, err = facetrail("models", "convert", tmp_path / "mine.pth", *how, "-o", tmp_path / "mine")
    assert code == 0, err
    assert "nothing was measured" in out
    code, out, err = facetrail("models", "convert", tmp_path / "mine.pth", *how, "-o", tmp_path / "again", "--json")
    assert code == 0, err
    assert complaints(json.loads(out), json.loads((SCHEMAS / "models_convert.json").read_text())) == []
    assert facetrail("evaluate", tiny_corpus.root, "--detector", tmp_path / "mine", "--per-clip", 1)[0] == 0
    more = ("train", "detector", tiny_corpus.root, "--from", tmp_path / "mine", "--epochs", 1, "-o", tmp_path / "more")
    code, out, err = facetrail(*more)
    assert code == 0, err
    assert load_detector(tmp_path / "more").thresholds is not None
    code, _, err = facetrail("models", "convert", tmp_path / "mine.pth", "--as", "sbi", "-o", tmp_path / "no")
    assert code != 0 and "would stay random" in err and not (tmp_path / "no").exists()
