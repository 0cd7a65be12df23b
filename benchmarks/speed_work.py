"""Cases of the table of speed: marking, sealing, reading, examining, animating, scoring, drawing and evaluating."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.detectors.scores_speed import HERE, REPLICATES, measure, write_samples
from benchmarks.speed_case import COMMAND, Case, limit, seconds, start
from detectors import Detector, load_detector
from detectors.preprocessing import to_input
from generator import DriveSequence, GeometryAnimator
from generator.avatars import Avatar, render, sample_avatar, sample_motion
from watermark import (
    Deployment,
    Payload,
    PayloadKind,
    mark,
    read_mark,
    read_provenance,
    seal_file,
    sign_unchanged,
)

Picture = NDArray[np.uint8]
SMALL = 320
"""Side of the small pictures of a folder, pixels."""


def faces(folder: Path, quick: bool) -> Iterator[Case]:
    """Yield the cases of work with faces, and of evaluation.

    Args:
        folder: Folder for what they need.
        quick: Whether the sizes are small.
    """
    count = 12 if quick else 1000
    walk = partial(examine_folder, folder / "many", count)
    yield Case(f"examine: a folder of {count} small JPEGs, two workers", "s a file", walk, "limit", limit(0.05), 1)
    frames = 8 if quick else 100
    moved = partial(animate, Deployment.open(folder / "home"), frames)
    yield Case("animate: geometry, 256 pixels", "s a frame", moved, "25 a second", limit(0.04), 3)
    yield Case("score: 32 crops with the detector cpu", "s a crop", score, "the same network bare", bare)
    drawn = partial(draw, 2 if quick else 20)
    yield Case("render: an avatar, 256 pixels", "s a frame", drawn, "limit", limit(0.1))
    made = partial(synthesize, folder / "corpus", 4 if quick else 16)
    yield Case("synthesize: 12 clips, two workers", "s a frame", made, "rendering alone", drawn, 1)
    rows = 10_000 if quick else 1_000_000
    yield Case(f"evaluate: {rows} rows, {REPLICATES} replicates", "s", partial(measured, folder / "scores", rows),
               f"{REPLICATES} times roc_auc_score of scikit-learn", partial(plain, rows), 3)  # fmt: skip


def provenance(folder: Path, quick: bool) -> Iterator[Case]:
    """Yield the cases of marks and credentials.

    Args:
        folder: Folder for what they need.
        quick: Whether the sizes are small; these cases have one size.
    """
    del quick
    deployment = Deployment.open(folder / "home")
    picture = scene((220,), 512, seed=2)
    payload = Payload.random(np.random.default_rng(1), PayloadKind.CONTROL)
    marked, keys = mark(picture, payload, deployment.mark_key), deployment.mark_keys
    yield Case("mark: a still of 512 pixels", "s", partial(seconds, partial(mark, picture, payload,
               deployment.mark_key), 20), "limit", limit(0.02))  # fmt: skip
    read = partial(seconds, partial(read_mark, marked, keys), 20)
    yield Case("read: the mark of a marked still", "s", read, "limit", limit(0.01))
    search = partial(seconds, partial(read_mark, picture, keys))
    yield Case("read: the full search in an unmarked still", "s", search, "limit", limit(1.0))
    plain_file, sealed, signed = (folder / f"{name}.jpg" for name in ("plain", "sealed", "signed"))
    Image.fromarray(picture).save(plain_file, quality=92)
    kind = PayloadKind.CAPTURED
    seal = partial(seal_file, plain_file, sealed, kind, deployment, force=True)
    sign = partial(sign_unchanged, plain_file, signed, kind, deployment)
    yield Case("seal: a JPEG of 512 pixels", "s", partial(seconds, seal, 3), "signing alone",
               partial(seconds, sign, 3))  # fmt: skip
    seal()
    whole = partial(seconds, partial(read_provenance, sealed, deployment), 3)
    yield Case("read: a sealed JPEG, mark and credential", "s", whole, "signing alone", partial(seconds, sign, 3))


def scene(heads: tuple[int, ...], side: int, seed: int) -> Picture:
    """Draw avatars' heads of some sizes side by side on a textured square, `(side, side, 3)`."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (side // 32, side // 32, 3)).astype(np.uint8)
    ground = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 6, (side, side, 3))
    picture: Picture = np.clip(ground, 0, 255).astype(np.uint8)
    for place, size in enumerate(heads):
        left = (2 * place + 1) * side // (2 * len(heads)) - size // 2
        avatar = sample_avatar(seed + place, "cartoon")
        picture[side - size :, left : left + size] = render(avatar, avatar.params(), size).picture
    return picture


