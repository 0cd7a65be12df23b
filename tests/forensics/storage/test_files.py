"""Journals: a line is whole or is not there, and appending costs the same however long the journal is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.storage import files
from forensics.storage.files import append_line, whole_lines


def test_lines_come_back_in_order(tmp_path) -> None:
    path = tmp_path / "journal"
    assert whole_lines(path) == []
    for text in ("one", "zwei", ""):
        append_line(path, text)
    assert whole_lines(path) == [b"one", b"zwei", b""]


@pytest.fixture(scope="module")
def journals(tmp_path_factory):
    """One folder for the journals of all examples."""
    return tmp_path_factory.mktemp("journals")


LINES = st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=12), max_size=4)


@given(lines=LINES, cut=st.text("ab", min_size=1, max_size=9))
def test_a_line_that_was_cut_off_goes_and_the_next_begins_its_own(journals, lines, cut) -> None:
    path = journals / f"{len(list(journals.iterdir()))}"
    for line in lines:
        append_line(path, line)
    with path.open("ab") as file:
        file.write(cut.encode())
    whole = [line.encode() for line in lines]
    assert whole_lines(path) == whole
    append_line(path, "next")
    assert whole_lines(path) == [*whole, b"next"]


@pytest.mark.parametrize("before", [b"", b"whole\n"])
def test_a_cut_off_line_longer_than_a_piece_goes_too(tmp_path, monkeypatch, before) -> None:
    monkeypatch.setattr(files, "_PIECE", 8)
    path = tmp_path / "journal"
    path.write_bytes(before + b"x" * 100)
    append_line(path, "next")
    assert path.read_bytes() == before + b"next\n"


def test_appending_reads_one_byte_of_a_whole_journal(tmp_path, monkeypatch) -> None:
    path = tmp_path / "journal"
    append_line(path, "x" * 10_000)
    monkeypatch.setattr(files, "_last_line", None)
    append_line(path, "y")
    assert path.read_bytes().endswith(b"x\ny\n")
