"""Import AV-Deepfake1M (Cai et al. 2024), whose videos are altered in short periods."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError

from .listing import Entry, Layout, Listing
from .periods import AUDIO, BOTH, REAL, VISUAL, begins_with_list_of, periods_of, read_videos

_DATASET = "av-deepfake1m"
_PARTS = {"train": Split.TRAIN, "val": Split.TEST}
_PERSON = re.compile(r"id\d+")


def read_av_deepfake1m(folder: Path) -> Listing:
    """List the videos of `train_metadata.json` and `val_metadata.json`; those with altered sound alone are left out.

    The labels of the test part are not published. As publications do, the validation part is taken for testing, and a
    share of the training part for validation.

    Args:
        folder: Contains the lists, and the videos in `train` and `val`.

    Raises:
        CorpusError: There is no list, or one has another shape.
    """
    entries: list[Entry] = []
    absent: list[str] = []
    only_sound = 0
    lists = {part: folder / f"{part}_metadata.json" for part in _PARTS}
    if not any(path.is_file() for path in lists.values()):
        raise CorpusError(f"{folder}: AV-Deepfake1M has a list train_metadata.json or val_metadata.json", folder)
    for part, path in lists.items():
        for about in read_videos(path) if path.is_file() else ():
            altered = str(about.get("modify_type")).replace("-", "_")
            if altered not in (REAL, VISUAL, AUDIO, BOTH):
                raise CorpusError(
                    f"{path}: {about['file']} has an unknown modify_type {about.get('modify_type')!r}", path
                )
            if altered == AUDIO:
                only_sound += 1
            elif not (folder / part / str(about["file"])).is_file():
                absent.append(f"{part}/{about['file']}")
            else:
                entries.append(_entry(about, part, altered, path))
    notes = ["AV-Deepfake1M publishes no labels of its test part: val is taken for testing, as publications do"]
    if only_sound:
        notes.append(
            f"{only_sound} videos whose sound alone was altered were left out, because their pictures are genuine; "
            "published numbers of detectors that hear count them"
        )
    return Listing(tuple(entries), tuple(absent), tuple(notes))


def _entry(about: dict[str, object], part: str, altered: str, path: Path) -> Entry:
    file, is_forged = str(about["file"]), altered != REAL
    original = str(about.get("original") or "")
    genuine = f"{_DATASET}-{_name(original if is_forged and original else file)}"
    key = "visual_fake_segments" if "visual_fake_segments" in about else "fake_segments"
    return Entry(
        path=f"{part}/{file}",
        label=Label.FORGED if is_forged else Label.GENUINE,
        dataset=_DATASET,
        method=altered,
        video=f"{part}-{_name(file)}",
        identities=(_person(file),),
        source=genuine,
        drive=genuine,
        original=genuine if is_forged and original else None,
        split=_PARTS[part],
        region="mouth" if is_forged else None,
        segments=periods_of(about, key, path) if is_forged else (),
    )


def _person(file: str) -> str:
    """Return VoxCeleb2's number of the person, who is a folder of the path; else the folder itself."""
    folders = PurePosixPath(file).parent.parts
    return next((f"voxceleb2-{name}" for name in folders if _PERSON.fullmatch(name)), f"{_DATASET}-{_name(file)}")


def _name(file: str) -> str:
    return "-".join((*PurePosixPath(file).parent.parts, PurePosixPath(file).stem))


def _fits(folder: Path) -> bool:
    return any(begins_with_list_of(folder / f"{part}_metadata.json", "modify_type") for part in _PARTS)


AV_DEEPFAKE1M = Layout(
    _DATASET, "AV-Deepfake1M: train_metadata.json, val_metadata.json, train, val; altered periods", _fits,
    read_av_deepfake1m,
)  # fmt: skip
