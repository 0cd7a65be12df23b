"""Files that reports and scores travel in."""

import csv
import json

import numpy as np
import pytest

from forensics.evaluation import (
    EvalReport,
    EvalRun,
    Level,
    Measure,
    ScoresError,
    ScoreTable,
    folder_of,
    read_report,
    read_run,
    read_scores,
    short_names,
    write_report,
    write_run,
    write_scores,
)

MEASURES = (
    Measure("auc/video", Level.VIDEO, "all", "none", 0, 0.9, 0.85, 0.95, 20, 30),
    Measure("fpr/video", Level.VIDEO, "all", "jpeg", 3, 0.2, None, None, 20, 30, note="one identity"),
)
REPORT = EvalReport("toys", "cpu", "plain", 3, MEASURES, sealed=True)


def test_a_report_comes_back_as_it_was_written(tmp_path):
    write_report(REPORT, tmp_path / "out")
    assert read_report(tmp_path / "out") == REPORT
    assert read_report(tmp_path / "out" / "evaluation.json") == REPORT


def test_the_json_has_the_fields_that_other_programs_rely_on(tmp_path):
    document, _ = write_report(REPORT, tmp_path)
    record = json.loads(document.read_text())
    assert set(record) >= {"corpus", "detector", "protocol", "seed", "measures", "sealed"}
    wanted = {"name", "level", "slice", "distortion", "severity", "value", "low", "high", "n_positive", "n_negative"}
    assert all(set(measure) >= wanted for measure in record["measures"])
    assert record["measures"][0]["level"] == "video"


def test_the_table_of_measures_has_one_line_each(tmp_path):
    _, path = write_report(REPORT, tmp_path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["auc/video", "fpr/video"]
    assert float(rows[0]["value"]) == 0.9
    assert rows[1]["low"] == ""


@pytest.mark.parametrize("text", ["", "{}", '{"measures": []}', "[1, 2]", '{"measures": [{"name": "auc"}]}'])
def test_a_file_that_is_no_report_is_refused(tmp_path, text):
    (tmp_path / "evaluation.json").write_text(text)
    with pytest.raises(ScoresError, match="not an evaluation report"):
        read_report(tmp_path)


def test_an_absent_report_is_named(tmp_path):
    with pytest.raises(ScoresError, match=r"evaluation\.json"):
        read_report(tmp_path)


def test_scores_come_back_as_they_were_written(tmp_path):
    table = ScoreTable(
        ("a", "a", "b"),
        (("p",), ("p",), ("p", "q")),
        np.array([0, 0, 1]),
        np.array([0.1, 1 / 3, 0.9]),
        ("plain", "plain", "control"),
    )
    write_scores(table, tmp_path / "scores.csv")
    found = read_scores(tmp_path / "scores.csv")
    assert found.videos == table.videos
    assert found.identities == table.identities
    assert found.labels.tolist() == table.labels.tolist()
    assert found.scores.tolist() == table.scores.tolist()
    assert found.slices == table.slices


def scores_file(tmp_path, text):
    path = tmp_path / "scores.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_videos_of_one_name_are_kept_apart_by_method_and_compression(tmp_path):
    text = "video,identity,label,score,method,compression\n"
    text += "".join(f"000_003,0+3,1,0.{n},{method},c23\n" for n, method in enumerate(("A", "B", "C", "D"), start=1))
    found = read_scores(scores_file(tmp_path, text + "000,0,0,0.5,real,c23\n"))
    assert len(set(found.by_video().videos)) == 5
    assert found.identities[0] == ("0", "3")


def test_a_byte_order_mark_and_more_columns_do_no_harm(tmp_path):
    found = read_scores(scores_file(tmp_path, "\ufeffscore,label,extra,identity,video,group\n0.5,1,x,p,v,night\n"))
    assert found.videos == ("v",)
    assert found.slices == ("night",)


HEADER = "video,identity,label,score\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,label,score\nv,1,0.5\n", "lacks the column identity"),
        ("", "lacks the column video, identity, label, score"),
        (HEADER, "no row"),
        (HEADER + "v,p,1,nan\n", "line 2: score 'nan' is not finite"),
        (HEADER + "v,p,1,inf\n", "line 2: score 'inf' is not finite"),
        (HEADER + "v,p,1,0.5\nw,p,1,high\n", "line 3: score 'high' is not a number"),
        (HEADER + "v,p,fake,0.5\n", "line 2: label 'fake'"),
        (HEADER + "v,p,2,0.5\n", "line 2: label '2'"),
        (HEADER + "v,,1,0.5\n", "line 2: no identity"),
        (HEADER + ",p,1,0.5\n", "line 2: no video"),
        (HEADER + "v,p,1\n", "line 2: no score"),
        (HEADER + "v,p,1,0.5\nv,p,0,0.4\n", "different labels"),
    ],
)
def test_a_bad_file_gives_one_clear_error_that_names_it(tmp_path, text, message):
    path = scores_file(tmp_path, text)
    with pytest.raises(ScoresError, match=message) as caught:
        read_scores(path)
    assert caught.value.path == path
    assert "scores.csv" in str(caught.value)


def test_an_absent_or_binary_file_is_refused(tmp_path):
    with pytest.raises(ScoresError, match="cannot be read"):
        read_scores(tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ScoresError, match="cannot be read"):
        read_scores(tmp_path / "binary.csv")


def test_every_column_comes_back_as_it_was_written(tmp_path):
    table = ScoreTable(
        ("ff/swap/c23/000_003", "swap/007", "x/swap/deep/er/1", "plain"),
        (("000", "003"), ("007",), ("a",), ("b",)),
        np.array([1, 1, 1, 0]),
        np.array([0.25, 0.5, 0.75, 0.1]),
        ("main", "main", "night", "main"),
        ("swap", "swap", "swap", ""),
        {"gender": ("f", "m", "", "f")},
        np.array([True, False, True, True]),
    )
    write_scores(table, tmp_path / "scores.csv")
    found = read_scores(tmp_path / "scores.csv")
    assert (found.videos, found.methods, found.attributes) == (table.videos, table.methods, table.attributes)
    assert found.covered.tolist() == table.covered.tolist()


def test_a_run_comes_back_and_an_older_report_without_the_later_fields_is_read(tmp_path):
    run = EvalRun(
        "toys", "2026-01-01T00:00:00+00:00", "facetrail evaluate", 1, (("numpy", "2"),), ("cpu",), (), ("p:x",)
    )
    write_run(run, tmp_path)
    assert read_run(tmp_path) == run
    document, _ = write_report(REPORT, tmp_path)
    record = json.loads(document.read_text())
    for name in ("threshold", "threshold_origin", "aggregation", "early_reads", "warnings"):
        del record[name]
    document.write_text(json.dumps(record))
    assert read_report(tmp_path) == REPORT
    del record["sealed"]
    document.write_text(json.dumps(record))
    with pytest.raises(ScoresError, match="sealed"):
        read_report(tmp_path)


def test_names_of_detectors_become_short_and_stay_apart():
    assert short_names(["runs/a", "runs/b", "cpu"]) == ("a", "b", "cpu")
    assert short_names(["x/best", "y/best"]) == ("x-best", "y-best")
    assert folder_of("probe:metadata") == "probe-metadata"
    with pytest.raises(ScoresError, match="named twice"):
        short_names(["a", "a"])


def test_a_row_without_a_face_is_undecided_whatever_score_stands_there(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("video,identity,label,score,covered\na,p,0,0.99,0\nb,q,1,,0\nc,r,1,0.75,1\n")
    assert read_scores(path).scores.tolist() == [0.5, 0.5, 0.75]
