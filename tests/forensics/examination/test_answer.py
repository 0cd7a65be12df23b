"""The answer before the score, and the detector chosen by the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detectors import CheckpointError, Score, World, WorldGate, crop_face, find_spec, load_world_gate
from forensics.cli.commands.examine import answer_lines, describe
from forensics.examination import detector_choice
from forensics.examination.answer import Says, answer_of
from forensics.examination.detector_choice import ByWorld, Judge, Named
from forensics.examination.evidence import Thresholds
from forensics.examination.face_scores import FaceLog
from forensics.synthesis.filming import at_rest, film
from generator import DriveSequence
from generator.avatars import STYLES, sample_avatar

LIMITS = Thresholds(0.8, 0.3, risk=0.1)


def score(probability: float, *, in_scope: bool = True, calibrated: bool = True) -> Score:
    return Score("toy", probability, calibrated, in_scope, 1, (probability,))


@pytest.mark.parametrize(
    ("given", "says", "because"),
    [
        (score(0.9), Says.MANIPULATED, "Of untouched faces like those it was checked on, at most 10 % are called so."),
        (score(0.2), Says.NO_SIGN, "Of manipulated faces like those it was checked on, at most 10 % are passed so."),
        (score(0.5), Says.CANNOT_TELL, "both untouched and manipulated faces are common"),
        (score(0.99, in_scope=False), Says.CANNOT_TELL, "unlike those that the detector was checked on"),
        (score(0.99, calibrated=False), Says.CANNOT_TELL, "not calibrated"),
        (None, Says.CANNOT_TELL, "No face was scored: no face was found."),
    ],
)
def test_the_answer_comes_first_and_names_its_risk(given: Score | None, says: Says, because: str) -> None:
    answer = answer_of(given, LIMITS, "no face was found", "portraits of 85 people")
    assert answer.says is says
    assert because in answer.because
    assert answer.sentence.lower().startswith(f"{says}. ")
    assert answer.sentence.endswith("Detector toy was measured on portraits of 85 people.") == (given is not None)


def test_an_answer_that_vouches_for_nothing_says_so() -> None:
    assert "vouches for nothing" in answer_of(score(0.1), LIMITS).because
    assert "states no risk" in answer_of(score(0.9), Thresholds()).because


class Brightness:
    """A gate that takes bright faces for photographs."""

    def world(self, crops: np.ndarray) -> World:
        return World.PHOTOGRAPH if crops.mean() > 100 else World.AVATAR


class Whole:
    """A finder that takes the whole picture for a face, unless it is black."""

    name = "whole"

    def __call__(self, image: np.ndarray, most: int, *, thorough: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
        height, width = image.shape[:2]
        if not image.any():
            return []
        return [(np.array([0, 0, width, height], dtype=np.float32), np.zeros((68, 2), dtype=np.float32))]


def frame(level: int, side: int = 160) -> np.ndarray:
    return np.full((side, side, 3), level, dtype=np.uint8)


def test_bright_and_dark_pictures_go_to_their_detectors(monkeypatch: pytest.MonkeyPatch) -> None:
    judges: dict[str, Judge] = {}

    def loaded(name: str, world: World | None = None) -> Judge:
        return judges.setdefault(name, Judge(None, LIMITS, name, world))  # type: ignore[arg-type]

    monkeypatch.setattr(detector_choice, "load_world_gate", Brightness)
    monkeypatch.setattr(detector_choice, "load_judge", loaded)
    choice = ByWorld()
    assert choice.judge(lambda: [frame(200)], Whole()).measured_on == "photo"
    assert choice.judge(lambda: [frame(20)], Whole()).measured_on == "cpu"
    assert choice.judge(lambda: [frame(0)], Whole()).world is World.PHOTOGRAPH
    assert choice.for_world(World.AVATAR).measured_on == "cpu"

    def never() -> list[np.ndarray]:
        raise AssertionError("a named detector looks at nothing")

    assert Named("toy").judge(never, Whole()).measured_on == "toy"


class Certain:
    """A detector that is always sure, for faces of at least 96 pixels."""

    spec = replace(find_spec("toy_resnet18"), smallest_face=96)

    def score(self, crops: np.ndarray) -> Score:
        return Score("certain", 0.99, True, True, len(crops), (0.99,) * len(crops))


@pytest.mark.parametrize(("side", "says"), [(95, Says.CANNOT_TELL), (97, Says.MANIPULATED)])
def test_a_face_that_is_too_small_for_the_detector_has_no_answer(side: int, says: Says) -> None:
    log = FaceLog(Certain(), Whole())  # type: ignore[arg-type]
    log.look(0, frame(90, side))
    (face,) = log.faces(LIMITS)
    assert answer_of(face.score, LIMITS).says is says


def test_several_faces_are_answered_one_by_one() -> None:
    log = FaceLog(Certain(), Whole())  # type: ignore[arg-type]
    log.look(0, frame(90, 100))
    (face,) = log.faces(LIMITS)

    class Found:
        class verdict:
            from forensics.examination.verdict import Finding

            finding, reasons = Finding.SUSPECT, ("because",)

        timeline = None
        answer = answer_of(face.score, LIMITS)
        thresholds = LIMITS
        faces = (face, replace(face, number=2, score=None))

    found = Found()
    lines = describe(Path("a.png"), found, answer_lines(found)).splitlines()  # type: ignore[arg-type]
    assert lines[1:3] == [
        "  SUSPECT",
        "  Likely manipulated. Of untouched faces like those it was checked on, at most 10 % are called so.",
    ]
    assert lines[3:5] == [
        "  Face 1, at 0, 0 to 100, 100: likely manipulated.",
        "  Face 2, at 0, 0 to 100, 100: cannot tell.",
    ]


@pytest.mark.slow
def test_the_shipped_gate_knows_avatars_and_its_file_is_checked(tmp_path: Path) -> None:
    gate, spec = load_world_gate(), find_spec("cpu")
    crops = []
    for number, style in enumerate(STYLES):
        avatar = sample_avatar(77 + number, style)
        drawn = film(avatar, DriveSequence.still(at_rest(avatar), 25), 256)
        crops.append(crop_face(drawn.frames[0], drawn.faces.boxes[0], spec))
    assert (gate.chances(np.stack(crops)) < 0.5).mean() >= 0.9
    assert 0 <= gate.measured["photographs taken for the other kind"] < 0.05
    WorldGate(gate.weights, gate.bias, gate.measured).save(tmp_path / "gate.json")
    assert np.allclose(load_world_gate(tmp_path / "gate.json").chances(crops[0][None]), gate.chances(crops[0][None]))
    (tmp_path / "gate.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"gate\.json is not the gate"):
        load_world_gate(tmp_path / "gate.json")
