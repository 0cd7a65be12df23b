"""Import folders laid out as `0_real` and `1_fake` into a corpus with identity-disjoint splits."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from watermark import MediaError, read_media

from ..errors import CorpusError
from ..progress import Report, silent
from .manifest import Corpus, locked, write_manifest
from .sample import Label, Sample, Slice, Split, file_hash
from .split import split_by_identity

FOLDERS = {Label.GENUINE: ("0_real", "real", "genuine"), Label.FORGED: ("1_fake", "fake", "forged")}
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".mp4")
_TWO_IDENTITIES = re.compile(r"^(\d{3,})_(\d{3,})$")


def import_folders(source: Path, root: Path, *, seed: int, report: Report = silent) -> tuple[Corpus, tuple[str, ...]]:
    """Copy labelled files into a corpus folder and split them by identity.

    The identity of a file is the sub-folder it lies in, else its own name; a forged file called `000_003` carries
    both, as FaceForensics++ names them. Files that cannot be decoded are left out and named.

    Args:
        source: Folder with `0_real` and `1_fake` (or `real` and `fake`, `genuine` and `forged`).
        root: The corpus folder to make.
        seed: Decides the split.
        report: Is told how far the work is.

    Returns:
        The corpus, and one sentence for each file that was left out.

    Raises:
        CorpusError: A class has no folder or no file that can be read, or the identities cannot be split.
    """
    found = [(label, folder, path) for label, folder in _class_folders(source) for path in _files(folder)]
    samples: list[Sample] = []
    refused: list[str] = []
    with locked(root):
        for number, (label, folder, path) in enumerate(found):
            report(number / len(found), "importing files")
            try:
                samples.append(_import(path, folder, label, root))
            except MediaError as error:
                refused.append(str(error))
        for label in Label:
            if not any(sample.label is label for sample in samples):
                raise CorpusError(f"{source} holds no {label} file that can be read", source)
        divided = split_by_identity(samples, np.random.default_rng(seed))
        write_manifest(root, divided)
    return Corpus(root, divided), tuple(refused)


def identities_of(path: Path, folder: Path) -> tuple[str, ...]:
    """Tell from its place and name whose face and motion a file shows.

    Args:
        path: The file.
        folder: Its class folder.
    """
    within = path.relative_to(folder)
    if len(within.parts) > 1:
        return _pair(within.parts[0])
    return _pair(path.stem)


def _pair(name: str) -> tuple[str, ...]:
    match = _TWO_IDENTITIES.match(name)
    return (match[1], match[2]) if match else (name,)


def _class_folders(source: Path) -> Iterator[tuple[Label, Path]]:
    for label, names in FOLDERS.items():
        folders = [source / name for name in names if (source / name).is_dir()]
        if not folders:
            raise CorpusError(f"{source} has no folder {names[0]}; put the {label} files there", source)
        yield label, folders[0]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES)


def _import(path: Path, folder: Path, label: Label, root: Path) -> Sample:
    media = read_media(path)
    within = path.relative_to(folder)
    relative = Path("media", label.value, within)
    copy = root / relative
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copy)
    identities = identities_of(path, folder)
    return Sample(
        id=f"{label}-{within.with_suffix('').as_posix().replace('/', '-')}{within.suffix.lower().replace('.', '-')}",
        path=relative.as_posix(),
        sha256=file_hash(copy),
        label=label,
        method="imported",
        split=Split.TRAIN,
        identities=identities,
        source_id=identities[0],
        drive_id=identities[-1],
        style="imported",
        slice=Slice.MAIN,
        seed=None,
        frames=len(media.frames),
        fps=media.fps,
        width=media.width,
        height=media.height,
        mark_id=None,
        landmarks=None,
        landmarks_sha256=None,
    )
