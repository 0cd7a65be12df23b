"""Fit the gate that tells photographs from avatars, and write detectors/weights/worlds.json.

Photographs are the portraits of the training and validation people, plain, forged and distorted; avatars
are drawn in all styles, plain and distorted. The error that the file names is measured on the test people and on
further avatars.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from detectors import WorldGate, crop_face, find_spec
from detectors.interpretation.appearance import describe
from detectors.interpretation.worlds import SHIPPED_GATE
from detectors.preprocessing import resize_crop
from forensics.faces import box_of
from generator.avatars import STYLES, avatar_landmarks, avatar_truth, render, sample_avatar, sample_motion
from generator.trackers import MESH_INDEX

from .distorting import distort
from .forging import cut_native, draw_forger
from .portraits import Image, Portrait, read_portraits, split_portraits

Numbers = NDArray[np.float64]
AVATARS, TEST_AVATARS = 400, 100
STRENGTH = 0.003
"""Inverse of the regression's penalty; with more of it the gate follows single features."""


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("-o", "--out", type=Path, default=SHIPPED_GATE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    split = split_portraits(read_portraits(options.portraits, options.work))
    photographs = describe(np.stack(photographed([*split.train, *split.validation], seed=1)))
    avatars = describe(np.stack(drawn(range(AVATARS), seed=2)))
    gate = fit(photographs, avatars)
    held = {"photograph": (photographed(split.test, seed=3), False)}
    held["avatar"] = (drawn(range(AVATARS, AVATARS + TEST_AVATARS), seed=4), True)
    measured: dict[str, float] = {}
    for kind, (crops, wanted_low) in held.items():
        wrong = (gate.chances(np.stack(crops)) > 0.5) == wanted_low
        measured |= {f"{kind}s taken for the other kind": round(float(wrong.mean()), 4), f"{kind}s": len(wrong)}
    WorldGate(gate.weights, gate.bias, measured).save(options.out)
    print(measured)


def fit(photographs: Numbers, avatars: Numbers) -> WorldGate:
    """Return the regression on plain features; scaling is folded into its weights."""
    scaler = StandardScaler().fit(np.concatenate([photographs, avatars]))
    labels = np.repeat([1, 0], [len(photographs), len(avatars)])
    scaled = scaler.transform(np.concatenate([photographs, avatars]))
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2000).fit(scaled, labels)
    weights = model.coef_[0] / scaler.scale_
    return WorldGate(weights, float(model.intercept_[0] - weights @ scaler.mean_), {})


def photographed(people: Sequence[Portrait], seed: int) -> list[Image]:
    """Return a plain, a distorted, and a forged and distorted crop of each person."""
    spec = find_spec("cpu")
    crops = []
    for place, portrait in enumerate(people):
        rng = np.random.default_rng([seed, place])
        genuine, forged, box = draw_forger(portrait, rng)(portrait, people, rng)
        cut = [cut_native(picture, box, spec) for picture in (genuine, forged)]
        plain = crop_face(portrait.picture, portrait.box, spec)
        crops += [plain, *(resize_crop(crop, spec.input_size) for crop in distort(cut, rng))]
    return crops


def drawn(numbers: range, seed: int) -> list[Image]:
    """Return a plain and a distorted crop of each avatar, in all styles."""
    spec = find_spec("cpu")
    crops = []
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        avatar = sample_avatar(int(rng.integers(1 << 31)), STYLES[number % len(STYLES)])
        motion = sample_motion(rng, avatar.shape.values, 25, camera=avatar.params().camera)
        face, size = avatar.driven(motion[24]), int(rng.choice((256, 384)))
        picture = render(avatar, face, size).picture
        truth = avatar_truth(avatar, face, size, samples=1)
        box = box_of(avatar_landmarks(avatar, face, truth)[0][MESH_INDEX])
        crops += [crop_face(picture, box, spec)]
        crops += [resize_crop(crop, spec.input_size) for crop in distort([cut_native(picture, box, spec)], rng)]
    return crops


if __name__ == "__main__":
    main()
