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
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from benchmarks.results_csv import write_rows
from generator import AnimateConfig, GeometryAnimator
from generator.avatars import avatar_truth, render, sample_avatar, sample_motion
from watermark import CLIP_SUFFIXES, CredentialState, Deployment, holds_alpha, open_clip, read_mark, read_provenance

RESULTS = Path("results/outputs.csv")
HEADER = ["format", "transparent", "measure", "share", "low", "high", "n", "kilobytes_a_frame", "frames", "seed"]
STYLES = ("cartoon", "real", "anime", "flat", "pixel", "sketch", "clay", "comic")
SEED, SIZE, RATE, FRAMES, SINGLE = 3, 384, 12.5, 12, 4


def measure(suffix: str, number: int, *, transparent: bool, deployment: Deployment, folder: Path) -> tuple[int, ...]:
    """Seal one clip and read it.

    Returns:
        Whether the credential is trusted, whether the mark is found, in how many of `SINGLE` frames, and bytes.
    """
    rng = np.random.default_rng((SEED, number))
    avatar = sample_avatar(SEED + number, STYLES[number % len(STYLES)])
    face, motion = avatar.params(), sample_motion(rng, avatar.shape.values, FRAMES, RATE)
    still = render(avatar, face, SIZE).picture
    if transparent:
        alpha = np.rint(255 * avatar_truth(avatar, face, SIZE).alpha[..., None])
        white = 255 - (255 - still.astype(np.float64)) * alpha / 255
        still = np.concatenate([np.rint(white), alpha], -1).astype(np.uint8)
    path = folder / f"{number}{suffix}"
    made = GeometryAnimator().animate_to(
        path, still, face, motion, deployment, config=AnimateConfig(size=SIZE, seed=number)
    )
    found, own = read_provenance(path, deployment), made.receipt.payload.hex
    frames = open_clip(path).sample(SINGLE)
    single = sum(read_mark(frame, deployment.mark_keys, search=0).id == own for frame in frames)
    trusted = found.credential.state is CredentialState.TRUSTED
    marked = found.mark is not None and found.mark.ours and found.mark.id == own
    return int(trusted), int(marked), single, path.stat().st_size


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=len(STYLES), help="clips of each kind (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as scratch:
        deployment = Deployment.open(Path(scratch) / "home")
        for suffix in CLIP_SUFFIXES:
            for transparent in (False, True):
                if transparent and not holds_alpha(Path(f"clip{suffix}"), moving=True):
                    continue
                folder = Path(scratch) / f"{suffix[1:]}-{transparent}"
                folder.mkdir()
                found = np.array(
                    [
                        measure(suffix, number, transparent=transparent, deployment=deployment, folder=folder)
                        for number in range(options.clips)
                    ]
                )
                kilobytes = found[:, 3].sum() / (1000 * FRAMES * options.clips)
                for column, name, each in (
                    (0, "credential", 1),
                    (1, "mark of the clip", 1),
                    (2, "mark of one frame", SINGLE),
                ):
                    hits, of = int(found[:, column].sum()), each * options.clips
                    low, high = binomtest(hits, of).proportion_ci(method="exact")
                    rows.append([suffix, transparent, name, hits / of, low, high, of, kilobytes, FRAMES, SEED])
                    print(*rows[-1], flush=True)
    write_rows(options.out, HEADER, rows)


if __name__ == "__main__":
    main()
