"""Import DeepfakeBench's JSON (Yan et al. 2023).

The JSON has the form `{DATASET: {LABEL: {SPLIT: {[COMPRESSION:] {VIDEO: {label, frames}}}}}}`. Its files are read
unchanged, with their back-slashes. Unlike in DeepfakeBench, a video is named by data set, method, compression and name,
because FaceForensics++ has the same names under every method.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError
from forensics.storage.json_records import parse_json

from .listing import Entry, Layout, Listing
from .names import People, actor_people, alone, celeb_people, youtube_people

Tree: TypeAlias = "dict[str, Tree | str | list[str]]"

DEEPFAKEBENCH_METHODS = {
    "FF-real": "youtube",
    "FF-DF": "Deepfakes",
    "FF-F2F": "Face2Face",
    "FF-FS": "FaceSwap",
    "FF-NT": "NeuralTextures",
    "FF-FH": "FaceShifter",
    "DFD_real": "actors",
    "DFD_fake": "DeepFakeDetection",
}
_VERSIONS = {"raw": "c0", "c0": "c0", "c23": "c23", "c40": "c40"}
_SPLITS = {"train": Split.TRAIN, "val": Split.VAL, "test": Split.TEST}


@dataclass(frozen=True, slots=True)
class _Listed:
    """One video as the JSON names it; `key` is everything but the split."""

    key: tuple[str, str, str, str]  # data set, label, compression, video
    split: Split
    frames: tuple[str, ...]


def read_deepfakebench(path: Path) -> Listing:
    """List the videos of one or several JSON files; every video is a folder of frames.

    Videos that occur in two splits are kept once: for testing before validation before training. A note records this.

    Args:
        path: A JSON file, or a folder that contains such files directly or in `dataset_json`. The frames lie below it,
            or below a folder above it or that folder's `rgb`, `datasets` or `datasets/rgb`.

    Raises:
        CorpusError: A file has another shape, or none of the frames exists.
    """
    files = _json_files(path)
    listed = [one for file in files for one in _read(file)]
    root = _find_root(path, listed)
    chosen: dict[tuple[str, str, str, str], _Listed] = {}
    for one in sorted(listed, key=lambda one: (one.key, -list(Split).index(one.split))):
        chosen.setdefault(one.key, one)
    entries: list[Entry] = []
    absent: list[str] = []
    for one in chosen.values():
        found = _entry(root, one)
        if found is None:
            absent.append("/".join(part for part in one.key if part))
        else:
            entries.append(found)
    return Listing(tuple(entries), tuple(absent), tuple(_notes(listed)), root)


def _notes(listed: list[_Listed]) -> Iterator[str]:
    splits: dict[str, dict[Split, set[tuple[str, ...]]]] = {}
    for one in listed:
        splits.setdefault(one.key[0], {}).setdefault(one.split, set()).add(one.key)
    for dataset, parts in sorted(splits.items()):
        for first, second in ((Split.VAL, Split.TEST), (Split.TRAIN, Split.TEST), (Split.TRAIN, Split.VAL)):
            shared = parts.get(first, set()) & parts.get(second, set())
            if shared:
                same = "is the same as" if parts[first] == parts[second] else f"shares {len(shared)} videos with"
                yield f"{dataset}: {first} {same} {second}; they are kept for {second}"


def _read(path: Path) -> Iterator[_Listed]:
    try:
        tree = parse_json(path.read_text("utf-8"))
    except ValueError as error:
        raise CorpusError(f"{path} is no JSON ({error}); write it again with DeepfakeBench", path) from error
    for dataset, labels in _branches(tree, path):
        for label, splits in _branches(labels, path):
            for split, videos in _branches(splits, path):
                if split not in _SPLITS:
                    raise CorpusError(f"{path}: {dataset}/{label}/{split} is no split; expected train, val, test", path)
                for version, name, frames in _videos(videos, path):
                    yield _Listed((dataset, label, version, name), _SPLITS[split], frames)


def _videos(tree: object, path: Path, version: str = "") -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name, about in _branches(tree, path):
        if isinstance(about, dict) and "frames" in about:
            frames = about["frames"]
            if not isinstance(frames, list):
                raise CorpusError(f"{path}: the frames of {name} are no list", path)
            yield version, name, tuple(str(frame).replace("\\", "/") for frame in frames)
        elif isinstance(about, dict) and not version:
            yield from _videos(about, path, _VERSIONS.get(name, name))


def _branches(tree: object, path: Path) -> Iterator[tuple[str, object]]:
    if not isinstance(tree, dict):
        raise CorpusError(f"{path} is not laid out as DeepfakeBench's lists: {str(tree)[:40]!r} is no object", path)
    yield from tree.items()


def _entry(root: Path, one: _Listed) -> Entry | None:
    dataset, label, version, name = one.key
    folders = {PurePosixPath(frame).parent for frame in one.frames}
    if len(folders) != 1:
        return None
    folder = root / folders.pop().as_posix().lstrip("./")
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    wanted = {PurePosixPath(frame).name for frame in one.frames}
    files = tuple(sorted(present & wanted))
    if not files or not folder.is_relative_to(root):
        return None
    kind = Label.GENUINE if label.lower().endswith("real") else Label.FORGED
    method = DEEPFAKEBENCH_METHODS.get(label, label)
    people = _people(dataset, method, name)
    return Entry(
        path=folder.relative_to(root).as_posix(),
        label=kind,
        dataset=dataset.lower(),
        method=method,
        video=name,
        identities=people.identities,
        source=people.source,
        drive=people.drive,
        original=people.original,
        compression=version,
        split=one.split,
        files=files,
        absent_frames=len(wanted) - len(files),
    )


def _people(dataset: str, method: str, name: str) -> People:
    if method in ("actors", "DeepFakeDetection"):
        return actor_people(name)
    if dataset.lower().startswith("celeb"):
        return celeb_people(name)
    if (
        method in DEEPFAKEBENCH_METHODS.values()
        or dataset.lower().endswith("_ff")
        or dataset.startswith("DeeperForensics")
    ):
        return youtube_people(name, method)
    return celeb_people(name) if dataset.lower().endswith("_cdf") else alone(name, dataset.lower())


def _json_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(path.glob("dataset_json/*.json")) or sorted(path.glob("preprocessing/dataset_json/*.json"))
    found = found or sorted(path.glob("*.json"))
    if not found:
        raise CorpusError(f"{path} holds no JSON; name DeepfakeBench's file of the data set", path)
    return found


def _find_root(path: Path, listed: list[_Listed]) -> Path:
    """Find the folder that the frames' paths are relative to."""
    samples = [one.frames[0] for one in listed if one.frames][:200]
    start = path.resolve()
    above = [start, *start.parents][:5]
    places = [folder / part for folder in above for part in ("", "rgb", "datasets", "datasets/rgb")]
    for place in places:
        if any((place / sample.lstrip("./")).is_file() for sample in samples):
            return place
    if samples and Path(samples[0]).is_absolute() and Path(samples[0]).is_file():
        return Path("/")
    raise CorpusError(
        f"{path}: none of its frames is there, for instance {samples[0] if samples else 'nothing'}; "
        "put the JSON beside the folder that its paths begin with (LMDB is not read)",
        path,
    )


def _fits(path: Path) -> bool:
    if path.is_file():
        return path.suffix == ".json"
    return any((path / part).is_dir() for part in ("dataset_json", "preprocessing/dataset_json"))


DEEPFAKEBENCH = Layout(
    "deepfakebench", "DeepfakeBench's JSON of any data set, with its frames", _fits, read_deepfakebench
)
