"""Fill, smooth and cut pictures: the few operations on pixels that the layers are made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats

Number = TypeVar("Number", bound=np.generic)
Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]


def blur(image: Floats, sigma: float) -> Floats:
    """Return a Gaussian blur of a picture or mask; sigma in pixels."""
    return np.asarray(cv2.GaussianBlur(image.astype(np.float32), (0, 0), max(sigma, 0.3)), np.float32)


def disk(radius: float) -> Bytes:
    """Return an elliptic structuring element with a radius in pixels, at least 1."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(radius)) + 1,) * 2), np.uint8)


def grow(mask: Floats | Mask | Bytes, radius: float) -> Floats:
    """Return the maximum of a mask within a radius in pixels, float32."""
    if mask.dtype == np.bool_:
        return (distance_to(np.asarray(mask, np.bool_)) <= max(radius, 1)).astype(np.float32)
    return np.asarray(cv2.dilate(np.asarray(mask, np.float32), disk(radius)), np.float32)


def shrink(mask: Floats | Mask | Bytes, radius: float) -> Floats:
    """Return the minimum of a mask within a radius in pixels, float32."""
    if mask.dtype == np.bool_:
        return 1 - grow(~np.asarray(mask, np.bool_), radius)
    return np.asarray(cv2.erode(np.asarray(mask, np.float32), disk(radius)), np.float32)


