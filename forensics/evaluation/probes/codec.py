"""Measure how well codec traces alone separate the classes: blocks, cut-off frequencies and fine residuals.

The probe fits boosted trees to statistics of the traces that a codec or a resampler leaves in any picture. It measures
whole frames and the area outside the face, where a face swap changes nothing. What separates the classes there is not
the forgery of a face.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from detectors import DetectorSpec
from forensics.corpus import Corpus, Label, Sample, Slice
from forensics.errors import CorpusError
from forensics.evaluation import Measure
from forensics.execution.progress import Report, silent
from forensics.faces import FaceFinder, Floats, Frames, job_of, load_frames_with_faces
from watermark import MediaError

from .folds import cross_validate, people_of, trees
from .outcome import Outcome, auc_measure, gives_away, in_words

PER_CLIP = 4
_LUMA = np.array([0.299, 0.587, 0.114])
_BLOCK = 8


def probe_codec(
    corpus: Corpus,
    spec: DetectorSpec,
    *,
    seed: int,
    replicates: int = 1000,
    finder: FaceFinder | None = None,
    report: Report = silent,
) -> Outcome:
    """Probe the main slice of a corpus by codec traces.

    Args:
        corpus: The corpus; files without a face and unreadable files are skipped.
        spec: The specification of any detector; its face boxes are left out in the slice `outside the face`.
        seed: Seed of folds, trees and bootstrap.
        replicates: Number of bootstrap replicates.
        finder: Face finder for samples without a sidecar.
        report: Progress callback.

    Returns:
        `auc/video` on the slices `all` and `outside the face`, and a warning where either is above 0.6.

    Raises:
        CorpusError: There are too few people to test the probe on others.
    """
    kept, features = _gather_traces(corpus, spec, finder, report)
    labels = np.array([sample.label is Label.FORGED for sample in kept], dtype=np.int64)
    groups, disjoint = people_of(kept) if kept else ([], True)
    measures: list[Measure] = []
    for name, rows in features.items():
        fit = cross_validate(lambda: trees(seed), np.array(rows), labels, groups, seed=seed) if kept else None
        if fit is None:
            raise CorpusError(f"{corpus.root} has too few people of both classes for a probe", corpus.root)
        measures.append(
            auc_measure(
                "auc",
                name,
                labels,
                fit.scores,
                [sample.identities for sample in kept],
                seed=seed,
                replicates=replicates,
                note=f"{fit.folds} folds of {'people' if disjoint else 'looks; drives are shared'}",
            )
        )
    protocol = f"boosted trees on codec traces of {len(kept)} files of all splits, other people"
    whole, around = measures
    warnings = (
        f"codec traces alone tell the classes apart with AUC {in_words(whole)}, outside the face with "
        f"{in_words(around)}: a detector need not know forgeries to do as well",
    )
    return Outcome("codec", protocol, tuple(measures), warnings if any(map(gives_away, measures)) else ())


def _gather_traces(
    corpus: Corpus, spec: DetectorSpec, finder: FaceFinder | None, report: Report
) -> tuple[list[Sample], dict[str, list[NDArray[np.float64]]]]:
    """Return the samples of the main slice that show a face, and their codec traces by the name of the region."""
    kept: list[Sample] = []
    rows: dict[str, list[NDArray[np.float64]]] = {"all": [], "outside the face": []}
    samples = corpus.where(slice=Slice.MAIN)
    for number, sample in enumerate(samples):
        report(number / len(samples), "reading codec traces")
        try:
            search, frames = load_frames_with_faces(job_of(corpus, sample, spec, PER_CLIP), finder)
        except (MediaError, OSError):
            continue
        if search.faces is None:
            continue
        kept.append(sample)
        rows["all"].append(_mean([traces(frame) for frame in frames]))
        rows["outside the face"].append(
            _mean([traces(frame, box) for frame, box in zip(frames, search.faces.boxes, strict=True)])
        )
    return kept, rows


def traces(frame: Frames, face: Floats | None = None) -> NDArray[np.float64]:
    """Measure the traces of a codec in a picture.

    Args:
        frame: (H, W, 3) uint8 RGB.
        face: (4,) box whose blocks are left out, None to use all.

    Returns:
        (24,): steps at block borders relative to those inside, in both directions; log mean magnitude and share of
        zeros of DCT coefficients by diagonal band; log spread of the fine residuals of luma and chroma. NaN where
        nothing is left.
    """
    luma = frame @ _LUMA
    height, width = (side // _BLOCK * _BLOCK for side in luma.shape)
    blocks = luma[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).swapaxes(1, 2)
    inside = _outside(blocks.shape[:2], face)
    if not inside.any():
        return np.full(24, np.nan)
    steps = [_border_steps(luma[:height, :width], axis, inside) for axis in (0, 1)]
    spectrum = np.abs(dctn(blocks[inside], axes=(1, 2), norm="ortho"))
    bands = np.add.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    magnitudes, zeros = [], []
    for low in (1, 3, 5, 7, 9, 11, 13):
        chosen = spectrum[:, (bands >= low) & (bands < low + 2)]
        magnitudes.append(np.log(chosen.mean() + 1e-2))
        zeros.append((chosen < 0.5).mean())
    chroma = [frame[..., 2] - luma, frame[..., 0] - luma]
    fine = [_residual_spread(plane[:height, :width], inside) for plane in (luma, *chroma)]
    ratios = [magnitudes[-1] - magnitudes[0], magnitudes[3] - magnitudes[0]]
    return np.array([*steps, *magnitudes, *zeros, *fine, *ratios, *_between(fine)], dtype=np.float64)


def _between(fine: Sequence[float]) -> tuple[float, ...]:
    return fine[1] - fine[0], fine[2] - fine[0], fine[1] - fine[2]


def _outside(shape: tuple[int, ...], face: Floats | None) -> NDArray[np.bool_]:
    """Return which blocks lie completely outside a box."""
    kept = np.ones(shape[:2], dtype=np.bool_)
    if face is not None:
        left, top, right, bottom = (float(side) / _BLOCK for side in face)
        rows = slice(max(0, int(np.floor(top))), max(0, int(np.ceil(bottom))))
        kept[rows, max(0, int(np.floor(left))) : max(0, int(np.ceil(right)))] = False
    return kept


def _border_steps(luma: NDArray[np.float64], axis: int, inside: NDArray[np.bool_]) -> float:
    """Return the log ratio of steps across block borders to steps in the middle of blocks."""
    cells = np.kron(inside, np.ones((_BLOCK, _BLOCK), dtype=np.bool_))
    steps = np.abs(np.diff(luma, axis=axis))
    both = cells[1:] & cells[:-1] if axis == 0 else cells[:, 1:] & cells[:, :-1]
    place = np.arange(steps.shape[axis]) % _BLOCK
    shape = (-1, 1) if axis == 0 else (1, -1)
    at_border, in_middle = (both & (place == offset).reshape(shape) for offset in (_BLOCK - 1, 3))
    if not at_border.any():
        return float("nan")
    return float(np.log((steps[at_border].mean() + 0.1) / (steps[in_middle].mean() + 0.1)))


def _residual_spread(plane: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """Return the log spread of the residual after prediction by the mean of four neighbours."""
    cells = np.kron(inside, np.ones((_BLOCK, _BLOCK), dtype=np.bool_))[1:-1, 1:-1]
    around = plane[2:, 1:-1] + plane[:-2, 1:-1] + plane[1:-1, 2:] + plane[1:-1, :-2]
    return float(np.log((plane[1:-1, 1:-1] - around / 4)[cells].std() + 1e-2))


def _mean(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.asarray(np.mean(rows, axis=0), dtype=np.float64)
