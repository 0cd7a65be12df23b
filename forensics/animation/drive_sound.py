"""Decide whether the sound of a drive is kept in the animated clip."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from generator import MOTION_SUFFIXES
from watermark import MediaError, check_sound, holds_sound, open_clip

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DriveSound:
    """The sound of a drive.

    Attributes:
        kept: The file whose sound is kept, None where none is.
        reason: Why the drive's sound is left out, empty where it is kept or there is none.
    """

    kept: Path | None = None
    reason: str = ""

    def __str__(self) -> str:
        """Return one line for a person, empty where the drive has no sound."""
        if self.kept is not None:
            return f"kept, as in {self.kept.name}"
        return self.reason and f"left out: {self.reason}"


def sound_of(drive: Path, out: Path, seconds: float) -> DriveSound:
    """Return whether a drive has sound that the output can hold.

    Args:
        drive: A clip, a picture or a saved motion that can be read.
        out: The output.
        seconds: Length of the output.
    """
    if not _has_sound(drive):
        return DriveSound()
    if not holds_sound(out):
        return DriveSound(reason="only an .mp4, .mov or .webm holds sound")
    try:
        check_sound(drive, out, seconds)
    except MediaError as error:
        _LOG.info("the sound is left out: %s", error)
        return DriveSound(reason=str(error))
    return DriveSound(drive)


def _has_sound(drive: Path) -> bool:
    if drive.suffix.lower() in MOTION_SUFFIXES:
        return False
    try:
        return open_clip(drive).has_sound
    except MediaError:  # a picture
        return False
