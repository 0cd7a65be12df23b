"""Count the pictures that a detector's scope gates accept and reject; write results/scope_gate.csv.

Held-out avatars of the test split should be accepted. Pictures of another kind, given as KIND=FILE, should be rejected;
the face mesh tracker finds their faces, and they are cut like any other. Only counts by kind are written. A file is in
scope where its median frame passes both gates. The intervals are those of Clopper and Pearson and treat files as
independent.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from scipy.stats import beta

from benchmarks.results_csv import write_rows
from detectors import Detector, Evidence, load_detector
from detectors.interpretation.appearance import describe
from forensics.corpus import Corpus, Split
from forensics.faces import Frames, cut_crops, find_faces, gather_crops, open_face_finder
from watermark import read_media

RESULTS = Path("results/scope_gate.csv")
PER_CLIP = 16


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--detector", default="cpu", metavar="NAME_OR_DIR")
    parser.add_argument("--stranger", nargs="+", default=[], metavar="KIND=FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    detector = load_detector(options.detector)
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for kind, crops in [*held_out(options.corpus, detector), *strangers(options.stranger, detector)]:
        found[kind].append(gates(detector, crops))
    lines = []
    for kind, rows in found.items():
        both = sum(all(row) for row in rows)
        features, appearance = (sum(row[gate] for row in rows) for gate in (0, 1))
        low, high = clopper_pearson(both, len(rows))
        lines.append([options.detector, kind, len(rows), both, both / len(rows), low, high, features, appearance])
    write_rows(
        RESULTS,
        ["detector", "kind", "files", "let_in", "share", "low", "high", "by_features", "by_appearance"],
        lines,
    )
    print(RESULTS.read_text("utf-8"))


def held_out(root: Path, detector: Detector) -> list[tuple[str, Frames]]:
    """Return the crops of each file of the test split, by class and slice."""
    corpus = Corpus.load(root)
    samples = corpus.where(split=Split.TEST)
    crop_table = gather_crops(corpus, samples, detector.spec, per_clip=PER_CLIP)
    owners = np.array([sample.id for sample in crop_table.samples])
    kinds = {"main": "", "control": ", marked"}
    return [
        (f"held-out avatars, {sample.label}{kinds[sample.slice]}", crop_table.crops[owners == sample.id])
        for sample in samples
    ]


def strangers(named: list[str], detector: Detector) -> list[tuple[str, Frames]]:
    """Return the crops of the largest face of each file in which a face is found."""
    finder = open_face_finder() if named else None
    rows = []
    for entry in named:
        kind, _, name = entry.partition("=")
        frames = read_media(Path(name)).frames
        faces = None if finder is None else find_faces(frames, finder, PER_CLIP)
        if faces is None:
            print(f"{kind}: no face found in a file")
            continue
        rows.append((kind, cut_crops(frames[faces.frames], faces.boxes, detector.spec, faces.landmarks)))
    return rows


def gates(detector: Detector, crops: Frames) -> tuple[bool, bool]:
    """Return whether a file passes the gate of features, and that of appearance."""
    if detector.scope is None:
        raise SystemExit("the detector has no scope gates")
    seen = Evidence(detector.embed(crops)[1], describe(crops))
    return detector.scope.features.contains(seen.features), detector.scope.appearance.contains(seen.appearance)


def clopper_pearson(count: int, total: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share."""
    low = 0.0 if count == 0 else float(beta.ppf(0.025, count, total - count + 1))
    high = 1.0 if count == total else float(beta.ppf(0.975, count + 1, total - count))
    return low, high


if __name__ == "__main__":
    main()
