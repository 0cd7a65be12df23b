from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics import cli
from forensics.animation import tracking
from forensics.animation.animate import load_drive
from forensics.animation.tracking import TrackerChoice, track_file
from forensics.errors import UsageError
from generator import DriveSequence, FaceParams, read_motion, write_motion
from generator.errors import ModelFilesError, NoFaceError, TrackerError
from generator.trackers import TRACKERS

BOX = ["--box", "10", "10", "90", "90"]


class ToldTracker:
    """Answers a neutral head, and remembers what it was asked."""

    name = "smirk"
    face_model = "flame"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[dict[str, object]] = []

    def track_still(self, image: np.ndarray, *, box: object = None, landmarks: object = None) -> FaceParams:
        self.asked.append({"how": "still", "box": box, "landmarks": landmarks})
        return FaceParams.neutral(face_model="flame")

    def track_clip(
        self, frames: np.ndarray, fps: float, *, box: object = None, landmarks: object = None, progress: object = None
    ) -> DriveSequence:
        if self.error is not None:
            raise self.error
        self.asked.append({"how": "clip", "box": box, "landmarks": landmarks})
        return DriveSequence.still(FaceParams.neutral(face_model="flame"), fps)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(np.full((100, 100, 3), 90, np.uint8)).save(path)
    return path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> ToldTracker:
    tracker = ToldTracker()
    monkeypatch.setattr(tracking, "open_tracker", lambda choice: tracker)
    return tracker


def test_names_offered_are_the_generators() -> None:
    assert tuple(spec.name for spec in TRACKERS) == tracking.TRACKERS


