"""Measure the judge of generation quality on true frames of unseen puppets; write results/judge.csv.

The frames are also read after the processing that generated frames undergo: through the shipped generator's codec, and
marked, encoded as H.264 and decoded. `guess` is the error of a constant answer, the mean of the judge's own training.
Intervals are 95 %, percentile bootstrap over identities.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.results_csv import write_rows
from forensics.evaluation.generator_quality import (
    CEILING,
    EVALUATION_SEED,
    TRUTH,
    Floats,
    Judge,
    Pictures,
    Readings,
    Rows,
    as_input,
    clustered_interval,
    correlation,
    draw_truth,
    reading_errors,
    sample_case,
    verification_auc,
)
from generator import EXPRESSION, SHAPE, Retarget, align
from generator.network.weights_io import load_pretrained
from generator.puppets import STYLES
from watermark import Payload, PayloadKind, encode_clip, mark, read_media

HEADER = ["measure", "slice", "frames", "value", "low", "high", "guess", "n_identities", "n_frames", "seed", "judge"]
COEFFICIENTS = {
    "shape": SHAPE, "expression": EXPRESSION, "pose": ("yaw", "pitch", "roll"), "gaze": ("x", "y"),
    "lids": ("left", "right"), "mouth": ("opening",),
}  # fmt: skip
MARKED = "marked, H.264"
Statistic = Callable[[Rows], float]


def main() -> None:
    """Render, read, measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=60)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("results/judge.csv"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    drawn = list(_drawn(options.identities, options.frames))
    judge = Judge.load()
    rows = [[*row, EVALUATION_SEED, judge.digest[:12]] for row in _measured(drawn, judge)]
    write_rows(options.out, HEADER, rows)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The data of one puppet: identity, style, (T, 36) true values, (T, 3) cameras, and its frames by processing."""

    identity: str
    style: str
    truths: Floats
    cameras: Floats
    frames: Mapping[str, Pictures]


def _drawn(identities: int, frames: int) -> Iterator[Drawn]:
    codec = load_pretrained(None)[0].codec
    for number in range(identities):
        case = sample_case(EVALUATION_SEED, number, STYLES, frames, 256)
        motion = align(case.params, case.drive, Retarget("absolute")).take(range(frames))
        truth = draw_truth(case, motion)
        pictures = truth.pictures
        ways = {TRUTH: pictures, CEILING: _through(codec, pictures), MARKED: _sent(pictures)}
        yield Drawn(case.source.identity, case.source.style, truth.values, motion.camera, ways)
        print(f"{number + 1} of {identities} puppets drawn", file=sys.stderr, flush=True)


def _measured(drawn: Sequence[Drawn], judge: Judge) -> Iterator[list[object]]:
    rng = np.random.default_rng(EVALUATION_SEED)
    counts = [len(one.truths) for one in drawn]
    names, styles = (
        np.repeat(some, counts) for some in zip(*((one.identity, one.style) for one in drawn), strict=True)
    )
    truths = np.concatenate([one.truths for one in drawn])
    for way in drawn[0].frames:
        read = np.concatenate([judge.read(one.frames[way], one.cameras).rows() for one in drawn])
        yield from _errors(way, read, truths, judge, names, styles, rng)
    features = np.concatenate([judge.embed(one.frames[TRUTH], one.cameras) for one in drawn])
    auc = verification_auc(features, list(names))
    yield ["verification_auc", "all", TRUTH, auc, None, None, 0.5, len(drawn), len(names)]


def _errors(
    way: str, read: Floats, true: Floats, judge: Judge, names: np.ndarray, styles: np.ndarray, rng: np.random.Generator
) -> Iterator[list[object]]:
    def row(measure: str, part: str, statistic: Statistic, guess: float, chosen: Rows) -> list[object]:
        found = clustered_interval(lambda some: statistic(chosen[some]), list(names[chosen]), rng)
        people = len(set(names[chosen]))
        return [measure, part, way, found.value, found.low, found.high, guess, people, len(chosen)]

    truths, everywhere = Readings.of(true), np.arange(len(true))
    guesses = reading_errors(Readings.of(np.tile(judge.guess.rows(), (len(true), 1))), truths)
    for measure, values in reading_errors(Readings.of(read), truths).items():
        seen = np.flatnonzero(np.isfinite(values))
        parts: Mapping[str, Rows] = {"all": seen} | (
            {f"style={style}": seen[styles[seen] == style] for style in STYLES} if way == TRUTH else {}
        )
        for part, chosen in parts.items():
            yield row(measure, part, partial(_mean, values), float(guesses[measure][chosen].mean()), chosen)
    opened = {"lid": slice(33, 35), "mouth": slice(35, 36)}
    for name, columns in opened.items():
        pair = read[:, columns].mean(1), true[:, columns].mean(1)
        yield row(f"{name}_aperture_correlation", "all", partial(_correlation, *pair), 0.0, everywhere)
    if way == TRUTH:
        labels = [f"{part} {name}" for part, some in COEFFICIENTS.items() for name in some]
        for column, label in enumerate(labels):
            yield row("r2", label, partial(_explained, read[:, column], true[:, column]), 0.0, everywhere)


def _mean(values: Floats, rows: Rows) -> float:
    return float(values[rows].mean())


def _correlation(read: Floats, true: Floats, rows: Rows) -> float:
    return correlation(read[rows], true[rows])


def _explained(read: Floats, true: Floats, rows: Rows) -> float:
    """Return the share R² of the variance that is read; it is below 0 where the mean would be the better answer."""
    return 1 - float(np.square(read[rows] - true[rows]).sum() / np.square(true[rows] - true[rows].mean()).sum())


@torch.inference_mode()
def _through(codec: torch.nn.Module, pictures: Pictures) -> Pictures:
    """Encode and decode frames as latents."""
    latents = codec.encode(as_input(pictures))  # type: ignore[operator]
    decoded = codec.decode(latents).clamp(-1, 1)  # type: ignore[operator]
    return np.asarray(((decoded.permute(0, 2, 3, 1) + 1) * 127.5).round().to(torch.uint8).numpy())


def _sent(pictures: Pictures) -> Pictures:
    """Mark frames, encode them as a clip and decode it."""
    marked = mark(pictures, Payload(1, PayloadKind.GENERATED), bytes(32))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        encode_clip(marked, path, 12.5)
        return np.asarray(read_media(path).frames, np.uint8)


if __name__ == "__main__":
    main()
