"""YuNet's finder, on a network that is as sure of a face as a square of the picture is bright."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from forensics.errors import InputError
from forensics.faces import box_of
from forensics.faces.five_points import five_points
from forensics.faces.yunet import SUREST, YuNetFinder

from .conftest import CHANNEL_OF, Maker, five_in_cells


@pytest.fixture(scope="module")
def finder(toy_yunet: Maker) -> YuNetFinder:
    return YuNetFinder.open(toy_yunet())


def painted(height: int, width: int, *squares: tuple[int, int, int, int, int]) -> np.ndarray:
    """Paint squares (left, top, side, stride that sees it, value) into a black RGB picture."""
    image = np.zeros((height, width, 3), np.uint8)
    for left, top, side, stride, value in squares:
        image[top : top + side, left : left + side, 2 - CHANNEL_OF[stride]] = value
    return image


def found_in(image: np.ndarray, finder: YuNetFinder, most: int = 9, **how: bool) -> list[np.ndarray]:
    """Give the five points of each face."""
    return [five_points(landmarks) for _, landmarks in finder(image, most, **how)]


def around(x: float, y: float, stride: float) -> np.ndarray:
    """Give the five points of the face that a square with this middle stands for."""
    return five_in_cells() * stride + (x, y)


def agree(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], pixels: float = 0.05) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=pixels)


class TestReading:
    def test_squares_of_three_sizes_are_faces_where_they_are_the_largest_first(self, finder: YuNetFinder) -> None:
        image = painted(640, 640, (80, 400, 8, 8, 255), (160, 64, 32, 32, 255), (480, 320, 16, 16, 255))
        wanted = [around(176, 80, 32), around(488, 328, 16), around(84, 404, 8)]
        agree(found_in(image, finder), wanted)
        agree(found_in(image, finder, most=2), wanted[:2])

    def test_opencv_reads_the_same_faces_out_of_the_same_file(self, toy_yunet: Maker) -> None:
        rng = np.random.default_rng(0)
        path = toy_yunet()
        image = np.zeros((640, 640, 3), np.uint8)
        for stride, channel in CHANNEL_OF.items():
            cells = rng.integers(236, 256, (20, 20)) * (rng.random((20, 20)) < 0.1)
            image[: 20 * stride, : 20 * stride, 2 - channel] = np.kron(cells, np.ones((stride, stride)))
        theirs = cv2.FaceDetectorYN.create(str(path), "", (640, 640), SUREST, 0.3).detect(image[:, :, ::-1].copy())[1]
        ours = found_in(image, YuNetFinder.open(path), most=999)
        assert len(theirs) == len(ours) > 20
        places = sorted(points.ravel().tolist() for points in ours)
        np.testing.assert_allclose(places, sorted(row[4:14].tolist() for row in theirs), atol=0.05)

    def test_the_eye_on_the_left_of_the_picture_comes_first_and_the_box_is_the_landmarks(
        self, finder: YuNetFinder
    ) -> None:
        ((box, landmarks),) = finder(painted(640, 640, (320, 320, 32, 32, 255)), 1)
        left, right, nose, mouth_left, mouth_right = five_points(landmarks)
        assert left[0] < nose[0] < right[0]
        assert mouth_left[0] < nose[0] < mouth_right[0]
        assert left[1] < nose[1] < mouth_left[1]
        assert (landmarks.shape, landmarks.dtype) == ((68, 2), np.float32)
        np.testing.assert_array_equal(box, box_of(landmarks))

    @pytest.mark.parametrize(("value", "faces"), [(228, 0), (231, 1)])
    def test_a_face_counts_from_nine_tenths_on(self, finder: YuNetFinder, value: int, faces: int) -> None:
        assert len(finder(painted(320, 320, (64, 64, 32, 32, value)), 9)) == faces

    def test_of_faces_that_overlap_the_surer_one_counts(self, finder: YuNetFinder) -> None:
        image = painted(320, 320, (64, 64, 32, 32, 240), (96, 64, 32, 32, 255))
        agree(found_in(image, finder), [around(112, 80, 32)])

    def test_no_face_is_in_what_is_added_to_a_picture_to_make_it_square(self, toy_yunet: Maker) -> None:
        faces = YuNetFinder.open(toy_yunet(everywhere=True))(np.zeros((256, 64, 3), np.uint8), 999)
        middles = [five_points(landmarks).mean(0) for _, landmarks in faces]
        assert middles
        assert all(x < 64 and y < 256 for x, y in middles)

    def test_a_picture_without_a_face_has_none(self, finder: YuNetFinder) -> None:
        assert list(finder(np.zeros((50, 30, 3), np.uint8), 4, thorough=True)) == []

    @pytest.mark.parametrize("size", [np.nan, np.inf, 90.0, -np.inf])
    def test_numbers_that_place_no_face_give_none(self, toy_yunet: Maker, size: float) -> None:
        finder = YuNetFinder.open(toy_yunet(size=size))
        faces = finder(painted(640, 640, (320, 320, 32, 32, 255)), 9)
        assert all(np.isfinite(landmarks).all() for _, landmarks in faces)
        assert len(faces) == (1 if size == -np.inf else 0)


class TestSizes:
    def test_a_large_picture_is_shrunk_and_its_faces_are_scaled_back(self, finder: YuNetFinder) -> None:
        image = painted(960, 1280, (320, 192, 64, 32, 255))
        agree(found_in(image, finder), [around(352, 224, 64)])

    def test_sides_that_do_not_shrink_to_whole_pixels_move_no_face(self, finder: YuNetFinder) -> None:
        image = painted(1001, 1919, (958, 478, 100, 32, 255))
        across, down = 1919 / 640, 1001 / 334  # a square of the shrunk picture
        agree(found_in(image, finder), [around(336 * across, 176 * down, 32 * across)], pixels=0.1)

    def test_a_picture_is_seen_at_half_the_size_too_for_faces_that_fill_it(self, finder: YuNetFinder) -> None:
        found = found_in(painted(640, 640, (256, 256, 128, 32, 255)), finder)
        np.testing.assert_allclose(found[0][1] - found[0][0], around(0, 0, 64)[1] - around(0, 0, 64)[0], atol=0.05)

    def test_a_small_face_in_a_large_picture_takes_a_thorough_look(self, finder: YuNetFinder) -> None:
        image = painted(1280, 1280, (800, 400, 8, 8, 255))
        assert found_in(image, finder) == []
        agree(found_in(image, finder, thorough=True), [around(804, 404, 8)])

    def test_a_face_that_a_window_cuts_off_is_left_to_another_window(self, finder: YuNetFinder) -> None:
        # Windows of 638 pixels begin at 0, 319 and 638: only the first has its cells where these squares are.
        cut, whole = (624, 80, 8, 8, 255), (600, 80, 8, 8, 255)
        assert found_in(painted(1276, 1276, cut), finder, thorough=True) == []
        assert len(found_in(painted(1276, 1276, whole), finder, thorough=True)) == 1


class TestFiles:
    def test_the_name_says_which_weights(self, toy_yunet: Maker) -> None:
        one, other = toy_yunet(), toy_yunet(everywhere=True)
        assert YuNetFinder.open(one).name == f"yunet-{sha256(one.read_bytes()).hexdigest()[:12]}"
        assert YuNetFinder.open(one).name != YuNetFinder.open(other).name

    def test_it_goes_to_another_process_with_its_weights(self, toy_yunet: Maker) -> None:
        path = toy_yunet()
        finder = YuNetFinder.open(path)
        path.unlink()
        again: YuNetFinder = pickle.loads(pickle.dumps(finder))  # noqa: S301
        image = painted(320, 320, (64, 64, 32, 32, 255))
        assert again.name == finder.name
        agree(found_in(image, again), found_in(image, finder))

    @pytest.mark.parametrize(
        ("flaw", "said"),
        [
            (lambda path: path.write_bytes(b"no network"), "is not YuNet's"),
            (lambda path: path.write_bytes(b""), "is not YuNet's"),
            (lambda path: path.write_bytes(path.read_bytes()[:-40]), "is not YuNet's"),
            (lambda path: path.write_bytes(another_network()), "is not YuNet's"),
            (lambda path: path.write_bytes(bytes(17 << 20)), "at most 16 MiB"),
            (lambda path: path.unlink(), "No such file"),
            (lambda path: (path.unlink(), path.mkdir()), "is no file"),
        ],
        ids=["text", "empty", "cut-off", "another", "large", "missing", "folder"],
    )
    def test_a_file_that_is_not_yunet_is_refused_in_one_line(
        self, toy_yunet: Maker, flaw: Callable[[Path], object], said: str
    ) -> None:
        path = toy_yunet()
        flaw(path)
        with pytest.raises(InputError, match=said) as caught:
            YuNetFinder.open(path)
        assert caught.value.path == path
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("shape", "said"),
        [
            ({"values": 8}, r"its output kps_8 is float32 \(1, 6400, 8\), float32 \(6400, 10\) expected"),
            ({"kind": TensorProto.DOUBLE}, "is float64"),
        ],
    )
    def test_outputs_of_another_shape_or_type_are_refused_and_not_read(
        self, toy_yunet: Maker, shape: dict[str, int], said: str
    ) -> None:
        with pytest.raises(InputError, match=said):
            YuNetFinder.open(toy_yunet(**shape))


def another_network() -> bytes:
    picture, same = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 640, 640]) for name in ("input", "same")
    )
    graph = helper.make_graph([helper.make_node("Relu", ["input"], ["same"])], "another", [picture], [same])
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString()
