"""Draw the pictures in docs/images.

`forgeries.jpg` shows one forgery of every kind below its original, `looked.jpg` the saliency of the shipped detector,
`mark.jpg` a picture without and with its mark, and `attacked.jpg` the effect of a level or two of 255 on a score. All
are made from avatars and the geometric generator: `python -m tools.docs.doc_pictures [--only mark]`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors import explain, load_detector
from forensics.corpus import Corpus, Label, Slice, Split
from forensics.evaluation.adversarial import Attack, attack_frames
from forensics.faces import cut_crops, gather_crops, job_of, load_frames_with_faces
from forensics.synthesis.generator_forger import open_forger
from forensics.synthesis.methods import GENERATED, GEOMETRY, METHODS
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.synthesize import synthesize
from generator.avatars import render, sample_avatar
from watermark import Deployment, Payload, PayloadKind, mark, read_media

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SEED = 9003
SIDE = 168
MARKED = ("paint", 9)
"""Style and seed of the avatar that is shown with its mark."""
SHOWN = 1
"""Index of the genuine still that is altered."""
AMPLIFIED = 16
"""Factor by which the difference of a marked picture is amplified."""
Picture = NDArray[np.uint8]


def make_corpus(home: Path, methods: tuple[str, ...]) -> Corpus:
    """Build a corpus of stills of six avatars, and forgeries of them."""
    deployment = Deployment.open(home)
    config = SynthesisConfig(seed=SEED, identities=6, clips=0, stills=1, control=(), methods=methods)
    folder = home.parent / "-".join(("corpus", *methods))
    return synthesize(folder, config, open_forger(deployment), deployment)


def looked(home: Path) -> Picture:
    """Return crops and the saliency of a manipulation, with the score below; genuine ones first."""
    corpus, detector = make_corpus(home, (GENERATED,)), load_detector("cpu")
    table = gather_crops(
        corpus, sorted(corpus.samples, key=lambda one: one.label, reverse=True), detector.spec, per_clip=1
    )
    columns = []
    for crop, heat, score, sample in zip(
        table.crops,
        explain(detector, table.crops),
        detector.probabilities(table.crops),
        table.samples,
        strict=True,
    ):
        warm = cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
        over = (0.45 * crop + 0.55 * warm).astype(np.uint8)
        shots = [np.asarray(cv2.resize(shot, (SIDE, SIDE)), np.uint8) for shot in (crop, over)]
        columns.append(np.concatenate([*shots, caption(f"{sample.label}, {score:.2f}")], 0))
    chosen = [*columns[:4], *columns[-4:]]
    return np.concatenate(chosen, 1)


def attacked(home: Path) -> Picture:
    """Return forged frames without and with PGD; below them the change, amplified about grey, and the score."""
    corpus, detector = make_corpus(home, (GENERATED,)), load_detector("cpu")
    rng = np.random.default_rng(SEED)
    shots: list[Picture] = []
    for sample in [one for one in corpus.samples if one.label is Label.FORGED][:2]:
        look, frames = load_frames_with_faces(job_of(corpus, sample, detector.spec, 1), None)
        assert look.faces is not None  # noqa: S101 - a corpus of ours has sidecars
        boxes, landmarks = look.faces.boxes, look.faces.landmarks
        for epsilon in (0, 1, 2):
            moved = attack_frames(detector, frames, boxes, landmarks, np.array([-1]), Attack("pgd", epsilon), rng)
            score = detector.probabilities(cut_crops(moved, boxes, detector.spec, landmarks))[0]
            added = np.clip(128 + 4 * AMPLIFIED * (moved[0].astype(np.int16) - frames[0]), 0, 255).astype(np.uint8)
            pair = [np.asarray(cv2.resize(shot, (SIDE, SIDE)), np.uint8) for shot in (moved[0], added)]
            shots.append(np.concatenate([*pair, caption(f"up to {epsilon}/255: {score:.2f}")], 0))
    return np.concatenate(shots, 1)


def forgeries(home: Path) -> Picture:
    """Return two rows: genuine stills, and the forgery of each method."""
    methods = [method for method in METHODS if method.stills]
    corpus = make_corpus(home, tuple(method.name for method in methods))
    samples = corpus.where(split=Split.TRAIN, slice=Slice.MAIN)
    genuine = sorted((one for one in samples if one.label is Label.GENUINE), key=lambda one: one.path)[SHOWN]
    columns = []
    for method in methods:
        name = GEOMETRY if method.name == GENERATED else method.name
        made = [one for one in samples if one.label is Label.FORGED and one.method == name]
        forged = next((one for one in made if one.pair == genuine.source_id), None)
        before = None if forged is None else genuine
        forged = forged or made[SHOWN]
        shots = [blank() if one is None else still(corpus.root / one.path) for one in (before, forged)]
        columns.append(np.concatenate([*shots, caption(method.name)], 0))
    return np.concatenate(columns, 1)


def blank() -> Picture:
    """Return a white square as an empty cell."""
    return np.full((SIDE, SIDE, 3), 255, np.uint8)


def still(path: Path) -> Picture:
    """Return a picture of a corpus at the displayed size."""
    frame = read_media(path).frames[0]
    return np.asarray(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def caption(text: str) -> Picture:
    """Return a strip with a centred name."""
    strip = np.full((26, SIDE, 3), 255, np.uint8)
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    cv2.putText(strip, text, ((SIDE - width) // 2, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return strip


def marked() -> Picture:
    """Return a picture, the same with a mark, and the difference amplified about grey."""
    avatar = sample_avatar(MARKED[1], MARKED[0])
    plain = render(avatar, avatar.params(), 512).picture
    changed = mark(plain, Payload(SEED, PayloadKind.CONTROL), bytes(range(32)))
    added = np.clip(128 + AMPLIFIED * (changed.astype(np.int16) - plain), 0, 255).astype(np.uint8)
    return np.concatenate([plain, changed, added], 1)


def main() -> None:
    """Draw and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("attacked", "forgeries", "looked", "mark"))
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        drawings = {
            "attacked": lambda: attacked(home),
            "forgeries": lambda: forgeries(home),
            "looked": lambda: looked(home),
            "mark": marked,
        }
        drawn = {name: draw() for name, draw in drawings.items() if only in (None, name)}
    for name, picture in drawn.items():
        cv2.imwrite(str(IMAGES / f"{name}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
