"""Open the face finder that was chosen, where one is needed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .choice import USUAL_FINDER, FinderChoice
from .finding import FaceFinder
from .mesh_finder import MeshFinder

if TYPE_CHECKING:
    from forensics.corpus import Corpus

_LOG = logging.getLogger(__name__)

SIDECAR = "sidecar"
"""What stands for a finder's name where every face comes from a sidecar."""


def open_face_finder(choice: FinderChoice = USUAL_FINDER) -> FaceFinder:
    """Load a face finder.

    Args:
        choice: Which one; the face mesh tracker if nothing is said.

    Raises:
        InputError: The file of its weights is missing, or is no such file.
        MissingPieceError: The face mesh's models or its runtime are not installed; the message says how to get them.
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
    """Load a face finder where a corpus has samples without a sidecar, and only then.

    Args:
        corpus: The corpus.
        choice: Which one; the face mesh tracker if nothing is said.

    Raises:
        InputError, MissingPieceError: It is needed, and cannot be opened; as `open_face_finder`.
    """
    return open_face_finder(choice) if any(sample.landmarks is None for sample in corpus.samples) else None


def source_of(finder: FaceFinder | None) -> str:
    """Name where faces come from, for the record: the finder, or the sidecars where it was not needed."""
    return SIDECAR if finder is None else finder.name