def test_answer_names_tracker_and_face_model(
    told: ToldTracker, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "motion.npz"
    assert cli.main(["track", str(picture), "-o", str(out), "--tracker", "smirk", *BOX, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["results"]
    assert (entry["tracker"], entry["face_model"], entry["frames"]) == ("smirk", "flame", 1)
    assert DriveSequence.load(out).face_model == "flame"
    assert told.asked == [{"how": "clip", "box": (10, 10, 90, 90), "landmarks": None}]


def test_landmarks_of_a_picture_are_taken_as_its_points(told: ToldTracker, picture: Path, tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(10, 90, (68, 2))
    np.save(tmp_path / "points.npy", points)
    drive = track_file(picture, TrackerChoice(landmarks=tmp_path / "points.npy"))
    assert len(drive) == 1
    assert told.asked[0]["how"] == "still"
    np.testing.assert_array_equal(told.asked[0]["landmarks"], points)


@pytest.mark.parametrize("name", ["deca", "smirk"])
def test_absent_weights_are_one_line_with_the_place_and_the_licence(
    name: str, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FACETRAIL_HOME", str(tmp_path / "home"))
    out = tmp_path / "motion.npz"
    assert cli.main(["track", str(picture), "-o", str(out), "--tracker", name]) == 1
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0
    assert str(tmp_path / "home" / "models" / name) in said
    assert "licence" in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoFaceError("no face found in frames 3 to 40"), "face.png: no face found in frames 3 to 40"),
        (TrackerError("face mesh networks: absent; or give"), "face.png: face mesh networks: absent; or give"),
        (ModelFilesError("absent"), "face.png: absent"),
    ],
)
def test_what_a_tracker_says_names_the_file_and_leaves_nothing(
    error: Exception,
    said: str,
    told: ToldTracker,
    picture: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told.error = error
    out = tmp_path / "motion.npz"
    assert cli.main(["track", str(picture), "-o", str(out)]) == 1
    assert capsys.readouterr().err.strip().endswith(said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["face.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([*BOX, "--landmarks", "a.npy"], 2, "--box and --landmarks both say where the face is; give one of them"),
        ([*BOX, "--face", "2"], 2, "--box and --face both say where the face is; give one of them"),
        (["--face", "0"], 2, "argument --face"),
        (["--tracker", "decca"], 2, "invalid choice"),
        (["--box", "1", "2", "3"], 2, "expected 4 arguments"),
        (["--landmarks", "absent.txt"], 1, "absent.txt: cannot be read"),
        (["--tracker-weights", "deca_model.tar"], 1, "deca_model.tar: tracker arkit takes no weights"),
    ],
)
def test_arguments_that_do_not_fit_are_one_line(
    arguments: list[str], code: int, said: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["track", str(picture), "-o", str(tmp_path / "motion.npz"), *arguments]) == code
    assert said in capsys.readouterr().err.strip().splitlines()[-1]


def test_motion_goes_nowhere_but_to_an_npz_in_a_folder_that_is_there(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out, said in ((tmp_path / "a.mp4", "ends in .npz"), (tmp_path / "no" / "a.npz", "does not exist; make it")):
        assert cli.main(["track", str(picture), "-o", str(out)]) == 1
        assert said in capsys.readouterr().err


def test_help_says_the_trackers_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["track", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "non-commercial research" in said
    assert "MIT" in said


class ToldAvatarTracker(ToldTracker):
    """Answers a clip of five frames of the avatar head, whose jaw opens."""

    name = "arkit"
    face_model = "arkit"

    def track_clip(
        self, frames: np.ndarray, fps: float, *, box: object = None, landmarks: object = None, progress: object = None
    ) -> DriveSequence:
        drive = DriveSequence.still(FaceParams.neutral(face_model="arkit"), fps).take([0] * 5)
        drive.expression[:, 17] = np.linspace(0, 0.8, 5)
        return drive


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[TrackerChoice]:
    """Track with `ToldAvatarTracker`, and keep which tracker was asked for."""
    asked: list[TrackerChoice] = []

    def opened(choice: TrackerChoice) -> ToldAvatarTracker:
        asked.append(choice)
        return ToldAvatarTracker()

    monkeypatch.setattr(tracking, "open_tracker", opened)
    return asked


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_text_formats_are_tracked_with_the_avatar_head(
    suffix: str, chosen: list[TrackerChoice], picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"motion{suffix}"
    assert cli.main(["track", str(picture), "-o", str(out), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["results"]
    assert (entry["tracker"], entry["face_model"], entry["frames"]) == ("arkit", "arkit", 5)
    assert chosen[0].name == "arkit"
    assert read_motion(out).expression[:, 17] == pytest.approx(np.linspace(0, 0.8, 5), abs=1e-5)


def test_an_anchor_is_kept_in_npz_and_must_be_a_frame(
    chosen: list[TrackerChoice], picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "motion.npz"
    asked = ["track", str(picture), "--tracker", "arkit"]
    assert cli.main([*asked, "-o", str(out), "--anchor", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["anchor"] == 3
    assert DriveSequence.load(out).anchor == 3
    for more, code, said in (
        (["-o", str(tmp_path / "b.npz"), "--anchor", "5"], 1, "has no frame 5 for --anchor; it has frames 0 to 4"),
        (["-o", str(tmp_path / "b.npz"), "--anchor", "-1"], 2, "--anchor is -1"),
        (["-o", str(tmp_path / "b.csv"), "--anchor", "1"], 2, ".csv cannot keep --anchor; write .npz"),
        (["-o", str(tmp_path / "b.csv"), "--tracker", "smirk"], 2, "which tracker smirk does not read"),
    ):
        assert cli.main([*asked, *more]) == code
        assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["face.png", "motion.npz"]


def test_a_damaged_motion_is_named_with_its_line(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    motion = tmp_path / "motion.csv"
    motion.write_text("Timecode\n")
    out = ["-o", str(tmp_path / "out.mp4"), "--home", str(tmp_path / "home")]
    assert cli.main(["animate", str(picture), str(motion), *out]) == 1
    assert "motion.csv: line 1 lacks the column" in capsys.readouterr().err
    assert not (tmp_path / "out.mp4").exists()


def test_a_frame_rate_is_for_motion_files(picture: Path) -> None:
    motion = picture.with_name("a.json")
    write_motion(DriveSequence.still(FaceParams.neutral(face_model="arkit"), 25.0).take([0, 0]), motion)
    assert load_drive(motion, TrackerChoice()).fps == 25
    assert load_drive(motion, TrackerChoice(), fps=50.0).fps == 50
    with pytest.raises(UsageError, match="--fps is for motion files"):
        load_drive(picture, TrackerChoice(), fps=50.0)
