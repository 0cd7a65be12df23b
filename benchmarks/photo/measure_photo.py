"""Measure the detector `photo` on test people, and how `examine` chooses and keeps to its scope: results/photo.csv.

Every number stands for pictures; its 95 % interval is a bootstrap over people. The thresholds are those of the card,
frozen on validation people. Forgeries of the test people are made with donors among the test people. Pictures of other
kinds are given as KIND=FILE; of clips three frames are taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import beta, rankdata

from benchmarks.results_csv import write_rows
from detectors import Detector, Evidence, World, load_detector, load_world_gate
from detectors.augmentation.augment import to_pixels
from detectors.augmentation.compression import h264_roundtrip, jpeg_roundtrip
from detectors.interpretation.appearance import describe
from detectors.preprocessing import resize_crop
from forensics.examination.answer import Says
from forensics.examination.detector_choice import thresholds_of
from forensics.faces import cut_crops, open_face_finder
from watermark import read_media

from .distorting import distort, webp_roundtrip
from .forging import MEASURED, cut_native
from .portraits import Image, Portrait, read_groups, read_portraits, split_portraits
from .train_photo import NAME, SEED

Floats = NDArray[np.float64]
RESULTS = Path("results/photo.csv")
COLUMNS = ("what", "slice", "measure", "distortion", "value", "low", "high", "people", "pictures", "note")
DRAWS = 200
GENUINE, VARIED = "genuine", "genuine half of self-blend"
LONGEST = 60
"""Frames of a clip of another kind that are decoded."""
FEW = 15
"""People of a group below which its numbers are called uncertain."""


def _resized(scale: float) -> Callable[[Image], Image]:
    def resize(picture: Image) -> Image:
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    return resize


def _noisy(picture: Image) -> Image:
    field = np.random.default_rng(SEED).standard_normal(picture.shape, dtype=np.float32)
    return to_pixels(picture + np.float32(10) * field)


def _webcam(picture: Image) -> Image:
    height, width = picture.shape[:2]
    small = np.asarray(cv2.resize(picture, (width // 2 & ~1, height // 2 & ~1), interpolation=cv2.INTER_AREA))
    coded = h264_roundtrip(small[None], 34)[0]
    return np.asarray(cv2.resize(coded, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


DISTORTIONS: dict[str, Callable[[Image], Image]] = {
    "none": lambda picture: picture,
    "JPEG 50": lambda picture: jpeg_roundtrip(picture, 50),
    "JPEG 30": lambda picture: jpeg_roundtrip(picture, 30),
    "WebP 50": lambda picture: webp_roundtrip(picture, 50),
    "H.264 crf 30": lambda picture: np.asarray(h264_roundtrip(picture[None], 30)[0], dtype=np.uint8),
    "resize 0.5": _resized(0.5),
    "resize 0.33": _resized(0.33),
    "blur 2": lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), dtype=np.uint8),
    "noise 10": _noisy,
    "half size, H.264 crf 34": _webcam,
}
"""What happens to a face at its own resolution, before it is cut to the network's input."""


