"""Declare and read the argument that selects a face finder."""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.faces import FACE_MESH, USUAL_FINDER, YUNET_PREFIX, FinderChoice


def add_face_finder(parser: argparse.ArgumentParser) -> None:
    """Declare `--face-finder`."""
    parser.add_argument(
        "--face-finder",
        type=_read,
        default=USUAL_FINDER,
        metavar="NAME",
        help=f"what finds faces that no sidecar names: {FACE_MESH} (default), "
        f"or {YUNET_PREFIX}FILE with YuNet's ONNX file",
    )


def _read(text: str) -> FinderChoice:
    if text == FACE_MESH:
        return USUAL_FINDER
    if not text.startswith(YUNET_PREFIX) or text == YUNET_PREFIX:
        raise argparse.ArgumentTypeError(f"{text!r} is no face finder; write {FACE_MESH}, or {YUNET_PREFIX}FILE")
    return FinderChoice(Path(text.removeprefix(YUNET_PREFIX)))
