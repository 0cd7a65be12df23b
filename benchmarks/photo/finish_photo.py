"""Make the shipped folder of the detector `photo` from the weights that validation chose.

Calibration, thresholds and the three-way decision are fitted on the validation people, each with a plain and a
distorted copy of everything. The scope gates take the training people as what is known, and the validation people,
plain and distorted, set their limits.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from functools import partial
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
    find_spec,
    fit_calibration,
    fit_gate,
    fit_thresholds,
    save_detector,
)
from detectors.checkpoints import SHIPPED
from detectors.interpretation.appearance import describe
from detectors.preprocessing import resize_crop

from .distorting import distort
from .drawing import TRAIN, VALIDATION, kept_avatars, make_avatars
from .forging import MEASURED, alike, cut_native, draw_forger, measured_of
from .measured_pictures import Pictures, keep
from .portraits import SEED, Portrait, read_portraits, split_portraits
from .reenacting import Reenactor
from .scored import GENUINE, UNFORGED
from .train_photo import NAME

DIRECTIONS = 48
"""Directions of the pooled features that the scope gate measures."""
QUANTILES = (0.97, 0.95)
"""Shares of the validation pictures that the gates of features and of appearance let in."""
COPIES = 2
"""Copies of each validation picture: the first is plain, the others are distorted."""
KNOWN, KNOWN_AVATARS = 200, 60
"""Training people and training avatars whose pictures fit the scope gates."""
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
    parser.add_argument("--pictures-only", action="store_true", help="make the pictures that are missing, and end")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    split, folder = split_portraits(read_portraits(options.portraits, options.work)), options.work / "fitted"
    reenactor, spec = Reenactor(options.work), find_spec(NAME)
    validation = [reenactor.of(one) for one in split.validation]
    known = [split.train[:KNOWN], kept_avatars(TRAIN, options.work)[:KNOWN_AVATARS]]
    held = [validation, make_avatars(VALIDATION, options.work)]
    answers = keep(folder / "answers.npz", lambda: answered(validation, spec))
    gates = [keep(folder / f"{name}.npz", partial(gated, groups, spec, seed))
             for name, groups, seed in (("known", known, 3), ("held", held, 4))]  # fmt: skip
    if options.pictures_only:
        return
    detector = create_detector(NAME)
    detector.model.load_state_dict(torch.load(options.work / "best.pt", weights_only=True))
    fit_answers(detector, answers)
    detector.scope = fit_scope(detector, *gates)
    steps, minutes, auc = read_log(options.work / "log.txt")
    card = DetectorCard(
        data=f"portraits of 300 people, drawn avatars, and forgeries of both: {', '.join(MEASURED)}; "
        f"{steps} steps of 20 pictures in {minutes:.0f} minutes",
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


def fit_answers(detector: Detector, pictures: Pictures) -> None:
    """Fit calibration, thresholds and decision on the pictures of validation people."""
    marks = (~np.isin(pictures.kinds, UNFORGED)).astype(np.int64)
    logits = detector.embed(np.stack(pictures.crops))[0]
    detector.calibration = fit_calibration(logits, marks)
    chances = detector.calibration.probabilities(logits)
    detector.thresholds = fit_thresholds(chances[marks == 0])
    detector.decision = ConformalDecision.fit(marks, chances, RISK, level="frame")


def answered(people: Sequence[Portrait], spec: DetectorSpec) -> Pictures:
    """Return every forgery of people beside its genuine half, plain and distorted alike."""
    found = Pictures()
    for place, portrait in enumerate(people):
        for number, (name, forger) in enumerate(measured_of(portrait).items()):
            rng = np.random.default_rng([SEED, 2, number, place])
            genuine, forged, box = forger(portrait, people, rng)
            pair = [cut_native(picture, box, spec) for picture in (genuine, forged)]
            for copy in range(COPIES):
                for crop, kind in zip(distort(pair, rng) if copy else pair, (GENUINE, name), strict=True):
                    found.add(resize_crop(crop, spec.input_size), kind, portrait.name, "distorted" if copy else "none")
    return found


def fit_scope(detector: Detector, known: Pictures, held: Pictures) -> Scope:
    """Fit the gates on training faces, and set their limits on validation faces."""
    before, after = (evidence(detector, pictures) for pictures in (known, held))
    gates = []
    for numbers, limits, quantile in ((before[0], after[0], QUANTILES[0]), (before[1], after[1], QUANTILES[1])):
        basis = directions(numbers)
        gate = fit_gate(numbers @ basis, limits @ basis, quantile=quantile)
        small = [np.asarray(part, dtype=np.float32).astype(np.float64) for part in (gate.mean, gate.precision)]
        gates.append(Gate(small[0], small[1], gate.threshold, quantile, basis))
    return Scope(*gates)


def gated(groups: Sequence[Sequence[Portrait]], spec: DetectorSpec, seed: int) -> Pictures:
    """Return faces of people and of avatars: each plain, distorted, and forged and distorted."""
    found = Pictures()
    for number, group in enumerate(groups):
        for place, portrait in enumerate(group):
            rng = np.random.default_rng([SEED, seed, number, place])
            genuine, forged, box = draw_forger(portrait, rng)(portrait, alike(portrait, group), rng)
            pair = [cut_native(picture, box, spec) for picture in (genuine, forged)]
            for crop in (pair[0], *distort(pair, rng)):
                found.add(resize_crop(crop, spec.input_size), "", portrait.name, "")
    return found


def evidence(detector: Detector, pictures: Pictures) -> Evidence:
    """Return the numbers of the gates for pictures."""
    stacked = np.stack(pictures.crops)
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
