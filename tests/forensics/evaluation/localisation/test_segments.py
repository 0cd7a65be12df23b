"""Segments that frame scores mark are compared with the altered ones, as a slow reading of the definition does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detectors import FrameScores, SegmentRule, find_segments, load_detector, smooth
from forensics.corpus import Corpus, Label, Sample, Slice, Split, segments_of, write_manifest
from forensics.errors import CorpusError
from forensics.evaluation.localisation import SegmentPlan, measure_segments
from forensics.evaluation.localisation.segment_metrics import OVERLAPS, Found, JudgedClip, SegmentTable
from forensics.evaluation.localisation.segment_rule import fit_rule
from watermark import encode_clip, file_hash

Call = Callable[..., tuple[int, str, str]]
BRIGHT = """
def predict(pictures):
    return pictures.mean((1, 2, 3)) / 255
"""
FPS, FRAMES = 10.0, 20


def clip_of(scores: list[float], fps: float = FPS) -> FrameScores:
    return FrameScores(np.arange(len(scores)), np.array(scores), fps, len(scores))


def drawn_clips(seed: int, count: int = 25) -> list[JudgedClip]:
    """Return clips with up to three altered segments, and found ones near to them or anywhere."""
    rng = np.random.default_rng(seed)
    clips = []
    for _ in range(count):
        borders = np.sort(rng.uniform(0, 10, 2 * int(rng.integers(4)))).reshape(-1, 2)
        truths = [(float(start), float(end)) for start, end in borders]
        found: list[Found] = []
        for start, end in [*truths, *np.sort(rng.uniform(0, 10, (3, 2)), axis=1).tolist()]:
            moved = np.sort([start + rng.normal(0, 0.2), end + rng.normal(0, 0.2)]).tolist()
            found.append((float(rng.random()), moved[0], moved[1]))
        clips.append(JudgedClip.of(truths, found))
    return clips


def iou(found: Found, truth: tuple[float, float]) -> float:
    both = max(0.0, min(found[2], truth[1]) - max(found[1], truth[0]))
    return both / (found[2] - found[1] + truth[1] - truth[0] - both)


def slow_precision(clips: list[JudgedClip], limit: float) -> float:
    """Return the average precision by its definition: at each recall, the best precision from there on."""
    listed = []
    for clip in clips:
        taken: set[int] = set()
        for truth in clip.truths:
            free = [n for n, one in enumerate(clip.found) if n not in taken and iou(one, truth) > limit]
            taken.update(free[:1])
        listed += [(one[0], number in taken) for number, one in enumerate(clip.found)]
    listed.sort(reverse=True)
    wanted = sum(len(clip.truths) for clip in clips)
    points = [
        (sum(right for _, right in listed[:most]) / wanted, sum(right for _, right in listed[:most]) / most)
        for most in range(1, len(listed) + 1)
    ]
    area, before = 0.0, 0.0
    for number, (recall, _) in enumerate(points):
        area += (recall - before) * max(precision for _, precision in points[number:])
        before = recall
    return area


def slow_recall(clips: list[JudgedClip], most: int) -> float:
    wanted = sum(len(clip.truths) for clip in clips)
    recalls = [
        sum(any(iou(one, truth) > limit for one in clip.found[:most]) for clip in clips for truth in clip.truths)
        for limit in OVERLAPS
    ]
    return float(np.mean(recalls)) / wanted


@pytest.mark.parametrize("seed", range(3))
def test_precision_and_recall_are_those_of_the_definition(seed: int) -> None:
    clips = drawn_clips(seed)
    found = {name: float(value[0]) for name, value in SegmentTable(clips).all_measures(np.ones((1, 25))).items()}
    for limit in (0.5, 0.75, 0.95):
        assert found[f"segment_ap_{round(100 * limit)}"] == pytest.approx(slow_precision(clips, limit))
    for most in (10, 20, 50, 100):
        assert found[f"segment_ar_{most}"] == pytest.approx(slow_recall(clips, most))
    assert 0.1 < found["segment_ap_50"] < 0.9 and found["segment_ap_95"] < found["segment_ap_75"]


def test_only_the_first_segments_of_a_clip_count_for_recall() -> None:
    wrong = [(0.9, float(place), place + 0.5) for place in range(2, 12)]
    table = SegmentTable([JudgedClip.of([(0.0, 1.0)], [*wrong, (0.1, 0.0, 1.0)])])
    found = table.all_measures(np.ones((1, 1)))
    assert found["segment_ar_10"][0] == 0 and found["segment_ar_20"][0] == 1
    assert found["segment_ap_95"][0] == pytest.approx(1 / 11)


def test_weights_are_repetitions() -> None:
    clips = drawn_clips(5)
    times = np.random.default_rng(0).integers(0, 4, 25)
    repeated = [clip for clip, count in zip(clips, times, strict=True) for _ in range(count)]
    weighted = SegmentTable(clips).all_measures(times[None].astype(float))
    for name, value in SegmentTable(repeated).all_measures(np.ones((1, len(repeated)))).items():
        assert weighted[name][0] == pytest.approx(value[0])


def test_a_perfect_result_is_one_and_nothing_found_is_zero_and_nothing_altered_is_undefined() -> None:
    perfect = SegmentTable([JudgedClip.of([(1.0, 2.0)], [(0.7, 1.0, 2.0)]), JudgedClip.of([], [])])
    silent = SegmentTable([JudgedClip.of([(1.0, 2.0)], [])])
    genuine = SegmentTable([JudgedClip.of([], [(0.7, 1.0, 2.0)])])
    assert set(np.concatenate(list(perfect.all_measures(np.ones((1, 2))).values())).tolist()) == {1.0}
    assert set(np.concatenate(list(silent.all_measures(np.ones((1, 1))).values())).tolist()) == {0.0}
    assert np.isnan(list(genuine.all_measures(np.ones((1, 1))).values())).all()


def test_the_order_of_equal_scores_does_not_matter() -> None:
    clips = [JudgedClip.of([(0.0, 1.0)], [(0.5, 0.0, 1.0)]), JudgedClip.of([], [(0.5, 0.0, 1.0)])]
    assert SegmentTable(clips).average_precision(np.ones((1, 2)), 0.5)[0] == pytest.approx(0.5)
    assert SegmentTable(clips[::-1]).average_precision(np.ones((1, 2)), 0.5)[0] == pytest.approx(0.5)


def test_a_segment_begins_and_ends_with_its_frames() -> None:
    (found,) = find_segments(clip_of([0.1, 0.1, 0.9, 0.7, 0.1]), SegmentRule(0.5))
    assert (found.start, found.end) == pytest.approx((0.2, 0.4))
    assert found.score == pytest.approx(0.8)


def test_between_sparse_frames_a_border_lies_in_the_middle() -> None:
    sparse = FrameScores(np.array([0, 10, 20, 30]), np.array([0.1, 0.9, 0.9, 0.1]), 10.0, 31)
    (found,) = find_segments(sparse, SegmentRule(0.5))
    assert (found.start, found.end) == pytest.approx((0.55, 2.55))


def test_smoothing_is_a_centred_mean_and_fills_frames_without_a_face() -> None:
    scores = [0.0, 0.3, np.nan, 0.9, 0.6]
    assert smooth(clip_of(scores), 0.2) == pytest.approx([0.15, 0.15, 0.6, 0.75, 0.75])
    assert len(find_segments(clip_of([0.9, 0.9, np.nan, 0.9, 0.1]), SegmentRule(0.5))) == 2
    assert len(find_segments(clip_of([0.9, 0.9, np.nan, 0.9, 0.1]), SegmentRule(0.5, 0.2))) == 1


def test_a_clip_without_any_score_has_no_segment() -> None:
    assert find_segments(clip_of([np.nan] * 4), SegmentRule(0.0, 0.5)) == ()


def test_the_rule_is_chosen_where_noise_needs_smoothing() -> None:
    rng = np.random.default_rng(0)
    clips, truths = [], []
    for place in range(12):
        altered = np.zeros(50, dtype=bool)
        altered[10 + place : 30 + place] = place % 3 > 0
        clips.append(clip_of((0.3 + 0.4 * altered + rng.normal(0, 0.2, 50)).tolist()))
        truths.append(segments_of(altered, FPS))
    fitted = fit_rule(clips, truths)
    assert fitted is not None
    rule, precision = fitted
    assert rule.smoothing > 0 and 0.4 < rule.threshold < 0.6 and precision > 0.7
    assert fit_rule(clips, [()] * 12) is None


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a detector of brightness, and a corpus in which altered frames are brighter."""
    folder = tmp_path_factory.mktemp("segments")
    (folder / "bright.py").write_text(BRIGHT)
    root = folder / "corpus"
    (root / "media").mkdir(parents=True)
    rng, samples = np.random.default_rng(3), []
    for number in range(24):
        forged = number % 2 == 1
        altered = np.zeros(FRAMES, dtype=bool)
        start = int(rng.integers(2, 9))
        altered[start : start + 8] = forged
        light = rng.uniform(60, 90, FRAMES) + 70 * altered
        frames = np.broadcast_to(light[:, None, None, None], (FRAMES, 64, 64, 3)).astype(np.uint8)
        encode_clip(frames, root / "media" / f"c{number}.mp4", FPS)
        samples.append(sample_of(root, number, Split.VAL if number < 12 else Split.TEST, segments_of(altered, FPS)))
    write_manifest(root, samples)
    return folder


