from __future__ import annotations

import base64
import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.errors import ReportError
from forensics.reporting import (
    ControlRow,
    Estimate,
    GalleryRow,
    HeatMap,
    HeatRow,
    Histogram,
    KeyNumber,
    Measure,
    Media,
    ProvenanceRow,
    ReportContents,
    Reproduction,
    RocCurve,
    StageTime,
    render_page,
    write_page,
)
from forensics.reporting.charts import heat_share, histogram_chart, length_shares, roc_chart

HOSTILE = "<script>alert('x')</script>\"&"
AUC = Estimate(0.9, 0.8, 0.95)


def make_contents(text: str = "plain") -> ReportContents:
    media = Media("face.png", text)
    return ReportContents(
        title=text,
        summary=text,
        created="2026-11-22",
        key_numbers=(KeyNumber(text, "0.9", text),),
        gallery=(GalleryRow(text, media, media, None, media, media),),
        curves=(RocCurve(text, (0.0, 1.0), (0.0, 1.0), (0.0, 0.9), (0.2, 1.0), AUC),),
        histograms=(Histogram(text, (0.1, 0.2), (0.8, 1.0)),),
        detectors=(text,),
        measures=(Measure("auc", "video", (AUC,), 4, 5),),
        robustness=(HeatMap(text, AUC, (HeatRow(text, (text,), (AUC,)),)),),
        control=(ControlRow(text, 3, 0.1, 0.12, Estimate(-0.02, -0.05, 0.01), AUC, text),),
        provenance=(ProvenanceRow(text, "ab" * 32, "00112233aabb", "generated", "trusted", True),),
        stages=(StageTime(text, 1.5), StageTime("rest", 3.0)),
        reproduction=Reproduction(text, 0, ((text, "1"),), text),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "face.png")
    return tmp_path


class TagCounter(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href") and value]


def parse(page: str) -> TagCounter:
    counter = TagCounter()
    counter.feed(page)
    return counter


def test_hostile_text_stays_text_everywhere_on_the_page(folder: Path) -> None:
    hostile = parse(render_page(make_contents(HOSTILE), folder))
    assert hostile.tags == parse(render_page(make_contents(), folder)).tags
    assert hostile.tags.count("script") == 1


def test_the_page_asks_for_nothing_outside_itself(folder: Path) -> None:
    page = render_page(make_contents(), folder)
    addresses = parse(page).addresses
    assert len(addresses) == 4
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|url\(|@import", page)


def test_the_page_follows_light_and_dark_and_fits_small_screens(folder: Path) -> None:
    page = render_page(make_contents(), folder)
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page
    assert "@media print" in page


def test_an_embedded_output_is_the_file_byte_for_byte(folder: Path) -> None:

    address = parse(render_page(make_contents(), folder)).addresses[0]
    assert base64.b64decode(address.partition(",")[2]) == (folder / "face.png").read_bytes()


def test_clips_are_embedded_as_video(folder: Path) -> None:
    (folder / "clip.mp4").write_bytes(b"not really a clip")
    clip = Media("clip.mp4", "a clip")
    row = GalleryRow("row", clip, clip, clip, clip, None)
    page = render_page(dataclasses.replace(make_contents(), gallery=(row,)), folder)
    assert parse(page).tags.count("video") == 4
    assert "data:video/mp4;base64," in page


@pytest.mark.parametrize("path", ["missing.png", "../outside.png", "/etc/hostname", "face.svg"])
def test_media_that_cannot_be_embedded_are_refused_by_name(folder: Path, path: str) -> None:
    (folder.parent / "outside.png").write_bytes(b"")
    media = Media(path, "")
    contents = dataclasses.replace(make_contents(), gallery=(GalleryRow("", media, media, None, media, None),))
    with pytest.raises(ReportError, match=re.escape(Path(path).name)):
        render_page(contents, folder)


def test_an_empty_report_still_says_how_to_do_it_again(folder: Path) -> None:
    contents = make_contents()
    empty = {
        field.name: () for field in dataclasses.fields(contents) if isinstance(getattr(contents, field.name), tuple)
    }
    page = render_page(dataclasses.replace(contents, **empty), folder)
    assert parse(page).tags.count("section") == 1
    assert "Do it again" in page


def test_contents_come_back_from_disk_unchanged(folder: Path) -> None:
    contents = make_contents(HOSTILE)
    contents.save(folder)
    assert ReportContents.load(folder) == contents


@pytest.mark.parametrize("text", ["{", "[]", '{"title": "alone"}'])
def test_results_of_another_shape_are_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ReportError, match=r"results\.json"):
        ReportContents.load(tmp_path)


def test_a_folder_without_results_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="facetrail demo"):
        ReportContents.load(tmp_path)


def test_an_undefined_number_is_not_written(folder: Path) -> None:
    contents = dataclasses.replace(make_contents(), stages=(StageTime("x", float("nan")),))
    with pytest.raises(ValueError, match="not JSON compliant"):
        contents.save(folder)


def test_a_page_is_written_beside_its_results(folder: Path) -> None:
    assert write_page(make_contents(), folder) == folder / "report.html"
    assert (folder / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_roc_curve_passes_through_its_points() -> None:
    curve = RocCurve("a", (0.0, 0.5, 1.0), (0.0, 0.75, 1.0), (0.0, 0.6, 1.0), (0.0, 0.9, 1.0), AUC)
    polyline = re.search(r'<polyline[^>]*points="([^"]*)"', roc_chart([curve]))
    assert polyline is not None
    (x0, y0), (x1, y1), (x2, y2) = [tuple(map(float, point.split(","))) for point in polyline[1].split()]
    assert (x1 - x0) / (x2 - x0) == pytest.approx(0.5)
    assert (y0 - y1) / (y0 - y2) == pytest.approx(0.75)


def test_a_score_of_exactly_one_is_drawn() -> None:
    chart = histogram_chart(Histogram("a", (), (1.0,)), "accent")
    assert chart.count('class="bar accent"') == 1


@pytest.mark.parametrize(("auc", "share"), [(0.3, 0), (0.5, 0), (0.75, 50), (1.0, 100)])
def test_heat_runs_from_chance_to_perfect(auc: float, share: int) -> None:
    assert heat_share(auc) == share


def test_the_longest_stage_fills_its_row() -> None:
    assert length_shares((StageTime("a", 1.0), StageTime("b", 4.0))) == [25.0, 100.0]
