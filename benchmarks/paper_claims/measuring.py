"""Measure the fidelity of generated frames: exact measures, and the readings of the judge."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.paper_claims.cases import Pairing, with_drive_shape, with_source_expression
from forensics.evaluation.generator_quality import Judge, Readings, cosines, l1, reading_errors, regions_of
from generator.picture_metrics import psnr, ssim_map
from generator.puppets import PuppetFrame
from generator.training.data.batch import Picture

Values = dict[str, NDArray[np.float64]]
"""One number per moment, by `measure/region`; NaN where it is not defined."""

REGIONS = ("whole", "eyes", "mouth")
EXACT = (
    *(f"{measure}/{region}" for measure in ("psnr_db", "ssim", "l1") for region in REGIONS),
    "psnr_db/outline", "shape_leak/whole", "expression_carried/whole",
)  # fmt: skip
"""Measures that need no network."""
_RING = 1 / 32
"""Width of the ring of `outline` to either side of the head's outline, as a share of the picture's side."""
_LEAST_CHANGE = 4.0
"""In levels of 255, RMS over the moved pixels; two true pictures with a smaller difference are not used."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The reference pictures of a pair's frames.

    Attributes:
        pair: The pair.
        outlines: (T, S, S) bool, a ring along the outline of the true head without hair.
        other_shape: Frames with a complete leak of the drive's shape.
        other_expression: Frames without any of the drive's expression.
    """

    pair: Pairing
    outlines: NDArray[np.bool_]
    other_shape: tuple[PuppetFrame, ...]
    other_expression: tuple[PuppetFrame, ...]


def reference(pair: Pairing, heads: Picture) -> Reference:
    """Render the reference pictures of a pair's frames.

    Args:
        pair: The pair.
        heads: (T, S, S), above 127 on the true head.
    """
    reach = round(_RING * heads.shape[-1])
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    inside = (heads > 127).astype(np.uint8)
    outlines = np.stack([cv2.dilate(head, kernel) != cv2.erode(head, kernel) for head in inside])
    moments = range(len(heads))
    return Reference(
        pair,
        outlines,
        tuple(with_drive_shape(pair, index) for index in moments),
        tuple(with_source_expression(pair, index) for index in moments),
    )


def share(picture: Picture, start: Picture, end: Picture) -> float:
    """Return the position of a picture between two true pictures: 0 at `start`, 1 at `end`.

    The value is <x - a, b - a> / |b - a|^2 over all pixels, the position of the picture's projection on the line
    through both. A difference orthogonal to that line, such as blur, does not count. The value is NaN where the two are
    almost equal.

    Args:
        picture: (H, W, 3) uint8, x.
        start: (H, W, 3) uint8, a.
        end: (H, W, 3) uint8, b.
    """
    x, a, b = (values.astype(np.float64) for values in (picture, start, end))
    change = b - a
    moved = np.abs(change).max(-1) > 0
    if not moved.any() or np.sqrt(np.square(change[moved]).mean()) < _LEAST_CHANGE:
        return float("nan")
    return float(((x - a) * change).sum() / np.square(change).sum())


def measure(frames: Picture, against: Reference, judge: Judge) -> Values:
    """Measure frames (T, S, S, 3) of a pair.

    Returns:
        Values (T,) by `measure/region`. `shape_leak` is 0 for the source's shape and 1 for the drive's.
            `expression_carried` is 0 for the source's resting face and 1 for the drive's expression. Both need no
            network. The others are those of docs/measuring-generators.md, and PSNR over `outline`.
    """
    rows: list[dict[str, float]] = []
    pair = against.pair
    for index, true in enumerate(pair.truth.frames):
        picture, found = frames[index], dict.fromkeys(EXACT, float("nan"))
        similarity = ssim_map(picture, true.image)
        masks = {name: where for name, where in regions_of(true.labels) if name in REGIONS}
        for region, where in masks.items():
            found[f"psnr_db/{region}"] = psnr(picture, true.image, where)
            found[f"ssim/{region}"] = float(similarity[where].mean())
            found[f"l1/{region}"] = l1(picture, true.image, where)
        found["psnr_db/outline"] = psnr(picture, true.image, against.outlines[index])
        found["shape_leak/whole"] = share(picture, true.image, against.other_shape[index].image)
        found["expression_carried/whole"] = share(picture, against.other_expression[index].image, true.image)
        rows.append(found)
    return {name: np.array([row[name] for row in rows]) for name in EXACT} | _read(frames, pair, judge)


def _read(frames: Picture, pair: Pairing, judge: Judge) -> Values:
    cameras = pair.truth.motion.camera
    found = reading_errors(judge.read(frames, cameras), Readings.of(pair.truth.values))
    source = judge.embed(pair.case.picture[None], pair.case.params.camera[None])
    likeness = cosines(judge.embed(frames, cameras), np.repeat(source, len(frames), 0))
    values = {**found, "identity_similarity": likeness}
    return {f"{name}/whole": np.asarray(one, np.float64) for name, one in values.items()}
