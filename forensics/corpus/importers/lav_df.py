"""Import LAV-DF (Cai et al. 2022), whose videos are altered in short periods."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError

from .listing import Entry, Layout, Listing
from .periods import BOTH, REAL, VISUAL, begins_with_list_of, periods_of, read_videos

_LISTS = ("metadata.min.json", "metadata.json")
_SPLITS = {"train": Split.TRAIN, "dev": Split.VAL, "val": Split.VAL, "test": Split.TEST}


def read_lav_df(folder: Path) -> Listing:
    """List the videos of `metadata.min.json` or `metadata.json`; those whose sound alone was altered are left out.

    Args:
        folder: Contains the list, and the videos in `train`, `dev` and `test`.

    Raises:
        CorpusError: There is no list, or it has another shape.
    """
    path = next((folder / name for name in _LISTS if (folder / name).is_file()), None)
    if path is None:
        raise CorpusError(f"{folder}: LAV-DF has a list {_LISTS[0]} or {_LISTS[1]}, which is missing", folder)
    entries: list[Entry] = []
    absent: list[str] = []
    only_sound = 0
    for about in read_videos(path):
        file = str(about["file"])
        if str(about.get("split")) not in _SPLITS:
            raise CorpusError(
                f"{path}: {file} stands in split {about.get('split')!r}, expected train, dev or test", path
            )
        altered = _altered(about, path)
        if altered is None:
            only_sound += 1
        elif not (folder / file).is_file():
            absent.append(file)
        else:
            entries.append(_entry(about, file, altered, path))
    notes = ["LAV-DF names no people: videos are linked by their original alone"]
    if only_sound:
        notes.append(
            f"{only_sound} videos whose sound alone was altered were left out, because their pictures are genuine; "
            "published numbers of detectors that hear count them"
        )
    return Listing(tuple(entries), tuple(absent), tuple(notes))


def _altered(about: dict[str, object], path: Path) -> str | None:
    """Return what was altered, as the method's name; None where it is the sound alone."""
    video, audio = about.get("modify_video"), about.get("modify_audio")
    if not isinstance(video, bool) or not isinstance(audio, bool):
        raise CorpusError(f"{path}: {about['file']} does not say modify_video and modify_audio, true or false", path)
    if video:
        return BOTH if audio else VISUAL
    return None if audio else REAL


def _entry(about: dict[str, object], file: str, altered: str, path: Path) -> Entry:
    own, is_forged = _name(file, file), altered != REAL
    original = about.get("original")
    genuine = _name(str(original), file) if is_forged and original else None
    person = f"lav-df-{genuine or own}"
    return Entry(
        path=file,
        label=Label.FORGED if is_forged else Label.GENUINE,
        dataset="lav-df",
        method=altered,
        video=own,
        identities=(person,),
        source=person,
        drive=f"lav-df-{own}",
        original=None if genuine is None else person,
        split=_SPLITS[str(about["split"])],
        region="mouth" if is_forged else None,
        segments=periods_of(about, "fake_periods", path) if is_forged else (),
    )


def _name(file: str, beside: str) -> str:
    """Return a video's name with its folder; one without a folder is in that of another."""
    place = PurePosixPath(file)
    folder = place.parent if place.parent != PurePosixPath(".") else PurePosixPath(beside).parent
    return "-".join((*folder.parts, place.stem))


def _fits(folder: Path) -> bool:
    return any(begins_with_list_of(folder / name, "fake_periods") for name in _LISTS)


LAV_DF = Layout("lav-df", "LAV-DF: metadata.min.json, train, dev, test; altered periods", _fits, read_lav_df)