def sample_of(root: Path, number: int, split: Split, segments: tuple[tuple[float, float], ...]) -> Sample:
    forged = number % 2 == 1
    path = f"media/c{number}.mp4"
    return Sample(
        id=f"c{number}", path=path, sha256=file_hash(root / path), label=Label.FORGED if forged else Label.GENUINE,
        method="lamp" if forged else "camera", split=split, identities=(f"p{number}",), source_id=f"p{number}",
        drive_id=f"p{number}", style="", slice=Slice.MAIN, seed=None, frames=FRAMES, fps=FPS, width=64, height=64,
        mark_id=None, landmarks=None, landmarks_sha256=None, segments=segments,
    )  # fmt: skip


def test_a_detector_that_sees_the_altered_frames_finds_the_segments(lab: Path) -> None:
    corpus = Corpus.load(lab / "corpus")
    detector = load_detector(f"{lab / 'bright.py'},sees=frame,manipulated=1")
    tested, held = corpus.where(split=Split.TEST), corpus.where(split=Split.VAL)
    found = measure_segments(detector, corpus, tested, held, SegmentPlan(replicates=50))
    values = {one.name: one for one in found.measures}
    assert {one.slice for one in found.measures} == {"all"}
    for name in ("segment_ap_50/video", "segment_ap_95/video", "segment_ar_10/video", "segment_ar_100/video"):
        assert values[name].value == 1
        assert (values[name].n_positive, values[name].n_negative) == (6, 6)
    assert "6 altered segments; marking every clip as a whole has 0.000" in values["segment_ap_95/video"].note
    assert "chosen on 12 validation clips" in found.told[0]
    assert 90 / 255 < found.rule.threshold < 135 / 255
    assert all(bool(found.found[one.id]) == (one.label is Label.FORGED) for one in tested)


