"""Compute measures with intervals from frames and their truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from forensics.evaluation.errors import MetricError
from forensics.evaluation.measures.reports import CLEAN, Level, Measure
from generator import SHAPE
from generator.picture_metrics import psnr, ssim_map

from .cases import STILL, Case, Truth
from .face_net import Floats, Pictures
from .judge import Judge, Readings
from .landmark_distances import expression_distance, shape_distance
from .movement import Flow, exact_flow, flicker, warping_error
from .pictures import l1, regions_of
from .statistics import (
    Rows,
    clustered_interval,
    correlation,
    cosines,
    frechet_distance,
    rotation_angle,
    verification_auc,
)
from .true_values import OPEN_EYES

BIG_EYES = 0.5
"""Value of the shape coefficient `eye_size`, in standard deviations, from which eyes count as big."""

UNITS = {
    "psnr_db": "dB", "l1": "levels of 255", "shape_error": "standard deviations over heads, RMS of 16",
    "shape_distance": "head units, RMS of the landmarks seen from the front",
    "expression_error": "mean of 12 coefficients",
    "expression_distance": "head units, RMS of the landmarks seen from the front", "head_pose_error": "degrees",
    "gaze_error": "of full reach, where the eyes are truly open", "lid_aperture_error": "head units",
    "mouth_aperture_error": "head units", "identity_similarity": "cosine to the source",
    "closed_lid_ratio": "opening under a shut drive over opening under an open one",
    "warping_error": "levels of 255 under the exact flow, skin only", "flicker": "levels of 255 on a still drive",
    "frechet_distance": "own features, comparable at equal N only",
    "verification_auc": "of the judge, on true frames of these identities",
}  # fmt: skip
"""Unit of each measure whose name does not include it."""


@dataclass(slots=True)
class Collected:
    """The values measured of one method so far, in columns that grow.

    Attributes:
        values: Numbers by (measure, slice), one per frame or clip, each with its identity.
        read: The judge's readings of the moving frames.
        true: The true values of these frames.
        features: Features of these frames by the judge's identity network.
        true_features: The same features of the true frames.
        identities: Identities of the moving frames.
        lids: For each clip: identity, lid opening under the open and under the shut drive, and size of the eyes.
    """

    values: dict[tuple[str, str], list[tuple[str, float]]] = field(default_factory=dict)
    read: list[Floats] = field(default_factory=list)
    true: list[Floats] = field(default_factory=list)
    features: list[Floats] = field(default_factory=list)
    true_features: list[Floats] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    lids: list[tuple[str, float, float, float]] = field(default_factory=list)


def flows_of(truth: Truth, case: Case) -> tuple[Flow | None, ...]:
    """Return the exact flow between neighbouring moving frames, None where almost nothing is visible in both."""
    found = []
    for index in range(1, case.moving):
        flow = exact_flow(truth.frames[index - 1], truth.frames[index], truth.motion[index - 1])
        found.append(flow if flow.seen.sum() > 500 else None)
    return tuple(found)


def collect(
    into: Collected, case: Case, truth: Truth, frames: Pictures, judge: Judge, flows: Sequence[Flow | None]
) -> None:
    """Measure the frames of one method on one case.

    Args:
        into: Receives the measured values.
        case: The case.
        truth: Its true frames.
        frames: (T, S, S, 3) frames of the method.
        judge: The judge that reads them.
        flows: Flows between neighbouring moving true frames.
    """
    name, style = case.source.identity, case.source.style

    def note(measure: str, slice_name: str, value: float) -> None:
        into.values.setdefault((measure, slice_name), []).append((name, value))

    for index in range(case.moving):
        picture, true = frames[index], truth.frames[index]
        similarity = ssim_map(picture, true.image)
        for region, where in regions_of(true.labels):
            part = "all" if region == "whole" else region
            fidelity = psnr(picture, true.image, where)
            note("psnr_db/frame", part, fidelity)
            note("ssim/frame", part, float(similarity[where].mean()))
            note("l1/frame", part, l1(picture, true.image, where))
            if region == "whole":
                note("psnr_db/frame", f"style={style}", fidelity)
    read = judge.read(frames, truth.motion.camera)
    features = judge.embed(frames[: case.moving], truth.motion.camera[: case.moving])
    for measure, value in _readings(case, truth, read, features, judge):
        note(measure, "all", value)
    errors = [
        warping_error(frames[index], frames[index + 1], flow) for index, flow in enumerate(flows) if flow is not None
    ]
    if errors:
        note("warping_error/video", "all", float(np.mean(errors)))
    note("flicker/video", "all", flicker(frames[case.moving : case.moving + STILL]))
    _keep_sets(into, case, truth, read, features, judge)


def measures_of(found: Collected, rng: np.random.Generator, *, judge_itself: bool = False) -> tuple[Measure, ...]:
    """Return the measures of a method from its collected values.

    Args:
        found: The collected values.
        rng: Random generator of the bootstrap over identities.
        judge_itself: Whether the method is the true frames, on which the judge's own quality is measured.
    """
    measures = []
    for (name, part), pairs in found.values.items():
        identities, values = zip(*pairs, strict=True)
        measures.append(_measure(name, part, partial(mean_over, np.array(values)), identities, rng))
    read, true = (Readings.of(np.concatenate(rows)) for rows in (found.read, found.true))
    features, true_features = np.concatenate(found.features), np.concatenate(found.true_features)
    sets: dict[str, Callable[[Rows], float]] = {
        "lid_aperture_correlation/frame": lambda rows: correlation(read.lids[rows].mean(1), true.lids[rows].mean(1)),
        "mouth_aperture_correlation/frame": lambda rows: correlation(read.mouth[rows, 0], true.mouth[rows, 0]),
    }
    for name, statistic in sets.items():
        measures.append(_measure(name, "all", statistic, found.identities, rng))
    measures += _closed_lids(found, rng)
    distance = frechet_distance(features, true_features)
    measures.append(_plain("frechet_distance/frame", distance, len(features)))
    if judge_itself:
        measures.append(_plain("verification_auc/frame", verification_auc(features, found.identities), len(features)))
    return tuple(measures)


def _readings(case: Case, truth: Truth, read: Readings, features: Floats, judge: Judge) -> Iterator[tuple[str, float]]:
    """Yield the differences between the judge's readings of the moving frames and the true values."""
    count = case.moving
    moving, true = Readings.of(read.rows()[:count]), Readings.of(truth.values[:count])
    source = judge.embed(case.picture[None], case.params.camera[None])
    likeness = cosines(features, np.repeat(source, count, 0))
    for name, values in {**reading_errors(moving, true), "identity_similarity": likeness}.items():
        for value in values[np.isfinite(values)]:
            yield f"{name}/frame", float(value)


