"""`facetrail compare` on folders and files of scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensics.cli.commands.compare import read_tables
from forensics.cli.main import main
from forensics.evaluation import EvalReport, ScoresError, ScoreTable, measure_table, write_scores
from forensics.evaluation.run import Evaluated, Settings, write_results

Call = Callable[..., tuple[int, str, str]]


def table(strength: float, seed: int, videos: int = 80) -> ScoreTable:
    rng = np.random.default_rng(seed)
    labels = np.arange(videos) % 2
    return ScoreTable(
        tuple(f"v{n}" for n in range(videos)),
        tuple((f"p{n // 4}",) for n in range(videos)),
        labels,
        1 / (1 + np.exp(-rng.normal(strength * labels, 1))),
        ("plain",) * videos,
    )


def results(out: Path, **strengths: float) -> Path:
    done = []
    for seed, (name, strength) in enumerate(strengths.items()):
        rows = table(strength, seed)
        measures = measure_table(rows, seed=0, replicates=20)
        report = EvalReport("toys", name, "sealed", 0, measures, sealed=True, corpus_digest="d")
        done.append(Evaluated(report=report, table=rows, settings=Settings()))
    write_results(done, (), Settings(), out)
    return out


def test_a_folder_of_three_detectors_is_compared_pair_by_pair(facetrail: Call, tmp_path: Path) -> None:
    out = results(tmp_path / "out", weak=0.1, strong=3.0, alike=3.0)
    code, text, _ = facetrail("compare", out)
    assert code == 0
    lines = {line.split("  ")[1].strip(): line for line in text.splitlines() if " : " in line}
    assert "strong is better" in lines["weak : strong"]
    assert "alike is better" in lines["weak : alike"]
    assert "not distinguishable" in lines["strong : alike"]
    assert "40 manipulated and 40 genuine videos, 20 groups of identities" in text


def test_detectors_folders_and_files_can_be_mixed(tmp_path: Path) -> None:
    out = results(tmp_path / "out", weak=0.1, strong=3.0)
    write_scores(table(1.0, 9), tmp_path / "foreign.csv")
    assert list(read_tables([out, tmp_path / "foreign.csv"])) == ["weak", "strong", "foreign"]
    assert list(read_tables([out / "strong", out / "weak"])) == ["strong", "weak"]
    other = results(tmp_path / "other", weak=0.2)
    assert list(read_tables([out / "weak", other / "weak"])) == ["out-weak", "other-weak"]
    with pytest.raises(ScoresError, match="named twice"):
        read_tables([out / "weak", out / "weak"])


def test_different_videos_are_refused_with_their_number(facetrail: Call, tmp_path: Path) -> None:
    write_scores(table(1.0, 0), tmp_path / "long.csv")
    write_scores(table(1.0, 1, videos=60), tmp_path / "short.csv")
    code, _, error = facetrail("compare", tmp_path / "long.csv", tmp_path / "short.csv")
    assert code == 1
    assert "20 only in the first, 0 only in the second, 60 in both" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["one.csv"], 2, "wants two detectors"),
        (["absent"], 1, "absent is missing; name a results folder"),
        (["one.csv", "two.csv", "--power", "2"], 2, "not a difference of AUC"),
        (["one.csv", "two.csv", "--aggregation", "median"], 1, "no aggregation is called 'median'"),
        (["out/weak", "out/strong", "--seeds"], 1, "at least 3 runs"),
    ],
)
def test_a_mistake_gets_one_line_with_the_way_out(
    facetrail: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    results(tmp_path / "out", weak=0.1, strong=3.0)
    write_scores(table(1.0, 0), tmp_path / "one.csv")
    write_scores(table(1.0, 1), tmp_path / "two.csv")
    found, _, error = facetrail("compare", *arguments)
    assert found == code
    assert message in error and "Traceback" not in error


def test_power_says_how_many_videos_it_takes(facetrail: Call, tmp_path: Path) -> None:
    out = results(tmp_path / "out", one=1.0, other=1.0)
    code, text, _ = facetrail("compare", out, "--power", "0.02", "--replicates", "300")
    assert code == 0
    assert "To see a difference of 0.02 AUC with 80% power takes about" in text
    assert "these 80 videos of 20" in text


def test_seeds_from_files_of_scores_are_refused_by_what_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a.csv", "b.csv", "--seeds"]) == 2
    assert "--seeds wants a results folder for each seed, and a.csv is a file of scores" in capsys.readouterr().err
