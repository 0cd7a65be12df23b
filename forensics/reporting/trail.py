"""Read and write a demo's records apart from its measures: forgeries, the provenance of every output, and times."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.errors import ReportError
from forensics.storage.files import write_whole
from forensics.storage.json_records import parse_json, read_record

from .blocks import Media

TRAIL = "trail.json"


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """One forgery from source to output.

    Attributes:
        caption: One line that describes it.
        source: The picture whose look it shows.
        drive: The clip whose motion it follows.
        snapshot: The condition that the generator received.
        output: The generator's output, as sealed file.
        truth: The correct output, where it is known.
    """

    caption: str
    source: Media
    drive: Media
    snapshot: Media | None
    output: Media
    truth: Media | None


@dataclass(frozen=True, slots=True)
class ProvenanceRow:
    """The mark and credential of an output when read back.

    Attributes:
        file: Its path.
        sha256: SHA-256 of the file, hex.
        mark_id: Twelve hex digits, None where no mark was read.
        kind: Kind of the mark, `generated` or `control`.
        state: State of the credential.
        as_sealed: Whether mark and credential are those that it was sealed with.
    """

    file: str
    sha256: str
    mark_id: str | None
    kind: str | None
    state: str
    as_sealed: bool


@dataclass(frozen=True, slots=True)
class StageTime:
    """The duration of a stage.

    Attributes:
        name: Name of the stage.
        seconds: Wall time.
    """

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Trail:
    """All records of a demo that are not measures; media paths are relative to its folder.

    Attributes:
        title: Headline of its report.
        summary: Description of the demo in a paragraph.
        command: The command line.
        titles: Name and longer name of each detector.
        gallery: Forgeries from source to output.
        provenance: Mark and credential of every output.
        stages: Time of each stage.
    """

    title: str
    summary: str
    command: str
    titles: tuple[tuple[str, str], ...] = ()
    gallery: tuple[GalleryRow, ...] = ()
    provenance: tuple[ProvenanceRow, ...] = ()
    stages: tuple[StageTime, ...] = ()

    def save(self, folder: Path) -> Path:
        """Write the trail as `trail.json` into a folder, and return its path.

        Raises:
            ValueError: A number is undefined.
        """
        path = folder / TRAIL
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_whole(path, lambda part: part.write_text(text, "utf-8"))
        return path

    @classmethod
    def load(cls, folder: Path) -> Trail | None:
        """Read what `save` wrote, None where there is no file.

        Raises:
            ReportError: The file is not one of ours.
        """
        path = folder / TRAIL
        if not path.is_file():
            return None
        try:
            return read_record(cls, parse_json(path.read_text("utf-8")), TRAIL)
        except (OSError, ValueError) as error:
            raise ReportError(f"{path} is not a record of this version: {error}; run the demo again", path) from error
