"""What one sample is where the rows of a file are pictures: never a class, a generator or a split taken for a video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forensics.evaluation.external_scores import ForeignScores, SampleUnit, read_foreign

from .foreign_files import write_csv

Layout = Callable[[int, int], str]
"""The path of a picture, from its number and its label."""

PICTURES: dict[str, Layout] = {
    "class folders": lambda n, label: f"data/{('real', 'fake')[label]}/{n:05d}.png",
    "numbered class folders": lambda n, label: f"{('0_real', '1_fake')[label]}/{n:05d}.png",
    "split and class": lambda n, label: f"test/{('real', 'fake')[label]}/{n}.jpg",
    "class and split": lambda n, label: f"{('Real', 'Fake')[label]}/test/{n}.jpg",
    "generators above classes": lambda n, label: f"{('adm', 'gan2')[n % 2]}/{('0_real', '1_fake')[label]}/{n:05d}.png",
    "generators below classes": lambda n, label: f"fake/stylegan{n % 9}/{n:05d}.png" if label else f"real/ffhq/{n}.png",
    "numbered shards": lambda n, label: f"{('real', 'fake')[label]}/{n // 20:03d}/{n:05d}.png",
    "names with a kind": lambda n, label: f"{('real', 'fake')[label]}/ffhq_{n:05d}.png",
    "camera names": lambda n, label: f"{('real', 'fake')[label]}/IMG_{n:04d}.JPG",
    "hashes": lambda n, label: f"{('real', 'fake')[label]}/{n * 7919 % 99991:x}a.webp",
    "photographs of people": lambda n, label: f"{('real', 'fake')[label]}/person_{n % 10:02d}/{n // 10:03d}.png",
    "one folder for all": lambda n, label: f"images/{n:05d}_{label}.png",
    "back-slashes": lambda n, label: f"D:\\data\\{('real', 'fake')[label]}\\{n:05d}.png",
}
FRAMES: dict[str, Layout] = {
    "numbered folders": lambda n, label: f"{('real', 'fake')[label]}/{n // 8:03d}/{n % 8:04d}.png",
    "named folders": lambda n, label: f"test/{('real', 'fake')[label]}/clip_{n // 8}/frame_{n % 8}.jpg",
    "names with a frame number": lambda n, label: f"{('0_real', '1_fake')[label]}/v{n // 8:04d}_frame{n % 8:03d}.png",
    "names with a number": lambda n, label: f"{('real', 'fake')[label]}/vid{n // 8:04d}_{n % 8:02d}.png",
    "a folder of frames": lambda n, label: f"frames/{('a', 'b')[label]}{n // 8}/{n % 8:03d}.png",
}


def read(path: Path, layout: Layout, unit: SampleUnit = SampleUnit.AUTO, size: int = 200) -> ForeignScores:
    rng = np.random.default_rng(0)
    rows = [
        (layout(n, label), label, f"{rng.normal(0.4 + 0.2 * label, 0.2):.4f}") for n in range(size) for label in (0, 1)
    ]
    write_csv(path / "a.csv", ("path", "label", "score"), [rows[i] for i in rng.permutation(len(rows))])
    return read_foreign(path / "a.csv", unit=unit)[0]


@pytest.mark.parametrize("layout", PICTURES.values(), ids=PICTURES.keys())
def test_pictures_of_which_nothing_names_a_video_are_samples_of_their_own(tmp_path: Path, layout: Layout) -> None:
    found = read(tmp_path, layout)
    videos = found.table.by_video()
    assert len(videos) == 400
    rows = np.loadtxt(tmp_path / "a.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    assert roc_auc_score(videos.labels, videos.scores) == pytest.approx(roc_auc_score(rows[:, 0], rows[:, 1]))
    assert found.folders == ()
    assert any("--level video" in note for note in found.notes)


@pytest.mark.parametrize("layout", FRAMES.values(), ids=FRAMES.keys())
def test_numbered_frames_are_those_of_a_video(tmp_path: Path, layout: Layout) -> None:
    assert len(set(read(tmp_path, layout).table.videos)) == 50


@pytest.mark.parametrize("layout", FRAMES.values(), ids=FRAMES.keys())
def test_the_user_can_say_that_they_are_pictures(tmp_path: Path, layout: Layout) -> None:
    assert len(set(read(tmp_path, layout, SampleUnit.PICTURE).table.videos)) == 400


def test_the_user_can_say_that_folders_are_videos(tmp_path: Path) -> None:
    assert len(set(read(tmp_path, PICTURES["numbered shards"], SampleUnit.VIDEO).table.videos)) == 20


def test_few_numbered_folders_are_not_taken_for_videos(tmp_path: Path) -> None:
    found = read(tmp_path, FRAMES["numbered folders"], size=32)
    assert len(set(found.table.videos)) == 64


def test_names_of_classes_in_the_column_of_videos_make_no_video(tmp_path: Path) -> None:
    found = read(tmp_path, lambda n, label: ("real", "fake")[label])
    assert len(set(found.table.videos)) == 400
    assert any("names the classes" in note for note in found.notes)


def test_pictures_of_one_name_in_two_folders_stay_apart_where_a_column_names_the_method(tmp_path: Path) -> None:
    rows = [(f"{part}/{n}.png", n % 2, 0.1 * n, "swap") for part in ("a", "b") for n in range(6)]
    table = read_foreign(write_csv(tmp_path / "a.csv", ("path", "label", "score", "method"), rows))[0].table
    assert len(set(table.videos)) == 12


def test_labels_follow_from_class_folders_and_a_contradiction_is_told(tmp_path: Path) -> None:
    rows = [(f"{kind}/{n}.png", n / 10) for n in range(4) for kind in ("0_real", "1_fake")]
    table = read_foreign(write_csv(tmp_path / "a.csv", ("path", "score"), rows))[0].table
    assert table.labels.tolist() == [0, 1] * 4
    turned = [(name, int("real" in name), score) for name, score in rows]
    found = read_foreign(write_csv(tmp_path / "b.csv", ("path", "label", "score"), turned))[0]
    assert any("contradict the class" in warning for warning in found.warnings)
