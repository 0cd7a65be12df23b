"""The detectors' own writer of whole files behaves as the one of `watermark` does."""

from __future__ import annotations

from pathlib import Path

import pytest

import watermark
from detectors.files import file_hash, whole_file


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with whole_file(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.json", "new")]


@pytest.mark.parametrize("written", [False, True])
def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path, written: bool) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="bad"), whole_file(path) as part:
        if written:
            part.write_text("half")
        raise ValueError("bad")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.json", "old")]


def test_both_twins_hash_alike(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 1000)
    assert file_hash(tmp_path / "a") == watermark.file_hash(tmp_path / "a")
