"""One set of rules for the tables of all programs: encodings, delimiters, decimal commas, labels and warnings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forensics.evaluation import ScoresError, ScoreTable, write_scores
from forensics.evaluation.external_scores import read_foreign

from .foreign_files import write_csv

PLAIN = [("a", "0", "0.25"), ("b", "1", "0.75"), ("c", "0", "0.5"), ("d", "1", "-1e-3")]
HEADER = ("video", "label", "score")


def text_of(rows: list[tuple[str, str, str]], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in [HEADER, *rows])


def with_commas(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [(name, label, score.replace(".", ",")) for name, label, score in rows]


def labelled(*labels: str) -> list[tuple[str, str, str]]:
    return [(name, label, score) for (name, _, score), label in zip(PLAIN, labels, strict=True)]


@pytest.mark.parametrize(
    "content",
    [
        text_of(PLAIN).encode("utf-8-sig"),
        text_of(PLAIN, end="\r\n").encode("utf-16"),
        text_of(PLAIN).encode("utf-16-le"),
        text_of(PLAIN).encode("utf-16-be"),
        text_of(PLAIN, "\t").encode("utf-16"),
        text_of(PLAIN, ";").encode(),
        ("sep=;\r\n" + text_of(with_commas(PLAIN), ";", "\r\n")).encode("utf-8-sig"),
        text_of(with_commas(PLAIN), ";").encode(),
        text_of(with_commas(PLAIN), "\t").encode(),
        text_of([(a, b, f'"{c}"') for a, b, c in with_commas(PLAIN)]).encode(),
        text_of(labelled("-1", "1", "-1", "1")).encode(),
        text_of(labelled("-1.0", "+1.0", "-1.0", "1.0")).encode(),
        text_of(with_commas(labelled("0.0", "1.0", "0.0", "1.0")), ";").encode(),
        text_of(labelled("REAL", "FAKE", "Real", "fake")).encode(),
        text_of(labelled("bona-fide", "spoof", "bonafide", "spoof")).encode(),
        text_of(labelled("1", "0", "1", "0")).replace("label", "is_real").encode(),
        text_of(labelled("True", "False", "True", "False")).replace("label", "Is Real").encode(),
        text_of(PLAIN).replace("\n", "\n\n").encode(),
    ],
)  # fmt: skip
def test_what_spreadsheets_and_libraries_write_is_read_alike(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    table = read_foreign(tmp_path / "a.csv")[0].table
    assert table.videos == ("a", "b", "c", "d")
    assert table.labels.tolist() == [0, 1, 0, 1]
    assert table.scores.tolist() == [0.25, 0.75, 0.5, -0.001]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (text_of(labelled("1", "2", "1", "2")), "labels are 1 and 2, and nothing says which"),
        (text_of([("a", "0", "1,234"), ("b", "1", "2,345")], ";"), "decimals or thousands"),
        (text_of([("a", "0", "0,5"), ("b", "1", "0.5")], ";"), "others have decimal points"),
        (text_of(with_commas(PLAIN)), "as with decimal commas"),
        (text_of(labelled("maybe", "1", "perhaps", "0")), "line 2: label 'maybe', as are 1 other rows"),
        (text_of([("a", "0", "x"), ("b", "1", "y"), ("c", "1", "0.3")]), "line 2: score 'x' is not a number, as are 1"),
        (text_of([("a", "0", "0.1"), ("b", "1", "nan")]), "line 3: score 'nan' is not finite"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_in_one_line(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(ScoresError) as raised:
        read_foreign(tmp_path / "a.csv")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("forged", [1, 2])
def test_folders_that_are_named_after_the_classes_explain_the_labels_1_and_2(tmp_path: Path, forged: int) -> None:
    rows = [(f"{kind}/{n}.png", forged if kind == "fake" else 3 - forged, n / 9) for n in range(4)
            for kind in ("real", "fake")]  # fmt: skip
    found = read_foreign(write_csv(tmp_path / "a.csv", HEADER, rows))[0]
    assert found.table.labels.tolist() == [0, 1] * 4
    assert any(f"{forged} means manipulated" in note for note in found.notes)


@pytest.mark.parametrize("identity", [True, False])
def test_a_column_of_people_changes_no_other_rule(tmp_path: Path, identity: bool) -> None:
    rows = [(f"v{n}.mp4", ("REAL", "FAKE")[n % 2], 0.9 - 0.5 * (n % 2), f"p{n // 4}") for n in range(40)]
    header = ("video", "label", "score", "identity")
    kept = len(header) - (not identity)
    path = write_csv(tmp_path / "a.csv", header[:kept], [row[:kept] for row in rows])
    found = read_foreign(path)[0]
    assert found.table.videos == tuple(f"v{n}" for n in range(40))
    assert any("forged samples score lower" in warning for warning in found.warnings)
    assert any("name nobody" in warning for warning in found.warnings) is not identity
    assert found.table.identities[5] == (("p1",) if identity else ("v5",))


def test_a_table_of_our_own_comes_back_whole(tmp_path: Path) -> None:
    table = ScoreTable(
        videos=("set/swap/c23/x/1", "film/1", "set/swap/c23/x/1", "2"),
        identities=(("ann", "bob"), ("ann",), ("ann", "bob"), ("cid",)),
        labels=np.array([1, 0, 1, 0]),
        scores=np.array([0.9, 0.1, 0.5, 0.25]),
        slices=("main", "main", "main", "control"),
        methods=("swap", "film", "swap", ""),
        attributes={"gender": ("f", "m", "f", "")},
        covered=np.array([True, True, False, True]),
    )
    write_scores(table, tmp_path / "a.csv")
    found = read_foreign(tmp_path / "a.csv")[0].table
    assert (found.videos, found.identities, found.slices) == (table.videos, table.identities, table.slices)
    assert (found.methods, dict(found.attributes)) == (table.methods, dict(table.attributes))
    assert np.array_equal(found.scores, table.scores)
    assert np.array_equal(found.covered, table.covered)
