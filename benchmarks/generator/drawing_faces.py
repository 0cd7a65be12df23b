"""Measure in how many drawings a face is found, without and with the second try; write results/drawing_faces.csv.

Each folder of pictures is a set, named by the folder; every picture of it shows one drawn face. Folders given with
`--without` hold pictures without a face, in which every find is false. Drawings on which the limits of the second try
were chosen are given with `--seen`, and are in no total. Shares have Wilson's 95 % interval.

Whether a found mesh sits on eyes and mouth, within a quarter of the eyes' distance, is judged by eye: `--sheet` draws
the meshes over the pictures, and `--judged` names a CSV file with the columns set, picture, before and after, which
holds 1 for a mesh that sits, and 0 for one that does not. It adds rows for what was found well, over all pictures.

    python -m benchmarks.generator.drawing_faces FOLDER... [--seen FOLDER]... [--without FOLDER]... [--sheet FOLDER]
        [--judged FILE]
"""

from __future__ import annotations

import argparse
import csv
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from benchmarks.generator.drawing_landmarks.examples import sheet
from benchmarks.generator.drawing_landmarks.places import BROWS, EYES, INNER_LIPS, OUTER_LIPS, OVAL
from benchmarks.results_csv import write_rows
from generator.trackers import FaceMesh, MeshFace, NoFaceError, find_face_mesh
from watermark import read_media

RESULTS = Path("results/drawing_faces.csv")
HEADER = ["set", "measure", "value", "low", "high", "n_pictures", "machine"]
BEFORE, AFTER = "face mesh alone", "with the second try"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SHOWN = 240

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was found in a picture, by the face mesh alone and with the second try."""

    path: Path
    before: MeshFace | None
    after: MeshFace | None


def main() -> None:
    """Look for faces in every picture, and write the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--seen", action="append", type=Path, default=[], help="folder that is in no total")
    parser.add_argument("--without", action="append", type=Path, default=[], help="folder of pictures without a face")
    parser.add_argument("--sheet", type=Path, help="folder for pictures of what was found")
    parser.add_argument("--judged", type=Path, help="CSV file with what was judged by eye")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    files = find_face_mesh()
    alone, both = FaceMesh(files, drawings=False), FaceMesh(files)
    judged = {} if options.judged is None else read_judged(options.judged)
    rows: list[Sequence[object]] = []
    everything: list[Seen] = []
    for folder in options.folders:
        seen = look(folder, alone, both, options.sheet)
        rows += rows_of(folder.name, seen, judged)
        everything += seen
    if len(options.folders) > 1:
        rows += rows_of("all drawings", everything, judged)
    for folder in options.seen:
        rows += rows_of(f"chosen on: {folder.name}", look(folder, alone, both, options.sheet), judged)
    for folder in options.without:
        seen = look(folder, alone, both, options.sheet)
        rows += rows_of(f"no face: {folder.name}", seen, {})
    write_rows(options.out, HEADER, rows)


def look(folder: Path, alone: FaceMesh, both: FaceMesh, sheets: Path | None) -> list[Seen]:
    """Look for the face of each picture of a folder."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    seen, shown = [], []
    for path in paths:
        picture = read_media(path).frames[0]
        before = find(alone, picture)
        seen.append(Seen(path, before, before if before is not None else find(both, picture)))
        shown.append(overlay(picture, seen[-1]))
    found = [
        sum(each is not None for each in column) for column in zip(*((s.before, s.after) for s in seen), strict=True)
    ]
    print(f"{folder.name}: {len(seen)} pictures, found before and after: {found}", flush=True)
    if sheets is not None:
        sheets.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(sheets / f"{folder.name}.png"), sheet(shown, 6)[..., ::-1])
    return seen


def find(mesh: FaceMesh, picture: Picture) -> MeshFace | None:
    """Return the face of a picture, None where none is found."""
    try:
        return mesh.find(picture)
    except NoFaceError:
        return None


def overlay(picture: Picture, seen: Seen) -> Picture:
    """Return a picture with outline, eyes, brows and lips of what was found; green is the second try."""
    scale = SHOWN / max(picture.shape[:2])
    shown = np.full((SHOWN, SHOWN, 3), 128, np.uint8)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:SHOWN, :SHOWN]
    shown[: small.shape[0], : small.shape[1]] = small
    face = seen.after
    if face is None:
        cv2.line(shown, (0, 0), (SHOWN - 1, SHOWN - 1), (255, 0, 0), 2)
        return shown
    colour = (0, 170, 0) if face.drawn else (220, 0, 220)
    loops = [(OVAL, True), *((eye, True) for eye in EYES), (OUTER_LIPS, True), (INNER_LIPS, True)]
    for indices, closed in [*loops, *((brow, False) for brow in BROWS)]:
        line = np.round(face.points[list(indices), :2] * scale * 8).astype(np.int32)
        cv2.polylines(shown, [line], closed, colour, 1, cv2.LINE_AA, 3)
    for iris in np.round(face.irises * scale * 8).astype(int):
        cv2.circle(shown, iris.tolist(), 16, (255, 0, 0), -1, cv2.LINE_AA, 3)
    cv2.putText(shown, seen.path.stem[:24], (2, SHOWN - 4), cv2.FONT_HERSHEY_PLAIN, 0.8, (90, 90, 90), 1, cv2.LINE_AA)
    return shown


def read_judged(path: Path) -> Mapping[tuple[str, str], tuple[bool, bool]]:
    """Return for each set and picture whether the mesh sits, before and after."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (row["set"], row["picture"]): (row["before"] == "1", row["after"] == "1") for row in csv.DictReader(file)
        }


def rows_of(
    name: str, seen: Sequence[Seen], judged: Mapping[tuple[str, str], tuple[bool, bool]]
) -> Iterator[Sequence[object]]:
    """Return the rows of a set: shares of pictures in which a face is found, and found well where that was judged."""
    measures = {
        f"found, {BEFORE}": [each.before is not None for each in seen],
        f"found, {AFTER}": [each.after is not None for each in seen],
    }
    looked_at = [judged.get((each.path.parent.name, each.path.name)) for each in seen]
    if seen and all(one is not None for one in looked_at):
        measures[f"found well, {BEFORE}"] = [one is not None and one[0] for one in looked_at]
        measures[f"found well, {AFTER}"] = [one is not None and one[1] for one in looked_at]
    for measure, hits in measures.items():
        interval = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
        yield name, measure, sum(hits) / len(hits), interval.low, interval.high, len(hits), platform.machine()


if __name__ == "__main__":
    main()
