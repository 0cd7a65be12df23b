"""Declare the user's choice of a face finder.

The import of this module must stay fast, because `--help` needs the declared argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FACE_MESH = "face-mesh"
"""The default face finder, and the name of its crops in the cache."""

YUNET_PREFIX = "yunet="


@dataclass(frozen=True, slots=True)
class FinderChoice:
    """The choice of a face finder for samples without a sidecar.

    Attributes:
        yunet: File of YuNet's weights; None selects the face mesh.
    """

    yunet: Path | None = None

    def __str__(self) -> str:
        """Return the choice in the form that `--face-finder` accepts."""
        return FACE_MESH if self.yunet is None else f"{YUNET_PREFIX}{self.yunet}"


USUAL_FINDER = FinderChoice()
