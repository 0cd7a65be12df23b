"""List what `facetrail seal` and `facetrail sign` have to do, and record each file, so that they can go on later."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from forensics.cli.input_files import expand
from forensics.errors import InputError, UsageError


@dataclass(frozen=True, slots=True)
class Job:
    """One file to seal or to sign.

    Attributes:
        source: The file.
        path: Where the copy, or the credential alone, is written.
    """

    source: Path
    path: Path


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the receipt.

    Attributes:
        source: The file.
        path: What was written.
        kind: What is stated about the file.
        source_sha256: SHA-256 of the file.
        sha256: SHA-256 of what was written.
        state: State of the credential, as read back.
        fingerprint: SHA-256 of the signing certificate.
        time_stamp: State of the time stamp.
        kept_credential: `yes` where the file had a credential, which is now an ingredient.
        mark: Id of the mark, empty where the file was signed only.
        kept: Kinds of metadata that a sealed file holds.
        lost: What of the source a sealed file does not hold.
    """

    source: str
    path: str
    kind: str
    source_sha256: str
    sha256: str
    state: str
    fingerprint: str
    time_stamp: str
    kept_credential: str
    mark: str = ""
    kept: str = ""
    lost: str = ""


_SIDECAR = ".c2pa"
_COLUMNS = [field.name for field in fields(Row)]


def list_jobs(
    names: Sequence[str], out: Path | None, *, sidecar: bool = False, suffixes: Mapping[str, str] | None = None
) -> tuple[Job, ...]:
    """Return a job for each file of file names, folders and patterns.

    Args:
        names: As for `expand`. Files of a folder keep their place below it.
        out: A folder, or the name of the one copy where it has a suffix; None writes sidecars beside their files.
        sidecar: Whether credentials are written to files of their own.
        suffixes: Suffixes that copies in a folder get instead of their sources' own.

    Raises:
        InputError: A name stands for nothing, or the folder of the one copy is missing.
        UsageError: Several files would be written to one place, or there is no place for them.
    """
    found = [
        (path, _place(path, Path(name)))
        for name in names
        for path in expand([name])
        if path == Path(name) or path.suffix.lower() != _SIDECAR  # a folder may hold those of an earlier run
    ]
    if not found:
        raise UsageError("there is no file among those that are named")
    if out is None and not sidecar:
        raise UsageError("say with -o where the copies are written: a folder, or a name for one file")
    single = out is not None and len(found) == 1 and bool(out.suffix) and not out.is_dir()
    if single and out is not None and not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; make it or choose another one", out)
    jobs = []
    for path, place in found:
        target = path if out is None else out if single else out / _renamed(place, suffixes or {})
        jobs.append(Job(path, target.with_suffix(_SIDECAR) if sidecar else target))
    most, count = Counter(job.path for job in jobs).most_common(1)[0]
    if count > 1:
        raise UsageError(f"{most}: {count} files would be written there; give them folders of their own")
    return tuple(jobs)


def _renamed(place: Path, suffixes: Mapping[str, str]) -> Path:
    suffix = suffixes.get(place.suffix.lower())
    return place if suffix is None else place.with_suffix(suffix)


def _place(path: Path, name: Path) -> Path:
    """Return a file's place below the output folder."""
    return path.relative_to(name) if name.is_dir() else Path(path.name)


def read_rows(path: Path) -> dict[str, Row]:
    """Return the rows of a receipt by the path that was written; none where there is no receipt.

    A last line that was cut off is passed over.

    Raises:
        InputError: The file is no receipt of this command.
    """
    if not path.exists():
        return {}
    try:
        text = path.read_text("utf-8")
        whole = text[: text.rfind("\n") + 1]
        reader = csv.DictReader(io.StringIO(whole), strict=True)
        if whole and reader.fieldnames != _COLUMNS:
            raise InputError(
                f"{path}: is no receipt of `facetrail seal` or `facetrail sign`; choose another name", path
            )
        rows = [Row(**row) for row in reader if None not in row and None not in row.values()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a receipt ({error}); choose another name", path) from error
    return {row.path: row for row in rows}


def append_row(path: Path, row: Row) -> None:
    """Append one row to a receipt, with a heading where there is none, and without a line that was cut off.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("a+", encoding="utf-8", newline="") as file:
        file.seek(0)
        text = file.read()
        file.seek(0)
        file.truncate(len(text[: text.rfind("\n") + 1].encode()))
        file.seek(0, io.SEEK_END)
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        if not text:
            writer.writeheader()
        writer.writerow({name: getattr(row, name) for name in _COLUMNS})


def is_done(job: Job, rows: dict[str, Row], kind: str, *, marked: bool) -> bool:
    """Return whether a receipt says that a job is done and both files are still those of the receipt."""
    from watermark import file_hash

    row = rows.get(str(job.path))
    if (
        row is None
        or not job.path.is_file()
        or not job.source.is_file()
        or (row.kind, row.source, bool(row.mark)) != (kind, str(job.source), marked)
    ):
        return False
    return (file_hash(job.source), file_hash(job.path)) == (row.source_sha256, row.sha256)
