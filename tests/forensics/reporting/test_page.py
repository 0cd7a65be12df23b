"""The page as a reader's browser meets it: hostile text, embedded media, nothing asked for outside itself."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forensics.errors import ReportError
from forensics.reporting import gather_results, read_contents, render_page, write_page
from forensics.reporting.blocks import Exhibit, Gallery, Media, ReportContents, Section, Strip

HOSTILE = "<script>alert('x')</script>\"&="
MakeFolder = Callable[..., Path]


class Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.attributes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "poster", "srcset") and value]
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page_of(folder: Path) -> str:
    return render_page(read_contents(folder), folder)


def with_media(path: str) -> ReportContents:
    strip = Strip("row", (Exhibit(Media(path, "alt"), "label"),))
    return ReportContents("t", "2026", "", "", (), (), (Section("gallery", "t", "r", (Gallery((strip,)),)),), "")


@pytest.mark.parametrize("trail", [True, False])
def test_hostile_text_stays_text_everywhere(make_folder: MakeFolder, trail: bool) -> None:
    plain = Reader(page_of(make_folder("x" * len(HOSTILE), trail=trail)))
    hostile = Reader(page_of(make_folder(HOSTILE, trail=trail)))
    assert hostile.tags == plain.tags
    assert hostile.attributes == plain.attributes
    assert hostile.tags.count("script") == 1
    assert "alert" not in "".join(hostile.words[-3:])
    assert sum(HOSTILE in word for word in hostile.words) > 50


def test_the_page_asks_for_nothing_outside_itself(make_folder: MakeFolder) -> None:
    page = page_of(make_folder())
    addresses = Reader(page).addresses
    assert addresses and all(address.startswith(("data:", "#")) for address in addresses)
    assert "default-src 'none'" in page
    outside_downloads = re.sub(r'href="data:[^"]*"', "", page)
    assert not re.search(r"https?://|url\(|@import", outside_downloads)


def test_every_link_of_the_contents_leads_to_a_section(make_folder: MakeFolder) -> None:
    page = page_of(make_folder())
    names = {address[1:] for address in Reader(page).addresses if address.startswith("#")}
    assert len(names) == 15
    assert names == set(re.findall(r'<section id="([\w-]+)"', page))


def test_every_chart_says_what_it_is_and_every_scroll_box_can_be_reached(make_folder: MakeFolder) -> None:
    page = page_of(make_folder())
    charts = re.findall(r'<svg class="chart"[^>]*>', page)
    assert charts and all("aria-label=" in chart or "aria-hidden" in chart for chart in charts)
    boxes = re.findall(r'<div class="scroll"[^>]*>', page)
    assert boxes and all('tabindex="0"' in box and "aria-label=" in box for box in boxes)
    assert page.count("<table>") == page.count("<thead>") == len(list(read_contents(make_folder()).tables))


def test_the_page_follows_light_dark_small_screens_and_paper(make_folder: MakeFolder) -> None:
    page = page_of(make_folder())
    for needed in (
        "prefers-color-scheme: dark",
        'name="viewport"',
        "@media print",
        "details-content",
        "overflow-x: auto",
    ):
        assert needed in page


def test_an_embedded_output_is_the_file_byte_for_byte(make_folder: MakeFolder) -> None:
    folder = make_folder()
    address = next(one for one in Reader(page_of(folder)).addresses if one.startswith("data:image/png"))
    assert base64.b64decode(address.partition(",")[2]) == (folder / "face.png").read_bytes()


def test_clips_are_embedded_as_video(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"not really a clip")
    page = render_page(with_media("clip.mp4"), tmp_path)
    assert Reader(page).tags.count("video") == 1
    assert "data:video/mp4;base64," in page


@pytest.mark.parametrize("path", ["missing.png", "../outside.png", "/etc/hostname", "face.svg"])
def test_media_that_cannot_be_embedded_are_refused_by_name(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.png").write_bytes(b"")
    with pytest.raises(ReportError, match=re.escape(Path(path).name)):
        render_page(with_media(path), folder)


def test_faces_can_be_left_out(make_folder: MakeFolder) -> None:
    folder = make_folder()
    page = render_page(read_contents(folder, pictures=False), folder)
    assert not {"img", "video"} & set(Reader(page).tags)
    assert 'id="detection"' in page


def test_a_page_is_written_whole_or_not_at_all(make_folder: MakeFolder) -> None:
    folder = make_folder()
    page = write_page(read_contents(folder), folder)
    before = page.read_bytes()
    assert before.startswith(b"<!doctype html>")
    with pytest.raises(ReportError, match="missing"):
        write_page(with_media("gone.png"), folder)
    assert page.read_bytes() == before
    assert not list(folder.glob(".*"))


def test_a_folder_without_results_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="facetrail evaluate"):
        gather_results(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"title": "alone"}'])
@pytest.mark.parametrize(
    "name",
    ["trail.json", *(f"evaluation/{name}.json" for name in ("run", "after/evaluation", "after/failures/failures"))],
)
def test_a_damaged_record_is_refused_by_name(make_folder: MakeFolder, name: str, text: str) -> None:
    folder = make_folder()
    (folder / name).write_text(text)
    with pytest.raises(ReportError, match=re.escape(Path(name).name)):
        gather_results(folder)


def test_a_failure_cannot_show_a_file_outside_the_results(make_folder: MakeFolder) -> None:
    folder = make_folder()
    record = folder / "evaluation" / "after" / "failures" / "failures.json"
    (folder.parent / "secret.png").write_bytes(b"")
    document = json.loads(record.read_text())
    document["failures"][0]["crop"] = "../../../../secret.png"
    record.write_text(json.dumps(document))
    contents = read_contents(folder)
    with pytest.raises(ReportError, match=r"secret\.png"):
        render_page(contents, folder)


def test_nothing_but_scores_gives_a_page_of_what_scores_allow(make_folder: MakeFolder) -> None:
    folder = make_folder(trail=False)
    results = gather_results(folder)
    bare = dataclasses.replace(
        results,
        detectors=tuple(
            dataclasses.replace(
                one,
                failures=(),
                report=dataclasses.replace(
                    one.report,
                    measures=tuple(
                        cell for cell in one.report.measures if cell.metric == "auc" and cell.slice == "all"
                    )[:1],
                    sealed=False,
                    threshold=None,
                ),
            )
            for one in results.detectors
        ),
        probes=(),
        quality=(),
    )
    from forensics.reporting.compose import compose

    contents = compose(bare)
    names = [section.name for section in contents.sections]
    assert names == ["detection", "comparisons", "calibration", "coverage", "reproduction"]
    assert any(notice.grave and "Not a sealed test" in notice.text for notice in contents.notices)
