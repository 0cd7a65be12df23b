"""Measure whether mark and credential are read in every format that `animate` writes; write results/outputs.csv.

Avatars in several styles, with their background and cut out of it, are moved by sampled motions and sealed in every
format that holds them. Each file is read like any other: is its credential intact and known, is its own mark found in
the clip, and in single frames. The intervals are exact ones for shares of clips, and of frames (Clopper, Pearson);
frames of one clip are alike, so theirs are narrower than they should be.

    OMP_NUM_THREADS=1 python -m benchmarks.watermark.outputs [--clips N]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from benchmarks.results_csv import write_rows
from generator import AnimateConfig, GeneratedClip, GeometryAnimator
from generator.avatars import avatar_truth, render, sample_avatar, sample_motion
from watermark import (
    CLIP_SUFFIXES,
    CredentialState,
    Deployment,
    SealError,
    holds_alpha,
    open_clip,
    read_mark,
    read_provenance,
)

RESULTS = Path("results/outputs.csv")
HEADER = ["format", "transparent", "measure", "share", "low", "high", "n", "kilobytes_a_frame", "frames", "seed"]
STYLES = ("cartoon", "real", "anime", "flat", "pixel", "sketch", "clay", "comic")
SEED, SIZE, RATE, FRAMES, SINGLE = 3, 256, 12.5, 8, 4
MEASURES = (("credential", 1), ("mark of the clip", 1), ("mark of one frame", SINGLE))

Answer = tuple[int, int, int, int]


def animated(number: int, deployment: Deployment, *, transparent: bool) -> GeneratedClip:
    """Return the marked frames of one moved avatar."""
    rng = np.random.default_rng((SEED, number))
    avatar = sample_avatar(SEED + number, STYLES[number % len(STYLES)])
    face, motion = avatar.params(), sample_motion(rng, avatar.shape.values, FRAMES, RATE)
    still = render(avatar, face, SIZE).picture
    if transparent:
        alpha = np.rint(255 * avatar_truth(avatar, face, SIZE).alpha[..., None])
        white = 255 - (255 - still.astype(np.float64)) * alpha / 255
        still = np.concatenate([np.rint(white), alpha], -1).astype(np.uint8)
    settings = AnimateConfig(size=SIZE, seed=number)
    return GeometryAnimator().animate(still, face, motion, deployment, config=settings)


def read_back(clip: GeneratedClip, path: Path, deployment: Deployment) -> Answer:
    """Seal a clip and read the file.

    Returns:
        Whether a file was released and its credential is trusted, whether the mark is found, in how many of `SINGLE`
        frames, and bytes.
    """
    try:
        own = clip.seal(path, deployment).payload.hex
    except SealError as error:  # nothing is released; it counts as a miss
        print(error)
        return 0, 0, 0, 0
    found = read_provenance(path, deployment)
    frames = open_clip(path).sample(SINGLE)
    single = sum(read_mark(frame, deployment.mark_keys, search=0).id == own for frame in frames)
    trusted = found.credential.state is CredentialState.TRUSTED
    marked = found.mark is not None and found.mark.ours and found.mark.id == own
    return int(trusted), int(marked), single, path.stat().st_size


def rows_of(suffix: str, answers: list[Answer], *, transparent: bool) -> Iterator[list[object]]:
    """Yield the rows of one format."""
    found = np.array(answers)
    kilobytes = found[:, 3].sum() / (1000 * FRAMES * len(found))
    for column, (name, each) in enumerate(MEASURES):
        hits, of = int(found[:, column].sum()), each * len(found)
        low, high = binomtest(hits, of).proportion_ci(method="exact")
        yield [suffix, transparent, name, hits / of, low, high, of, kilobytes, FRAMES, SEED]


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=len(STYLES), help="clips of each kind (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    answers: dict[tuple[str, bool], list[Answer]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        deployment = Deployment.open(Path(scratch) / "home")
        for number in range(options.clips):
            for transparent in (False, True):
                clip = animated(number, deployment, transparent=transparent)
                for suffix in CLIP_SUFFIXES:
                    path = Path(scratch) / f"{number}-{transparent}{suffix}"
                    if not transparent or holds_alpha(path, moving=True):
                        answers.setdefault((suffix, transparent), []).append(read_back(clip, path, deployment))
                print(f"clip {number}, transparent {transparent}", flush=True)
            rows = [
                row for (suffix, clear), some in answers.items() for row in rows_of(suffix, some, transparent=clear)
            ]
            write_rows(options.out, HEADER, rows)  # after every clip, so that a stopped run keeps what it has measured


if __name__ == "__main__":
    main()
