"""What data sets say of their people, read strictly."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forensics.corpus import Corpus
from forensics.corpus.attributes import ATTRIBUTES, attributes_of, read_attributes
from forensics.errors import CorpusError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(text, "utf-8")
    return path


def test_columns_follow_the_rows_asked_for(tmp_path: Path) -> None:
    found = read_attributes(written(tmp_path, "identity,gender,age\nann,female,young\nbob,male,\n"))
    assert found.of(["bob", "eve", "ann"], ["x", "y", "z"]) == {
        "gender": ("male", "", "female"),
        "age": ("", "", "young"),
    }
    by_sample = read_attributes(written(tmp_path, "sample,light\nclip,dim\n"))
    assert by_sample.of(["a", "b"], ["set/method/c23/clip", "other"]) == {"light": ("dim", "")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line names the columns"),
        ("name,gender\nann,female\n", "first line names the columns"),
        ("identity\nann\n", "first line names the columns"),
        ("identity,gender,gender\n", "first line names the columns"),
        ("identity,gender\nann\n", "line 2: expected 2 fields"),
        ("identity,gender\n,female\n", "line 2: expected 2 fields"),
        ("identity,gender\nann,female\nann,male\n", "line 3: identity 'ann' stands twice"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read_attributes(written(tmp_path, text))
    with pytest.raises(CorpusError, match="cannot be read"):
        read_attributes(tmp_path / "absent.csv")


def test_avatars_bring_their_style_and_a_file_adds_to_it(tiny_corpus: Corpus, tmp_path: Path) -> None:
    samples = tiny_corpus.samples
    assert attributes_of(tiny_corpus, samples) == {"style": tuple(sample.style for sample in samples)}
    shutil.copytree(tiny_corpus.root, tmp_path / "corpus")
    copy = Corpus.load(tmp_path / "corpus")
    look = samples[0].identities[0]
    (copy.root / ATTRIBUTES).write_text(f"identity,hair\n{look},long\n", "utf-8")
    hair = attributes_of(copy, copy.samples)["hair"]
    assert [value == "long" for value in hair] == [sample.identities[0] == look for sample in samples]
