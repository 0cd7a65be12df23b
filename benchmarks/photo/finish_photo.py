"""Make the shipped folder of the detector `photo` from the weights that validation chose.

Calibration, thresholds and the three-way decision are fitted on the validation people, each with a plain and a
distorted copy of everything. The scope gates take the training people as what is known, and the validation people,
plain and distorted, set their limits.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from detectors import (
    ConformalDecision,
    Detector,
    DetectorCard,
    DetectorSpec,
    Evidence,
    Gate,
    Scope,
    create_detector,
    fit_calibration,
    fit_gate,
    fit_thresholds,
    save_detector,
)
from detectors.checkpoints import SHIPPED
from detectors.interpretation.appearance import describe
from detectors.preprocessing import resize_crop

from .distorting import distort
from .forging import MEASURED, cut_native, draw_forger
from .portraits import Image, Portrait, Split, read_portraits, split_portraits
from .train_photo import NAME, SEED

DIRECTIONS = 48
"""Directions of the pooled features that the scope gate measures."""
QUANTILES = (0.97, 0.95)
"""Shares of the validation pictures that the gates of features and of appearance let in."""
COPIES = 2
"""Copies of each validation picture: the first is plain, the others are distorted."""
KNOWN = 200
"""Training people whose pictures fit the scope gates."""
RISK = 0.1
MEASURED_ON = (
    "official portraits of 85 people whom it had never seen and on forgeries that this toolkit makes of them; it has "
    "not seen pictures of diffusion models or of modern face swappers, and does not hear sound"
)


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("-o", "--out", type=Path, default=SHIPPED / NAME)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    split = split_portraits(read_portraits(options.portraits, options.work))
    detector = create_detector(NAME)
    detector.model.load_state_dict(torch.load(options.work / "best.pt", weights_only=True))
    fit_answers(detector, split.validation)
    detector.scope = fit_scope(detector, split)
    steps, minutes, auc = read_log(options.work / "log.txt")
    card = DetectorCard(
        data=f"portraits of 300 people and forgeries of them: {', '.join(MEASURED)}; {steps} steps of 20 pictures in "
        f"{minutes:.0f} minutes",
        data_digest=digest(split.train),
        split="by person, 300 for training, 50 for validation, 85 for the test; step, calibration, thresholds, "
        "decision and scope from the validation people",
        licence="Apache-2.0",
        metrics={"auc/frame/validation": auc},
        seed=SEED,
        note="It has not seen pictures of diffusion models or modern face swappers, and does not hear sound.",
        face_finder="face-mesh",
        measured_on=MEASURED_ON,
    )
    save_detector(detector, options.out, card, half=True)
    print(detector.calibration, detector.thresholds, detector.decision, sep="\n")


def fit_answers(detector: Detector, people: Sequence[Portrait]) -> None:
    """Fit calibration, thresholds and decision on validation people, plain and distorted."""
    crops, labels, owners = [], [], []
    for place, portrait in enumerate(people):
        for number, forger in enumerate(MEASURED.values()):
            rng = np.random.default_rng([SEED, 2, number, place])
            genuine, forged, box = forger(portrait, people, rng)
            pair = [cut_native(picture, box, detector.spec) for picture in (genuine, forged)]
            for copy in range(COPIES):
                varied = distort(pair, rng) if copy else pair
                crops += [resize_crop(crop, detector.spec.input_size) for crop in varied]
                labels += [0, 1]
                owners += [portrait.name] * 2
    marks, logits = np.array(labels), detector.embed(np.stack(crops))[0]
    detector.calibration = fit_calibration(logits, marks)
    chances = detector.calibration.probabilities(logits)
    detector.thresholds = fit_thresholds(chances[marks == 0])
    detector.decision = ConformalDecision.fit(marks, chances, RISK, level="frame")


def fit_scope(detector: Detector, split: Split) -> Scope:
    """Fit the gates on training people, and set their limits on validation people."""
    known, held = (
        evidence(detector, people, seed) for people, seed in ((split.train[:KNOWN], 3), (split.validation, 4))
    )
    gates = []
    for numbers, limits, quantile in ((known[0], held[0], QUANTILES[0]), (known[1], held[1], QUANTILES[1])):
        basis = directions(numbers)
        gate = fit_gate(numbers @ basis, limits @ basis, quantile=quantile)
        small = [np.asarray(part, dtype=np.float32).astype(np.float64) for part in (gate.mean, gate.precision)]
        gates.append(Gate(small[0], small[1], gate.threshold, quantile, basis))
    return Scope(*gates)


def evidence(detector: Detector, people: Sequence[Portrait], seed: int) -> Evidence:
    """Return the numbers of the gates for people: each plain, distorted, and forged and distorted."""
    crops: list[Image] = []
    spec: DetectorSpec = detector.spec
    for place, portrait in enumerate(people):
        rng = np.random.default_rng([SEED, seed, place])
        genuine, forged, box = draw_forger(rng)(portrait, people, rng)
        pair = [cut_native(picture, box, spec) for picture in (genuine, forged)]
        crops += [resize_crop(crop, spec.input_size) for crop in (pair[0], *distort(pair, rng))]
    stacked = np.stack(crops)
    return Evidence(detector.embed(stacked)[1], describe(stacked))


def directions(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the main directions (F, D) of numbers (N, F), scaled so that each spreads by one."""
    centred = numbers - numbers.mean(0)
    scale = np.maximum(centred.std(0), 0.05)
    _, strength, rows = np.linalg.svd(centred / scale, full_matrices=False)
    spread = strength[:DIRECTIONS] / np.sqrt(len(numbers))
    basis = rows[:DIRECTIONS].T / scale[:, None] / spread
    return np.asarray(basis.astype(np.float32).astype(np.float64))


def read_log(file: Path) -> tuple[int, float, float]:
    """Return steps and minutes of the whole training, and the best area under the curve on validation people."""
    rows = [line.split() for line in file.read_text("utf-8").splitlines()]
    best = max(float(row[row.index("all") + 1]) for row in rows)
    return int(rows[-1][1]), float(rows[-1][3]) / 60, best


def digest(people: Sequence[Portrait]) -> str:
    """Return the SHA-256 of the training people's pictures."""
    found = hashlib.sha256()
    for portrait in people:
        found.update(portrait.picture.tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    main()
