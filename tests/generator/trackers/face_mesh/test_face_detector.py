from __future__ import annotations

import numpy as np
import pytest

from generator.trackers.face_mesh.face_detector import Detection, FaceDetector, anchors, merge, overlaps


def face(box, score):
    box = np.array(box, np.float64)
    return Detection(box, np.tile((box[:2] + box[2:]) / 2, (6, 1)), score)


def test_anchors_are_those_of_the_brute_force_statement():
    expected = []
    for cells, copies in ((16, 2), (8, 6)):
        for row in range(cells):
            for column in range(cells):
                expected += [((column + 0.5) / cells, (row + 0.5) / cells)] * copies
    np.testing.assert_allclose(anchors(), expected)
    assert anchors().shape == (896, 2)


def test_overlaps_agree_with_counting_pixels():
    rng = np.random.default_rng(0)
    corners = np.sort(rng.integers(0, 30, (20, 2, 2)), axis=1)
    boxes = corners.reshape(20, 4).astype(np.float64)

    def mask(box):
        picture = np.zeros((30, 30), bool)
        x0, y0, x1, y1 = box.astype(int)
        picture[y0:y1, x0:x1] = True
        return picture

    for box in boxes:
        counted = []
        for other in boxes:
            union = (mask(box) | mask(other)).sum()
            counted.append((mask(box) & mask(other)).sum() / union if union else 0)
        np.testing.assert_allclose(overlaps(box, boxes), counted)


def test_merging_blends_one_face_by_score_and_keeps_the_other():
    merged = merge([face((50, 50, 60, 60), 0.6), face((0, 0, 10, 10), 0.9), face((1, 0, 11, 10), 0.3)])
    assert [found.score for found in merged] == [0.9, 0.6]
    np.testing.assert_allclose(merged[0].box, (0.25, 0, 10.25, 10))
    np.testing.assert_allclose(merged[0].keypoints[0], (5.25, 5))
    np.testing.assert_allclose(merged[1].box, (50, 50, 60, 60))


def test_merging_nothing_and_an_empty_box_ends():
    assert merge([]) == []
    assert len(merge([face((5, 5, 5, 5), 0.5), face((5, 5, 5, 5), 0.4)])) == 2


@pytest.mark.parametrize("shape", [(64, 64), (720, 90), (90, 720)])
def test_plain_pictures_show_no_face(mesh, shape):
    assert mesh.detect(np.full((*shape, 3), 128, np.uint8)) == []


class ScriptedDetector(FaceDetector):
    """Return given faces for the whole picture, with a margin, in halves and in thirds."""

    def __init__(self, views):
        self.views, self.side = views, None

    def _look(self, image, region):
        sides = {200.0: 0, 360.0: 1, 125.0: 2, 200 / 3 * 1.25: 3}
        return self.views[min(sides.items(), key=lambda one: abs(one[0] - region.side))[1]]


def test_further_views_add_small_faces_and_leave_the_first_as_they_are():
    large, sloppy, small = face((20, 20, 100, 100), 0.9), face((0, 0, 150, 150), 0.8), face((150, 150, 180, 180), 0.7)
    faint = face((160, 10, 190, 40), 0.3)
    detector = ScriptedDetector([[large], [sloppy], [faint], [small, sloppy]])
    picture = np.zeros((200, 200, 3), np.uint8)
    assert [one.score for one in detector.detect(picture)] == [large.score]
    found = detector.detect(picture, every_view=True)
    assert [one.score for one in found] == [large.score, small.score]
    np.testing.assert_allclose([one.box for one in found], [large.box, small.box])


def test_without_a_sure_face_the_first_faint_view_counts_either_way():
    faint = face((20, 20, 100, 100), 0.3)
    detector = ScriptedDetector([[], [faint], [], []])
    for every_view in (False, True):
        assert len(detector.detect(np.zeros((200, 200, 3), np.uint8), every_view=every_view)) == 1
