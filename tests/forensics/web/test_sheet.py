"""One page about examined files: nothing outside it is loaded, and no file name can add to it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from detectors import Calibration, ConformalDecision, DetectorCard, create_detector, save_detector
from forensics import cli
from forensics.examination import examiner as examination
from forensics.faces.choice import FinderChoice
from watermark import encode_still


class Two:
    """A finder of two faces in the left and right half of a picture."""

    name = "two"

    def __call__(self, image: np.ndarray, most: int, *, thorough: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
        height, width = image.shape[:2]
        points = np.zeros((68, 2), dtype=np.float32)
        halves = ((4, 4, width / 2 - 4, height - 4), (width / 2 + 4, 4, width - 4, height - 4))
        return [(np.array(box, dtype=np.float32), points) for box in halves][:most]


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    made = create_detector("toy_photo", seed=1)
    made.calibration = Calibration(1.0, 0.0, 9, 9)
    made.decision = ConformalDecision(0.2, 0.6, 0.1, None, 9, 9, "frame")
    card = DetectorCard("noise", "", "none", "Apache-2.0", measured_on="<i>noise</i>")
    save_detector(made, tmp_path / "detector", card, half=True)
    return tmp_path / "detector"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    name = tmp_path / "a <script>alert(1)<b>.png"
    noise = np.random.default_rng(4).integers(0, 255, (20, 40, 3), dtype=np.uint8)
    encode_still(np.kron(noise, np.ones((10, 10, 1), dtype=np.uint8)), name)
    return name


def sections(monkeypatch: pytest.MonkeyPatch, detector: Path, picture: Path, home: Path) -> str:
    """Return the section of a picture, made in this process."""
    from forensics.cli.commands.examine import examiner
    from forensics.execution.progress import silent

    def finder(choice: FinderChoice) -> Two:
        return Two()

    monkeypatch.setattr(examination, "open_face_finder", finder)
    handler = examiner(home, str(detector), (), None, FinderChoice(), for_page=True)
    return str(handler(picture, silent).results[0]["_section"])


def test_the_page_shows_boxes_credential_mark_and_limits_and_loads_nothing(
    monkeypatch: pytest.MonkeyPatch, detector: Path, picture: Path, tmp_path: Path
) -> None:
    import datetime as dt

    from forensics.web.sheet.page import page_of

    section = sections(monkeypatch, detector, picture, tmp_path / "home")
    page = page_of([section], ["c.png: is damaged <b>"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert "<script" not in page and "alert(1)<b>" not in page and "<i>noise" not in page and "damaged <b>" not in page
    assert "a &lt;script&gt;" in page and "&lt;i&gt;noise" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:image/)", page)
    assert page.count("Face 1: ") == page.count("Face 2: ") == 1
    for text in ("2 faces were found", "Limits", "carries no credential", "No mark of", "Not examined"):
        assert text in page
    assert page.count("data:image/jpeg;base64,") >= 1


def test_a_page_replaces_neither_an_examined_file_nor_another_unasked(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = picture.read_bytes()
    (tmp_path / "page.html").write_text("kept")
    for out, said in ((picture, "is one of the files"), (tmp_path / "page.html", "--force"), (tmp_path, "is a folder")):
        assert cli.main(["examine", str(picture), "--html", str(out)]) == 1
        assert said in capsys.readouterr().err
    assert picture.read_bytes() == before
    assert (tmp_path / "page.html").read_text() == "kept"
