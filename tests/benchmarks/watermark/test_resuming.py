"""Long measurements continue where they were stopped, and a part of a table replaces no other part."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from benchmarks.watermark import stills
from benchmarks.watermark.attacks import screenshot
from benchmarks.watermark.unmarked import Counted
from watermark.mark.error_correction import MESSAGE_BITS, encode
from watermark.mark.tile import grey
from watermark.mark.views import inner_part, views

KEYS = [bytes([number]) * 32 for number in range(3)]


def test_a_count_that_was_stopped_gives_the_same_as_one_that_was_not(tmp_path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    found = [list(views([picture], search=0))]
    word = np.where(encode(np.zeros(MESSAGE_BITS, dtype=np.uint8)) == 1, 1.0, -1.0)
    whole = Counted()
    for key in KEYS:
        whole.add(key, found, word)
    state = tmp_path / "state.json"
    for key in KEYS:
        part = Counted.load(state)
        part.add(key, found, word)
        part.save(state)
    assert Counted.load(state) == whole
    assert (whole.keys, len(whole.peaks), whole.accepted) == (3, 3, 0)
    assert 0 < whole.lowest <= 1
    assert whole.line(1, 8.0)["pairs"] == 3


def test_measuring_one_attack_keeps_the_rows_of_the_others(tmp_path) -> None:
    table = tmp_path / "table.csv"
    stills.write(table, [{"size": 512, "attack": "grey", "read": 1}, {"size": 256, "attack": "none", "read": 2}])
    stills.write(table, [{"size": 512, "attack": "none", "read": 3}, {"size": 256, "attack": "none", "read": 4}])
    with table.open(newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [("512", "none", "3"), ("512", "grey", "1"), ("256", "none", "4")]


@pytest.mark.parametrize("scale", [1, 0.8])
def test_a_screenshot_shows_the_picture_within_a_page_that_is_no_plain_border(scale: float) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (200, 160, 3)).astype(np.uint8)
    shown = screenshot(scale)(picture)
    assert shown.shape[0] > 1.5 * scale * 200
    assert shown.shape[1] > scale * 160
    within = inner_part(grey(shown))
    assert within is not None
    assert within[0].stop - within[0].start > 1.5 * scale * 200
    if scale == 1:
        top, left = 160 // 3, (shown.shape[1] - 160) // 2
        assert np.array_equal(shown[top + 100 : top + 200, left : left + 160], picture[100:])
