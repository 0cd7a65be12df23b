"""Say which face finder a user chose.

Importing this module must stay cheap: its argument is declared for `--help`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FACE_MESH = "face-mesh"
"""The face finder where none is chosen, and the name its crops are kept under."""

YUNET_PREFIX = "yunet="


@dataclass(frozen=True, slots=True)
class FinderChoice:
    """Which face finder looks where a sample has no sidecar.

    Attributes:
        yunet: File of YuNet's weights; None takes the face mesh.
    """

    yunet: Path | None = None

    def __str__(self) -> str:
        """Write it the way `--face-finder` reads it."""
        return FACE_MESH if self.yunet is None else f"{YUNET_PREFIX}{self.yunet}"


USUAL_FINDER = FinderChoice()
