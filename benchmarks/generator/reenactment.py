"""Measure reenactment of clips by themselves; write results/reenactment.csv.

The first frame of each clip is the source and the clip is the drive, so every frame has a truth. Rows:

* still: the source, unmoved;
* warp: the source under a piecewise affine warp that is told the true landmarks of every frame;
* geometry: the preset `geometry` with the first frame as anchor, and geometry-relative without it;
* mini: the same layers, improved by the network; mini-relative without the anchor.

Values are means over frames, then over clips, with the 95 % interval of a bootstrap over clips. PSNR and SSIM compare
squares of 256 pixels; landmarks are read again in the result by the face mesh. `identity` and `perceptual` are the
distances of `benchmarks.generator.likeness`. `jitter` is the mean second difference
of the landmarks between the sampled frames over that of the truth; correlations are left out where the clip hardly
blinks or speaks. The last rows are the frames that one thread draws in a second of processor time,
without mark and encoding.

    python -m benchmarks.generator.reenactment CLIP...
"""

from __future__ import annotations

import argparse
import platform
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from benchmarks.generator.likeness import Likeness
from benchmarks.results_csv import write_rows
from generator import AnimateConfig, GeometryAnimator
from generator.geometry import Painter, Strength, avatar_rig, face_in_picture, moment_of, prepare_source
from generator.inference.framing import Framing, frame_source
from generator.picture_metrics import psnr, ssim_map
from generator.trackers import FaceMesh, find_face_mesh, load_tracker
from watermark import Deployment, open_clip

RESULTS = Path("results/reenactment.csv")
HEADER = ["clip", "method", "measure", "value", "low", "high", "n_clips", "n_frames", "machine"]
SIZE, DRAWN = 256, 512
RESAMPLES = 2000
LONGEST = 300
EYES = ((33, 133, 159, 145), (263, 362, 386, 374))
MOUTH = (61, 291, 0, 17)
STEADY = 0.01
"""Standard deviation of the opening, in its own unit, below which a correlation says nothing."""

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]
Values = dict[str, float]


