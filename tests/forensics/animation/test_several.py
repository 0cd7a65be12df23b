"""Several sources with several drives: every pair, one name each."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.animation.several import plan_pairs
from forensics.errors import InputError


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("faces/b.png", "faces/a.jpg", "faces/notes.md", "moves/one.mp4", "moves/two.csv", "moves/look.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_two_files_are_one_animation(folders: Path) -> None:
    assert plan_pairs(folders / "faces/b.png", folders / "moves/one.mp4", folders / "a.mp4") is None


def test_every_source_meets_every_drive(folders: Path) -> None:
    pairs = plan_pairs(folders / "faces", folders / "moves", folders / "out")
    assert pairs is not None
    assert [pair.out.name for pair in pairs] == [
        "a--look.png", "a--one.mp4", "a--two.mp4", "b--look.png", "b--one.mp4", "b--two.mp4",
    ]  # fmt: skip
    assert (pairs[1].source.name, pairs[1].drive.name) == ("a.jpg", "one.mp4")
    assert (folders / "out").is_dir()


def test_a_list_names_files_beside_it(folders: Path) -> None:
    (folders / "few.txt").write_text("faces/b.png\n\n")
    pairs = plan_pairs(folders / "few.txt", folders / "moves/one.mp4", folders / "out")
    assert pairs is not None and [pair.source for pair in pairs] == [folders / "faces/b.png"]


def test_what_cannot_be_planned_is_said_before_anything_is_made(folders: Path) -> None:
    (folders / "faces/b.webp").write_bytes(b"")
    (folders / "empty").mkdir()
    for source, out, said in (
        ("faces", "out.mp4", "3 sources and 1 drives make 3 files; name a folder as output"),
        ("faces", "out", "b--one.mp4: would be made of"),
        ("empty", "out", "names no file that can be used here"),
        ("none.txt", "out", "cannot be read as a list"),
        ("few.txt", "no/out", "does not exist"),
    ):
        (folders / "few.txt").write_text("faces/b.png")
        with pytest.raises(InputError, match=said):
            plan_pairs(folders / source, folders / "moves/one.mp4", folders / out)
    assert not (folders / "out").exists()
