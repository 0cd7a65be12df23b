"""Say which face finder a user chose.

Importing this module must stay cheap: its argument is declared for `--help`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

FACE_MESH = "face-mesh"
"""The face finder where none is chosen, and the name its crops are kept under."""

_YUNET = "yunet="


@dataclass(frozen=True, slots=True)
class FinderChoice:
    """Which face finder looks where a sample has no sidecar.

    Attributes:
        yunet: File of YuNet's weights; None takes the face mesh.
    """

    yunet: Path | None = None

    def __str__(self) -> str:
        """Write it the way `--face-finder` reads it."""
        return FACE_MESH if self.yunet is None else f"{_YUNET}{self.yunet}"


USUAL_FINDER = FinderChoice()


def add_face_finder(parser: argparse.ArgumentParser) -> None:
    """Declare `--face-finder`."""
    parser.add_argument(
        "--face-finder",
        type=_read,
        default=USUAL_FINDER,
        metavar="NAME",
        help=f"what finds faces that no sidecar names: {FACE_MESH} (default), or {_YUNET}FILE with YuNet's ONNX file",
    )


def _read(text: str) -> FinderChoice:
    if text == FACE_MESH:
        return USUAL_FINDER
    if not text.startswith(_YUNET) or text == _YUNET:
        raise argparse.ArgumentTypeError(f"{text!r} is no face finder; write {FACE_MESH}, or {_YUNET}FILE")
    return FinderChoice(Path(text.removeprefix(_YUNET)))
