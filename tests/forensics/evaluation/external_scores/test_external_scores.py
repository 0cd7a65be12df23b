"""Other people's scores: every shape of file, videos kept apart, people named, published numbers restated exactly."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from forensics.evaluation import EvalReport, ScoresError, measure_table
from forensics.evaluation.external_scores import ForeignScores, describe_beside, parse_columns, put_beside, read_foreign
from forensics.evaluation.external_scores.bench_folder import read_log
from forensics.evaluation.external_scores.naming import name_video
from forensics.evaluation.external_scores.published import (
    accuracy_at_half,
    best_accuracy,
    by_folder,
    nearest_eer,
    top_mean,
)

from .foreign_files import METHODS, FrameScores, faceforensics_scores, write_bench, write_csv


def report_on(foreign: ForeignScores) -> EvalReport:
    measures = measure_table(foreign.table, seed=0, threshold=0.5, replicates=50)
    return EvalReport(foreign.corpus, foreign.name, "test", 0, measures, sealed=False)


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "key", "identities", "label"),
    [
        ("FaceForensics++/manipulated_sequences/Deepfakes/c23/frames/000_003/012.png",
         "FaceForensics++/Deepfakes/c23/000_003", ("ff-000", "ff-003"), 1),
        ("FaceForensics++\\original_sequences\\youtube\\c40\\frames\\003\\000.png",
         "FaceForensics++/youtube/c40/003", ("ff-003",), 0),
        ("FaceForensics++/manipulated_sequences/FaceSwap/raw/videos/000_003.mp4",
         "FaceForensics++/FaceSwap/c0/000_003", ("ff-000", "ff-003"), 1),
        ("Celeb-DF-v2/Celeb-synthesis/frames/id0_id16_0003/9.png",
         "Celeb-DF-v2/Celeb-synthesis/id0_id16_0003", ("celeb-id0", "celeb-id16"), 1),
        ("Celeb-DF-v2/Celeb-real/frames/id7_0003/9.png", "Celeb-DF-v2/Celeb-real/id7_0003", ("celeb-id7",), 0),
        ("DFDC/test/frames/aaqaifqrwn/000.png", "DFDC/test/aaqaifqrwn", ("DFDC/test/aaqaifqrwn",), None),
        ("lone.mp4", "lone", ("lone",), None),
    ],
)  # fmt: skip
def test_a_path_tells_data_set_method_compression_name_and_people(
    path: str, key: str, identities: tuple[str, ...], label: int | None
) -> None:
    video = name_video(path)
    assert (video.key, video.identities, video.label) == (key, identities, label)


def test_folders_of_the_machine_do_not_enter_the_key(tmp_path: Path) -> None:
    rows = [(f"/data/anna/sets/{kind}/{n}.mp4", kind, 0.1 * n) for kind in ("real", "fake") for n in range(3)]
    found = read_foreign(write_csv(tmp_path / "a.csv", ("file", "label", "prob"), rows))[0]
    assert set(found.table.videos) == {f"{kind}/{n}" for kind in ("real", "fake") for n in range(3)}


# --- files ---------------------------------------------------------------------------------------------------------


def shapes(found: FrameScores) -> dict[str, str]:
    """The same scores in every JSON shape that is understood."""
    records = [
        {"Image Path": path, "Y": label, "prob": score}
        for path, label, score in zip(found.paths, found.labels, found.scores, strict=True)
    ]
    columns = {"img_names": found.paths, "y_true": found.labels, "y_pred": found.scores, "auc": 0.9}
    return {
        "records.json": json.dumps(records),
        "columns.json": json.dumps(columns),
        "nested.json": json.dumps({"FaceForensics++": columns}),
        "lines.jsonl": "\n".join(json.dumps(record) for record in records),
        "by_frame.json": json.dumps(dict(zip(found.paths, found.scores, strict=True))),
    }


def test_every_shape_of_one_set_of_scores_gives_the_same_table(tmp_path: Path) -> None:
    found = faceforensics_scores()
    rows = list(zip(found.scores, found.labels, found.paths, strict=True))
    files = [
        write_csv(tmp_path / "comma.csv", ("Prob Fake", "label", "frame-path"), rows),
        write_csv(tmp_path / "tabs.tsv", ("score", "target", "path"), rows, "\t"),
        write_csv(tmp_path / "own.csv", ("s", "l", "p"), rows),
    ]
    np.savez(tmp_path / "arrays.npz", pred=found.scores, label=found.labels, image=np.array(found.paths))
    files.append(tmp_path / "arrays.npz")
    for name, text in shapes(found).items():
        (tmp_path / name).write_text(text)
        files.append(tmp_path / name)
    wanted = read_foreign(files[0])[0].table
    assert len(set(wanted.videos)) == 24 * 5
    assert set(wanted.methods) == {"youtube", *METHODS}
    for path in files[1:]:
        asked = parse_columns("score=s,label=l,video=p") if path.name == "own.csv" else None
        table = read_foreign(path, asked)[0].table
        assert table.videos == wanted.videos, path.name
        assert table.identities == wanted.identities
        assert np.array_equal(table.labels, wanted.labels)
        assert np.allclose(table.scores, wanted.scores)


def test_scores_that_say_how_genuine_a_video_is_are_turned_round(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ("name", "is_fake", "real_prob"), [("a", 0, 0.9), ("b", 1, 0.2)])
    table = read_foreign(path)[0].table
    assert table.scores[1] > table.scores[0]


def test_a_file_with_our_own_columns_is_read_as_before(tmp_path: Path) -> None:
    header = ("video", "identity", "label", "score", "method")
    rows = [("a", "ann", 0, 0.1, "film"), ("a", "ann+bob", 1, 0.9, "swap")]
    table = read_foreign(write_csv(tmp_path / "a.csv", header, rows))[0].table
    assert table.videos == ("film/a", "swap/a")
    assert table.identities == (("ann",), ("ann", "bob"))


def test_scores_by_video_take_labels_from_records_and_frames_from_lists(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"x": {"label": "REAL", "score": [0.1, 0.3]}, "y": {"label": "FAKE", "score": 0.8}}))
    table = read_foreign(path)[0].table
    assert table.videos == ("x", "x", "y")
    assert table.labels.tolist() == [0, 0, 1]


def test_several_data_sets_in_one_file_become_slices(tmp_path: Path) -> None:
    part = {"path": ["a", "b"], "label": [0, 1], "score": [0.2, 0.7]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"DFDC": part, "UADFV": part}))
    table = read_foreign(path)[0].table
    assert table.slice_names == ("DFDC", "UADFV")
    assert len(set(table.videos)) == 4


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "video,label\nx,1\n", "--columns score=NAME"),
        ("a.csv", "score,label\n0.1,1\n", "--columns video=NAME"),
        ("a.csv", "video,score\nx,0.3\n", "--columns label=NAME"),
        ("a.csv", "path,label,score\nx,maybe,0.3\n", "line 2: label 'maybe'"),
        ("a.csv", "path,label,score\nx,1,high\n", "line 2: score 'high'"),
        ("a.csv", "path,label,score\nx,1,nan\n", "not finite"),
        ("a.csv", "path,label,score\nx,1,0.3,4\n", "line 2: more cells"),
        ("a.csv", "path,label,score\n,1,0.3\n", "line 2: the column 'path' is empty"),
        ("a.csv", "path,label,score\n", "no line of scores"),
        ("a.csv", "path,label,score\nx,1,0.3\nx,0,0.3\n", "different labels"),
        ("a.json", "{", "not JSON"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", "[]", "holds no scores"),
        ("a.json", "7", "wanted is a list of records"),
        ("a.json", "[7]", "entry 1: expected a record"),
        ("a.json", '{"path": ["a"], "label": [1, 0], "score": [0.1, 0.2]}', "not equally long"),
        ("a.json", '{"a": {"label": [1, 0], "score": [1]}}', "entry 'a': its lists are not equally long"),
        ("a.json", '{"a": "b"}', "not a number"),
        ("a.npz", "no zip", "cannot be read as NPZ"),
        ("a.log", "dataset: X", "test/*/metric_dict_best.pickle"),
        ("a.npy", "x", ".npy is not read"),
        ("a.pickle", "garbage", "not a readable pickle"),
    ],
)
def test_a_broken_file_is_refused_in_one_line_that_names_it(tmp_path: Path, name: str, text: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ScoresError) as raised:
        read_foreign(path)
    message = str(raised.value)
    assert told in message
    assert str(path) in message
    assert "\n" not in message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"path,label,score\n\xff\xfe\x00,1,0.5\n")
    with pytest.raises(ScoresError, match="UTF-8"):
        read_foreign(path)


@pytest.mark.parametrize("text", ["score", "score=", "mark=x", "score=a,score=b"])
def test_columns_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ScoresError, match="FIELD=COLUMN"):
        parse_columns(text)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_of_pickles_fail_otherwise(content: bytes) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.pickle"
        path.write_bytes(content)
        with pytest.raises(ScoresError):
            read_foreign(path)


# --- DeepfakeBench -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("slash", ["/", "\\"])
def test_deepfakebench_results_are_read_from_the_folder_of_a_training(
    tmp_path: Path, protocol: int, slash: str
) -> None:
    scores = faceforensics_scores(slash=slash)
    found = read_foreign(write_bench(tmp_path, scores, protocol=protocol))
    assert [one.name for one in found] == ["xception"]
    table = found[0].table
    assert np.allclose(table.scores, scores.scores)
    assert table.labels.tolist() == list(scores.labels)
    assert len(set(table.videos)) == 24 * 5
    assert found[0].readings == (0.70, 0.90, 0.80, 0.85)
    assert (found[0].printed or {})["video_auc"] == 0.97


def test_names_in_the_pickle_itself_and_lists_of_frames_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "mine.pkl"
    names = [
        ["Celeb-DF-v2/Celeb-real/frames/id1_0001/0.png"],
        ["Celeb-DF-v2/Celeb-synthesis/frames/id1_id2_0001/0.png"],
    ]
    path.write_bytes(pickle.dumps({"pred": [[0.2], [0.7]], "label": np.array([0, 1]), "img_names": names}))
    assert read_foreign(path)[0].table.identities == (("celeb-id1",), ("celeb-id1", "celeb-id2"))


class _Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("ran"),)


def test_a_pickle_that_would_run_something_is_refused_by_name_and_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pickle").write_bytes(pickle.dumps({"pred": _Runs(), "label": [1]}))
    with pytest.raises(ScoresError, match=r"names pathlib\..*nothing of it was run.*npz or CSV"):
        read_foreign(tmp_path / "a.pickle")
    assert not (tmp_path / "ran").exists()


def test_two_files_of_different_readings_are_refused(tmp_path: Path) -> None:
    scores = faceforensics_scores()
    folder = write_bench(tmp_path, scores)
    names = folder / "test" / "FaceForensics++" / "data_dict_test.pickle"
    names.write_bytes(pickle.dumps({"image": scores.paths[::-1], "label": scores.labels[::-1]}))
    with pytest.raises(ScoresError, match=r"labels differ.*same run"):
        read_foreign(folder)
    names.write_bytes(pickle.dumps({"image": scores.paths[:-1], "label": scores.labels[:-1]}))
    with pytest.raises(ScoresError, match="not of one reading"):
        read_foreign(folder)
    names.unlink()
    with pytest.raises(ScoresError, match="data_dict_test"):
        read_foreign(folder)


def test_the_output_of_deepfakebenchs_test_program_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text(
        "dataset: A\nacc: 0.5\nauc: 0.75\npred: [0.1 ... 0.2]\nvideo_auc: 0.8\ndataset: B\nauc: nan\nacc: 1e-1\n"
    )
    assert read_log(path) == {"A": ({"acc": 0.5, "auc": 0.75, "video_auc": 0.8},), "B": ({"acc": 0.1},)}


# --- published beside corrected --------------------------------------------------------------------------------------


def test_grouping_by_folder_merges_the_methods_and_our_number_does_not(tmp_path: Path) -> None:
    found = read_foreign(write_bench(tmp_path, faceforensics_scores()))[0]
    rows = {row.name: row for row in put_beside(found, report_on(found))}
    video = rows["video AUC"]
    assert video.theirs_of == "48 folders"
    assert "24 of its 48 groups mix several of the 120 videos" in video.why
    assert video.ours is not None
    assert video.theirs > video.ours + 0.02
    assert video.low is not None
    assert video.printed == 0.97
    top = rows["AUC, top 3"]
    assert top.theirs == pytest.approx(0.85)
    assert rows["ACC at the best threshold"].theirs >= rows["ACC at 0.5"].theirs
    text = describe_beside(tuple(rows.values()))
    assert "48 folders" in text
    assert "96 forged, 24 genuine" in text


def test_their_video_auc_is_what_their_procedure_gives() -> None:
    found = faceforensics_scores(videos=10, seed=3)
    labels, scores = np.array(found.labels), np.array(found.scores)
    folders = [path.split("/")[-2] for path in found.paths]
    groups: dict[str, list[tuple[float, int]]] = {}
    for folder, score, label in zip(folders, scores, labels, strict=True):
        groups.setdefault(folder, []).append((score, label))
    means = [np.mean([score for score, _ in frames]) for frames in groups.values()]
    kinds = [int(sum(label for _, label in frames) / len(frames)) for frames in groups.values()]
    assert by_folder(folders, folders, labels, scores).auc == pytest.approx(sklearn_metrics.roc_auc_score(kinds, means))


@given(st.integers(0, 10_000), st.integers(1, 12), st.booleans())
def test_their_eer_and_accuracies_are_what_scikit_learn_and_brute_force_give(seed: int, size: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    labels = np.concatenate(([0, 1], rng.integers(0, 2, size)))
    scores = rng.random(len(labels)) if not tied else rng.integers(0, 4, len(labels)) / 4
    fpr, tpr, _ = sklearn_metrics.roc_curve(labels, scores)
    assert nearest_eer(labels, scores) == pytest.approx(fpr[np.nanargmin(np.abs(1 - tpr - fpr))])
    assert accuracy_at_half(labels, scores) == sklearn_metrics.accuracy_score(labels, scores > 0.5)
    thresholds = [-1.0, *scores]
    brute = max(float(((scores > threshold) == (labels == 1)).mean()) for threshold in thresholds)
    assert best_accuracy(labels, scores) == pytest.approx(brute)


def test_the_mean_of_three_takes_fewer_where_there_are_fewer() -> None:
    assert top_mean([0.5]) == 0.5
    assert top_mean([0.1, 0.9, 0.8, 0.7]) == pytest.approx(0.8)


# --- warnings --------------------------------------------------------------------------------------------------------


def test_videos_of_unknown_people_are_counted_in_a_warning(tmp_path: Path) -> None:
    rows = [(f"v{n}", n % 2, n / 10) for n in range(6)]
    found = read_foreign(write_csv(tmp_path / "a.csv", ("video", "label", "score"), rows))[0]
    assert any(warning.startswith("6 of 6 videos name nobody") for warning in found.warnings)
    known = read_foreign(write_bench(tmp_path, faceforensics_scores()))[0]
    assert not any("name nobody" in warning for warning in known.warnings)
    assert any("best on this very test set" in warning for warning in known.warnings)


def test_scores_that_run_the_wrong_way_are_pointed_out(tmp_path: Path) -> None:
    rows = [("a", 0, 0.9), ("b", 1, 0.1)]
    found = read_foreign(write_csv(tmp_path / "a.csv", ("video", "label", "score"), rows))[0]
    assert any("realness=NAME" in warning for warning in found.warnings)
