from __future__ import annotations

import numpy as np

from generator.face.raster import rasterise, vertex_normals


def brute_force(points, faces, size):
    """Compute the nearest triangle at every pixel centre by testing all triangles."""
    face, depth = np.full((size, size), -1), np.full((size, size), -np.inf)
    for y in range(size):
        for x in range(size):
            p = np.array([(x + 0.5) / size, (y + 0.5) / size])
            for k, (a, b, c) in enumerate(faces):
                basis = np.array([points[b, :2] - points[a, :2], points[c, :2] - points[a, :2]]).T
                if np.linalg.det(basis) >= 0:
                    continue
                w1, w2 = np.linalg.solve(basis, p - points[a, :2])
                if min(w1, w2, 1 - w1 - w2) < 0:
                    continue
                z = points[a, 2] * (1 - w1 - w2) + points[b, 2] * w1 + points[c, 2] * w2
                if z > depth[y, x]:
                    depth[y, x], face[y, x] = z, k
    return face, depth


def test_the_raster_agrees_with_a_test_of_every_pixel_against_every_triangle():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.uniform(-0.2, 1.2, (36, 2)), rng.uniform(-1, 1, (36, 1))], 1).astype(np.float32)
    faces = np.arange(36).reshape(-1, 3).astype(np.int32)
    faces = np.concatenate([faces, faces[:, ::-1]])
    buffer = rasterise(points, faces, points, 24)
    face, depth = brute_force(points.astype(np.float64), faces, 24)
    assert (buffer.face != face).mean() < 0.005, "only pixels on an edge may differ"
    same = (buffer.face == face) & (face >= 0)
    assert same.sum() > 200
    np.testing.assert_allclose(buffer.depth[same], depth[same], atol=1e-4)
    np.testing.assert_allclose(buffer.attributes[same][:, 2], depth[same], atol=1e-4)


def test_attributes_are_interpolated_at_pixel_centres():
    points = np.float32([[0, 0, 0], [0, 2, 0], [2, 0, 0]])
    buffer = rasterise(points, np.int32([[0, 1, 2]]), points, 8)
    centres = (np.arange(8) + 0.5) / 8
    np.testing.assert_allclose(buffer.attributes[..., 0], np.tile(centres, (8, 1)), atol=1e-6)
    np.testing.assert_allclose(buffer.attributes[..., 1], np.tile(centres[:, None], (1, 8)), atol=1e-6)


def test_cut_fragments_are_open_and_show_what_lies_behind():
    near = np.float32([[0, 0, 1], [0, 2, 1], [2, 0, 1]])
    far = near - np.float32([0, 0, 1])
    cut = np.float32([-1, -1, 3, 0, 0, 0])
    buffer = rasterise(
        np.concatenate([near, far]), np.int32([[0, 1, 2], [3, 4, 5]]), np.zeros((6, 1), np.float32), 16, cut
    )
    assert (buffer.face[:, 0] == 1).all()
    assert (buffer.face[:4, -1] == 0).all()


def test_an_empty_picture_has_no_faces():
    buffer = rasterise(
        np.float32([[5, 5, 0], [5, 6, 0], [6, 5, 0]]), np.int32([[0, 1, 2]]), np.zeros((3, 1), np.float32), 8
    )
    assert (buffer.face == -1).all() and np.isneginf(buffer.depth).all()


def test_normals_of_a_front_facing_triangle_point_to_the_viewer():
    normals = vertex_normals(np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.int32([[0, 1, 2]]))
    np.testing.assert_allclose(normals, np.tile([0, 0, 1], (3, 1)), atol=1e-6)
