"""Measure how long `facetrail examine` takes for a warm 1080p JPEG, stage by stage; write results/examine_time.csv.

The pictures are drawn heads on a textured background, saved as JPEG at quality 92. The examination uses the shipped
detector, a separate deployment and the full mark search, whose worst case is an unmarked picture. `wall_seconds` is the
median wall time, and `cpu_seconds` the median CPU time over all threads of the process. The stages are in CPU time,
which other work on the machine changes least. `load` is the number of processes that wanted to run at the time.
`named_share` is the share of decode, mark search and networks (finding faces and scoring them).
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.results_csv import write_records
from detectors import Detector
from forensics.examination.examiner import Examiner
from forensics.faces import MeshFinder
from forensics.synthesis.filming import source_still
from generator.avatars import sample_avatar
from watermark import Claim, Deployment, Ingredient, Payload, PayloadKind, mark, seal

RESULTS = Path("results/examine_time.csv")
WIDTH, HEIGHT, QUALITY = 1920, 1080, 92
STAGES = ("decode", "credential", "mark_search", "face_finding", "crops", "network")
NAMED = ("decode", "mark_search", "face_finding", "network")

Frame = NDArray[np.uint8]


def scene(sides: Sequence[int], seed: int) -> Frame:
    """Draw heads of some sizes, in pixels, side by side on a textured background."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (HEIGHT // 40, WIDTH // 40, 3)).astype(np.uint8)
    ground = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noisy = np.clip(ground + rng.normal(0, 6, ground.shape), 0, 255)
    picture: Frame = np.asarray(noisy, dtype=np.uint8).copy()
    for number, side in enumerate(sides):
        head = source_still(sample_avatar(int(rng.integers(1 << 31)), "cartoon"), side)
        left = (2 * number + 1) * WIDTH // (2 * len(sides)) - side // 2
        picture[HEIGHT - side :, left : left + side] = head
    return picture


def pictures(folder: Path, deployment: Deployment) -> Iterator[tuple[str, Path]]:
    """Write the pictures and yield the content of each."""
    for name, sides in (("no face", ()), ("one face", (900,)), ("three faces", (560, 560, 560))):
        path = folder / f"{name}.jpg"
        Image.fromarray(scene(sides, seed=len(sides))).save(path, quality=QUALITY)
        yield f"{name}, unmarked", path
    plain = folder / "one face.jpg"
    payload = Payload.random(np.random.default_rng(1), PayloadKind.CONTROL)
    pixels = mark(np.asarray(Image.open(plain)), payload, deployment.mark_key)
    sealed = folder / "sealed.jpg"
    origin = Ingredient(plain, "original", "parentOf")
    seal(pixels, sealed, Claim(payload, "control", "bench", "1", ingredients=(origin,)), deployment)
    yield "one face, marked and signed", sealed
    stripped = folder / "stripped.jpg"
    Image.open(sealed).save(stripped, quality=QUALITY)
    yield "one face, marked, credential stripped", stripped


@contextmanager
def timed(spent: dict[str, float]) -> Iterator[None]:
    """Sum the seconds of an examination's stages."""

    def watch(stage: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def outer(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - stands in for any function
            start = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                spent[stage] += time.process_time() - start

        return outer

    from forensics.examination import examiner as examination
    from forensics.examination import face_scores as seen_faces
    from watermark import provenance as reading

    places: tuple[tuple[object, str, str], ...] = (
        (examination, "read_media", "decode"),
        (reading, "read_credential", "credential"),
        (reading, "read_mark", "mark_search"),
        (MeshFinder, "__call__", "face_finding"),
        (seen_faces, "cut_crops", "crops"),
        (Detector, "score", "network"),
    )
    with ExitStack() as stack:
        for owner, name, stage in places:
            stack.enter_context(patch.object(owner, name, watch(stage, getattr(owner, name))))
        yield


def measure(examiner: Examiner, case: str, path: Path, runs: int) -> dict[str, str | int]:
    """Measure the examination of one picture several times, after one run that is not counted."""
    rows, passed, computed = [], [], []
    found = examiner.examine(path)
    for _ in range(runs):
        spent: dict[str, float] = defaultdict(float)
        with timed(spent):
            start, cpu = time.perf_counter(), time.process_time()
            examiner.examine(path)
            passed.append(time.perf_counter() - start)
            computed.append(time.process_time() - cpu)
        rows.append(spent)
    medians = {stage: statistics.median(row[stage] for row in rows) for stage in STAGES}
    shares = [sum(row[stage] for stage in NAMED) / total for row, total in zip(rows, computed, strict=True)]
    rest = [total - sum(row[stage] for stage in STAGES) for row, total in zip(rows, computed, strict=True)]
    return {
        "case": case,
        "faces": len(found.faces),
        "finding": found.verdict.finding.value,
        "n": runs,
        "wall_seconds": f"{statistics.median(passed):.2f}",
        "least_wall_seconds": f"{min(passed):.2f}",
        "cpu_seconds": f"{statistics.median(computed):.2f}",
        **{stage: f"{seconds:.3f}" for stage, seconds in medians.items()},
        "rest": f"{statistics.median(rest):.3f}",
        "named_share": f"{statistics.median(shares):.2f}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def main() -> None:
    """Measure every picture and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--detector", default="cpu")
    options = parser.parse_args()
    print(f"{' '.join(sys.argv)}; {WIDTH} x {HEIGHT} JPEG {QUALITY}; {os.cpu_count()} cores, {platform.processor()}")
    with TemporaryDirectory() as name:
        folder = Path(name)
        deployment = Deployment.open(folder / "home")
        examiner = Examiner(deployment, options.detector)
        rows = [measure(examiner, case, path, options.runs) for case, path in pictures(folder, deployment)]
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    write_records(RESULTS, rows)


if __name__ == "__main__":
    main()
