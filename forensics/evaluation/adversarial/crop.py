"""Cut face crops differentiably: the detector's own crop as a linear map of a frame's pixels.

Cropping repeats border pixels and resizes, which is linear in the pixels and separable. The matrices are measured from
OpenCV by resizing an identity matrix, so that the map is exactly the one that ordinary scoring applies. Only rounding
is left out: OpenCV rounds the crop to whole levels, and enlarges pictures with weights of eleven bits. The two crops
therefore differ by half a level of 255 where a picture shrinks, and by up to one and a half levels where it grows.
Alignment by five points is sampled bilinearly, as OpenCV does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detectors import DetectorSpec, crop_square, frame_interpolation
from forensics.faces import Floats, plan_alignment


@dataclass(frozen=True, slots=True, eq=False)
class PixelCrop:
    """The pixels of a frame that a crop reads, and the map from them to the crop.

    Attributes:
        rows: First row and last row + 1 of the pixels that are read.
        columns: First column and last column + 1.
        cut: Function that maps those pixels (h, w, 3), float in 0–255, to the crop (3, S, S) on the same scale.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    cut: Callable[[Tensor], Tensor]


def pixel_crop(shape: tuple[int, ...], box: Floats, landmarks: Floats, spec: DetectorSpec) -> PixelCrop:
    """Build the crop of a detector's contract.

    Args:
        shape: Shape of the frame, (H, W, 3).
        box: (4,) left, top, right, bottom in pixels.
        landmarks: (68, 2) iBUG points in pixels.
        spec: The specification whose crop contract applies.
    """
    if spec.whole_frame:
        return frame_crop(shape, spec)
    if spec.alignment == "upright":
        return upright_crop(shape, box, spec)
    return aligned_crop(shape, landmarks, spec)


def frame_crop(shape: tuple[int, ...], spec: DetectorSpec) -> PixelCrop:
    """Build the map of `detectors.fit_frames` for one frame."""
    height, width = shape[:2]
    if not spec.input_size:
        return PixelCrop((0, height), (0, width), lambda pixels: pixels.movedim(-1, 0))
    interpolation = frame_interpolation(shape, spec)
    down, across = (_resizer(side, spec.input_size, interpolation) for side in (height, width))
    return PixelCrop((0, height), (0, width), lambda pixels: _apply(pixels, down, across).clamp(0, 255))


def upright_crop(shape: tuple[int, ...], box: Floats, spec: DetectorSpec) -> PixelCrop:
    """Build the map of `detectors.crop_face` for one box."""
    rows, columns = crop_square(shape[0], shape[1], box, spec)
    down = _resizer(len(rows), spec.input_size) @ _picker(rows)
    across = _resizer(len(columns), spec.input_size) @ _picker(columns)
    return PixelCrop(
        (int(rows.min()), int(rows.max()) + 1),
        (int(columns.min()), int(columns.max()) + 1),
        lambda pixels: _apply(pixels, down, across).clamp(0, 255),
    )


def aligned_crop(shape: tuple[int, ...], landmarks: Floats, spec: DetectorSpec) -> PixelCrop:
    """Build the map of `five_points.align_face` for the landmarks of one face."""
    height, width = shape[:2]
    small, move = plan_alignment(height, width, landmarks, spec.input_size, spec.crop_margin)
    shrink = None if small is None else (_resizer(height, small[1]), _resizer(width, small[0]))
    size = small or (width, height)
    back = np.linalg.inv(np.vstack([move, [0, 0, 1]]))[:2]
    column, row = np.meshgrid(np.arange(spec.input_size), np.arange(spec.input_size))
    places = np.stack([column, row, np.ones_like(row)], axis=-1) @ back.T
    grid = torch.from_numpy(places / (np.array(size) - 1).clip(1) * 2 - 1).float()[None]

    def cut(pixels: Tensor) -> Tensor:
        planes = pixels.movedim(-1, 0) if shrink is None else _apply(pixels, *shrink)
        sampled = torch.nn.functional.grid_sample(planes[None], grid, padding_mode="border", align_corners=True)
        return sampled[0]

    return PixelCrop((0, height), (0, width), cut)


def _apply(pixels: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Compute down · plane · acrossᵀ for each plane of pixels (h, w, 3), as (3, H, W)."""
    return down @ pixels.movedim(-1, 0) @ across.T


def _picker(indices: NDArray[np.intp]) -> Tensor:
    """Build the matrix that selects rows by number, counted from the smallest."""
    picked = torch.zeros(len(indices), int(np.ptp(indices)) + 1)
    picked[torch.arange(len(indices)), torch.from_numpy(indices - indices.min())] = 1
    return picked


def _resizer(length: int, size: int, interpolation: int | None = None) -> Tensor:
    """Return the matrix (size, length) with which OpenCV resizes one axis: by area to shrink, cubic to grow."""
    if length == size:
        return torch.eye(length)
    if interpolation is None:
        interpolation = cv2.INTER_AREA if length > size else cv2.INTER_CUBIC
    matrix = cv2.resize(np.eye(length, dtype=np.float32), (length, size), interpolation=interpolation)
    return torch.from_numpy(np.asarray(matrix, dtype=np.float32))
