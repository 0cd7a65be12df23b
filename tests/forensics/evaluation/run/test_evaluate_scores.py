"""Evaluating other people's scores from the command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.cli.main import main
from forensics.evaluation import read_reports, read_run, read_scores
from forensics.evaluation.run import Settings, evaluate_files

from ..external_scores.foreign_files import faceforensics_scores, write_bench, write_csv


@pytest.mark.slow
def test_files_of_several_detectors_become_one_results_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = faceforensics_scores(seed=5)
    bench = write_bench(tmp_path, faceforensics_scores())
    rows = list(zip(other.paths, other.labels, other.scores, strict=True))
    table = write_csv(tmp_path / "other.csv", ("p", "l", "s"), rows)
    bare = write_csv(tmp_path / "bare.csv", ("path", "label", "prob"), rows)
    out = tmp_path / "out"
    assert main(["evaluate", "--scores", str(bench), str(bare), "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "24 of its 48 groups mix several of the 120 videos" in told
    assert "differences" in told
    run = read_run(out)
    assert run.detectors == ("xception", "bare")
    assert len(run.comparisons) == 1
    assert [report.threshold for report in read_reports(out)] == [0.5, 0.5]
    assert len(read_scores(out / "xception" / "scores.csv")) == 24 * 5 * 4
    with (out / "bare" / "side_by_side.csv").open(encoding="utf-8") as file:
        found = {row["name"]: row for row in csv.DictReader(file)}
    assert float(found["video AUC"]["theirs"]) > float(found["video AUC"]["ours"])
    assert main(["evaluate", "--scores", str(table), "--columns", "video=p,label=l,score=s", "--json"]) == 0
    entry = json.loads(capsys.readouterr().out)["results"][0]
    assert entry["detector"] == "other"
    assert entry["sealed"] is False


@pytest.mark.slow
def test_scores_of_different_test_sets_are_measured_and_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = write_bench(tmp_path / "a", faceforensics_scores(videos=8))
    second = write_bench(tmp_path / "b", faceforensics_scores(videos=10), "FaceForensics++_c23")
    out = tmp_path / "out"
    assert main(["evaluate", "--scores", str(first), str(second), "-o", str(out)]) == 0
    assert read_run(out).comparisons == ()
    assert read_run(out).detectors == ("xception FaceForensics++", "xception FaceForensics++_c23")
    assert "differences" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--scores", "absent.csv"], "absent.csv"),
        (["--scores", "empty"], "metric_dict_best.pickle"),
        (["--scores", "a.csv", "--columns", "nothing"], "FIELD=COLUMN"),
        (["--scores", "a.csv", "--columns", "score=x"], "no column 'x'"),
        (["--scores", "a.csv"], "one class"),
        (["--scores", "a.csv", "--generator", "mini"], "one of a CORPUS"),
    ],
)
def test_what_cannot_be_read_ends_in_one_line_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    write_csv(tmp_path / "a.csv", ("path", "label", "score"), [("a", 1, 0.5), ("b", 1, 0.6)])
    assert main(["evaluate", *arguments, "-o", "out"]) in (1, 2)
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert told in lines[0]
    assert not (tmp_path / "out").exists()


def test_both_levels_are_the_same_where_every_row_is_a_sample(tmp_path: Path) -> None:
    rows = [(f"real/{n}.png" if n % 2 == 0 else f"fake/{n}.png", n % 2, ((n * 37) % 101) / 100) for n in range(60)]
    table = write_csv(tmp_path / "a.csv", ("path", "label", "score"), rows)
    told: list[float] = []
    (found,) = evaluate_files([table], Settings(replicates=10_000), report=lambda fraction, _: told.append(fraction))
    report = found.evaluated.report
    frame, video = report.find("auc/frame"), report.find("auc/video")
    assert frame is not None
    assert video is not None
    assert (frame.value, frame.low, frame.high) == (video.value, video.low, video.high)
    assert video.n_positive == 30
    assert told == sorted(told)
    assert len({round(fraction, 2) for fraction in told}) > 3


def test_samples_that_are_pictures_are_called_pictures(
    facetrail: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    rows = [f"{'fake' if n % 2 else 'real'}/{n:03d}.png,{n % 2},{(n * 37 % 100) / 100}" for n in range(60)]
    (tmp_path / "pictures.csv").write_text("\n".join(["path,label,score", *rows]) + "\n")
    code, out, err = facetrail("evaluate", "--scores", tmp_path / "pictures.csv", "-o", tmp_path / "out")
    assert code == 0, err
    assert "auc/picture" in out and "auc/video" not in out.partition("as published")[0]
    assert "a video's score" not in out
    report = json.loads((tmp_path / "out" / "pictures" / "evaluation.json").read_text())
    assert report["samples"] == "pictures"
    videos = [f"{'fake' if n % 2 else 'real'}/{n // 2:03d}.mp4,{n % 2},{(n * 37 % 100) / 100}" for n in range(60)]
    (tmp_path / "videos.csv").write_text("\n".join(["path,label,score", *videos]) + "\n")
    code, out, err = facetrail("evaluate", "--scores", tmp_path / "videos.csv", "--json")
    assert code == 0, err
    assert json.loads(out)["results"][0]["samples"] == "videos"
