"""Say what happened to each of the user's files, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from forensics.storage.files import write_csv, write_whole

NAME = "receipt"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the receipt.

    Attributes:
        file: The file, with its folder's role in front.
        person: Who is seen in it.
        split: Its split, empty where it was refused.
        method: The forgery, empty for the file as a genuine sample.
        happened: `genuine` for a file that was taken, `made` for a forgery, `refused` for a file, `missing` for a
            forgery that cannot be made of it, `failed` for one that was tried.
        why: Why it was refused, is missing or failed.
        sample: Name of the sample in the corpus, empty where there is none.
    """

    file: str
    person: str
    split: str
    method: str
    happened: Literal["genuine", "made", "refused", "missing", "failed"]
    why: str = ""
    sample: str = ""


def write_receipt(root: Path, lines: Sequence[Line]) -> None:
    """Write the receipt into the corpus folder, as CSV and as JSON."""
    write_csv(root / f"{NAME}.csv", Line, lines)
    text = json.dumps([asdict(line) for line in lines], indent=1, ensure_ascii=False) + "\n"
    write_whole(root / f"{NAME}.json", lambda part: part.write_text(text, "utf-8"))