def _keep_sets(into: Collected, case: Case, truth: Truth, read: Readings, features: Floats, judge: Judge) -> None:
    count, cameras = case.moving, truth.motion.camera
    into.read.append(read.rows()[:count])
    into.true.append(truth.values[:count])
    into.features.append(features)
    into.true_features.append(judge.embed(truth.pictures[:count], cameras[:count]))
    into.identities += [case.source.identity] * count
    open_lids, shut_lids = float(read.lids[count:-1].mean()), float(read.lids[-1].mean())
    size = float(case.source.shape[SHAPE.index("eye_size")])
    into.lids.append((case.source.identity, open_lids, shut_lids, size))


def _closed_lids(found: Collected, rng: np.random.Generator) -> Iterator[Measure]:
    """Measure how far shut lids stay open, over all clips and over clips with big eyes."""
    for part, least in (("all", -np.inf), ("big eyes", BIG_EYES)):
        clips = [clip for clip in found.lids if clip[3] >= least]
        if clips:
            opened, shut = (np.array([clip[place] for clip in clips]) for place in (1, 2))
            yield _measure("closed_lid_ratio/video", part, partial(_ratio, shut, opened), [c[0] for c in clips], rng)


def _measure(
    name: str, part: str, statistic: Callable[[Rows], float], identities: Sequence[str], rng: np.random.Generator
) -> Measure:
    found = clustered_interval(statistic, identities, rng)
    metric, _, level = name.partition("/")
    people = f"{len(set(identities))} identities"
    note = f"{UNITS[metric]}; {people}" if metric in UNITS else people
    return Measure.of(metric, found, len(identities), 0, level=Level(level), slice=part, note=note)


def _plain(name: str, value: float, count: int) -> Measure:
    """Return a measure without an interval, because resampling repeats frames, which alone changes such a number."""
    metric, _, level = name.partition("/")
    return Measure(name, Level(level), "all", CLEAN, 0, value, None, None, count, 0, UNITS.get(metric, ""))


def mean_over(values: Floats, rows: Rows) -> float:
    """Return the mean of some of the values."""
    return float(values[rows].mean())


def _ratio(above: Floats, below: Floats, rows: Rows) -> float:
    total = float(below[rows].sum())
    if total <= 0:
        raise MetricError("a ratio wants something to divide by")
    return max(float(above[rows].sum()), 0.0) / total


def reading_errors(read: Readings, true: Readings) -> Mapping[str, Floats]:
    """Compare readings with the truth.

    Args:
        read: Of N frames.
        true: The same frames.

    Returns:
        By measure, (N,) errors, each 0 where the reading is right; NaN where there is nothing to read.
    """
    looking = true.lids.min(1) >= OPEN_EYES
    found = {
        "shape_error": np.sqrt(np.square(read.shape - true.shape).mean(1)),
        "shape_distance": shape_distance(read.shape, true.shape),
        "expression_error": np.abs(read.expression - true.expression).mean(1),
        "expression_distance": expression_distance(read.expression, true.expression, true.shape),
        "head_pose_error": rotation_angle(read.pose, true.pose),
        "gaze_error": np.where(looking, np.abs(read.gaze - true.gaze).mean(1), np.nan),
        "lid_aperture_error": np.abs(read.lids - true.lids).mean(1),
        "mouth_aperture_error": np.abs(read.mouth - true.mouth)[:, 0],
    }
    return {name: np.asarray(values, np.float32) for name, values in found.items()}
