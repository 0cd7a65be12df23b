"""Clips and crowds: every face is scored, no minute is missed, and a mark in part of a clip is placed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import ConformalDecision, DetectorCard, Score, create_detector, find_spec, save_detector
from detectors import Thresholds as Frozen
from forensics.errors import MissingPieceError
from forensics.examination import examiner as examination
from forensics.examination.clip_scan import look_through
from forensics.examination.examiner import Examiner, thresholds_of
from forensics.examination.face_scores import FaceLog, most_suspicious, name_of
from forensics.examination.timeline import Timeline
from forensics.examination.verdict import Finding, Thresholds
from forensics.faces.choice import FinderChoice
from watermark import (
    Claim,
    Deployment,
    Ingredient,
    MarkReading,
    MediaError,
    Payload,
    PayloadKind,
    encode_clip,
    encode_still,
    mark,
    open_clip,
    seal,
)

KEY = bytes(range(32))
SIDE = 96
LIMITS = Thresholds(0.8, 0.5)


class Squares:
    """Finds the bright squares that the frames below are painted with, the largest first."""

    name = "squares"

    def __call__(self, image: np.ndarray, most: int, *, thorough: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
        found = []
        for column in range(0, image.shape[1], SIDE):
            cell = image[:SIDE, column : column + SIDE, 0]
            rows = np.flatnonzero(cell.max(1) > 10)
            if len(rows):
                side = float(len(rows))
                box = np.array([column, rows[0], column + side, rows[0] + side], dtype=np.float32)
                found.append((box, np.zeros((68, 2), dtype=np.float32)))
        return sorted(found, key=lambda face: -float(face[0][2] - face[0][0]))[:most]


@dataclass
class Brightness:
    """A detector whose probability is a crop's brightness; faces darker than one tenth are out of its scope."""

    frames: int = 1
    looked: int = 0

    def __post_init__(self) -> None:
        spec = find_spec("toy_resnet18")
        self.spec = type("Spec", (), {name: getattr(spec, name) for name in spec.__slots__})()
        self.spec.frames = self.frames

    def score(self, crops: np.ndarray) -> Score:
        self.looked += len(crops)
        values = np.quantile(crops.reshape(len(crops), -1), 0.5, axis=1) / 255
        return Score("brightness", float(values.mean()), True, bool(values.mean() > 0.1), len(values), tuple(values))


@dataclass
class PaintedClip:
    """A clip whose frames are painted when asked for: one square per person, as bright as they are suspicious."""

    seconds: float
    people: tuple[tuple[float, float, float, float, int], ...]
    """From second, to second, brightness within, brightness without (0 shows nobody), side in pixels."""

    fps: Fraction = Fraction(25)
    taken: int = 0
    most_at_once: int = 0

    @property
    def frame_count(self) -> int:
        return int(self.seconds * self.fps)

    def take(self, indices: list[int]) -> np.ndarray:
        self.taken += len(indices)
        self.most_at_once = max(self.most_at_once, len(indices))
        frames = np.zeros((len(indices), SIDE, SIDE * len(self.people), 3), dtype=np.uint8)
        for frame, index in zip(frames, indices, strict=True):
            for column, (start, end, inside, outside, side) in enumerate(self.people):
                level = inside if start <= index / self.fps < end else outside
                frame[:side, column * SIDE : column * SIDE + side] = round(255 * level)
        return frames


def look(clip: PaintedClip, detector: Brightness | None = None) -> tuple[FaceLog, tuple, Timeline]:
    log = FaceLog(detector or Brightness(), Squares(), float(clip.fps))
    return (log, *look_through(clip, log, KEY, LIMITS))


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(st.floats(0, 59 * 60))
def test_a_manipulated_minute_in_an_hour_is_found_placed_and_costs_bounded_work(start: float) -> None:
    clip = PaintedClip(3600, ((start, start + 60, 0.95, 0.2, 90),))
    _, faces, timeline = look(clip)
    decisive = most_suspicious(faces, LIMITS)
    assert decisive is not None
    assert decisive.score is not None
    assert decisive.score.probability > LIMITS.suspect
    assert decisive.stretch is not None
    assert start - 1 <= decisive.stretch[0] < decisive.stretch[1] <= start + 61
    assert name_of(decisive, len(faces)).startswith("the face from ")
    assert len(timeline.moments) == clip.taken <= 120 + 3 * 12
    assert clip.most_at_once <= 12
    assert timeline.spacing == pytest.approx(30, abs=1)