def main() -> None:
    """Measure the clips and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument("--frames", type=int, default=32, help="frames of each clip beside the first (default: 32)")
    parser.add_argument("--weights", type=Path, help="default: mini, in the package")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    mesh, found, likeness = FaceMesh(find_face_mesh()), {}, Likeness()
    print(*likeness.missing, sep="\n", end="\n" if likeness.missing else "", flush=True)
    with TemporaryDirectory() as scratch:
        deployment = Deployment.open(Path(scratch))
        for clip in options.clips:
            found[clip.stem] = measure_clip(clip, options.frames, mesh, likeness, deployment, options.weights)
            for method, values in found[clip.stem].items():
                print(clip.stem, method, {name: round(value, 3) for name, value in values.items()}, flush=True)
    speed = measure_speed(options.clips[0])
    write_rows(options.out, HEADER, rows_of(found, options.frames, speed))


def measure_clip(
    path: Path, count: int, mesh: FaceMesh, likeness: Likeness, deployment: Deployment, weights: Path | None
) -> Mapping[str, Values]:
    """Return the measures of every method on one clip."""
    whole, fps, chosen = _frames(path, count + 1)
    frames = whole[chosen]
    tracker = load_tracker("arkit")
    params = tracker.track_still(frames[0])
    _, _, framing = frame_source(frames[0], params, SIZE)
    large = [_crop(frame, framing, DRAWN) for frame in frames]
    truths = [_smaller(each) for each in large]
    drive = tracker.track_clip(whole, fps).take(chosen)
    own = tracker.track_still(large[0])
    made = {
        "still": [truths[0]] * len(frames),
        "warp": _warped(truths[0], truths, mesh),
    }
    for name, animator in (("geometry", GeometryAnimator()), ("mini", GeometryAnimator.from_pretrained(weights))):
        for method, anchor in ((name, 0), (f"{name}-relative", None)):
            config = AnimateConfig(anchor=anchor, size=DRAWN)
            drawn = animator.animate(large[0], own, drive, deployment, config=config).frames
            made[method] = [_smaller(each) for each in drawn]
    return {method: measure(pictures[1:], truths[1:], mesh, likeness) for method, pictures in made.items()}


def _frames(path: Path, count: int) -> tuple[Picture, float, list[int]]:
    """Return the frames of a clip, at most 300, their rate, and the numbers of some that are spread over it."""
    clip = open_clip(path)
    frames = np.stack(list(islice(clip.frames(), LONGEST)))
    chosen = np.linspace(0, len(frames) - 1, min(count, len(frames))).astype(int).tolist()
    return frames, float(clip.written_rate), chosen


def _crop(image: Picture, framing: Framing, size: int) -> Picture:
    """Return the framed square of a frame at a size."""
    scaled = Framing(framing.corner, framing.side, size)
    if scaled.zoom < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.35 / scaled.zoom), np.uint8)
    flags = cv2.INTER_CUBIC if scaled.zoom > 1 else cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(image, scaled.matrix(), (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _smaller(image: Picture) -> Picture:
    return np.asarray(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def _warped(source: Picture, truths: Sequence[Picture], mesh: FaceMesh) -> list[Picture]:
    """Return the source under a piecewise affine warp to the true landmarks; the head's surroundings move along."""
    start = mesh.find(source).points[:, :2]
    hull = cv2.convexHull(start.astype(np.float32), returnPoints=False)[:, 0]
    edge = np.linspace(0, SIZE - 1, 9)
    border = np.array([(x, y) for x in edge for y in edge if {x, y} & {0.0, float(SIZE - 1)}])
    grid = np.moveaxis(np.mgrid[0:SIZE, 0:SIZE], 0, -1)[..., ::-1].reshape(-1, 2).astype(np.float64)
    made = []
    for truth in truths:
        face = mesh.track(truth)
        if face is None:
            made.append(source)
            continue
        rings = [each.mean(0) + (each[hull] - each.mean(0)) * 1.5 for each in (start, face.points[:, :2])]
        inside = np.all([((ring > 2) & (ring < SIZE - 3)).all(1) for ring in rings], axis=0)
        here, there = (
            np.concatenate([points, ring[inside], border])
            for points, ring in zip((start, face.points[:, :2]), rings, strict=True)
        )
        mesh_of_truth = Delaunay(there)
        simplex = np.maximum(mesh_of_truth.find_simplex(grid), 0)
        affine = mesh_of_truth.transform[simplex]
        weights = np.einsum("nij,nj->ni", affine[:, :2], grid - affine[:, 2])
        weights = np.concatenate([weights, 1 - weights.sum(1, keepdims=True)], 1)
        places = np.einsum("nk,nkc->nc", weights, here[mesh_of_truth.simplices[simplex]])
        x, y = places.reshape(SIZE, SIZE, 2).astype(np.float32).transpose(2, 0, 1)
        made.append(np.asarray(cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8))
    return made


def measure(pictures: Sequence[Picture], truths: Sequence[Picture], mesh: FaceMesh, likeness: Likeness) -> Values:
    """Compare pictures with truths, frame by frame and over time."""
    sums: dict[str, list[float]] = defaultdict(list)
    curves: list[tuple[Points, Points]] = []
    for picture, truth in zip(pictures, truths, strict=True):
        face = mesh.track(truth)
        if face is None:
            continue
        points = face.points[:, :2]
        similarity = ssim_map(picture, truth)
        where = {
            "whole": np.ones((SIZE, SIZE), bool), "face": _box(points, 0.0),
            "eyes": _box(points[list(EYES[0])], 0.25) | _box(points[list(EYES[1])], 0.25),
            "mouth": _box(points[list(MOUTH)], 0.15),
        }  # fmt: skip
        for name, mask in where.items():
            sums[f"psnr_{name}"].append(psnr(picture, truth, mask))
            if name in ("whole", "face"):
                sums[f"ssim_{name}"].append(float(similarity[mask].mean()))
        for name, distance in likeness.measure(picture, truth, points, where["face"]).items():
            sums[name].append(distance)
        seen = mesh.track(picture)
        if seen is not None:
            error = np.linalg.norm(seen.points[:, :2] - points, axis=1).mean() / _eyes(points)
            sums["landmark_error"].append(float(error))
            curves.append((seen.points[:, :2], points))
    values = {name: float(np.mean(each)) for name, each in sums.items()}
    return values | _over_time(curves)


