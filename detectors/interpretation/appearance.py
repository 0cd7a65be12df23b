"""Describe the appearance of a face crop with hand-crafted features, independent of the network.

A forensic network learns to ignore content, so its features can place a photograph among the drawings it was trained
on. These features keep the content: the direction of contours (a histogram of oriented gradients, Dalal & Triggs 2005),
the amount of detail per region at three scales, the slope of the power spectrum, the number of colours, and the
correlation of the fine residuals of the colour planes. None of them is learned.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Plane = NDArray[np.float32]

VERSION = 1
"""Version of the features. It increases whenever they change; a gate fitted on another version is refused."""

_CELLS = 6
_DIRECTIONS = 6
_SCALES = (0.7, 1.4, 2.8)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def describe(crops: NDArray[np.uint8]) -> Floats:
    """Compute the appearance features of crops, each crop by itself.

    Args:
        crops: (N, S, S, 3) uint8 RGB, S at least 32.

    Returns:
        (N, 349) finite numbers, most of them logarithms: 216 of contours, 108 of detail, 25 of statistics.
    """
    return np.stack([_describe(crop) for crop in crops])


def _describe(crop: NDArray[np.uint8]) -> Floats:
    luma = np.asarray(crop.astype(np.float32) @ _LUMA, dtype=np.float32)
    parts = (_contours(luma), _detail(luma), _spectrum(luma), _colours(crop), _residuals(crop))
    return np.concatenate([np.asarray(part, dtype=np.float64).ravel() for part in parts])


def _contours(luma: Plane) -> Plane:
    """Return log gradient energy per cell and direction, after equalising the contrast of the whole crop."""
    smooth = cv2.GaussianBlur(luma * (40 / (luma.std() + 8)), (0, 0), 2.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx) / 4 for dx in (1, 0))
    turn = np.floor(np.arctan2(down, across) / np.pi * _DIRECTIONS).astype(np.int64) % _DIRECTIONS
    strength = np.hypot(across, down)
    cells = [_per_cell(np.where(turn == direction, strength, 0)) for direction in range(_DIRECTIONS)]
    return np.asarray(np.log(np.stack(cells) + 0.1), dtype=np.float32)


def _detail(luma: Plane) -> Plane:
    """Return the log mean band-pass magnitude per cell, one octave each."""
    bands = [cv2.GaussianBlur(luma, (0, 0), scale) - cv2.GaussianBlur(luma, (0, 0), 2 * scale) for scale in _SCALES]
    return np.asarray(np.log(np.stack([_per_cell(np.abs(band)) for band in bands]) + 0.2), dtype=np.float32)


def _per_cell(plane: NDArray[np.floating]) -> Plane:
    small = cv2.resize(plane.astype(np.float32), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def _spectrum(luma: Plane) -> Floats:
    """Return the steps of the log radial power spectrum by half octaves from 1/16 to 1/2, its mean and its slope."""
    size = len(luma)
    window = np.hanning(size)
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window[:, None] * window)) ** 2 / size**2
    axis = np.fft.fftfreq(size)
    radius = np.hypot(axis[:, None], axis)
    edges = 2.0 ** np.arange(-4, -0.9, 0.5)
    rings = [power[(radius >= low) & (radius < high)].mean() for low, high in pairwise(edges)]
    heights = np.log(np.array(rings) + 1e-2)
    slope = np.polyfit(np.log(edges[:-1]), heights, 1)[0]
    return np.array([*np.diff(heights), heights.mean(), slope])


def _colours(crop: NDArray[np.uint8]) -> Floats:
    """Return number, entropy and concentration of the colours at 4 bits a plane, and mean and spread of the chroma."""
    levels = (crop >> 4).astype(np.int64)
    counts = np.bincount((levels[..., 0] << 8 | levels[..., 1] << 4 | levels[..., 2]).ravel())
    shares = np.sort(counts[counts > 0] / counts.sum())[::-1]
    entropy = -(shares * np.log(shares)).sum()
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    crowding = (np.log(len(shares)), entropy, shares[0], shares[:8].sum())
    spread = (chroma.mean() / 30, np.log(chroma.std() + 1), lab[..., 1].std() / 20, lab[..., 2].std() / 20)
    return np.array([*crowding, *spread])


def _residuals(crop: NDArray[np.uint8]) -> Floats:
    """Return the correlation of high-pass residuals between planes and neighbours, and their strength in flat parts."""
    planes = crop.astype(np.float32)
    fine = planes - cv2.GaussianBlur(planes, (0, 0), 1.0)
    red, green, blue = np.moveaxis(fine, -1, 0)
    busy = cv2.blur(np.abs(fine).mean(-1), (5, 5))
    quiet = fine[busy <= np.median(busy)]
    rank = np.abs(planes - cv2.medianBlur(crop, 3).astype(np.float32))[busy <= np.median(busy)]
    between = (_correlation(red, green), _correlation(green, blue), _correlation(red, blue))
    still = (_correlation(quiet[:, 0], quiet[:, 1]), _correlation(quiet[:, 1], quiet[:, 2]))
    strength = (np.log(quiet.std() + 0.1), np.log(rank.mean() + 0.05))
    neighbours = (
        _correlation(green[:, 1:], green[:, :-1]),
        _correlation(green[1:], green[:-1]),
        _correlation(green[1:, 1:], green[:-1, :-1]),
    )
    return np.array([*between, *still, *strength, *neighbours], dtype=np.float64)


def _correlation(first: Plane, second: Plane) -> float:
    """Return Pearson's correlation, shrunk to 0 where there is almost no variance to correlate."""
    first, second = first - first.mean(), second - second.mean()
    return float((first * second).mean() / (np.sqrt((first**2).mean() * (second**2).mean()) + 0.05))
