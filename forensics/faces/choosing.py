"""Open the chosen face finder where one is needed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .choice import USUAL_FINDER, FinderChoice
from .finding import FaceFinder
from .mesh_finder import MeshFinder
from .whole_frame import WholeFrame

if TYPE_CHECKING:
    from detectors import DetectorSpec
    from forensics.corpus import Corpus

_LOG = logging.getLogger(__name__)

SIDECAR = "sidecar"
"""The name used in place of a finder's where every face comes from a sidecar."""


def open_face_finder(choice: FinderChoice = USUAL_FINDER) -> FaceFinder:
    """Load a face finder.

    Args:
        choice: The choice; the face mesh tracker by default.

    Raises:
        InputError: The file of its weights is missing, or is not YuNet's file.
        MissingPieceError: The face mesh's models or its runtime are not installed; the message explains how to get
            them.
    """
    finder: FaceFinder
    if choice.yunet is None:
        finder = MeshFinder()
    else:
        from .yunet import YuNetFinder

        finder = YuNetFinder.open(choice.yunet)
    _LOG.info("loaded face finder %s", finder.name)
    return finder


def finder_for(corpus: Corpus, choice: FinderChoice = USUAL_FINDER) -> FaceFinder | None:
    """Load a face finder only where a corpus has samples without a sidecar.

    Args:
        corpus: The corpus.
        choice: The choice; the face mesh tracker by default.

    Raises:
        InputError, MissingPieceError: The finder is needed and cannot be opened, as in `open_face_finder`.
    """
    return open_face_finder(choice) if any(sample.landmarks is None for sample in corpus.samples) else None


def finder_of(corpus: Corpus, spec: DetectorSpec, choice: FinderChoice = USUAL_FINDER) -> FaceFinder | None:
    """Load the face finder of one detector; a detector of whole frames needs none, and sees every frame.

    Args:
        corpus: The corpus.
        spec: The detector's specification.
        choice: The choice; the face mesh tracker by default.

    Raises:
        InputError, MissingPieceError: The finder is needed and cannot be opened, as in `open_face_finder`.
    """
    return WholeFrame() if spec.whole_frame else finder_for(corpus, choice)


def source_of(finder: FaceFinder | None) -> str:
    """Return the recorded origin of the faces: the finder, or the sidecars where it was not needed."""
    return SIDECAR if finder is None else finder.name