def _over_time(curves: Sequence[tuple[Points, Points]]) -> Values:
    values: Values = {}
    for name, read in (("blink_r", _lids), ("mouth_r", _lips)):
        made, true = (np.array([read(pair[side]) for pair in curves]) for side in (0, 1))
        if len(made) > 2 and true.std() > STEADY and made.std() > 1e-6:
            values[name] = float(np.corrcoef(made, true)[0, 1])
    if len(curves) > 2:
        made, true = (np.stack([pair[side] / _eyes(pair[1]) for pair in curves]) for side in (0, 1))
        values["jitter"] = float(np.abs(np.diff(made, 2, axis=0)).mean() / np.abs(np.diff(true, 2, axis=0)).mean())
    return values


def _box(points: Points, margin: float) -> NDArray[np.bool_]:
    """Return the mask of the box round points, with a margin in shares of its sides."""
    (left, top), (right, bottom) = points.min(0), points.max(0)
    across, down = (right - left) * margin, max(bottom - top, (right - left) * 0.3) * margin
    mask = np.zeros((SIZE, SIZE), bool)
    rows = slice(max(0, int(top - down)), int(bottom + down) + 1)
    mask[rows, max(0, int(left - across)) : int(right + across) + 1] = True
    return mask


def _eyes(points: Points) -> float:
    return float(np.linalg.norm(points[33] - points[263]))


def _lids(points: Points) -> float:
    opening = [np.linalg.norm(points[up] - points[low]) for _, _, up, low in EYES]
    return float(np.mean(opening)) / _eyes(points)


def _lips(points: Points) -> float:
    return float(np.linalg.norm(points[13] - points[14])) / _eyes(points)


def measure_speed(path: Path) -> Mapping[str, float]:
    """Return the frames that a thread draws in a second of processor time, at 256 and at 512 pixels."""
    frames, fps, _ = _frames(path, 24)
    frames = frames[:24]
    tracker, rig = load_tracker("arkit"), avatar_rig()
    square, params, framing = frame_source(frames[0], tracker.track_still(frames[0]), DRAWN)
    drive = tracker.track_clip(frames, fps)
    found = {}
    for size in (SIZE, DRAWN):
        image = square if size == DRAWN else _crop(frames[0], framing, size)
        source = prepare_source(rig, image, face_in_picture(params, size))
        painter = Painter(source, moment_of(rig, drive[0]), Strength())
        painter.frame(moment_of(rig, drive[0]))
        started = time.process_time()
        for index in range(len(drive)):
            painter.frame(moment_of(rig, drive[index]))
        found[f"frames_a_second_{size}"] = len(drive) / (time.process_time() - started)
    return found


def rows_of(
    found: Mapping[str, Mapping[str, Values]], frames: int, speed: Mapping[str, float]
) -> list[Sequence[object]]:
    """Return the rows of the results file."""
    machine = f"{platform.machine()}, 1 thread"
    rows: list[Sequence[object]] = []
    methods = next(iter(found.values()))
    for method in methods:
        for name in dict.fromkeys(name for each in found.values() for name in each[method]):
            values = {clip: each[method][name] for clip, each in found.items() if name in each[method]}
            low, high = _interval(list(values.values()))
            mean = float(np.mean(list(values.values())))
            rows.append(("all", method, name, mean, low, high, len(values), frames, ""))
            rows += [(clip, method, name, value, None, None, 1, frames, "") for clip, value in values.items()]
    rows += [("all", "geometry", name, value, None, None, 1, 24, machine) for name, value in speed.items()]
    return rows


def _interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the mean by a bootstrap over clips; none for a single clip."""
    if len(values) < 2:
        return None, None
    rng = np.random.default_rng(0)
    means = rng.choice(np.asarray(values), (RESAMPLES, len(values))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
