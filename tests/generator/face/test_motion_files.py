"""Motion files: Live Link Face CSV, MediaPipe JSON and our own format, there and back, and what is wrong in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from generator import DriveSequence, MotionFileError, read_motion, write_motion
from generator.face.alignment import Retarget, align, calmest_frame, neutral_moment
from generator.face.face_params import ARKIT_EXPRESSION, FaceParams
from generator.face.motion_files.live_link import GAZE_RADIANS

E = {name: index for index, name in enumerate(ARKIT_EXPRESSION)}
LOOKS = [name.startswith("eyeLook") for name in ARKIT_EXPRESSION]
FRAMES = 9


def motion(fps: float = 30.0, seed: int = 0) -> DriveSequence:
    rng = np.random.default_rng(seed)
    return DriveSequence(
        shape=FaceParams.neutral(face_model="arkit").shape,
        expression=rng.uniform(0, 1, (FRAMES, 52)).astype(np.float32),
        pose=rng.uniform(-0.6, 0.6, (FRAMES, 3)).astype(np.float32),
        gaze=rng.uniform(-1, 1, (FRAMES, 2)).astype(np.float32),
        camera=(np.array([0.3, 0.5, 0.5]) * rng.uniform(0.9, 1.1, (FRAMES, 3))).astype(np.float32),
        fps=fps,
        face_model="arkit",
    )


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
@pytest.mark.parametrize("fps", [12.0, 23.976, 25.0, 29.97, 30.0, 60.0])
def test_a_motion_comes_back_as_it_was_written(suffix: str, fps: float, tmp_path: Path) -> None:
    drive, path = motion(fps), tmp_path / f"motion{suffix}"
    write_motion(drive, path)
    again = read_motion(path)
    assert again.fps == pytest.approx(fps, rel=1e-4)
    kept = np.flatnonzero(~np.array(LOOKS))
    np.testing.assert_allclose(again.expression[:, kept], drive.expression[:, kept], atol=1e-6)
    np.testing.assert_allclose(again.pose, drive.pose, atol=2e-6)
    np.testing.assert_allclose(again.gaze, drive.gaze, atol=2e-6)
    if suffix != ".csv":
        np.testing.assert_allclose(again.camera, drive.camera, atol=1e-5)


def test_the_csv_has_61_values_and_eyes_that_other_characters_can_turn(tmp_path: Path) -> None:
    drive = motion()
    write_motion(drive, tmp_path / "a.csv")
    header, first = (line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()[:2])
    assert len(header) == len(first) == 63 and first[1] == "61"
    cells = dict(zip(header, first, strict=True))
    right = float(drive.gaze[0, 0])
    assert float(cells["LeftEyeYaw"]) == pytest.approx(right * GAZE_RADIANS[0], abs=1e-5)
    assert float(cells["EyeLookOutLeft"]) == pytest.approx(max(right, 0), abs=1e-5)
    assert float(cells["EyeLookOutRight"]) == pytest.approx(max(-right, 0), abs=1e-5)
    assert header[2] == "EyeBlinkLeft" and float(cells["EyeBlinkLeft"]) == pytest.approx(
        drive.expression[0, 0], abs=1e-5
    )


def csv_text(rows: list[str], timecodes: list[str], count: int = 61) -> str:
    names = [name[0].upper() + name[1:] for name in ARKIT_EXPRESSION]
    header = ",".join(["Timecode", "BlendShapeCount", *names, "HeadYaw", "HeadPitch", "HeadRoll"])
    lines = [f"{timecode},{count},{row}" for timecode, row in zip(timecodes, rows, strict=True)]
    return "\n".join([header, *lines]) + "\n"


def row(**values: float) -> str:
    cells = np.zeros(55)
    for name, value in values.items():
        cells[E[name]] = value
    return ",".join(f"{value:g}" for value in cells)


@pytest.mark.parametrize(
    ("timecodes", "fps"),
    [
        ([f"11:59:{58 + i // 60:02d}:{i % 60:02d}.120" for i in range(30, 90)], 60.0),
        ([f"11:59:{58 + i // 30:02d}:{i % 30:02d}.400" for i in range(10, 50)], 30.0),
        ([f"11:59:{58 + i // 30:02d}:{2 * (i % 30):02d}.400" for i in range(10, 50)], 30.0),
        (["23:59:59:24.000", "00:00:00:00.000", "00:00:00:01.000"], 25.0),
        (["01:00:00:05.000", "01:00:00:06.000"], 60.0),
    ],
)
def test_the_rate_is_deduced_from_the_timecodes(timecodes: list[str], fps: float, tmp_path: Path) -> None:
    path = tmp_path / "take.csv"
    path.write_text(csv_text([row()] * len(timecodes), timecodes))
    assert read_motion(path).fps == fps
    assert read_motion(path, 48.0).fps == 48.0


def test_frames_without_a_face_are_interpolated(tmp_path: Path) -> None:
    codes = [f"00:00:{1 + i // 30:02d}:{i % 30:02d}.000" for i in range(28, 31)]
    text = csv_text([row(jawOpen=0.2), "", row(jawOpen=0.6)], codes).splitlines()
    text[2] = f"{codes[1]},0"
    (tmp_path / "a.csv").write_text("\n".join(text))
    assert read_motion(tmp_path / "a.csv").expression[:, E["jawOpen"]] == pytest.approx([0.2, 0.4, 0.6])


def result(scores: dict[str, float], **more: object) -> dict[str, object]:
    names = [name for name in ARKIT_EXPRESSION if name != "tongueOut"]
    categories = [{"categoryName": "_neutral", "score": 0.1}]
    categories += [{"categoryName": name, "score": scores.get(name, 0.0)} for name in names]
    return {"faceBlendshapes": [{"categories": categories, "headIndex": -1}], **more}


def test_a_result_of_mediapipe_gives_expression_gaze_and_pose(tmp_path: Path) -> None:
    turn = Rotation.from_euler("YXZ", [25, 10, 5], degrees=True).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, (2.0, 1.0, -50.0)
    blink = {"eyeBlinkLeft": 0.9, "eyeLookOutLeft": 0.6, "eyeLookInRight": 0.4}
    by_columns = {"rows": 4, "columns": 4, "data": matrix.T.ravel().tolist()}
    (tmp_path / "web.json").write_text(json.dumps(result(blink, facialTransformationMatrixes=[by_columns])))
    scores = [{"category_name": name, "score": blink.get(name, 0.0)} for name in ARKIT_EXPRESSION[:-1]]
    python = {"face_blendshapes": [scores], "facial_transformation_matrixes": [matrix.tolist()]}
    (tmp_path / "python.json").write_text(json.dumps([python]))
    for name in ("web.json", "python.json"):
        drive = read_motion(tmp_path / name)
        assert len(drive) == 1 and drive.fps == 30
        assert drive.expression[0, E["eyeBlinkLeft"]] == pytest.approx(0.9)
        assert drive.expression[0, E["tongueOut"]] == 0
        assert drive.gaze[0] == pytest.approx([0.5, 0])
        nose = turn @ [0, 0, 1]
        assert drive.pose[0, 0] > 0.3 and nose[0] > 0, "the nose points to the picture's right"
        assert drive.pose[0, 1] > 0 and nose[1] < 0, "and down"
        assert drive.camera[0, 1] > 0.5 > drive.camera[0, 2], "right of the middle and above it"


def test_timestamps_and_missing_faces_of_mediapipe(tmp_path: Path) -> None:
    frames = [result({"jawOpen": 0.1 * i}, timestampMs=40 * i) for i in range(5)]
    frames[2]["faceBlendshapes"] = []
    (tmp_path / "a.json").write_text(json.dumps(frames))
    drive = read_motion(tmp_path / "a.json")
    assert drive.fps == 25
    assert drive.expression[:, E["jawOpen"]] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=1e-6)


GOOD = csv_text([row()], ["00:00:00:00.000"])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "line 1 lacks the column Timecode"),
        ("a.csv", GOOD.replace("JawOpen,", ""), "line 1 lacks the column JawOpen"),
        ("a.csv", GOOD.splitlines()[0], "no frames"),
        ("a.csv", GOOD.replace("61,0", "61,x"), "line 2, column 3 (EyeBlinkLeft) is 'x'; expected a number"),
        ("a.csv", GOOD.replace("61,0", "61,nan"), "line 2, column 3 (EyeBlinkLeft) is nan"),
        ("a.csv", GOOD.replace("61,0", "61,55"), "is 55; expected a coefficient from 0 to 1"),
        ("a.csv", GOOD.replace("00:00:00:00.000", "later"), "line 2, column Timecode is 'later'"),
        ("a.csv", GOOD.rstrip()[:-2] + "\n", "line 2: has 56 columns and the header 57; the file may be cut off"),
        ("a.csv", csv_text([row()] * 2, ["00:00:00:05.000"] * 2), "do not advance; give the frame rate with --fps"),
        ("a.csv", "Timecode\x00", "lacks the column"),
        ("a.json", "{", "line 1, column 2"),
        ("a.json", "[]", "holds no frames"),
        ("a.json", "[[[]]]", "frame 0 lacks faceBlendshapes"),
        ("a.json", '{"frames": [], "fps": -1}', "fps is -1"),
        ("a.json", '{"faceBlendshapes": [{"categories": []}]}', "frame 0: lacks eyeBlinkLeft"),
        ("a.json", '{"faceBlendshapes": [{"categories": [7]}]}', "'7' is no category"),
        ("a.json", json.dumps(result({"jawOpen": float("nan")})), "frame 0: jawOpen is nan"),
        ("a.json", json.dumps(result({}, facialTransformationMatrixes=[[1, 2]])), "not one of 4 x 4 numbers"),
        ("a.json", json.dumps({"faceBlendshapes": []}), "none of its 1 frames holds a face"),
        ("a.bvh", "", "a motion file ends in .npz, .csv, .json"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(MotionFileError) as caught:
        read_motion(tmp_path / name)
    assert said in str(caught.value) and str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_binary_and_absent_files_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    for name, said in (("a.csv", "byte 0 is not UTF-8 text"), ("b.json", "cannot be read")):
        with pytest.raises(MotionFileError, match=said):
            read_motion(tmp_path / name)


def test_text_formats_refuse_other_heads_and_leave_nothing(tmp_path: Path) -> None:
    other = DriveSequence.still(FaceParams.neutral(face_model="flame"), 25.0)
    with pytest.raises(MotionFileError, match="motion of a flame face; track with --tracker arkit"):
        write_motion(other, tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_an_anchor_is_kept_and_makes_its_frame_the_source(tmp_path: Path) -> None:
    drive = motion().anchored(4)
    write_motion(drive, tmp_path / "a.npz")
    again = read_motion(tmp_path / "a.npz")
    assert again.anchor == 4 and calmest_frame(again) == 4
    np.testing.assert_array_equal(neutral_moment(again).expression, drive.expression[4])
    source = motion(seed=5)[0]
    moved = align(source, again, Retarget())
    for name in ("expression", "pose", "gaze", "camera"):
        np.testing.assert_allclose(getattr(moved[4], name), getattr(source, name), atol=1e-5)
    assert again.take([2, 4, 6]).anchor == 1 and again.take([0]).anchor is None