def distance_to(mask: Mask) -> Floats:
    """Return the distance of each pixel to the nearest true pixel, in pixels; far away where there is none."""
    if not mask.any():
        return np.full(mask.shape, 1e6, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def smooth_step(values: Floats) -> Floats:
    """Return the smooth rise 3t² - 2t³ of values clipped to [0, 1]."""
    t = np.clip(values, 0, 1)
    rise: Floats = t * t * (3 - 2 * t)
    return rise


def polygon(points: Floats, shape: tuple[int, int], sigma: float = 0) -> Floats:
    """Return the antialiased mask (H, W) in [0, 1] of a closed polygon (N, 2) in pixels."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round((np.asarray(points) - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = mask.astype(np.float32) / 255
    return blur(soft, sigma) if sigma else soft


def sample(image: Floats, places: Floats) -> Floats:
    """Return the picture's values at places (..., 2) in pixels; pixel centres lie at +0.5."""
    x, y = places[..., 0].astype(np.float32) - 0.5, places[..., 1].astype(np.float32) - 0.5
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def at_pixels(image: NDArray[Number], places: Floats) -> NDArray[Number]:
    """Return the values of the pixels that contain places (N, 2); places outside take the nearest pixel."""
    height, width = image.shape[:2]
    x = np.clip(places[:, 0].astype(int), 0, width - 1)
    y = np.clip(places[:, 1].astype(int), 0, height - 1)
    return image[y, x]


def fill(image: Floats, weight: Floats) -> Floats:
    """Fill a picture (H, W, C) where its weight (H, W) is 0, from all sides through an image pyramid.

    This is the pull-push algorithm of Gortler et al. 1996, The Lumigraph, section 3.4.
    """
    values: Floats = image.astype(np.float32)
    weight = weight.astype(np.float32)
    if values.shape[-1] == 1:
        return fill(np.repeat(values, 3, -1), weight)[..., :1]
    levels = []
    values = np.asarray(values * weight[..., None], np.float32)
    mean = values.sum((0, 1)) / max(float(weight.sum()), 1e-6)
    while min(weight.shape) > 2:
        levels.append((values, weight))
        values, weight = np.asarray(cv2.pyrDown(values)), np.asarray(cv2.pyrDown(weight))
    filled = values / np.maximum(weight, 1e-6)[..., None]
    filled[weight < 1e-6] = mean
    for values, weight in reversed(levels):
        coarse = np.asarray(cv2.pyrUp(filled, dstsize=weight.shape[::-1]))
        share = np.clip(weight, 0, 1)[..., None]
        filled = coarse * (1 - share) + values / np.maximum(weight, 1e-6)[..., None] * share
    return np.asarray(filled, np.float32)


def reflect(image: Floats, known: Mask) -> tuple[Floats, Mask]:
    """Reflect a picture (H, W, C) at the edge of what is known.

    Returns:
        The picture (H, W, C), and where (H, W) its colours were known.
    """
    if not known.any():
        return image, known
    unknown = (~known).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(known)
    nearest = np.zeros((labels.max() + 1, 2), np.int32)
    nearest[labels[rows, columns]] = np.stack([rows, columns], 1)
    last = np.array(known.shape) - 1
    mirrored = 2 * nearest[labels] - np.moveaxis(np.mgrid[: known.shape[0], : known.shape[1]], 0, -1)
    mirrored = last - np.abs(last - np.abs(mirrored) % (2 * last))
    return image[mirrored[..., 0], mirrored[..., 1]], known[mirrored[..., 0], mirrored[..., 1]]


def continued(image: Floats, known: Floats, reach: float) -> Floats:
    """Continue a picture (H, W, 3) beyond what is known by its mirror image, which fades into a smooth fill.

    Args:
        image: (H, W, 3).
        known: (H, W) 1 where it is known, 0 elsewhere.
        reach: How far the mirror image carries, pixels.
    """
    sure: Mask = known > 0.5
    mirrored, found = reflect(image, sure)
    soft = blur(mirrored, 0.03 * reach)
    weight = (1 - smooth_step(distance_to(sure) / reach)) * blur(found.astype(np.float32), 0.06 * reach)
    beyond = mix(fill(image, known), soft, weight * found)
    return mix(beyond, image, sure.astype(np.float32))


def mix(first: Floats, second: Floats, weight: Floats) -> Floats:
    """Return the first picture where the weight (H, W) is 0 and the second where it is 1."""
    share = weight[..., None]
    return np.asarray(first * (1 - share) + second * share, np.float32)


def guided_filter(guide: Floats, mask: Floats, radius: int, epsilon: float) -> Floats:
    """Return a mask (H, W) that follows the edges of a guide (H, W, 3) in 0 to 255.

    He, Sun, Tang: Guided Image Filtering, PAMI 2013, equations 14 to 16.
    """
    side = 2 * radius + 1

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    guide, mask = guide.astype(np.float32) / 255, mask.astype(np.float32)
    centre, level = mean(guide), mean(mask)
    covariance = mean(guide * mask[..., None]) - centre * level[..., None]
    spread = np.empty((*mask.shape, 3, 3), np.float32)
    for i in range(3):
        for j in range(3):
            spread[..., i, j] = mean(guide[..., i] * guide[..., j]) - centre[..., i] * centre[..., j]
    slope = np.linalg.solve(spread + epsilon * np.eye(3, dtype=np.float32), covariance[..., None])[..., 0]
    offset = level - (slope * centre).sum(-1)
    return np.asarray((mean(slope) * guide).sum(-1) + mean(offset), np.float32)


def fill_holes(mask: Bytes, share: float) -> Bytes:
    """Close holes of a binary mask that do not touch the border and cover less than a share of the picture."""
    height, width = mask.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask)
    closed = mask.copy()
    for index in range(1, count):
        left, top, across, down, area = stats[index]
        inside = left > 0 and top > 0 and left + across < width and top + down < height
        if inside and area < share * mask.size:
            closed[labels == index] = 1
    return closed


def piece_at(mask: Bytes, place: Floats | Sequence[float]) -> Bytes:
    """Return the connected piece of a binary mask that contains a place x, y in pixels."""
    labels = np.asarray(cv2.connectedComponents(mask)[1])
    x, y = (int(np.clip(value, 0, limit - 1)) for value, limit in zip(place, mask.shape[::-1], strict=True))
    return (labels == labels[y, x]).astype(np.uint8) if mask[y, x] else mask
