"""What a demo leaves beside its measures: forgeries, what every output says of itself, and the time it took."""

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
        caption: One line about it.
        source: Whose look it is.
        drive: Whose motion it is.
        snapshot: The condition the generator saw.
        output: What the generator made, as sealed file.
        truth: What it should have made, where that is known.
    """

    caption: str
    source: Media
    drive: Media
    snapshot: Media | None
    output: Media
    truth: Media | None


@dataclass(frozen=True, slots=True)
class ProvenanceRow:
    """What an output says about itself when read back.

    Attributes:
        file: Its path.
        sha256: Of the file, hex.
        mark_id: Twelve hex digits, None where no mark was read.
        kind: Of the mark, `generated` or `control`.
        state: Of the credential.
        as_sealed: Whether mark and credential are the ones it was sealed with.
    """

    file: str
    sha256: str
    mark_id: str | None
    kind: str | None
    state: str
    as_sealed: bool


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage took.

    Attributes:
        name: Of the stage.
        seconds: Wall time.
    """

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything of a trail that is no measure; media paths are relative to its folder.

    Attributes:
        title: Headline of its report.
        summary: What was done, in a paragraph.
        command: The command line.
        titles: Name and longer name of each detector.
        gallery: Forgeries from source to output.
        provenance: What every output says about itself.
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
        """Write it as `trail.json` into a folder, and give its path.

        Raises:
            ValueError: A number is undefined.
        """
        path = folder / TRAIL
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_whole(path, lambda part: part.write_text(text, "utf-8"))
        return path

    @classmethod
    def load(cls, folder: Path) -> Trail | None:
        """Read what `save` wrote, None where there is nothing.

        Raises:
            ReportError: It is not one of ours.
        """
        path = folder / TRAIL
        if not path.is_file():
            return None
        try:
            return read_record(cls, parse_json(path.read_text("utf-8")), TRAIL)
        except (OSError, ValueError) as error:
            raise ReportError(f"{path} is not a record of this version: {error}; run the demo again", path) from error