@dataclass(slots=True)
class Scored:
    """Probabilities of manipulation, one for each picture.

    Attributes:
        chances: Probability of each picture.
        kinds: `GENUINE`, `VARIED`, or the forgery.
        people: Name of the person.
        distortions: What happened to the picture.
    """

    chances: Floats = field(default_factory=lambda: np.empty(0))
    kinds: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    distortions: list[str] = field(default_factory=list)

    def rows(self, kind: str | None, distortion: str, people: Iterable[str] | None = None) -> NDArray[np.bool_]:
        """Return which pictures are of a kind (None: any forgery), a distortion and, where given, some people."""
        kinds = np.array(self.kinds)
        chosen = ~np.isin(kinds, (GENUINE, VARIED)) if kind is None else (kinds == kind)
        chosen = chosen & (np.array(self.distortions) == distortion)
        if people is not None:
            chosen = chosen & np.isin(self.people, list(people))
        return np.asarray(chosen, dtype=np.bool_)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--detector", default=NAME, metavar="NAME_OR_DIR")
    parser.add_argument("--stranger", nargs="+", default=[], metavar="KIND=FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    detector = load_detector(options.detector)
    people = split_portraits(read_portraits(options.portraits, options.work)).test
    scored = score_people(detector, people)
    rows = [*forgery_rows(scored, detector), *calibration_rows(scored), *answer_rows(scored, detector)]
    rows += group_rows(scored, detector, read_groups(options.portraits))
    rows += scope_rows(detector, people) + world_rows() + stranger_rows(detector, options.stranger)
    write_rows(RESULTS, COLUMNS, rows)


def score_people(detector: Detector, people: Sequence[Portrait]) -> Scored:
    """Score every test person, genuine and in every forgery; each distorted forgery is made of every second person."""
    found, parts = Scored(), []
    for place, portrait in enumerate(people):
        crops = []
        for number, (kind, forger) in enumerate(MEASURED.items()):
            rng = np.random.default_rng([SEED, 5, number, place])
            genuine, forged, box = forger(portrait, people, rng)
            pictures = [(kind, forged, box)]
            if kind == "self-blend":  # its genuine half is varied in colour; the others start from the portrait itself
                pictures += [(GENUINE, portrait.picture, portrait.box), (VARIED, genuine, box)]
            for name, picture, where in pictures:
                native = cut_native(picture, where, detector.spec)
                half = name != GENUINE and (number + place) % 2
                for distortion, change in list(DISTORTIONS.items())[: 1 if half else None]:
                    crops.append(resize_crop(change(native), detector.spec.input_size))
                    found.kinds.append(name)
                    found.distortions.append(distortion)
                    found.people.append(portrait.name)
        parts.append(detector.probabilities(np.stack(crops)))
        if place % 10 == 0:
            print(f"{place} of {len(people)} people", flush=True)
    found.chances = np.concatenate(parts)
    return found


def forgery_rows(scored: Scored, detector: Detector) -> list[tuple[object, ...]]:
    """Return areas under the curve and error rates at the frozen threshold, per forgery and distortion."""
    limit = frozen(detector)

    def above(_: NDArray[np.int64], chances: Floats) -> float:
        return float((chances > limit).mean())

    rows: list[tuple[object, ...]] = []
    for distortion in DISTORTIONS:
        for kind in (GENUINE, VARIED):
            rows.append(_row(scored, "detector", kind, "flagged", distortion, scored.rows(kind, distortion), above))
        for forgery in (None, *MEASURED):
            forged = scored.rows(forgery, distortion)
            both = forged | scored.rows(VARIED if forgery == "self-blend" else GENUINE, distortion)
            name = forgery or "all forgeries"
            rows.append(_row(scored, "detector", name, "auc", distortion, both, _auc))
            rows.append(_row(scored, "detector", name, "found", distortion, forged, above))
    return rows


def calibration_rows(scored: Scored) -> list[tuple[object, ...]]:
    """Return Brier score and calibration error, both classes weighted alike."""
    rows = []
    for distortion in ("none", "JPEG 50"):
        both = scored.rows(GENUINE, distortion) | scored.rows(None, distortion)
        rows.append(_row(scored, "calibration", "all forgeries", "brier", distortion, both, _brier))
        rows.append(_row(scored, "calibration", "all forgeries", "ece", distortion, both, _ece))
    return rows


def answer_rows(scored: Scored, detector: Detector) -> list[tuple[object, ...]]:
    """Return how often `examine` gives each answer about one picture, scope aside."""
    limits = thresholds_of(detector)
    answers: tuple[tuple[Says, Callable[[NDArray[np.int64], Floats], float]], ...] = (
        (Says.MANIPULATED, lambda _, chances: float((chances > limits.suspect).mean())),
        (Says.NO_SIGN, lambda _, chances: float((chances <= limits.quiet).mean())),
    )
    note = "" if limits.risk is None else f"stated risk {limits.risk:g}"
    rows = []
    for distortion in ("none", "JPEG 50", "H.264 crf 30"):
        for name, kind in (("genuine", GENUINE), ("all forgeries", None)):
            chosen = scored.rows(kind, distortion)
            for says, holds in answers:
                rows.append(_row(scored, "answers", name, says.value, distortion, chosen, holds, note))
    return rows


def group_rows(scored: Scored, detector: Detector, groups: dict[str, dict[str, str]]) -> list[tuple[object, ...]]:
    """Return rates by gender and ethnicity, and the gap of each group to everybody else."""
    limit = frozen(detector)
    rows: list[tuple[object, ...]] = []
    everybody = sorted(set(scored.people))
    for column in ("gender", "ethnicity"):
        for value in sorted({groups[name][column] for name in everybody}):
            inside = [name for name in everybody if groups[name][column] == value]
            outside = [name for name in everybody if groups[name][column] != value]
            note = "few people" if len(inside) < FEW else ""
            name = f"{column}={value}"
            genuine, both = scored.rows(GENUINE, "none"), scored.rows(GENUINE, "none") | scored.rows(None, "none")
            mine = np.isin(scored.people, inside)
            rows.append(_row(scored, "groups", name, "auc", "none", both & mine, _auc, note))
            rows.append(
                _row(scored, "groups", name, "flagged", "none", genuine & mine, lambda _, s: (s > limit).mean(), note)
            )
            if len(outside) >= FEW:
                rows.append(_gap(scored, name, both, inside, outside, note))
    return rows


def _gap(
    scored: Scored, name: str, rows: NDArray[np.bool_], inside: list[str], outside: list[str], note: str
) -> tuple[object, ...]:
    """Return the difference of the area under the curve between a group and everybody else."""
    rng = np.random.default_rng(SEED)
    sides = [_by_person(scored, rows & np.isin(scored.people, side)) for side in (inside, outside)]

    def difference(draws: list[list[int]]) -> float:
        values = [_auc(*_joined(side, draw)) for side, draw in zip(sides, draws, strict=True)]
        return values[0] - values[1]

    plain = difference([list(range(len(side))) for side in sides])
    drawn = [difference([list(rng.integers(len(side), size=len(side))) for side in sides]) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return ("groups", name, "auc gap to the others", "none", plain, float(low), float(high), len(inside),
            int((rows & np.isin(scored.people, inside)).sum()), note)  # fmt: skip


def scope_rows(detector: Detector, people: Sequence[Portrait]) -> list[tuple[object, ...]]:
    """Return the share of test people's pictures that the scope gates let in, plain and distorted."""
    rows = []
    for distorted in (False, True):
        inside = []
        for place, portrait in enumerate(people):
            native = cut_native(portrait.picture, portrait.box, detector.spec)
            if distorted:
                (native,) = distort([native], np.random.default_rng([SEED, 6, place]))
            inside.append(in_scope(detector, resize_crop(native, detector.spec.input_size)))
        name = "portraits, distorted" if distorted else "portraits"
        rows.append(_share("scope", name, "let in", inside, len(people)))
    return rows


def world_rows() -> list[tuple[object, ...]]:
    """Return the errors of the choice between photographs and avatars, which its fit measured on pictures kept out."""
    measured = load_world_gate().measured
    rows = []
    for kind, other in (("photographs", "avatar"), ("avatars", "photograph")):
        count = int(measured[kind])
        wrong = round(measured[f"{kind} taken for the other kind"] * count)
        rows.append(_share("choice", kind, f"taken for an {other}" if other[0] == "a" else f"taken for a {other}",
                           [place < wrong for place in range(count)], 0))  # fmt: skip
    return rows


def stranger_rows(detector: Detector, named: Sequence[str]) -> list[tuple[object, ...]]:
    """Return for pictures of other kinds the share let in, and the share that is flagged in spite of the scope."""
    finder, gate, kinds = open_face_finder(), load_world_gate(), dict[str, list[tuple[bool, bool, bool]]]()
    for entry in named:
        kind, _, name = entry.partition("=")
        media = read_media(Path(name), max_frames=LONGEST)
        for number in sorted({0, len(media.frames) // 2, len(media.frames) - 1}):
            for box, landmarks in finder(media.frames[number], 1):
                crop = cut_crops([media.frames[number]], box[None], detector.spec, landmarks[None])
                large = float(min(box[2:] - box[:2])) >= detector.spec.smallest_face
                inside = large and gate.world(crop) is World.PHOTOGRAPH and in_scope(detector, crop[0])
                flagged = float(detector.probabilities(crop)[0]) > frozen(detector)
                kinds.setdefault(kind, []).append((large, inside, inside and flagged))
    rows = []
    for kind, seen in kinds.items():
        note = "frames of one file resemble each other"
        rows.append(_share("scope", kind, "let in", [one[1] for one in seen], 0, note))
        rows.append(_share("scope", kind, "let in and flagged", [one[2] for one in seen], 0, note))
    return rows


def in_scope(detector: Detector, crop: Image) -> bool:
    """Return whether the gates let a crop in."""
    crops = crop[None]
    return detector.scope is not None and detector.scope.contains(Evidence(detector.embed(crops)[1], describe(crops)))


def frozen(detector: Detector) -> float:
    """Return the threshold at which at most 5 % of genuine validation pictures were flagged."""
    if detector.thresholds is None:
        raise SystemExit("the detector has no frozen thresholds")
    return detector.thresholds.fpr_5


def _share(
    what: str, name: str, measure: str, truths: Sequence[bool | np.bool_], people: int, note: str = ""
) -> tuple[object, ...]:
    """Return a share with its exact interval (Clopper & Pearson 1934); pictures are taken as independent."""
    total, count = len(truths), sum(map(bool, truths))
    low = 0.0 if count == 0 else float(beta.ppf(0.025, count, total - count + 1))
    high = 1.0 if count == total else float(beta.ppf(0.975, count + 1, total - count))
    return (what, name, measure, "none", count / total, low, high, people or None, total, note)


def _row(
    scored: Scored,
    what: str,
    name: str,
    measure: str,
    distortion: str,
    rows: NDArray[np.bool_],
    value: Callable[[NDArray[np.int64], Floats], float],
    note: str = "",
) -> tuple[object, ...]:
    """Return a measure with its bootstrap interval over people."""
    by_person = _by_person(scored, rows)
    rng = np.random.default_rng(SEED)
    plain = float(value(*_joined(by_person, range(len(by_person)))))
    drawn = [float(value(*_joined(by_person, rng.integers(len(by_person), size=len(by_person))))) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return (what, name, measure, distortion, plain, float(low), float(high), len(by_person), int(rows.sum()), note)


def _by_person(scored: Scored, rows: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], Floats]]:
    """Return labels and probabilities of each person."""
    labels = (~np.isin(scored.kinds, (GENUINE, VARIED))).astype(np.int64)
    names = np.array(scored.people)
    return [
        (labels[mine], scored.chances[mine])
        for name in sorted(set(names[rows].tolist()))
        if (mine := rows & (names == name)).any()
    ]


def _joined(
    by_person: Sequence[tuple[NDArray[np.int64], Floats]], chosen: Iterable[int]
) -> tuple[NDArray[np.int64], Floats]:
    picked = [by_person[index] for index in chosen]
    return np.concatenate([labels for labels, _ in picked]), np.concatenate([chances for _, chances in picked])


def _auc(labels: NDArray[np.int64], chances: Floats) -> float:
    ranks, positive = rankdata(chances), labels == 1
    count = int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(labels) - count)))


def _weights(labels: NDArray[np.int64]) -> Floats:
    shares = np.bincount(labels, minlength=2) / len(labels)
    return np.asarray(0.5 / shares[labels] / len(labels), dtype=np.float64)


def _brier(labels: NDArray[np.int64], chances: Floats) -> float:
    return float((_weights(labels) * (chances - labels) ** 2).sum())


def _ece(labels: NDArray[np.int64], chances: Floats) -> float:
    """Return the calibration error over ten bins of equal width (Guo et al. 2017), both classes weighted alike."""
    weights, bins = _weights(labels), np.minimum((10 * chances).astype(np.int64), 9)
    gaps = [
        abs(float((weights[mine] * (chances[mine] - labels[mine])).sum())) for mine in (bins == b for b in range(10))
    ]
    return float(np.sum(gaps))


if __name__ == "__main__":
    main()
