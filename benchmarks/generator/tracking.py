"""Measure the tracker of the avatar head; write results/arkit_tracking.csv.

On the given clips: the reprojection error (root mean square distance of the head's 468 points from those of the face
mesh, in distances of the outer eye corners) of the smoothed motion that is written, the same without the person's
constant part, the share of frames with a face, and CPU milliseconds a frame of the networks and of the fit beside them.

On rendered avatars, whose motion is known: the reprojection error, how far head angles lie from the truth, and the
correlation of every coefficient, of the gaze and of the angles with the truth. A correlation is taken in each clip in
which the true coefficient's standard deviation is 0.05 or more, and averaged over these clips. Clips in which the face
mesh finds no face for more than half a second count as not tracked.

The set "projected points" has the same measures without the networks: the points of the true head are projected, and
noise of 0.4 pixels stands for the networks' error. It tells what the fit alone costs.

Values are means over clips, with the 95 % interval of a bootstrap over clips.

    python -m benchmarks.generator.tracking CLIP... [--styles real,cartoon,clay] [--avatars N] [--frames N]
"""

from __future__ import annotations

import argparse
import platform
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.results_csv import write_rows
from generator.avatars import Avatar, avatar_head, render, sample_avatar, sample_motion
from generator.face.face_params import ARKIT_EXPRESSION, DriveSequence
from generator.geometry import view_of
from generator.trackers import AvatarTracker, ClipFit, FaceMesh, MeshFace, NoFaceError, find_face_mesh
from generator.trackers.face_mesh.follow import follow
from watermark import open_clip

RESULTS = Path("results/arkit_tracking.csv")
HEADER = ["set", "measure", "value", "low", "high", "n_clips", "n_frames", "machine"]
LIVELY = 0.05
RESAMPLES = 2000
SIZE = 384
NOISE = 0.4
RATE = 25.0

Pictures = NDArray[np.uint8]
Values = dict[str, float]