def test_segments_are_where_neighbouring_frames_are_high() -> None:
    _, _, timeline = look(PaintedClip(16, ((5, 9, 0.95, 0.2, 90),)))
    ((start, end),) = [(one.start, one.end) for one in timeline.segments]
    assert start == pytest.approx(5, abs=timeline.spacing) and end == pytest.approx(9, abs=timeline.spacing)
    assert timeline.segments[0].score == pytest.approx(0.95, abs=0.01)


def test_a_single_high_frame_is_no_segment_and_neither_are_scores_that_decide_nothing() -> None:
    _, _, timeline = look(PaintedClip(3.2, ((1.0, 1.1, 0.95, 0.2, 90),)))
    assert max(moment.score or 0 for moment in timeline.moments) > LIMITS.suspect
    assert timeline.segments == ()
    dim = Thresholds(suspect=0.05, quiet=0.04)
    log = FaceLog(Brightness(), Squares(), 25.0)
    assert look_through(PaintedClip(3.2, ((1.0, 2.0, 0.08, 0.0, 90),)), log, KEY, dim)[1].segments == ()


def test_a_quiet_clip_is_looked_at_once() -> None:
    clip = PaintedClip(60, ((0, 0, 0.0, 0.3, 90),))
    _, faces, timeline = look(clip)
    assert clip.taken == len(timeline.moments) == 60
    assert not any(moment.second_look for moment in timeline.moments)
    assert most_suspicious(faces, LIMITS).score.probability == pytest.approx(0.3, abs=0.01)


@pytest.mark.slow
def test_one_odd_frame_does_not_make_a_suspect() -> None:
    clip = PaintedClip(600, ((300.0, 300.08, 0.99, 0.2, 90),))
    _, faces, _ = look(clip)
    assert most_suspicious(faces, LIMITS).score.probability < 0.5


def test_the_most_suspicious_of_three_people_decides() -> None:
    people = ((0, 99, 0.2, 0, 90), (0, 99, 0.9, 0, 40), (0, 99, 0.4, 0, 60))
    _, faces, timeline = look(PaintedClip(3, people))
    decisive = most_suspicious(faces, LIMITS)
    assert [face.number for face in faces] == [1, 2, 3]
    assert [round(face.score.probability, 1) for face in faces] == [0.2, 0.4, 0.9]
    assert name_of(decisive, len(faces)) == "face 3 of 3"
    assert all(len(face.sightings) == 16 for face in faces)
    assert all(moment.score == pytest.approx(0.9, abs=0.01) for moment in timeline.moments)


def test_a_face_that_hardly_shows_decides_nothing_beside_one_that_stays() -> None:
    _, faces, _ = look(PaintedClip(3, ((0, 99, 0.2, 0, 90), (1.0, 1.3, 0.9, 0, 90))))
    assert [len(face.sightings) for face in faces][1] < 3
    assert most_suspicious(faces, LIMITS).number == 1


def test_a_face_out_of_scope_keeps_a_file_from_being_called_quiet() -> None:
    _, faces, _ = look(PaintedClip(3, ((0, 99, 0.3, 0, 90), (0, 99, 0.08, 0, 90))))
    assert most_suspicious(faces, LIMITS).score.in_scope is False


def test_frames_without_a_face_have_no_score() -> None:
    _, faces, timeline = look(PaintedClip(8, ((2, 4, 0.3, 0, 90),)))
    for moment in timeline.moments:
        assert (moment.score is None) == (not 2 <= moment.time < 4)
    assert faces[0].sightings[0].box == (0.0, 0.0, 90.0, 90.0)


