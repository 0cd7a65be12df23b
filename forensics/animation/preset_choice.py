"""Choose the preset and the tracker of an animation where the request leaves them open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forensics.errors import UsageError
from forensics.synthesis.generator_forger import Engine
from forensics.synthesis.methods import GEOMETRY
from generator import AnimateConfig, DriveSequence
from generator.trackers import TRACKERS, find_tracker

from .tracking import TrackerChoice

_NETWORK_ONLY = ("steps", "guidance", "overlap")
_LAYERED_ONLY = ("size", "anchor", "regions")


def choose_preset(engine: Engine, config: AnimateConfig, drive: Path, tracker: TrackerChoice) -> Engine:
    """Return the engine with its preset chosen.

    `geometry` is the default. `mini` is taken where something asks for a network or for another head: weights, a
    setting of the sampler, a tracker of another head, or a saved motion of one.

    Args:
        engine: The requested engine.
        config: Settings of the animation.
        drive: Clip, picture or saved motion.
        tracker: The requested tracker.

    Raises:
        UsageError: Weights are named beside the preset that takes none.
        MotionFileError: The drive is named like a motion and is none.
    """
    preset = engine.preset
    if preset is None and engine.weights is None and not _asks_for_network(engine, config, drive, tracker):
        preset = GEOMETRY
    if preset == GEOMETRY and engine.weights is not None:
        raise UsageError(f"{engine.weights}: the preset {GEOMETRY} takes no weights; leave out --weights or --preset")
    return replace(engine, preset=preset)


def check_settings(engine: Engine, config: AnimateConfig) -> None:
    """Check that the settings are some that the engine has.

    Raises:
        UsageError: A setting is for presets that move layers of the source, and this one draws whole pictures.
    """
    given = [name for name in _LAYERED_ONLY if getattr(config, name) is not None]
    if given and not engine.layered:
        raise UsageError(f"--{given[0]} is for the presets {GEOMETRY} and mini; choose one of them, or leave it out")


def choose_tracker(tracker: TrackerChoice, face_model: str) -> TrackerChoice:
    """Return the choice of a tracker with the first one of a face model where none is named."""
    if tracker.name is not None:
        return tracker
    named = next((spec.name for spec in TRACKERS if spec.face_model == face_model), None)
    return replace(tracker, name=named)


def _asks_for_network(engine: Engine, config: AnimateConfig, drive: Path, tracker: TrackerChoice) -> bool:
    if engine.compiled or engine.dtype is not None or engine.device not in (None, "cpu"):
        return True
    if config.sampler != "ddim" or any(getattr(config, name) is not None for name in _NETWORK_ONLY):
        return True
    if tracker.name is not None and find_tracker(tracker.name).face_model != "arkit":
        return True
    return drive.suffix.lower() == ".npz" and DriveSequence.load(drive).face_model != "arkit"
