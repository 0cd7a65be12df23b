"""Measure the detector `photo` on test people and test avatars: results/photo.csv.

Every number stands for pictures; its 95 % interval is a bootstrap over people. The thresholds are those of the card,
frozen on validation people. Forgeries of the test people are made with donors among the test people. Pictures of other
kinds are given as KIND=FILE; of clips eight frames are taken. The pictures are kept in the work folder, so that another
detector is measured on the same ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.results_csv import write_rows
from detectors import Detector, Evidence, World, load_detector, load_world_gate
from detectors.interpretation.appearance import describe
from detectors.preprocessing import resize_crop
from forensics.examination.answer import Says
from forensics.examination.detector_choice import thresholds_of
from forensics.faces import cut_crops, open_face_finder
from watermark import read_media

from .distorting import distort
from .drawing import TEST, avatar_name, make_avatars, turn_of
from .forging import MEASURED, cut_native
from .measured_pictures import CLIP, DISTORTIONS, FEWER, Pictures, clips, keep, stills
from .portraits import SEED, Image, Portrait, read_groups, read_portraits, split_portraits
from .reenacting import Reenactor
from .scored import (
    DRAWS,
    GENUINE,
    MARKED,
    UNFORGED,
    Floats,
    Labels,
    Scored,
    auc,
    brier,
    by_person,
    ece,
    joined,
    over_clips,
    row,
    share,
)
from .train_photo import NAME

RESULTS = Path("results/photo.csv")
COLUMNS = ("what", "slice", "measure", "distortion", "value", "low", "high", "people", "pictures", "note")
LONGEST, OF_CLIP = 60, 8
"""Frames of a clip of another kind that are decoded, and those that are looked at."""
FEW = 15
"""People of a group below which its numbers are called uncertain."""
IN_CLIPS, MOMENTS = 30, 8
"""Test people of whom clips are made, and frames of each clip."""
YAWS = ((0, 10), (10, 20), (20, 40))
"""Ranges of the yaw, in degrees, by which turned heads are measured."""
OTHER = "cpu"
"""The detector that `examine` takes for avatars; it is measured on the same ones."""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--detector", default=NAME, metavar="NAME_OR_DIR")
    parser.add_argument("--stranger", nargs="+", default=[], metavar="KIND=FILE")
    parser.add_argument("--pictures-only", action="store_true", help="make the pictures that are missing, and end")
    parser.add_argument("-o", "--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    detector = load_detector(options.detector)
    people = split_portraits(read_portraits(options.portraits, options.work)).test
    shown, drawn, filmed = pictures_of(people, detector, options.work)
    if options.pictures_only:
        return
    scored = score(detector, shown)
    rows = [*forgery_rows(scored, detector), *calibration_rows(scored), *answer_rows(scored, detector)]
    rows += group_rows(scored, detector, read_groups(options.portraits)) + control_rows(scored)
    rows += clip_rows(score(detector, filmed), detector)
    rows += avatar_rows(score(detector, drawn), detector, NAME) + turned_rows(detector, drawn)
    rows += avatar_rows(score(other := load_detector(OTHER), smaller(drawn, other)), other, OTHER)
    rows += scope_rows(detector, people) + world_rows() + avatar_world_rows(drawn)
    rows += stranger_rows(detector, options.stranger)
    write_rows(options.out, COLUMNS, rows)


def pictures_of(people: Sequence[Portrait], detector: Detector, work: Path) -> tuple[Pictures, Pictures, Pictures]:
    """Return the pictures of test people, of test avatars, and of clips of people; kept, or made and kept."""
    spec, folder = detector.spec, work / "measured"
    still, moving = Reenactor(work), Reenactor(work, MOMENTS, "clips")
    everybody, drawn, filmed = Pictures(), Pictures(), Pictures()

    def of_person(place: int) -> Pictures:
        return stills(still.of(people[place]), place, people, spec, list(DISTORTIONS))

    def clips_of(place: int) -> Pictures:
        return clips(moving.of(people[place]), place, people, spec)

    for place, portrait in enumerate(people):
        everybody.extend(keep(folder / f"{portrait.name}.npz", partial(of_person, place)))
        if place < IN_CLIPS:
            filmed.extend(keep(folder / f"{portrait.name}-clips.npz", partial(clips_of, place)))
        if place % 10 == 0:
            print(f"pictures of {place} of {len(people)} people", flush=True)
    avatars = make_avatars(TEST, work)
    for place, avatar in enumerate(avatars):
        drawn.extend(keep(folder / f"{avatar.name}.npz", partial(stills, avatar, place, avatars, spec, FEWER)))
    return everybody, drawn, filmed


def score(detector: Detector, pictures: Pictures) -> Scored:
    """Return the scores of pictures."""
    parts = [
        detector.probabilities(np.stack(pictures.crops[first : first + 100]))
        for first in range(0, len(pictures.crops), 100)
    ]
    return Scored.of(np.concatenate(parts), pictures.kinds, pictures.people, pictures.distortions)


def smaller(pictures: Pictures, detector: Detector) -> Pictures:
    """Return the undistorted and compressed pictures at the input size of another detector of the same margin."""
    crops = [resize_crop(crop, detector.spec.input_size) for crop in pictures.crops]
    return Pictures(crops, pictures.kinds, pictures.people, pictures.distortions)


def avatar_world_rows(drawn: Pictures) -> list[tuple[object, ...]]:
    """Return how many genuine test avatars the choice takes for photographs; fitted on other drawings."""
    chosen = [
        crop
        for crop, kind, distortion in zip(drawn.crops, drawn.kinds, drawn.distortions, strict=True)
        if kind == GENUINE and distortion == "none"
    ]
    wrong = (load_world_gate().chances(np.stack(chosen)) > 0.5).tolist()
    return [share("choice", "avatars of ten styles", "taken for a photograph", wrong, len(wrong))]


def forgery_rows(scored: Scored, detector: Detector) -> list[tuple[object, ...]]:
    """Return areas under the curve and error rates at the frozen threshold, per forgery and distortion."""
    above = above_limit(detector)
    rows: list[tuple[object, ...]] = []
    for distortion in DISTORTIONS:
        for kind in UNFORGED:
            rows.append(row(scored, "detector", kind, "flagged", distortion, scored.rows(kind, distortion), above))
        for forgery in (None, *MEASURED):
            forged = scored.rows(forgery, distortion)
            both = scored.against(forgery, distortion)
            name = forgery or "all forgeries"
            rows.append(row(scored, "detector", name, "auc", distortion, both, auc))
            rows.append(row(scored, "detector", name, "found", distortion, forged, above))
    return rows


def calibration_rows(scored: Scored) -> list[tuple[object, ...]]:
    """Return Brier score and calibration error, both classes weighted alike."""
    rows = []
    for distortion in ("none", "JPEG 50"):
        both = scored.against(None, distortion)
        rows.append(row(scored, "calibration", "all forgeries", "brier", distortion, both, brier))
        rows.append(row(scored, "calibration", "all forgeries", "ece", distortion, both, ece))
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
                rows.append(row(scored, "answers", name, says.value, distortion, chosen, holds, note))
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
            genuine, both = scored.rows(GENUINE, "none"), scored.against(None, "none")
            mine = np.isin(scored.people, inside)
            rows.append(row(scored, "groups", name, "auc", "none", both & mine, auc, note))
            rows.append(
                row(scored, "groups", name, "flagged", "none", genuine & mine, lambda _, s: (s > limit).mean(), note)
            )
            if len(outside) >= FEW:
                rows.append(_gap(scored, name, both, inside, outside, note))
    return rows


def _gap(
    scored: Scored, name: str, rows: NDArray[np.bool_], inside: list[str], outside: list[str], note: str
) -> tuple[object, ...]:
    """Return the difference of the area under the curve between a group and everybody else."""
    rng = np.random.default_rng(SEED)
    sides = [by_person(scored, rows & np.isin(scored.people, side)) for side in (inside, outside)]

    def difference(draws: list[list[int]]) -> float:
        values = [auc(*joined(side, draw)) for side, draw in zip(sides, draws, strict=True)]
        return values[0] - values[1]

    plain = difference([list(range(len(side))) for side in sides])
    drawn = [difference([list(rng.integers(len(side), size=len(side))) for side in sides]) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return ("groups", name, "auc gap to the others", "none", plain, float(low), float(high), len(inside),
            int((rows & np.isin(scored.people, inside)).sum()), note)  # fmt: skip


def control_rows(scored: Scored) -> list[tuple[object, ...]]:
    """Return by how much a control mark on genuine pictures changes their probability; only the mark differs."""

    def shift(kinds: Labels, chances: Floats) -> float:
        return float(chances[kinds == 1].mean() - chances[kinds == 0].mean())

    rows = []
    for distortion in ("none", "JPEG 50", "H.264 crf 30"):
        both = scored.rows(GENUINE, distortion) | scored.rows(MARKED, distortion)
        relabelled = replace(scored, labels=(np.array(scored.kinds) == MARKED).astype(np.int64))
        rows.append(row(relabelled, "control", GENUINE, "shift by the mark", distortion, both, shift))
    return rows


def avatar_rows(scored: Scored, detector: Detector, name: str) -> list[tuple[object, ...]]:
    """Return how a detector does on drawn avatars: per forgery, after compression, and per style.

    Args:
        scored: Scores of avatars, whose names begin with their style.
        detector: The detector.
        name: Its name.
    """
    above, note = above_limit(detector), f"detector {name}"
    rows: list[tuple[object, ...]] = []
    for distortion in FEWER:
        genuine = scored.rows(GENUINE, distortion)
        rows.append(row(scored, "avatars", GENUINE, "flagged", distortion, genuine, above, note))
        for forgery in (None, *(MEASURED if distortion == "none" else ())):
            both = scored.against(forgery, distortion)
            rows.append(row(scored, "avatars", forgery or "all forgeries", "auc", distortion, both, auc, note))
    styles = [person.partition("-")[0] for person in scored.people]
    for style in sorted(set(styles)):
        both = scored.against(None, "none") & (np.array(styles) == style)
        rows.append(row(scored, "avatars", f"style {style}", "auc", "none", both, auc, note))
    return rows


def clip_rows(scored: Scored, detector: Detector) -> list[tuple[object, ...]]:
    """Return measures of clips, each scored by the mean over its frames."""
    rows: list[tuple[object, ...]] = []
    clips = over_clips(scored)
    for kind in (GENUINE, MARKED):
        rows.append(row(clips, "clips", kind, "flagged", CLIP, clips.rows(kind, CLIP), above_limit(detector)))
    for forgery in (None, *dict.fromkeys(kind for kind in clips.kinds if kind not in UNFORGED)):
        both = clips.rows(forgery, CLIP) | clips.rows(MARKED if forgery == "reenactment" else GENUINE, CLIP)
        rows.append(row(clips, "clips", forgery or "all forgeries", "auc", CLIP, both, auc))
    return rows


def turned_rows(detector: Detector, pictures: Pictures) -> list[tuple[object, ...]]:
    """Return how genuine avatars are taken by the yaw of their heads: the shares let in and flagged."""
    limit, seen = frozen(detector), dict[str, list[tuple[bool, bool]]]()
    yaws = {avatar_name(number): abs(float(np.degrees(turn_of(number)))) for number in TEST}
    for crop, kind, name, distortion in zip(
        pictures.crops, pictures.kinds, pictures.people, pictures.distortions, strict=True
    ):
        if kind == GENUINE and distortion == "none":
            sort = next(f"avatars, yaw {low}-{high} degrees" for low, high in YAWS if low <= yaws[name] <= high)
            flagged = float(detector.probabilities(crop[None])[0]) > limit
            seen.setdefault(sort, []).append((in_scope(detector, crop), flagged))
    rows = []
    for sort, found in sorted(seen.items()):
        rows.append(share("turned", sort, "let in", [one[0] for one in found], len(found)))
        rows.append(share("turned", sort, "flagged", [one[1] for one in found], len(found)))
    return rows


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
        rows.append(share("scope", name, "let in", inside, len(people)))
    return rows


def world_rows() -> list[tuple[object, ...]]:
    """Return the errors of the choice between photographs and avatars, which its fit measured on pictures kept out."""
    measured = load_world_gate().measured
    rows = []
    for kind, other in (("photographs", "avatar"), ("avatars", "photograph")):
        count = int(measured[kind])
        wrong = round(measured[f"{kind} taken for the other kind"] * count)
        rows.append(share("choice", kind, f"taken for an {other}" if other[0] == "a" else f"taken for a {other}",
                           [place < wrong for place in range(count)], 0))  # fmt: skip
    return rows


def stranger_rows(detector: Detector, named: Sequence[str]) -> list[tuple[object, ...]]:
    """Return for pictures of other kinds the share let in, and the share that is flagged in spite of the scope."""
    finder, gate, kinds = open_face_finder(), load_world_gate(), dict[str, list[tuple[bool, bool, bool]]]()
    for entry in named:
        kind, _, name = entry.partition("=")
        media = read_media(Path(name), max_frames=LONGEST)
        for number in sorted(set(np.linspace(0, len(media.frames) - 1, OF_CLIP).astype(int).tolist())):
            for box, landmarks in finder(media.frames[number], 1):
                crop = cut_crops([media.frames[number]], box[None], detector.spec, landmarks[None])
                large = float(min(box[2:] - box[:2])) >= detector.spec.smallest_face
                inside = large and gate.world(crop) is World.PHOTOGRAPH and in_scope(detector, crop[0])
                flagged = float(detector.probabilities(crop)[0]) > frozen(detector)
                kinds.setdefault(kind, []).append((large, inside, inside and flagged))
    rows = []
    for kind, seen in kinds.items():
        note = "frames of one file resemble each other"
        rows.append(share("scope", kind, "let in", [one[1] for one in seen], 0, note))
        rows.append(share("scope", kind, "let in and flagged", [one[2] for one in seen], 0, note))
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


def above_limit(detector: Detector) -> Callable[[Labels, Floats], float]:
    """Return the share of probabilities above the frozen threshold, as a measure."""
    limit = frozen(detector)
    return lambda _, chances: float((chances > limit).mean())


if __name__ == "__main__":
    main()