def test_a_detector_of_clips_scores_only_faces_that_show_long_enough() -> None:
    people = ((0, 99, 0.3, 0, 90), (0, 0.8, 0.9, 0, 60))
    log, faces, timeline = look(PaintedClip(3, people), Brightness(frames=8))
    assert [face.score is None for face in faces] == [False, True]
    assert log.detector.looked == 16
    assert len(timeline.moments) == 16


def test_small_faces_are_counted_and_not_scored() -> None:
    log, faces, _ = look(PaintedClip(2, ((0, 99, 0.9, 0, 20),)))
    assert faces == ()
    assert log.tiny == 16


def test_thresholds_keep_the_strictest_of_what_a_detector_froze() -> None:
    detector = create_detector("toy_resnet18")
    assert thresholds_of(detector) == Thresholds()
    detector.thresholds = Frozen(0.9, 0.7, "video", 100)
    assert thresholds_of(detector) == Thresholds(0.9, 0.5)
    detector.decision = ConformalDecision(0.3, 0.95, 0.1, None, 50, 50)
    limits = thresholds_of(detector)
    assert (limits.suspect, limits.risk) == (0.95, 0.1)
    assert limits.quiet < 0.3 <= np.nextafter(limits.quiet, 1)
    detector.decision = ConformalDecision(0.0, 1.0, 0.1, None, 3, 3)
    assert thresholds_of(detector).quiet < 1e-300
    assert thresholds_of(detector).suspect == 1.0


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("detector") / "toy"
    card = DetectorCard(data="nothing", data_digest="", split="none", licence="Apache-2.0")
    save_detector(create_detector("toy_resnet18", seed=1), folder, card)
    return str(folder)


