"""Import FFIW-10K (Zhou et al. 2021), where a frame has several faces and some of them are forged."""

from __future__ import annotations

from pathlib import Path

from forensics.corpus.sample import Label, Split

from .listing import Entry, Layout, Listing, relative, videos_in
from .names import alone

_RELEASE = "FFIW10K-v1-release"


def read_ffiw(folder: Path) -> Listing:
    """List `{source,target}/{train,val,test}/videos`; a forged video has the name of its genuine one.

    Where the release comes without `test`, publications test on `val`, and so `val` is used for testing.

    Args:
        folder: Contains `source` and `target`, directly or in `FFIW10K-v1-release`.
    """
    root = _root(folder)
    has_test = (root / "target" / "test").is_dir()
    entries = []
    for part, label in (("source", Label.GENUINE), ("target", Label.FORGED)):
        for split in Split:
            official = split if has_test or split is not Split.VAL else Split.TEST
            for path, files in videos_in(root / part / split.value):
                people = alone(f"{split}-{path.stem}", "ffiw")
                entries.append(
                    Entry(
                        path=relative(path, folder),
                        label=label,
                        dataset="ffiw",
                        method=part,
                        video=f"{split}-{path.stem}",
                        identities=people.identities,
                        source=people.source,
                        drive=people.drive,
                        original=people.source if label is Label.FORGED else None,
                        split=official,
                        files=files,
                        region="face" if label is Label.FORGED else None,
                    )
                )
    notes = ["FFIW names no people: videos are linked by their names alone"]
    if not has_test:
        notes.append("this release has no test folder: val is taken for testing, as publications do")
    return Listing(tuple(entries), notes=tuple(notes))


def _root(folder: Path) -> Path:
    return folder / _RELEASE if (folder / _RELEASE).is_dir() else folder


def _fits(folder: Path) -> bool:
    root = _root(folder)
    return any((root / "source" / split.value).is_dir() and (root / "target" / split.value).is_dir() for split in Split)


FFIW = Layout("ffiw", "FFIW-10K: {source,target}/{train,val,test}", _fits, read_ffiw)
