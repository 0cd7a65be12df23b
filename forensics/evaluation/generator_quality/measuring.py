"""Compute measures with intervals from frames and their truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from forensics.evaluation.errors import MetricError
from forensics.evaluation.measures.reports import Level, Measure
from generator.picture_metrics import psnr, ssim_map

from .cases import STILL, Case, Truth
from .movement import SkinFlow, exact_flow, flicker, warping_error
from .pictures import l1, regions_of
from .reading import Floats, Pictures, Reader, Readings, reading_errors
from .statistics import Rows, clustered_interval, correlation

UNITS = {
    "psnr_db": "dB", "l1": "levels of 255", "landmark_error": "head units, mean of the visible landmarks",
    "head_pose_error": "degrees", "gaze_error": "of full reach, where the eyes are truly open",
    "lid_aperture_error": "head units", "mouth_aperture_error": "head units",
    "closed_lid_ratio": "opening under a shut drive over opening under an open one",
    "warping_error": "levels of 255 under the exact flow, skin only", "flicker": "levels of 255 on a still drive",
}  # fmt: skip
"""Unit of each measure whose name does not include it."""

LEAST_FLOW = 500
"""Least number of pixels of skin in two frames whose warping error is measured."""


@dataclass(slots=True)
class Collected:
    """The values measured of one method so far, in columns that grow.

    Attributes:
        values: Numbers by (measure, slice), one per frame or clip, each with its identity.
        read: The readings of the moving frames.
        true: What is true of these frames.
        identities: Identities of the moving frames.
        lids: For each clip: identity, and the lids' opening under the open and under the shut drive.
    """

    values: dict[tuple[str, str], list[tuple[str, float]]] = field(default_factory=dict)
    read: list[Readings] = field(default_factory=list)
    true: list[Readings] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    lids: list[tuple[str, float, float]] = field(default_factory=list)


def flows_of(truth: Truth, case: Case) -> tuple[SkinFlow | None, ...]:
    """Return the exact flow between neighbouring moving frames, None where almost no skin is visible in both."""
    found = (exact_flow(truth.frames[index - 1], truth.frames[index]) for index in range(1, case.moving))
    return tuple(flow if flow.seen.sum() > LEAST_FLOW else None for flow in found)


def collect(
    into: Collected, case: Case, truth: Truth, frames: Pictures, reader: Reader, flows: Sequence[SkinFlow | None]
) -> None:
    """Measure the frames of one method on one case.

    Args:
        into: Receives the measured values.
        case: The case.
        truth: Its true frames.
        frames: (T, S, S, 3) frames of the method.
        reader: What reads their faces.
        flows: Flows between neighbouring moving true frames.
    """
    count = case.moving

    def note(measure: str, slice_name: str, value: float) -> None:
        into.values.setdefault((measure, slice_name), []).append((case.name, value))

    for index in range(count):
        picture, true = frames[index], truth.pictures[index]
        similarity = ssim_map(picture, true)
        for region, where in regions_of(truth.frames[index].labels):
            part = "all" if region == "whole" else region
            fidelity = psnr(picture, true, where)
            note("psnr_db/frame", part, fidelity)
            note("ssim/frame", part, float(similarity[where].mean()))
            note("l1/frame", part, l1(picture, true, where))
            if region == "whole":
                note("psnr_db/frame", f"style={case.source.style}", fidelity)
    read = reader.read(frames, truth.motion.camera)
    for name, values in reading_errors(read[:count], truth.readings[:count]).items():
        for value in values[np.isfinite(values)]:
            note(f"{name}/frame", "all", float(value))
            note(f"{name}/frame", f"style={case.source.style}", float(value))
    errors = [
        warping_error(frames[index], frames[index + 1], flow) for index, flow in enumerate(flows) if flow is not None
    ]
    if errors:
        note("warping_error/video", "all", float(np.mean(errors)))
    note("flicker/video", "all", flicker(frames[count : count + STILL]))
    into.read.append(read[:count])
    into.true.append(truth.readings[:count])
    into.identities += [case.name] * count
    into.lids.append((case.name, float(read.lids[count:-1].mean()), float(read.lids[-1].mean())))


def measures_of(found: Collected, rng: np.random.Generator) -> tuple[Measure, ...]:
    """Return the measures of a method from its collected values.

    Args:
        found: The collected values.
        rng: Random generator of the bootstrap over identities.
    """
    measures = []
    for (name, part), pairs in found.values.items():
        identities, values = zip(*pairs, strict=True)
        measures.append(_measure(name, part, partial(mean_over, np.array(values)), identities, rng))
    read, true = Readings.join(found.read), Readings.join(found.true)
    sets: dict[str, Callable[[Rows], float]] = {
        "lid_aperture_correlation/frame": lambda rows: correlation(read.lids[rows].mean(1), true.lids[rows].mean(1)),
        "mouth_aperture_correlation/frame": lambda rows: correlation(read.mouth[rows], true.mouth[rows]),
    }
    for name, statistic in sets.items():
        measures.append(_measure(name, "all", statistic, found.identities, rng))
    people, *openings = zip(*found.lids, strict=True)
    opened, shut = (np.array(values) for values in openings)
    measures.append(_measure("closed_lid_ratio/video", "all", partial(_ratio, shut, opened), people, rng))
    return tuple(measures)


def _measure(
    name: str, part: str, statistic: Callable[[Rows], float], identities: Sequence[str], rng: np.random.Generator
) -> Measure:
    found = clustered_interval(statistic, identities, rng)
    metric, _, level = name.partition("/")
    people = f"{len(set(identities))} identities"
    note = f"{UNITS[metric]}; {people}" if metric in UNITS else people
    return Measure.of(metric, found, len(identities), 0, level=Level(level), slice=part, note=note)


def mean_over(values: Floats, rows: Rows) -> float:
    """Return the mean of some of the values."""
    return float(values[rows].mean())


def _ratio(above: Floats, below: Floats, rows: Rows) -> float:
    total = float(below[rows].sum())
    if total <= 0:
        raise MetricError("a ratio wants something to divide by")
    return max(float(above[rows].sum()), 0.0) / total
