"""Read what a data set records about the people in it: gender, age band, skin tone, or the style of an avatar.

The annotations come from a file `attributes.csv` beside a corpus' manifest, or from a file given to a command. The
first column is `identity` or `sample`, and every further column is an attribute. An empty field means that nothing is
known. Where identities are listed, a forged file has the attributes of the identity whose look it shows, which its
sample names first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import CorpusError

from .manifest import Corpus
from .sample import Sample

ATTRIBUTES = "attributes.csv"
STYLE = "style"
_KEYS = ("identity", "sample")


@dataclass(frozen=True, slots=True)
class Annotations:
    """The known attributes of identities or samples.

    Attributes:
        key: `identity` or `sample`.
        names: The attributes.
        values: (attributes,) of each identity or sample, empty where unknown.
    """

    key: str
    names: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]

    def of(self, looks: Sequence[str], samples: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the attribute columns of some rows, empty where nothing is known.

        Args:
            looks: (N,) identity whose look each row shows.
            samples: (N,) name of each row's sample, or its key `dataset/method/compression/name`.
        """
        unknown = ("",) * len(self.names)
        wanted: Iterable[str] = looks if self.key == "identity" else samples
        rows = [self.values.get(name, self.values.get(name.rpartition("/")[2], unknown)) for name in wanted]
        return {name: tuple(row[place] for row in rows) for place, name in enumerate(self.names)}


def read_attributes(path: Path) -> Annotations:
    """Read annotations from a CSV file.

    Args:
        path: The CSV file.

    Raises:
        CorpusError: The file cannot be read, the first column is neither `identity` nor `sample`, there is no
            attribute, a row has another length, or a name occurs twice; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(reader.line_num, row) for reader in (csv.reader(file, strict=True),) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} cannot be read as CSV: {error}", path) from error
    header = tuple(name.strip() for name in rows[0][1]) if rows else ()
    names = header[1:]
    if not names or header[0] not in _KEYS or not all(names) or len(set(names)) < len(names):
        raise CorpusError(
            f"{path}: the first line names the columns: identity or sample, then attributes, each once; got "
            f"{', '.join(header) or 'nothing'}",
            path,
        )
    values: dict[str, tuple[str, ...]] = {}
    for line, row in rows[1:]:
        cells = tuple(cell.strip() for cell in row)
        if len(cells) != len(header) or not cells[0]:
            raise CorpusError(f"{path}, line {line}: expected {len(header)} fields, the first not empty", path)
        if cells[0] in values:
            raise CorpusError(f"{path}, line {line}: {header[0]} {cells[0]!r} stands twice", path)
        values[cells[0]] = cells[1:]
    return Annotations(header[0], names, values)


def attributes_of(corpus: Corpus, samples: Sequence[Sample]) -> dict[str, tuple[str, ...]]:
    """Return the attributes of the people in samples: from `attributes.csv`, and the style of the corpus' own avatars.

    Args:
        corpus: The corpus.
        samples: Samples of the corpus; repetitions are allowed.

    Raises:
        CorpusError: The file exists and cannot be read.
    """
    columns: dict[str, tuple[str, ...]] = {}
    if any(not sample.place for sample in samples):
        columns[STYLE] = tuple("" if sample.place else sample.style for sample in samples)
    path = corpus.root / ATTRIBUTES
    if path.is_file():
        columns |= read_attributes(path).of(
            [sample.identities[0] for sample in samples], [sample.id for sample in samples]
        )
    return columns