def main() -> None:
    """Measure clips and avatars and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP")
    parser.add_argument("--styles", default="real,cartoon,clay", help="styles of the avatars (default: %(default)s)")
    parser.add_argument("--avatars", type=int, default=2, help="avatars of each style (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=100, help="frames of each clip, at most (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    mesh = FaceMesh(find_face_mesh())
    tracker = AvatarTracker(mesh)
    rows: list[Sequence[object]] = []
    warm_up(tracker, options.clips[:1])
    filmed = [measure_clip(path, options.frames, mesh, tracker) for path in options.clips]
    rows += rows_of("clips", filmed, options.frames)
    drawn = []
    for style in options.styles.split(","):
        found = [measure_avatar(seed, style, options.frames, tracker) for seed in range(options.avatars)]
        shown = [{name: value for name, value in each.items() if "correlation" not in name} for each in found]
        rows += rows_of(style, shown, options.frames)
        drawn += found
    rows += rows_of("avatars", drawn, options.frames)
    projected = [measure_projected(seed, options.frames) for seed in range(len(drawn))]
    rows += rows_of("projected points", projected, options.frames)
    write_rows(options.out, HEADER, rows)


def warm_up(tracker: AvatarTracker, paths: Sequence[Path]) -> None:
    """Track a few frames, so that compilation and loading are in no measurement."""
    for path in paths:
        tracker.fit_clip(np.stack(list(islice(open_clip(path).frames(), 5))), RATE)


def measure_clip(path: Path, count: int, mesh: FaceMesh, tracker: AvatarTracker) -> Values:
    """Return the measures of a filmed clip."""
    clip = open_clip(path)
    frames = np.stack(list(islice(clip.frames(), count)))
    started = time.process_time()
    follow(mesh, frames)
    networks = time.process_time()
    fit = tracker.fit_clip(frames, float(clip.written_rate))
    ended = time.process_time()
    values = quality(fit)
    values["networks, CPU ms a frame"] = 1000 * (networks - started) / len(frames)
    values["fit, CPU ms a frame"] = 1000 * (ended - networks - (networks - started)) / len(frames)
    print(path.stem, {name: round(value, 4) for name, value in values.items()}, flush=True)
    return values


def measure_avatar(seed: int, style: str, count: int, tracker: AvatarTracker) -> Values:
    """Return the measures of a rendered avatar whose motion is known."""
    avatar = sample_avatar(seed, style)
    truth = motion_of(avatar, seed, count)
    frames = np.stack([render(avatar, truth[index], SIZE, 1).picture for index in range(count)])
    try:
        fit = tracker.fit_clip(frames, RATE)
    except NoFaceError as error:
        print(style, seed, error, flush=True)
        return {"clips tracked": 0.0}
    values = quality(fit) | {"clips tracked": 1.0} | against(truth, fit.drive)
    print(style, seed, {name: round(value, 3) for name, value in list(values.items())[:8]}, flush=True)
    return values


def motion_of(avatar: Avatar, seed: int, count: int) -> DriveSequence:
    """Return a lively motion of an avatar."""
    rest = avatar.params()
    return sample_motion(np.random.default_rng([seed, 7]), rest.shape, count, RATE, rest.camera)


def measure_projected(seed: int, count: int) -> Values:
    """Return the measures of the fit to points that were projected from a head of known motion."""
    head, rng = avatar_head(), np.random.default_rng(seed)
    truth = motion_of(sample_avatar(seed, "real"), seed, count)
    person = head.neutral(truth.shape)
    faces = []
    for index in range(count):
        params = truth[index]
        moved = head.expressed(person, params.expression, params.gaze)
        points = view_of(params, SIZE).project(head.mesh_points_of(person, moved, params.gaze))
        points = points + rng.normal(0, NOISE, points.shape)
        skin = np.concatenate([points[:468, :2], -points[:468, 2:]], 1)
        faces.append(MeshFace(skin, points[[468, 473], :2], 1.0))
    fit = AvatarTracker(KnownFaces(faces)).fit_clip(np.zeros((count, SIZE, SIZE, 3), np.uint8), RATE)
    return quality(fit) | against(truth, fit.drive)


class KnownFaces(FaceMesh):
    """A face mesh that gives known faces one after the other."""

    def __init__(self, faces: Sequence[MeshFace]) -> None:
        self._faces = iter(faces)

    def track(self, image: Pictures, previous: MeshFace | None = None) -> MeshFace | None:
        """Return the next face."""
        return next(self._faces, None)


def quality(fit: ClipFit) -> Values:
    """Return how well the head fits."""
    return {
        "reprojection, median": float(np.median(fit.reprojection)),
        "reprojection, 95th percentile": float(np.quantile(fit.reprojection, 0.95)),
        "misfit of the motion, median": float(np.median(fit.moving)),
        "frames with a face": fit.tracked,
    }


def against(truth: DriveSequence, found: DriveSequence) -> Values:
    """Return how a tracked motion agrees with the true one."""
    values = {
        f"{name} error, degrees": float(np.degrees(np.abs(truth.pose[:, axis] - found.pose[:, axis]).mean()))
        for axis, name in enumerate(("yaw", "pitch", "roll"))
    }
    pairs: list[tuple[str, NDArray[np.floating], NDArray[np.floating]]] = [
        *((name, truth.pose[:, axis], found.pose[:, axis]) for axis, name in enumerate(("yaw", "pitch", "roll"))),
        *((name, truth.gaze[:, axis], found.gaze[:, axis]) for axis, name in enumerate(("gaze x", "gaze y"))),
        *((name, truth.expression[:, i], found.expression[:, i]) for i, name in enumerate(ARKIT_EXPRESSION)),
    ]
    for name, true, read in pairs:
        if true.std() >= LIVELY:
            values[f"correlation, {name}"] = float(np.corrcoef(true, read)[0, 1]) if read.std() > 1e-6 else 0.0
    means = [
        value for name, value in values.items() if "correlation" in name and name.split(", ")[1] in ARKIT_EXPRESSION
    ]
    return values | ({"correlation, mean of coefficients": float(np.mean(means))} if means else {})


def rows_of(name: str, clips: Sequence[Mapping[str, float]], frames: int) -> Iterator[Sequence[object]]:
    """Return the rows of a set of clips: means with intervals."""
    gathered: dict[str, list[float]] = defaultdict(list)
    for clip in clips:
        for measure, value in clip.items():
            gathered[measure].append(value)
    rng = np.random.default_rng(0)
    for measure, values in gathered.items():
        means = rng.choice(values, (RESAMPLES, len(values))).mean(1)
        low, high = (None, None) if len(values) < 2 else np.quantile(means, [0.025, 0.975]).tolist()
        yield name, measure, float(np.mean(values)), low, high, len(values), frames, platform.machine()


if __name__ == "__main__":
    main()