def examine_folder(folder: Path, count: int) -> float:
    """Return the seconds a file of `facetrail examine` on a folder of pictures, without what its start takes."""
    few = folder.with_name(f"{folder.name}-few")
    pictures = [scene((SMALL * 3 // 5,), SMALL, seed) for seed in range(12)]
    for place, number in ((few, 4), (folder, count)):
        if not place.exists():
            place.mkdir()
            for index in range(number):
                Image.fromarray(pictures[index % len(pictures)]).save(place / f"{index:04}.jpg", quality=90)

    def examined(place: Path) -> None:
        command = [sys.executable, "-m", "forensics", "examine", str(place), "--workers", "2", "--json"]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    return (seconds(lambda: examined(folder)) - seconds(lambda: examined(few))) / (count - 4)


def animate(deployment: Deployment, frames: int) -> float:
    """Return the seconds a frame that the preset `geometry` takes, with marks."""
    avatar, drive = _actor(frames)
    picture = render(avatar, avatar.params(), 256).picture
    animator = GeometryAnimator()
    animator.animate(picture, avatar.params(), drive.take([0, 1]), deployment)
    return seconds(lambda: animator.animate(picture, avatar.params(), drive, deployment)) / frames


def draw(frames: int) -> float:
    """Return the seconds that an avatar's frame takes to draw."""
    avatar, drive = _actor(frames)
    posed = [avatar.driven(drive[number]) for number in range(frames)]
    render(avatar, posed[0], 256)
    return seconds(lambda: [render(avatar, params, 256) for params in posed]) / frames


def score() -> float:
    """Return the seconds a crop of the shipped detector."""
    detector, crops = _detector(), _crops()
    detector.score(crops)
    return seconds(lambda: detector.score(crops), 10) / len(crops)


def bare() -> float:
    """Return the seconds a crop of the same network, in timm's loop on tensors that are there."""
    import torch

    detector = _detector()
    batch = to_input(_crops(), detector.spec).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        detector.model(batch)
        return seconds(lambda: detector.model(batch), 10) / len(batch)


def synthesize(corpus: Path, frames: int) -> float:
    """Return the seconds a frame of `facetrail corpus synthesize`, its start included."""
    sizes = {"identities": 6, "clips": 1, "stills": 0, "methods": "self-blend", "workers": 2, "frames": frames}
    words = [word for name, value in sizes.items() for word in (f"--{name}", str(value))]
    shutil.rmtree(corpus, ignore_errors=True)
    return start("-c", COMMAND, "corpus", "synthesize", "-o", corpus, *words) / (12 * frames)


def measured(folder: Path, rows: int) -> float:
    """Return the seconds of `facetrail evaluate --scores`, a new process."""
    folder.mkdir(exist_ok=True)
    table = folder / "scores.csv"
    if not table.exists():
        write_samples(table, rows)
    shutil.rmtree(folder / "out", ignore_errors=True)
    return measure(HERE, ("evaluate", "--scores", str(table), "-o", str(folder / "out")))[1]


def plain(rows: int) -> float:
    """Return the seconds that scikit-learn takes for as many areas under the curve, from one of them."""
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, rows)
    scores = rng.normal(labels * 0.3, 0.2)
    return REPLICATES * seconds(lambda: roc_auc_score(labels, scores))


@cache
def _actor(frames: int) -> tuple[Avatar, DriveSequence]:
    avatar = sample_avatar(5, "cartoon")
    rng = np.random.default_rng(5)
    return avatar, sample_motion(rng, avatar.shape.values, frames, camera=avatar.params().camera)


@cache
def _detector() -> Detector:
    return load_detector("cpu")


@cache
def _crops() -> Picture:
    side = _detector().spec.input_size
    return np.stack([scene((side // 2,), side, seed) for seed in range(4)] * 8)
