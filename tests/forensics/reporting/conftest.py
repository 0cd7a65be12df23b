"""Write results folders in the format of evaluations, with numbers drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.evaluation import (
    Comparison,
    EvalReport,
    EvalRun,
    Level,
    Measure,
    ScoreTable,
    folder_of,
    write_report,
    write_run,
    write_scores,
)
from forensics.reporting import Failure, GalleryRow, Media, ProvenanceRow, StageTime, Trail, write_failures

VIDEOS = 24


def table_of(seed: int, gap: float, text: str = "", scale: float = 1.0) -> ScoreTable:
    """Return twelve videos of each class with three frames, and as many control twins of the genuine ones."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(VIDEOS):
        label = number % 2
        for _ in range(3):
            score = float(np.clip(rng.normal(0.5 + gap * (label - 0.5), 0.15), 0.01, 0.99)) * scale
            rows.append((f"{text}v{number:02d}", (f"{text}p{number % 8}",), label, score, "main"))
            if label == 0:
                rows.append((f"{text}c{number:02d}", (f"{text}p{number % 8}",), 0, score + 0.01, "control"))
    videos, identities, labels, scores, slices = zip(*rows, strict=True)
    return ScoreTable(videos, identities, np.array(labels), np.array(scores), slices)


def cell(name: str, value: float, **changes: object) -> Measure:
    found = {
        "name": name,
        "level": Level(name.partition("/")[2]),
        "slice": "all",
        "distortion": "none",
        "severity": 0,
        "value": value,
        "low": value - 0.05,
        "high": value + 0.05,
        "n_positive": VIDEOS // 2,
        "n_negative": VIDEOS // 2,
    }
    return Measure(**{**found, **changes})  # type: ignore[arg-type]


def measures_of(value: float, text: str = "") -> tuple[Measure, ...]:
    """Return every kind of measure of the results contract."""
    rising = range(1, 4)
    return (
        cell("auc/video", value, note=text),
        cell("auc/frame", value - 0.02),
        cell("eer/video", 1 - value),
        cell("fpr/video", 0.1),
        cell("balanced_accuracy/video", value),
        *(cell(f"{name}/video", 0.1) for name in ("log_loss", "brier", "brier_reliability", "ece_mass", "ece_width")),
        *(
            cell(
                f"{name}/video", number, distortion=f"{suite}:{kind}", severity=level, parameter=f"{text}{kind} {level}"
            )
            for suite, kind in (("deeperforensics1", "JPEG"), ("facetrail", "h264"))
            for level in rising
            for name, number in (("auc", value - 0.1 * level), ("fpr", 0.1 * level), ("fpr_drift", 0.1 * level - 0.1))
        ),
        *(
            cell("auc/video", value - step, slice=f"method={text}{name}")
            for step, name in ((0.0, "swap"), (0.2, "edit"))
        ),
        *(cell("fpr/video", 0.1, slice=f"gender={name}") for name in ("female", "male")),
        cell("fpr_gap/video", 0.02, slice="gender", low=-0.01, note=text),
        *(
            cell("auc/video", value / level, distortion=attack, severity=level, parameter=f"ε {level}/255")
            for attack in ("pgd", "pgd from other")
            for level in rising
        ),
        cell("auc/video", value, slice="control"),
        cell("mean_score/video", 0.3, slice="main"),
        cell("mean_score/video", 0.31, slice="control"),
        cell("score_shift_by_mark/video", 0.01, slice="control", low=0.001, n_positive=0),
        cell("coverage/video", 0.95),
    )


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a complete results folder."""

    def make(text: str = "", *, trail: bool = True, sealed: bool = True) -> Path:
        root = tmp_path / f"results{len(list(tmp_path.iterdir())) or ''}"
        inner = root / "evaluation" if trail else root
        names = (f"{text}before", f"{text}after")
        for number, name in enumerate(names):
            folder = inner / folder_of(name)
            report = EvalReport(
                f"{text}corpus", name, f"{text}protocol", 0, measures_of(0.7 + 0.2 * number, text), sealed, 0.6,
                f"{text}5 % false positives on validation data", "mean of probabilities",
                () if sealed else (f"{text}epoch 3 was chosen on it",), (f"{text}few negatives",), "ab" * 32, "cd" * 32,
            )  # fmt: skip
            write_report(report, folder)
            write_scores(table_of(number, 0.2 + 0.4 * number, text), folder / "scores.csv")
        pictures = inner / folder_of(names[1]) / "failures"
        pictures.mkdir()
        for stem in ("crop", "heat"):
            Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(pictures / f"{stem}.png")
        failure = Failure(f"{text}v00", 0, 0.8, 0.9, text, "crop.png", "heat.png")
        write_failures([failure], pictures)
        for name, measures in (
            ("probe:metadata", (cell("auc/video", 0.55, note=text),)),
            (f"{text}weights", (cell("psnr/frame", 31.0, slice="eyes", n_negative=0, note=text),)),
        ):
            write_report(
                EvalReport(f"{text}corpus", name, "", 0, measures, True, warnings=(text,) if text else ()),
                inner / folder_of(name),
            )
        compared = Comparison(
            names[1], names[0], "auc/video", 0.9, 0.7, 0.2, -0.1, 0.5, 0.04, 0.07, 0.07, 12, 12, 4, text
        )
        write_run(
            EvalRun(
                f"{text}corpus",
                "2026-11-22T10:00:00",
                f"{text}facetrail evaluate",
                0,
                ((f"{text}facetrail", "0.1"), ("facetrail", "0.1")),
                (*names, f"{text}weights"),
                (compared,),
                ("probe:metadata",),
                f"{text}protocol",
                "ab" * 32,
            ),
            inner,
        )
        if trail:
            Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(root / "face.png")
            media = Media("face.png", f"{text}face")
            Trail(
                title=f"{text}A trail",
                summary=f"{text}what was done",
                command=f"{text}facetrail demo",
                titles=((names[0], f"{text}before: blends"), (names[1], f"{text}after: forgeries")),
                gallery=(GalleryRow(f"{text}row", media, media, None, media, media),),
                provenance=(ProvenanceRow(f"{text}a.png", "ab" * 32, "00112233aabb", "generated", "trusted", True),),
                stages=(StageTime(f"{text}forge", 1.5), StageTime("rest", 3.0)),
            ).save(root)
        return root

    return make
