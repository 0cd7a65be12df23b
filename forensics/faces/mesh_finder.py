"""Find faces with the face mesh tracker."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from forensics.errors import MissingPieceError

from .choice import FACE_MESH
from .finding import Floats, Frames, box_of

_LOG = logging.getLogger(__name__)


class MeshFinder:
    """The face mesh tracker as a face finder; every process that receives it opens it again."""

    name = FACE_MESH

    def __init__(self) -> None:
        """Load its networks.

        Raises:
            MissingPieceError: Its models or its runtime are not installed; the message explains how to get them.
        """
        from generator.trackers import FaceMesh, MissingPackageError, ModelFilesError, find_face_mesh

        try:
            self._mesh = FaceMesh(find_face_mesh())
        except (ModelFilesError, MissingPackageError) as error:
            raise MissingPieceError(str(error)) from error

    def __reduce__(self) -> tuple[type[MeshFinder], tuple[()]]:
        return MeshFinder, ()

    def __call__(self, image: Frames, most: int, *, thorough: bool = False) -> Sequence[tuple[Floats, Floats]]:
        """Return box and landmarks of the largest faces; a detection that the mesh rejects does not count."""
        from generator.trackers import MESH_INDEX

        meshes = self._mesh.read_all(image, most, thorough=thorough)
        for mesh in meshes:
            if mesh.turn:
                _LOG.info("a face is turned by %d degrees clockwise; box and landmarks lie where it is", mesh.turn)
        points = [np.asarray(mesh.points[MESH_INDEX, :2], dtype=np.float32) for mesh in meshes]
        return [(box_of(landmarks), landmarks) for landmarks in points]
