"""Move a mesh smoothly so that its landmarks meet given places.

A thin plate bends first (bi-Laplacian with a reach of half a decimetre); what it leaves is taken up by a membrane with
a short reach. Both are linear, so one matrix holds them.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from generator.face.face_params import Floats
from generator.face.raster import Ints

_PLATE_REACH, _PLATE_WEIGHT = 0.5, 4e3
_MEMBRANE_REACH, _MEMBRANE_WEIGHT = 0.08, 400.0
_LEAST_AREA = 2e-4
_LEAST_SHARE = 0.02


def smooth_field(points: Floats, quads: Ints, landmarks: sparse.csr_matrix) -> Floats:
    """Return the matrix (V, L) from displacements of L landmarks to those of the V vertices.

    Args:
        points: (V, 3) vertices in decimetres.
        quads: (Q, 4) faces.
        landmarks: (L, V) each landmark as a weighted sum of vertices.
    """
    laplacian, area = _laplacian(points, quads)
    inverse_area, mass = sparse.diags(1 / area), sparse.diags(area)
    plate = laplacian.T @ inverse_area @ laplacian + mass / _PLATE_REACH**4
    membrane = laplacian + mass / _MEMBRANE_REACH**2
    bent = _solve(plate, landmarks, _PLATE_WEIGHT)
    stretched = _solve(membrane, landmarks, _MEMBRANE_WEIGHT)
    count = landmarks.shape[0]
    soft = bent + stretched @ (np.eye(count) - landmarks @ bent)
    # Both fields meet the landmarks softly; this makes their sum meet them exactly, save two that share a vertex.
    return np.asarray(soft @ np.linalg.pinv(landmarks @ soft, rcond=_LEAST_SHARE), np.float32)


def _laplacian(points: Floats, quads: Ints) -> tuple[sparse.csr_matrix, Floats]:
    """Return the graph Laplacian (V, V) and each vertex's share of the area (V,)."""
    count = len(points)
    edges = np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    rows, columns = np.concatenate([edges, edges[:, ::-1]]).T
    near = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (count, count))
    near.data[:] = 1
    diagonals = np.cross(points[quads[:, 2]] - points[quads[:, 0]], points[quads[:, 3]] - points[quads[:, 1]])
    quarter = np.linalg.norm(diagonals, axis=1) / 8
    area = np.zeros(count)
    for corner in range(4):
        np.add.at(area, quads[:, corner], quarter)
    degree = np.asarray(near.sum(1)).ravel()
    return sparse.csr_matrix(sparse.diags(degree) - near), np.maximum(area, _LEAST_AREA)


def _solve(energy: sparse.spmatrix, landmarks: sparse.csr_matrix, weight: float) -> Floats:
    """Return the fields of least energy that are 1 at one landmark and 0 at the others, softly."""
    system = sparse.csc_matrix(energy + weight * landmarks.T @ landmarks)
    solved: Floats = weight * splu(system).solve(landmarks.T.toarray())
    return solved
