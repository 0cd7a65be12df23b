"""Import FaceForensics++ (Rössler et al. 2019; five methods, 1000 YouTube videos) and DeepFakeDetection (28 actors)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError
from forensics.storage.json_records import parse_json

from .listing import Entry, Layout, Listing, inside, relative, videos_in
from .names import actor_people, youtube_people

FACEFORENSICS_METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter")
ACTED = "DeepFakeDetection"
COMPRESSIONS = {"raw": "c0", "c0": "c0", "c23": "c23", "c40": "c40"}
"""Folder names of the compressions, and their names in the paper."""


def read_faceforensics(folder: Path) -> Listing:
    """List FaceForensics++ with its official split, by pairs of ids.

    Args:
        folder: Contains `original_sequences`, `manipulated_sequences` and, for the official split, `train.json`,
            `val.json` and `test.json`, directly or in `splits`.

    Raises:
        CorpusError: A split file is not a list of pairs.
    """
    splits = read_splits(folder)
    notes = () if splits else ("train.json, val.json and test.json are missing: no official split",)
    entries = [*_youtube(folder, splits), *actor_entries(folder, None)]
    return Listing(tuple(entries), notes=notes)


def read_actors(folder: Path) -> Listing:
    """List DeepFakeDetection, which lies in FaceForensics++'s folders; all of it is for testing.

    Args:
        folder: Contains `original_sequences/actors` and `manipulated_sequences/DeepFakeDetection`.
    """
    return Listing(tuple(actor_entries(folder, Split.TEST)))


def read_splits(folder: Path) -> dict[str, Split]:
    """Read the split of each of the 1000 videos; empty where the files are missing.

    Args:
        folder: The data set's folder.

    Raises:
        CorpusError: A file is not a list of pairs of ids.
    """
    found: dict[str, Split] = {}
    for split in Split:
        paths = [place / f"{split}.json" for place in (folder, folder / "splits")]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            return {}
        try:
            listed = parse_json(path.read_text("utf-8"))
            if not isinstance(listed, list):
                raise ValueError(f"it holds {str(listed)[:40]!r}")
            for first, second in listed:
                found[str(first)] = found[str(second)] = split
        except (ValueError, TypeError) as error:
            raise CorpusError(f"{path}: expected a list of pairs of video ids ({error})", path) from error
    return found


def actor_entries(folder: Path, split: Split | None) -> Iterator[Entry]:
    """List the actors' genuine videos and the forgeries of them.

    Args:
        folder: FaceForensics++'s folder.
        split: The split that the entries get.
    """
    for part, label in (("original_sequences/actors", Label.GENUINE), (f"manipulated_sequences/{ACTED}", Label.FORGED)):
        for version, path, files in _versions(folder / part):
            people = actor_people(path.stem)
            yield Entry(
                path=relative(path, folder),
                label=label,
                dataset="dfd",
                method=Path(part).name,
                video=path.stem,
                identities=people.identities,
                source=people.source,
                drive=people.drive,
                original=people.original,
                compression=version,
                split=split,
                files=files,
                mask=_mask(folder, Path(part).name, path.stem),
                region="face" if label is Label.FORGED else None,
            )


def _youtube(folder: Path, splits: dict[str, Split]) -> Iterator[Entry]:
    parts = [("original_sequences/youtube", Label.GENUINE)]
    parts += [(f"manipulated_sequences/{method}", Label.FORGED) for method in FACEFORENSICS_METHODS]
    for part, label in parts:
        method = Path(part).name
        for version, path, files in _versions(folder / part):
            people = youtube_people(path.stem, method)
            official = {splits.get(name.removeprefix("ff-")) for name in people.identities}
            yield Entry(
                path=relative(path, folder),
                label=label,
                dataset="ff++",
                method=method,
                video=path.stem,
                identities=people.identities,
                source=people.source,
                drive=people.drive,
                original=people.original,
                compression=version,
                split=official.pop() if len(official) == 1 else None,
                files=files,
                mask=_mask(folder, method, path.stem),
                region="face" if label is Label.FORGED else None,
            )


def _versions(part: Path) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    for name, version in COMPRESSIONS.items():
        for path, files in videos_in(part / name):
            yield version, path, files


def _mask(folder: Path, method: str, name: str) -> str | None:
    path = folder / "manipulated_sequences" / method / "masks" / "videos" / f"{name}.mp4"
    return relative(path, folder) if path.is_file() else None


def _fits(folder: Path) -> bool:
    return inside(folder, ("original_sequences/youtube",))


def _fits_actors(folder: Path) -> bool:
    return inside(folder, ("original_sequences/actors", f"manipulated_sequences/{ACTED}"))


FACEFORENSICS = Layout("ff++", "FaceForensics++: six methods, c0, c23 and c40", _fits, read_faceforensics)
ACTORS = Layout("dfd", "DeepFakeDetection: actors, all for testing", _fits_actors, read_actors)
