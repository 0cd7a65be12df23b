"""What the page says against the records it is made from."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from forensics.errors import ReportError
from forensics.evaluation import ScoreTable
from forensics.reporting import curves as found_curves
from forensics.reporting import gather_results, read_contents
from forensics.reporting.blocks import Cell, Column, Prose, Table
from forensics.reporting.compose import compose
from forensics.reporting.curves import RATES, reliability, video_table
from forensics.reporting.exports import as_csv, as_svg, write_exports
from forensics.reporting.gather import Results
from forensics.reporting.sections.robustness import drift

MakeFolder = Callable[..., Path]


def random_table(count: int, seed: int, ties: bool) -> ScoreTable:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    return ScoreTable(
        tuple(f"v{index}" for index in range(count)),
        tuple(
            (f"p{index % 9}", f"q{index % 5}") if label else (f"p{index % 9}",) for index, label in enumerate(labels)
        ),
        labels,
        np.round(scores, 1) if ties else scores,
        ("main",) * count,
    )


@pytest.mark.parametrize("ties", [False, True])
def test_the_roc_is_that_of_an_independent_implementation_without_interpolation(ties: bool) -> None:
    table = random_table(80, 3, ties)
    fpr, tpr, _ = roc_curve(table.labels, table.scores, drop_intermediate=False)
    wanted = [max(tpr[fpr <= rate + 1e-9]) for rate in RATES]
    curve = found_curves.roc_curve("a", table, 0)
    assert np.allclose(curve.y, wanted)
    assert all(low <= high for low, high in zip(curve.low, curve.high, strict=True))


def test_the_band_of_the_roc_covers_the_curve_behind_the_draw() -> None:
    """Normal scores one deviation apart have the ROC Φ(Φ⁻¹(f) + 1)."""
    rates = np.array(RATES)
    truth = norm.cdf(norm.ppf(rates) + 1)
    covered = []
    for seed in range(6):
        curve = found_curves.roc_curve("a", random_table(400, seed, False), 0)
        inside = (np.array(curve.low) <= truth) & (truth <= np.array(curve.high))
        covered.append(inside[(rates > 0.02) & (rates < 0.95)].mean())
        assert curve.high[30] - curve.low[30] < 0.4
    assert np.mean(covered) > 0.9


def test_the_bins_of_the_reliability_diagram_hold_every_video_once() -> None:
    table = random_table(160, 5, False)
    bins = reliability(table, 0)
    assert sum(found.count for found in bins) == 160
    assert sum(found.count * found.observed for found in bins) == pytest.approx(table.labels.sum())
    assert sum(found.count * found.predicted for found in bins) == pytest.approx(table.scores.sum())
    assert {found.count for found in bins} == {16}
    assert all(found.low <= found.observed <= found.high for found in bins)


def test_equal_probabilities_stay_in_one_bin() -> None:
    bins = reliability(random_table(200, 5, True), 0)
    assert len({round(found.predicted, 3) for found in bins}) == len(bins)
    constant = dataclasses.replace(random_table(40, 0, False), scores=np.full(40, 0.5))
    assert [(found.count, found.observed) for found in reliability(constant, 0)] == [(40, 0.5)]


def test_the_curve_is_drawn_from_the_videos_behind_the_headline(make_folder: MakeFolder) -> None:
    one = gather_results(make_folder()).detectors[1]
    table = video_table(one)
    assert table is not None and one.scores is not None
    assert (len(table), set(table.slices)) == (24, {"main"})
    means = {video: one.scores.scores[np.array(one.scores.videos) == video].mean() for video in table.videos}
    labels = [table.labels[index] for index in range(24)]
    assert roc_auc_score(labels, list(means.values())) == pytest.approx(roc_auc_score(table.labels, table.scores))


def test_every_measure_stands_in_a_table_with_its_interval(make_folder: MakeFolder) -> None:
    folder = make_folder()
    written = {value for table in read_contents(folder).tables for line in table.lines for value in line}
    for one in gather_results(folder).detectors:
        for measure in one.report.measures:
            assert repr(measure.value) in written, measure
            assert measure.low is None or repr(measure.low) in written, measure


def test_the_verdict_says_not_distinguishable_when_so(make_folder: MakeFolder) -> None:
    results = gather_results(make_folder())
    assert "not distinguishable" in compose(results).verdict
    apart = dataclasses.replace(results.run.comparisons[0], p_adjusted=0.01, low=0.1)
    told = compose(dataclasses.replace(results, run=dataclasses.replace(results.run, comparisons=(apart,)))).verdict
    assert "are distinguishable" in told and "not distinguishable" not in told


def test_one_detector_whose_interval_holds_one_half_is_not_told_from_chance(make_folder: MakeFolder) -> None:
    results = gather_results(make_folder())

    def alone(low: float) -> str:
        one = results.detectors[0]
        measures = tuple(dataclasses.replace(cell, low=low) for cell in one.report.measures)
        detector = dataclasses.replace(one, report=dataclasses.replace(one.report, measures=measures))
        return compose(dataclasses.replace(results, detectors=(detector,))).verdict

    assert "not distinguishable from chance" in alone(0.4)
    assert "chance" not in alone(0.6)


def test_published_numbers_stand_beside_the_corrected_ones_and_hostile_words_stay_words(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder(trail=False)
    head = "name,theirs,theirs_of,printed,ours_name,ours,low,high,ours_of,why"
    lines = f"{head}\nEER,0.14,9 rows,,eer/video,0.1,0.05,0.2,x,<b>\n"
    (folder / "after" / "side_by_side.csv").write_text(lines)
    (table,) = [table for table in read_contents(folder).tables if table.name == "published"]
    assert table.lines == [["after", "EER", "0.14", "9 rows", "equal error rate", "0.1", "0.05", "0.2", "x", "<b>"]]
    (folder / "after" / "side_by_side.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportError, match="side_by_side"):
        gather_results(folder)


def test_too_few_genuine_samples_are_named_once_and_not_for_every_rate(make_folder: MakeFolder) -> None:
    results = gather_results(make_folder())
    few = "tpr_at_fpr_{}/video: fewer than ten genuine samples may be flagged at {} %"
    warnings = (few.format("0.1", "0.1"), few.format("1", "1"), "another matter")
    one = results.detectors[0]
    changed = dataclasses.replace(one, report=dataclasses.replace(one.report, warnings=warnings))
    notices = compose(dataclasses.replace(results, detectors=(changed,))).notices
    told = [notice.text for notice in notices if notice.grave]
    assert len(told) == 2
    assert "0.1 %, 1 %" in told[0] and "another matter" in told[1]


def test_an_unsealed_test_and_its_early_reads_stand_on_top(make_folder: MakeFolder) -> None:
    contents = read_contents(make_folder(sealed=False))
    grave = [notice.text for notice in contents.notices if notice.grave]
    assert grave[0].startswith("Not a sealed test")
    assert any("epoch 3 was chosen on it" in text for text in grave)
    assert any("few negatives" in text for text in grave)
    sealed = read_contents(make_folder())
    assert not sealed.notices[0].grave and sealed.notices[0].text.startswith("Sealed test")


def test_the_rise_of_false_positives_follows_from_the_rates_where_it_was_not_measured(make_folder: MakeFolder) -> None:
    one = gather_results(make_folder()).detectors[0]
    cells = [cell for cell in one.report.measures if cell.metric == "fpr" and cell.distortion != "none"]
    assert [round(cell.value, 6) for cell in drift(one, cells)] == [0.0, 0.1, 0.2] * 2


def test_a_section_without_data_is_left_out(make_folder: MakeFolder) -> None:
    results = gather_results(make_folder())

    def without(**changes: object) -> set[str]:
        changed: Results = dataclasses.replace(results, **changes)  # type: ignore[arg-type]
        return {section.name for section in compose(results).sections} - {
            section.name for section in compose(changed).sections
        }

    assert without(probes=()) == {"probes"}
    assert without(quality=()) == {"quality"}
    assert without(trail=None) == {"gallery", "provenance"}
    assert without(run=dataclasses.replace(results.run, comparisons=())) == {"comparisons"}


def test_every_figure_and_table_becomes_a_file_of_its_own(make_folder: MakeFolder, tmp_path: Path) -> None:
    contents = read_contents(make_folder())
    written = write_exports(contents, tmp_path / "out")
    figures, tables = list(contents.figures), list(contents.tables)
    assert len(written) == len(set(written)) == len(figures) + len(tables)
    for figure in figures:
        text = (tmp_path / "out" / "figures" / f"{figure.name}.svg").read_text("utf-8")
        assert "var(--" not in text and 'xmlns="http://www.w3.org/2000/svg"' in text
    for table in tables:
        with (tmp_path / "out" / "tables" / f"{table.name}.csv").open(newline="") as file:
            header, *lines = csv.reader(file)
        assert len(lines) == len(table.rows) and {len(line) for line in lines} == {len(header)}


def test_a_figure_of_its_own_is_well_formed_even_with_hostile_names(make_folder: MakeFolder) -> None:
    from xml.etree import ElementTree

    for figure in read_contents(make_folder("<b>&\"'")).figures:
        root = ElementTree.fromstring(as_svg(figure))  # noqa: S314 - made above
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not [node for node in root.iter() if node.tag.endswith("}b")]


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "@sum", "-x"])
def test_a_name_that_a_spreadsheet_would_run_is_kept_from_it_and_numbers_are_left_alone(name: str) -> None:
    table = Table("t", "t", (Column("a"), Column("b")), ((Cell(name), Cell("-0.5")),))
    assert list(csv.reader(io.StringIO(as_csv(table))))[1] == [f"'{name}", "-0.5"]


def test_a_distortions_quirk_stands_with_the_distortions_and_not_on_top(make_folder: MakeFolder) -> None:
    results = gather_results(make_folder())
    one = results.detectors[0]
    quirk = "deeperforensics1:JPEG: scales down and up again"
    report = dataclasses.replace(one.report, warnings=(quirk, "another matter"))
    contents = compose(dataclasses.replace(results, detectors=(dataclasses.replace(one, report=report),)))
    assert not any("scales down" in notice.text for notice in contents.notices)
    (robustness,) = [section for section in contents.sections if section.name == "robustness"]
    assert any(isinstance(block, Prose) and quirk in block.lines for block in robustness.blocks)
