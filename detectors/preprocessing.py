"""Cut face crops and convert them to network input, in the same way for training and for scoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .errors import CropError
from .spec import DetectorSpec

Image = NDArray[np.uint8]


def crop_face(image: Image, box: Sequence[float] | NDArray[np.floating], spec: DetectorSpec) -> Image:
    """Cut the square around a face, with the spec's margin, and resize it to the spec's input size.

    The square is centred on the box; its side is the longer box side times 1 + 2·`crop_margin`. Outside the picture the
    border pixel is repeated: mirrored content would show eyes and hair that do not exist, and black bars would show an
    edge. Shrinking uses area interpolation, enlarging uses cubic interpolation.

    Args:
        image: (H, W, 3) uint8 RGB.
        box: left, top, right, bottom in pixels; right and bottom lie outside the face.
        spec: Spec whose crop contract is used.

    Returns:
        (S, S, 3) uint8 RGB.

    Raises:
        CropError: The picture is not (H, W, 3) uint8, or the box is not finite, is empty or does not touch the picture,
            or the spec wants aligned faces.
    """
    _check_image(image)
    rows, columns = crop_square(image.shape[0], image.shape[1], box, spec)
    return resize_crop(_cut(image, rows, columns), spec.input_size)


def crop_square(
    height: int, width: int, box: Sequence[float] | NDArray[np.floating], spec: DetectorSpec
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of the square around a face, with border pixels repeated.

    Args:
        height: Height of the picture.
        width: Width of the picture.
        box: left, top, right, bottom in pixels; right and bottom lie outside the face.
        spec: Spec whose crop contract is used.

    Returns:
        Row and column indices, equally many of each.

    Raises:
        CropError: The box is not finite, is empty or does not touch the picture, or the spec wants aligned faces.
    """
    if spec.alignment != "upright":
        raise CropError(
            f"detector {spec.name!r} wants faces aligned by {spec.alignment}; a box alone does not give that"
        )
    left, top, right, bottom = _checked_box(box, height, width)
    side = max(1, round(max(right - left, bottom - top) * (1 + 2 * spec.crop_margin)))
    first_column = round((left + right - side) / 2)
    first_row = round((top + bottom - side) / 2)
    rows = np.clip(np.arange(first_row, first_row + side), 0, height - 1)
    return rows, np.clip(np.arange(first_column, first_column + side), 0, width - 1)


def resize_crop(square: Image, size: int) -> Image:
    """Resize a square crop: with area interpolation to shrink it, with cubic interpolation to enlarge it."""
    if square.shape[0] == size:
        return np.ascontiguousarray(square)
    interpolation = cv2.INTER_AREA if square.shape[0] > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (size, size), interpolation=interpolation), dtype=np.uint8)


def fit_frames(frames: Sequence[Image] | Image, spec: DetectorSpec) -> Image:
    """Return whole frames as a detector of whole frames takes them.

    Args:
        frames: N times (H, W, 3) uint8 RGB.
        spec: Spec with the alignment `frame`.

    Returns:
        (N, S, S, 3) uint8 RGB with S the spec's input size; with an input size of 0 an array of N frames (H, W, 3) as
        they are, whose sizes may differ.

    Raises:
        CropError: A frame is not (H, W, 3) uint8.
    """
    for frame in frames:
        _check_image(frame)
    if spec.input_size:
        size = (spec.input_size, spec.input_size)
        resized = [cv2.resize(one, size, interpolation=frame_interpolation(one.shape, spec)) for one in frames]
        return np.asarray(np.stack(resized), dtype=np.uint8)
    kept = np.empty(len(frames), dtype=object)
    for number, frame in enumerate(frames):
        kept[number] = frame
    return cast(Image, kept)


def frame_interpolation(shape: Sequence[int], spec: DetectorSpec) -> int:
    """Return how OpenCV resizes a whole frame: by area where neither side grows, otherwise cubic."""
    return int(cv2.INTER_AREA if min(shape[:2]) >= spec.input_size else cv2.INTER_CUBIC)


def no_crops(spec: DetectorSpec) -> Image:
    """Return an empty array of a detector's crops."""
    return np.zeros((0, spec.input_size, spec.input_size, 3), np.uint8) if spec.input_size else fit_frames([], spec)


def check_crops(crops: NDArray[np.uint8], spec: DetectorSpec) -> None:
    """Check that crops satisfy a spec's contract.

    Raises:
        CropError: The crops are not (N, S, S, 3) uint8 with N ≥ 1 and S the spec's input size, or, for a detector of
            clips, (N, T, S, S, 3) with T the spec's frames. A spec with an input size of 0 takes N frames of any size.
    """
    if not spec.input_size:
        if not len(crops):
            raise CropError(f"detector {spec.name!r} wants one frame or more, got none")
        for frame in crops:
            _check_image(frame)
        return
    size, frames = spec.input_size, spec.frames
    wanted = (size, size, 3) if frames == 1 else (frames, size, size, 3)
    kind = "crops" if frames == 1 else "clips"
    if not isinstance(crops, np.ndarray) or crops.dtype != np.uint8 or crops.shape[1:] != wanted or not len(crops):
        found = f"{crops.dtype} {crops.shape}" if isinstance(crops, np.ndarray) else type(crops).__name__
        shape = ", ".join(str(side) for side in wanted)
        raise CropError(
            f"detector {spec.name!r} wants uint8 {kind} (N, {shape}) with N ≥ 1, got {found}; cut them with crop_face"
        )


def to_input(crops: NDArray[np.uint8], spec: DetectorSpec) -> Tensor:
    """Convert crops (N, S, S, 3) or clips (N, T, S, S, 3) to normalised float32 network input.

    The result has the shape (N, 3, S, S), or (N, T, 3, S, S) for clips.
    """
    planes = torch.from_numpy(np.ascontiguousarray(crops)).movedim(-1, -3).to(torch.float32).div_(255)
    mean = torch.tensor(spec.mean)[:, None, None]
    std = torch.tensor(spec.std)[:, None, None]
    return planes.sub_(mean).div_(std)


def _cut(image: Image, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Image:
    """Return `image[rows][:, columns]` for the output of `crop_square`, without gathering single pixels."""
    inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    before = [int(np.searchsorted(axis, axis[0], "right")) - 1 for axis in (rows, columns)]
    after = [
        len(axis) - 1 - max(first, int(np.searchsorted(axis, axis[-1])))
        for axis, first in zip((rows, columns), before, strict=True)
    ]
    if not any((*before, *after)):
        return inside
    return np.asarray(
        cv2.copyMakeBorder(inside, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE), dtype=np.uint8
    )


def _check_image(image: Image) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise CropError(f"a face is cut from uint8 RGB (H, W, 3), got {image.dtype} {image.shape}")


def _checked_box(
    box: Sequence[float] | NDArray[np.floating], height: int, width: int
) -> tuple[float, float, float, float]:
    values = np.asarray(box, dtype=np.float64)
    if values.shape != (4,) or not np.isfinite(values).all():
        raise CropError(f"a face box is four finite numbers left, top, right, bottom, got {box!r}")
    left, top, right, bottom = (float(value) for value in values)
    if right <= left or bottom <= top:
        raise CropError(f"the face box {box!r} is empty; it is left, top, right, bottom, not a corner and a size")
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        raise CropError(f"the face box {box!r} lies outside the {width}×{height} picture")
    return left, top, right, bottom