@pytest.fixture
def blind(toy: str, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Examiner:
    """An examiner without a face tracker."""

    def missing(choice: FinderChoice) -> None:
        raise MissingPieceError("get it with `facetrail models get face-mesh`")

    monkeypatch.setattr(examination, "open_face_finder", missing)
    return Examiner(deployment, toy)


@pytest.fixture(scope="module")
def footage() -> np.ndarray:
    """Four seconds at 12 frames a second, of noise that drifts like a textured scene."""
    rng = np.random.default_rng(5)
    scene = np.kron(rng.integers(60, 190, (48, 60, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    return np.stack([scene[:256, step : step + 320] for step in range(48)])


def test_a_forged_stretch_in_an_unmarked_clip_is_found_and_placed(
    blind: Examiner, deployment: Deployment, footage: np.ndarray, tmp_path: Path
) -> None:
    payload = Payload.random(np.random.default_rng(1), PayloadKind.GENERATED)
    spliced = footage.copy()
    spliced[24:36] = mark(footage[24:36], payload, deployment.mark_key)
    path = tmp_path / "spliced.mp4"
    encode_clip(spliced, path, fps=12.0, crf=18)
    found = blind.examine(path)
    assert found.verdict.finding is Finding.MARKED
    assert payload.hex in found.verdict.reasons[0]
    ((start, end),) = found.timeline.marked
    assert 1.5 <= start <= 2.5
    assert 2.5 <= end <= 3.5
    assert "the clip was put together" in found.verdict.reasons[0]
    assert "no face tracker is installed" in " ".join(found.verdict.reasons)
    assert found.finder is None


def test_a_clip_that_is_marked_throughout_names_no_part(
    blind: Examiner, deployment: Deployment, footage: np.ndarray, tmp_path: Path
) -> None:
    payload = Payload.random(np.random.default_rng(2), PayloadKind.GENERATED)
    path = tmp_path / "marked.mp4"
    encode_clip(mark(footage, payload, deployment.mark_key), path, fps=12.0, crf=18)
    found = blind.examine(path)
    assert found.verdict.finding is Finding.MARKED
    assert found.timeline.marked == ((0.0, 4.0),)
    assert "from 0:" not in found.verdict.reasons[0]


def test_a_clip_marked_with_an_earlier_key_is_still_found_and_placed(footage: np.ndarray, tmp_path: Path) -> None:
    payload = Payload.random(np.random.default_rng(3), PayloadKind.GENERATED)
    newest, earlier = bytes(32), KEY
    spliced = footage.copy()
    spliced[24:36] = mark(footage[24:36], payload, earlier)
    encode_clip(spliced, tmp_path / "spliced.mp4", fps=12.0, crf=18)
    _, timeline = look_through(open_clip(tmp_path / "spliced.mp4"), None, (newest, earlier), LIMITS)
    ((start, end),) = timeline.marked
    assert 1.5 <= start < end <= 3.5
    _, without = look_through(open_clip(tmp_path / "spliced.mp4"), None, newest, LIMITS)
    assert without.marked == ()


def test_what_a_picture_was_made_from_is_heard(
    blind: Examiner, deployment: Deployment, avatar_still: np.ndarray, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    made, derived = tmp_path / "made.png", tmp_path / "derived.png"
    payload = Payload.random(rng, PayloadKind.GENERATED)
    seal(mark(avatar_still, payload, deployment.mark_key), made, Claim(payload, "made", "toy", "1"), deployment)
    assert blind.examine(made).provenance.credential.source_types == ("trainedAlgorithmicMedia",)
    control = Payload.random(rng, PayloadKind.CONTROL)
    claim = Claim(control, "derived", "toy", "1", ingredients=(Ingredient(made, "made", "parentOf"),))
    seal(mark(avatar_still, control, deployment.mark_key), derived, claim, deployment)
    found = blind.examine(derived)
    assert found.provenance.credential.ingredient_source_types == ("trainedAlgorithmicMedia",)
    assert found.verdict.finding is Finding.CONFLICTING
    assert "a picture that this one was made from" in " ".join(found.verdict.reasons)


@pytest.mark.slow
def test_an_unmarked_clip_stays_unmarked(blind: Examiner, footage: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "plain.mp4"
    encode_clip(footage, path, fps=12.0, crf=18)
    found = blind.examine(path)
    assert found.verdict.finding is Finding.INCONCLUSIVE
    assert found.timeline.marked == ()
    assert found.size == (320, 256)


def test_a_damaged_clip_without_a_credential_is_refused(blind: Examiner, footage: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    encode_clip(footage, path, fps=12.0)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(MediaError, match=r"cut\.mp4"):
        blind.examine(path)


def test_the_faces_of_a_still_have_boxes(
    toy: str, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(examination, "open_face_finder", lambda choice: Squares())
    path = tmp_path / "still.png"
    encode_still(PaintedClip(1, ((0, 9, 0.9, 0, 90), (0, 9, 0.4, 0, 60))).take([0])[0], path)
    found = Examiner(deployment, toy).examine(path)
    assert [face.sightings[0].box for face in found.faces] == [(0, 0, 90, 90), (SIDE, 0, SIDE + 60, 60)]
    assert found.scored in ("face 1 of 2", "face 2 of 2")
    assert found.finder == "squares"
    assert found.score.probability == max(face.score.probability for face in found.faces)
    assert found.timeline is None


@pytest.mark.parametrize(
    ("kinds", "chosen"),
    [
        (("control", "generated", None), PayloadKind.GENERATED),
        (("control", "unreadable", None), None),
        (("control", "control", None), PayloadKind.CONTROL),
    ],
)
def test_of_several_marks_in_a_clip_the_gravest_counts(kinds: tuple[str | None, ...], chosen: PayloadKind) -> None:
    from forensics.examination.timeline import MarkStretch

    stretches = []
    for number, kind in enumerate(kinds):
        known = None if kind in (None, "unreadable") else PayloadKind(kind)
        reading = MarkReading(kind is not None, False, "00112233aabb" if known else None, known, 9.0, 0.0)
        stretches.append(MarkStretch(float(number), number + 1.0, kind is not None, reading))
    timeline = Timeline(3.0, 25.0, 75, 1.0, (), tuple(stretches))
    found = examination.part_mark(MarkReading(False, False, None, None, 1.0, 1.0), timeline)
    assert found.reading is not None
    assert found.reading.kind is chosen
    assert found.where == "0:00.0 to 0:02.0"
