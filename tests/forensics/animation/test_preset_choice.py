"""Which preset and tracker an animation takes where the request leaves them open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forensics.animation.animate import notes_on
from forensics.animation.preset_choice import check_settings, choose_preset, choose_tracker
from forensics.animation.tracking import TrackerChoice
from forensics.errors import UsageError
from forensics.synthesis.generator_forger import Engine, engine_for
from generator import AnimateConfig, DriveSequence, FaceParams

CLIP = Path("drive.mp4")


def _motion(face_model: str, jaw: float = 0.0) -> DriveSequence:
    drive = DriveSequence.still(FaceParams.neutral(face_model=face_model), 25).take([0, 0])
    drive.expression[:, 17] = jaw
    return drive


def test_geometry_is_the_default_and_reads_avatar_heads():
    engine = engine_for(choose_preset(Engine(), AnimateConfig(), CLIP, TrackerChoice()))
    assert (engine.preset, engine.face_model, engine.device) == ("geometry", "arkit", "cpu")
    assert choose_tracker(TrackerChoice(), engine.face_model).name == "arkit"
    assert choose_tracker(TrackerChoice(), "flame").name == "deca"
    assert choose_tracker(TrackerChoice("smirk"), "arkit").name == "smirk"


@pytest.mark.parametrize(
    ("engine", "config", "tracker"),
    [
        (Engine(preset="mini"), AnimateConfig(), TrackerChoice()),
        (Engine(), AnimateConfig(steps=3), TrackerChoice()),
        (Engine(), AnimateConfig(sampler="lcm"), TrackerChoice()),
        (Engine(), AnimateConfig(), TrackerChoice("deca")),
        (Engine(compiled=True), AnimateConfig(), TrackerChoice()),
        (Engine(device="cuda"), AnimateConfig(), TrackerChoice()),
    ],
)
def test_what_only_a_network_knows_chooses_the_network(engine, config, tracker):
    assert choose_preset(engine, config, CLIP, tracker).preset in (None, "mini")


def test_the_motion_of_another_head_chooses_the_network_and_that_of_an_avatar_does_not(tmp_path):
    for face_model, preset in (("flame", None), ("arkit", "geometry")):
        path = tmp_path / f"{face_model}.npz"
        _motion(face_model).save(path)
        assert choose_preset(Engine(), AnimateConfig(), path, TrackerChoice()).preset == preset


def test_settings_of_the_other_preset_are_refused(tmp_path):
    whole = Engine(preset="sd15", layered=False)
    with pytest.raises(UsageError, match="--size is for the presets geometry and mini"):
        check_settings(whole, AnimateConfig(size=512))
    with pytest.raises(UsageError, match="--anchor is for the presets geometry and mini"):
        check_settings(whole, AnimateConfig(anchor=0, steps=2))
    for preset in ("geometry", "mini"):
        check_settings(engine_for(Engine(preset=preset)), AnimateConfig(size=512, anchor=0))
    with pytest.raises(UsageError, match="takes no weights"):
        choose_preset(Engine(preset="geometry", weights=tmp_path), AnimateConfig(), CLIP, TrackerChoice())


def test_a_mouth_that_is_never_shut_is_noted():
    engine = Engine(preset="geometry")
    (note,) = notes_on(engine, _motion("arkit", jaw=0.5), AnimateConfig())
    assert "never shut" in note
    assert notes_on(engine, _motion("arkit"), AnimateConfig()) == ()
    assert notes_on(engine, _motion("arkit", jaw=0.5), AnimateConfig(anchor=0)) == ()
    assert notes_on(Engine(preset="sd15", layered=False), _motion("flame"), AnimateConfig()) == ()


def test_a_motion_keeps_what_the_head_leaves_of_the_face_mesh(tmp_path):
    still = FaceParams.neutral(face_model="arkit")
    beyond = np.random.default_rng(0).normal(0, 0.01, (1, 478, 3)).astype(np.float32)
    drive = DriveSequence.still(still, 25)
    drive = DriveSequence(
        drive.shape, drive.expression, drive.pose, drive.gaze, drive.camera, 25, "arkit", residual=beyond
    )
    drive.save(tmp_path / "motion.npz")
    assert np.abs(DriveSequence.load(tmp_path / "motion.npz").residual - beyond).max() < 1e-4
