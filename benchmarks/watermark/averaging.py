"""Copy and remove marks by averaging many outputs of one key; write results/watermark_averaging.csv.

The attacker has N marked pictures and neither key nor originals. *plain* averages their high-pass residuals. *aligned*
also uses the structure of marks: it folds each picture onto a tile, shifts the tiles until they agree best with their
mean, and averages them. The estimate is added to unmarked pictures (a forged mark), or subtracted from other marked
pictures (removal), where *aligned* searches the position of the tile as well. `one id` represents the frames of one
clip, `an id each` separate works.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from benchmarks.results_csv import write_records
from benchmarks.watermark.attacks import psnr
from benchmarks.watermark.subjects import Frames
from generator.avatars import STYLES, render, sample_avatar, sample_motion
from watermark import Payload, PayloadKind, mark, read_mark
from watermark.mark.correlation import folded_spectrum
from watermark.mark.tile import TILE, band_indices, luminance, whole_scales

SEED = 28
SIDE = 512
COUNTS = (10, 50, 200)
TARGETS = 12
ROUNDS = 4
STRENGTHS = {"forge": 2.3, "remove": 2.3, "remove, stronger": 4.0}
RESULTS = Path("results/watermark_averaging.csv")

Floats = NDArray[np.float32]


def pictures(count: int) -> list[Frames]:
    """Return unmarked avatars."""
    made = []
    for number in range(count):
        rng = np.random.default_rng((SEED, number))
        avatar = sample_avatar(int(rng.integers(1 << 31)), STYLES[number % len(STYLES)])
        motion = sample_motion(rng, avatar.shape.values, 1, camera=avatar.params().camera)
        made.append(render(avatar, motion[0], SIDE).picture)
    return made


def high_pass(picture: Frames) -> Floats:
    """Return the residual of a local mean, without strong edges."""
    luma = luminance(picture)
    return np.asarray(np.clip(luma - cv2.GaussianBlur(luma, (0, 0), 4), -6, 6), dtype=np.float32)


def plain(marked: Sequence[Frames]) -> Floats:
    """Return the mean residual, `(H, W)`."""
    return np.asarray(np.mean([high_pass(picture) for picture in marked], axis=0), dtype=np.float32)


def ring_of(picture: Frames) -> NDArray[np.complex128]:
    """Return the phases of a picture's folded spectrum inside the ring, `(128, 65)`."""
    spectrum = folded_spectrum([luminance(picture)], whole_scales(SIDE, SIDE)[0])
    ring = np.zeros(spectrum.size, dtype=np.complex128)
    band = band_indices()
    values = spectrum.ravel()[band]
    ring[band] = values / (np.abs(values) + 0.35 * np.abs(values).mean())
    return ring.reshape(spectrum.shape)


def moved(spectrum: NDArray[np.complex128], onto: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return a spectrum shifted to the best agreement with another."""
    surface = scipy.fft.irfft2(spectrum.conj() * onto, s=(TILE, TILE))
    row, column = divmod(int(surface.argmax()), TILE)
    vertical = np.fft.fftfreq(TILE)[:, None]
    horizontal = np.arange(TILE // 2 + 1)[None, :] / TILE
    return np.asarray(spectrum * np.exp(-2j * np.pi * (vertical * row + horizontal * column)))


def aligned(marked: Sequence[Frames]) -> NDArray[np.complex128]:
    """Return the mean ring after alignment."""
    rings = [ring_of(picture) for picture in marked]
    mean = rings[0]
    for _ in range(ROUNDS):
        mean = np.mean([moved(ring, mean) for ring in rings], axis=0)
    return mean


def repeated(ring: NDArray[np.complex128]) -> Floats:
    """Return a ring as a pattern over the whole picture."""
    tile = scipy.fft.irfft2(ring, s=(TILE, TILE))
    return np.tile(tile, (SIDE // TILE, SIDE // TILE)).astype(np.float32)


def added(picture: Frames, pattern: Floats, rms: float) -> Frames:
    """Return the picture with a pattern added at a root mean square, in grey levels."""
    change = pattern * (rms / float(pattern.std()))
    return np.clip(np.rint(picture + change[..., None]), 0, 255).astype(np.uint8)


def main() -> None:
    """Measure and write the results."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(SEED)
    key = rng.bytes(32)
    hosts = pictures(max(COUNTS) + 2 * TARGETS)
    victims, clean = hosts[-2 * TARGETS : -TARGETS], hosts[-TARGETS:]
    one = Payload.random(rng, PayloadKind.GENERATED)
    rows = []
    for ids in ("one id", "an id each"):
        payloads = [one if ids == "one id" else Payload.random(rng, PayloadKind.GENERATED) for _ in hosts]
        marked = [mark(host, payload, key) for host, payload in zip(hosts[:-TARGETS], payloads, strict=False)]
        known = {payload.hex for payload in payloads[: max(COUNTS)]}
        targets = list(zip(marked[-TARGETS:], payloads[-2 * TARGETS : -TARGETS], strict=True))
        for count in COUNTS:
            for attack in ("plain", "aligned"):
                ring = aligned(marked[:count]) if attack == "aligned" else None
                pattern = plain(marked[:count]) if ring is None else repeated(ring)
                forged = [read_mark(added(picture, pattern, STRENGTHS["forge"]), key, search=0) for picture in clean]
                row = {
                    "ids": ids, "attack": attack, "n": count,
                    "forged_present": f"{np.mean([reading.present for reading in forged]):.2f}",
                    "forged_known_id": f"{np.mean([reading.id in known for reading in forged]):.2f}",
                }  # fmt: skip
                for name in ("remove", "remove, stronger"):
                    left, fidelity = [], []
                    for (picture, payload), original in zip(targets, victims, strict=True):
                        here = pattern if ring is None else repeated(moved(ring, ring_of(picture)))
                        attacked = added(picture, -here, STRENGTHS[name])
                        left.append(read_mark(attacked, key, search=0).id == payload.hex)
                        fidelity.append(psnr(original, attacked))
                    row[f"{name}: id left"] = f"{np.mean(left):.2f}"
                    row[f"{name}: psnr"] = f"{np.mean(fidelity):.1f}"
                print(row, flush=True)
                rows.append(row)
    write_records(RESULTS, rows)


if __name__ == "__main__":
    main()
