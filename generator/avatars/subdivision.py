"""Subdivide quadrilateral meshes (Catmull and Clark, 1978) as one sparse matrix over the old vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from generator.face.face_params import Floats
from generator.face.raster import Ints


@dataclass(frozen=True, slots=True)
class Subdivision:
    """One step of subdivision.

    Attributes:
        matrix: (new vertices, old vertices) sparse float32; the first rows belong to the old vertices in their order.
        quads: (4 Q, 4) the new quadrilaterals, wound like the old ones.
    """

    matrix: sparse.csr_matrix
    quads: Ints

    @property
    def triangles(self) -> Ints:
        """Return two triangles for each new quadrilateral, (8 Q, 3)."""
        return quads_to_triangles(self.quads)

    def apply(self, values: Floats) -> Floats:
        """Return values of the new vertices (new, ...) float32 for values of the old ones (old, ...)."""
        flat = values.reshape(len(values), -1)
        return (self.matrix @ flat).astype(np.float32).reshape(-1, *values.shape[1:])


def quads_to_triangles(quads: Ints) -> Ints:
    """Return two triangles for each quadrilateral, (2 Q, 3) int32, in the order of the quadrilaterals."""
    return np.ascontiguousarray(quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3), np.int32)


def catmull_clark(vertices: int, quads: Ints) -> Subdivision:
    """Build one step for a mesh; the border is subdivided as a curve of its own.

    Args:
        vertices: Number of old vertices.
        quads: (Q, 4) corners.
    """
    count, corners = len(quads), np.repeat(np.arange(len(quads)), 4)
    ends = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
    edges, edge_of, uses = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    edge_of = edge_of.ravel()
    border = uses == 1
    ones, total = np.ones(count * 4), len(edges)

    # 1. Face points are means of corners; edge points are means of the ends and, inside, of both face points.
    face_points = sparse.csr_matrix((ones / 4, (corners, quads.ravel())), (count, vertices))
    middles = sparse.csr_matrix((np.full(total * 2, 0.5), (np.repeat(np.arange(total), 2), edges.ravel())))
    middles.resize(total, vertices)
    edge_faces = sparse.csr_matrix((ones, (edge_of, corners)), (total, count))
    edge_points = sparse.diags(np.where(border, 1.0, 0.5)) @ middles
    edge_points += sparse.diags(np.where(border, 0.0, 0.25)) @ (edge_faces @ face_points)

    # 2. Old vertices move by the rule of Catmull and Clark inside, by that of a cubic B-spline on the border.
    valence = np.maximum(np.bincount(quads.ravel(), minlength=vertices), 1)
    at_border = np.zeros(vertices, bool)
    at_border[edges[border].ravel()] = True
    vertex_faces = sparse.csr_matrix((ones, (quads.ravel(), corners)), (vertices, count))
    vertex_edges = sparse.csr_matrix((ones, (quads.ravel(), edge_of)), (vertices, total))
    vertex_edges += sparse.csr_matrix((ones, (np.roll(quads, -1, 1).ravel(), edge_of)), (vertices, total))
    vertex_edges.data[:] = 1.0  # each edge once, whichever of its faces names it
    border_edges = vertex_edges @ sparse.diags(border.astype(float))
    inside = np.where(at_border, 0.0, 1.0)
    moved = sparse.diags(inside / valence**2) @ (vertex_faces @ face_points)
    moved += sparse.diags(2 * inside / valence**2) @ (vertex_edges @ middles)
    moved += sparse.diags(np.where(at_border, 0.5, (valence - 3) / valence))
    moved += 0.25 * sparse.diags(at_border.astype(float)) @ (border_edges @ middles)

    first_edge, first_face = vertices, vertices + total
    edge_index = edge_of.reshape(count, 4) + first_edge
    face_index = np.arange(count) + first_face
    parts = [np.stack([quads[:, k], edge_index[:, k], face_index, edge_index[:, (k - 1) % 4]], 1) for k in range(4)]
    matrix = sparse.vstack([moved, edge_points, face_points]).tocsr().astype(np.float32)
    return Subdivision(matrix, np.stack(parts, 1).reshape(-1, 4).astype(np.int32))
