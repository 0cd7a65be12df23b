"""Import the Deepfake Detection Challenge (Dolhansky et al. 2020) and its preview (Dolhansky et al. 2019)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError
from forensics.storage.json_records import parse_json

from .listing import Entry, Layout, Listing, relative
from .names import People

_WORDS = {"REAL": Label.GENUINE, "FAKE": Label.FORGED, "0": Label.GENUINE, "1": Label.FORGED}
_NO_PEOPLE = (
    "DFDC names no people: videos are linked by their original alone, and one person can stand in two splits unnoticed"
)


def read_dfdc(folder: Path) -> Listing:
    """List DFDC: parts with `metadata.json` are for training, videos of `labels.csv` for testing.

    Args:
        folder: Contains `dfdc_train_part_N` or other folders with `metadata.json`, directly or in `train`, and
            `labels.csv` in `test` or beside `videos`.

    Raises:
        CorpusError: A list has another shape.
    """
    entries: list[Entry] = []
    absent: list[str] = []
    for path in _train_lists(folder):
        for name, about in _read_json(path).items():
            label = _label(str(about.get("label")), path)
            video = path.parent / name
            if not video.is_file():
                absent.append(relative(video, folder))
                continue
            original = about.get("original") if label is Label.FORGED else None
            entries.append(_entry(folder, video, label, original, Split.TRAIN))
    for path in _test_lists(folder):
        entries += _tested(folder, path, absent)
    return Listing(tuple(entries), tuple(absent), (_NO_PEOPLE,))


def read_preview(folder: Path) -> Listing:
    """List DFDC's preview by `dataset.json`; it has no validation split.

    Args:
        folder: Contains `dataset.json`, `original_videos`, `method_A` and `method_B`; videos may lie one level deeper
            in `videos`.

    Raises:
        CorpusError: The list has another shape.
    """
    path = folder / "dataset.json"
    entries: list[Entry] = []
    absent: list[str] = []
    for name, about in _read_json(path).items():
        video = _preview_file(folder, name)
        if video is None:
            absent.append(name)
            continue
        if str(about.get("set")) not in ("train", "test"):
            raise CorpusError(f"{path}: {name} stands in set {about.get('set')!r}, expected train or test", path)
        label = _label(str(about.get("label")).upper(), path)
        target, other = about.get("target_id"), about.get("swapped_id")
        entries.append(
            Entry(
                path=relative(video, folder),
                label=label,
                dataset="dfdc-preview",
                method=name.split("/")[0],
                video=video.stem,
                identities=tuple(dict.fromkeys(f"dfdcp-{one}" for one in (target, other) if one is not None)),
                source=f"dfdcp-{target if other is None else other}",
                drive=f"dfdcp-{target}",
                original=None if label is Label.GENUINE else f"dfdcp-{target}",
                split=Split(str(about["set"])),
                region=None if label is Label.GENUINE else "face",
            )
        )
    return Listing(tuple(entries), tuple(absent), ("DFDC's preview publishes no validation split",))


def _tested(folder: Path, path: Path, absent: list[str]) -> Iterator[Entry]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream, restkey="more", restval="", strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} cannot be read as CSV ({error}); get it again", path) from error
    if rows and not {"filename", "label"} <= set(rows[0]):
        raise CorpusError(f"{path}: expected columns filename and label, found {', '.join(map(str, rows[0]))}", path)
    for row in rows:
        places = (path.parent / "videos" / row["filename"], path.parent / row["filename"])
        video = next((place for place in places if place.is_file()), None)
        if video is None:
            absent.append(row["filename"])
        else:
            yield _entry(folder, video, _label(row["label"].upper(), path), None, Split.TEST)


def _entry(folder: Path, video: Path, label: Label, original: object, split: Split) -> Entry:
    own = f"dfdc-{video.stem}"
    genuine = f"dfdc-{Path(str(original)).stem}" if original else None
    people = People((own,), own, own) if genuine is None else People((genuine,), own, genuine, genuine)
    return Entry(
        path=relative(video, folder),
        label=label,
        dataset="dfdc",
        method="original" if label is Label.GENUINE else "dfdc",
        video=video.stem,
        identities=people.identities,
        source=people.source,
        drive=people.drive,
        original=people.original,
        split=split,
        region=None if label is Label.GENUINE else "face",
    )


def _label(word: str, path: Path) -> Label:
    try:
        return _WORDS[word]
    except KeyError:
        raise CorpusError(f"{path}: label {word!r} is none of {', '.join(_WORDS)}", path) from None


def _read_json(path: Path) -> dict[str, dict[str, object]]:
    try:
        listed = parse_json(path.read_text("utf-8"))
    except ValueError as error:
        raise CorpusError(f"{path} is no JSON ({error}); get it again", path) from error
    if not isinstance(listed, dict) or not all(isinstance(about, dict) for about in listed.values()):
        raise CorpusError(f"{path}: expected an object for each video", path)
    return listed


def _train_lists(folder: Path) -> list[Path]:
    return sorted(
        {*folder.glob("metadata.json"), *folder.glob("*/metadata.json"), *folder.glob("train/*/metadata.json")}
    )


def _test_lists(folder: Path) -> list[Path]:
    return sorted({*folder.glob("labels.csv"), *folder.glob("*/labels.csv")})


def _preview_file(folder: Path, name: str) -> Path | None:
    method, _, rest = name.partition("/")
    places = (folder / name, folder / method / "videos" / rest)
    return next((place for place in places if place.is_file()), None)


def _fits(folder: Path) -> bool:
    return bool(_train_lists(folder) or _test_lists(folder))


def _fits_preview(folder: Path) -> bool:
    return (folder / "dataset.json").is_file() and (folder / "original_videos").is_dir()


DFDC = Layout("dfdc", "DFDC: metadata.json in every part, labels.csv for testing", _fits, read_dfdc)
PREVIEW = Layout("dfdc-preview", "DFDC's preview: dataset.json", _fits_preview, read_preview)