def test_without_validation_the_fallback_is_used_and_said(lab: Path) -> None:
    corpus = Corpus.load(lab / "corpus")
    detector = load_detector(f"{lab / 'bright.py'},sees=frame,manipulated=1")
    found = measure_segments(detector, corpus, corpus.where(split=Split.TEST), (), SegmentPlan(most=7, fallback=0.45))
    assert found.rule == SegmentRule(0.45)
    assert "no validation clip is altered in parts" in found.told[0]
    assert "of 12 of 12 clips not every frame was scored" in found.told[1]
    assert found.measures[0].value > 0.5


def test_a_corpus_without_segments_is_refused(lab: Path) -> None:
    corpus = Corpus.load(lab / "corpus")
    detector = load_detector(f"{lab / 'bright.py'},sees=frame,manipulated=1")
    genuine = corpus.where(split=Split.TEST, label=Label.GENUINE)
    with pytest.raises(CorpusError, match="partial-swap"):
        measure_segments(detector, corpus, genuine, (), SegmentPlan())


def test_evaluate_tells_when(lab: Path, tmp_path: Path, facetrail: Call) -> None:
    name = f"{lab / 'bright.py'},sees=frame,manipulated=1"
    code, out, err = facetrail("evaluate", lab / "corpus", "--detector", name, "--when", "-o", tmp_path / "out")
    assert code == 0, err
    assert "when, against the altered segments" in out and "AP@0.95" in out and "AR@100" in out
    (folder,) = [one for one in (tmp_path / "out").iterdir() if one.is_dir()]
    found = json.loads((folder / "segments.json").read_text())
    assert len(found) == 12 and all(len(one) == 3 for clip in found.values() for one in clip)
    assert "segment_ar_20/video" in (folder / "measures.csv").read_text()
