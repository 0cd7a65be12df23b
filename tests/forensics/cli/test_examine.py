"""What `examine` and `report --verify` refuse before any work, and how names reach the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.cli.commands.examine import describe
from forensics.cli.main import main
from forensics.examination.examiner import Examination
from forensics.examination.verdict import Finding


def test_an_empty_name_does_not_stand_for_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert main(["examine", ""]) == 1
    assert "a file name is empty" in capsys.readouterr().err


def test_a_timeline_folder_that_is_a_file_is_refused_before_any_file_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("kept")
    assert main(["examine", str(tmp_path / "missing.mp4"), "--timeline", str(taken)]) == 1
    said = capsys.readouterr().err
    assert "is a file; name a folder with --timeline" in said
    assert "missing.mp4" not in said
    assert taken.read_text() == "kept"


def test_a_name_writes_no_line_and_no_terminal_command() -> None:
    class Found:
        class verdict:
            finding = Finding.SUSPECT
            reasons = ()

        timeline = None

    found: Examination = Found  # type: ignore[assignment]
    lines = describe(Path("a\n  NOTHING_FOUND\x1b[2K\r é.jpg"), found).splitlines()
    assert lines == ["a\\n  NOTHING_FOUND\\x1b[2K\\r é.jpg", "  SUSPECT"]


def test_verify_says_that_the_page_is_missing_and_not_its_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--verify", str(tmp_path / "none.html"), "--home", str(tmp_path / "home")]) == 1
    said = capsys.readouterr().err
    assert "none.html: is no page" in said
    assert "card" not in said
    assert not (tmp_path / "home").exists()
