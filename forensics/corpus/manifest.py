"""Read and write a corpus on disk: a folder with media, sidecars and `manifest.jsonl`, with one `Sample` per line."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forensics.errors import CorpusError
from forensics.storage.files import write_whole
from forensics.storage.json_records import parse_json, write_json

from .sample import Label, Sample, Slice, Split

_LOG = logging.getLogger(__name__)

MANIFEST = "manifest.jsonl"
PLACES = "sources.json"


@dataclass(frozen=True, slots=True)
class Corpus:
    """A labelled corpus that was read from disk.

    Attributes:
        root: Its folder.
        samples: Its samples, in manifest order.
        places: Folders that contain imported samples, by the name that the samples use.
    """

    root: Path
    samples: tuple[Sample, ...]
    places: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def load(cls, root: Path) -> Corpus:
        """Read a corpus' manifest.

        Args:
            root: The corpus folder.

        Raises:
            CorpusError: There is no manifest, it is empty, a line is not a sample or an id occurs twice.
        """
        samples = tuple(read_manifest(root))
        if not samples:
            raise CorpusError(f"{root / MANIFEST} holds no samples; build the corpus again", root)
        places = read_places(root)
        unknown = sorted({sample.place for sample in samples} - {"", *places})
        if unknown:
            raise CorpusError(f"{root / PLACES} does not say where {', '.join(unknown)} lies; import it again", root)
        _LOG.info("read corpus %s with %d samples", root, len(samples))
        return cls(root, samples, places)

    def where(
        self, *, split: Split | None = None, label: Label | None = None, slice: Slice | None = None
    ) -> tuple[Sample, ...]:
        """Return the samples of a split, label and slice; a criterion that is None selects everything.

        Args:
            split: Only this split.
            label: Only this label.
            slice: Only this slice.
        """
        return tuple(
            sample
            for sample in self.samples
            if split in (None, sample.split) and label in (None, sample.label) and slice in (None, sample.slice)
        )

    def file(self, sample: Sample) -> Path:
        """Return the path of a sample's media file, or of its folder of frames."""
        return (self.places[sample.place] if sample.place else self.root) / sample.path

    def files(self, sample: Sample) -> tuple[Path, ...]:
        """Return the path of every file that a sample's pixels come from, in order."""
        path = self.file(sample)
        return tuple(path / name for name in sample.files) or (path,)


def read_manifest(root: Path) -> Iterator[Sample]:
    """Yield the samples of a corpus folder in manifest order.

    Args:
        root: The corpus folder.

    Raises:
        CorpusError: There is no manifest, a line is not a sample or an id occurs twice.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise CorpusError(
            f"{root} is no corpus: {MANIFEST} is missing; make one with `facetrail corpus synthesize`", root
        )
    seen: set[str] = set()
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            sample = Sample.from_json(line)
        except CorpusError as error:
            raise CorpusError(f"{path}, line {number}: {error}", path) from error
        if sample.id in seen:
            raise CorpusError(f"{path}, line {number}: sample id {sample.id!r} stands twice", path)
        seen.add(sample.id)
        yield sample


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file; only a line feed ends a line, because a path may contain Unicode's other line ends."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            yield from file
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is no text ({error}); build the corpus again", path) from error


def read_places(root: Path) -> dict[str, Path]:
    """Read where imported samples lie; after the data has moved, this file is the one to correct.

    Args:
        root: The corpus folder.

    Raises:
        CorpusError: The file exists and is not a JSON object of strings.
    """
    path = root / PLACES
    if not path.is_file():
        return {}
    try:
        listed = parse_json(path.read_text("utf-8"))
    except ValueError as error:
        raise CorpusError(f"{path} is no JSON ({error}); import again", path) from error
    if not isinstance(listed, dict) or not all(isinstance(folder, str) for folder in listed.values()):
        raise CorpusError(f"{path}: expected one folder for each name; import again", path)
    return {name: Path(folder) for name, folder in listed.items()}


def write_places(root: Path, places: Mapping[str, Path]) -> None:
    """Write the list of folders that contain imported samples, replacing the old list.

    Args:
        root: The corpus folder.
        places: Absolute folders by name.
    """
    text = write_json({name: str(folder) for name, folder in places.items()}, indent=1) + "\n"
    write_whole(root / PLACES, lambda part: part.write_text(text, "utf-8"))


def write_manifest(root: Path, samples: Iterable[Sample]) -> None:
    """Write a corpus' manifest in one step, so that a reader never sees an incomplete one.

    Args:
        root: The corpus folder.
        samples: All samples.
    """

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(sample.to_json() + "\n" for sample in samples)

    write_whole(root / MANIFEST, write)
    _LOG.info("wrote the manifest of corpus %s", root)
