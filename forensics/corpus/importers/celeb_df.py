"""Import Celeb-DF v1 and v2 (Li et al. 2020) and Celeb-DF++ (Li et al. 2025)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError

from .listing import Entry, Layout, Listing, clips_in, inside, relative, videos_in
from .names import celeb_people

LIST = "List_of_testing_videos.txt"
GENUINE = ("Celeb-real", "YouTube-real", "Youtube-real")
FORGED = "Celeb-synthesis"
SCENARIOS = {"FaceSwap": "face", "FaceReenact": "face", "TalkingFace": "mouth"}
"""The folders that only Celeb-DF++ has, and the region that their methods alter."""

_LARGEST_V1 = 795
_WORDS = {"1": Label.GENUINE, "0": Label.FORGED}


def read_celeb_df(folder: Path) -> Listing:
    """List a Celeb-DF data set of any version; videos that its list does not name are for training.

    People recur in training and test videos. The division of the corpus handles this leak.

    Args:
        folder: Contains `Celeb-real`, `YouTube-real`, `Celeb-synthesis` and `List_of_testing_videos.txt`.

    Raises:
        CorpusError: The list is missing, or its labels contradict the folders.
    """
    tested = read_test_list(folder)
    version = version_of(folder)
    entries = tuple(_entries(folder, version, tested))
    known = {_key(entry.path) for entry in entries}
    absent = tuple(sorted(name for name in tested if name not in known))
    return Listing(entries, absent, ("Celeb-DF publishes no validation split",))


def read_test_list(folder: Path) -> frozenset[str]:
    """Read the names of the test videos. The first column of the list is 1 for genuine and 0 for forged.

    Args:
        folder: The data set's folder.

    Returns:
        The paths without `videos` and suffix.

    Raises:
        CorpusError: The list is missing, a line has another shape, or a label contradicts its folder.
    """
    path = folder / LIST
    if not path.is_file():
        raise CorpusError(f"{path} is missing; get it from where the data set comes from", path)
    tested = set()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        word, _, name = line.strip().partition(" ")
        label = Label.FORGED if name.strip().startswith(FORGED) else Label.GENUINE
        if word not in _WORDS or not name:
            raise CorpusError(f"{path}, line {number}: expected `1 Celeb-real/NAME.mp4`, found {line!r}", path)
        if _WORDS[word] is not label:
            raise CorpusError(
                f"{path}, line {number}: {word} means {_WORDS[word]} and {name} is {label}; the columns were changed, "
                "get the published list",
                path,
            )
        tested.add(_key(name.strip()))
    return frozenset(tested)


def version_of(folder: Path) -> str:
    """Return the version, found by the folders and the number of forgeries, or by the folder's name."""
    if any((folder / FORGED / scenario).is_dir() for scenario in SCENARIOS):
        return "celeb-df++"
    if "v1" in folder.name.lower() or "v2" in folder.name.lower():
        return "celeb-df-v1" if "v1" in folder.name.lower() else "celeb-df-v2"
    return "celeb-df-v1" if 0 < len(clips_in(folder / FORGED)) <= _LARGEST_V1 else "celeb-df-v2"


def _entries(folder: Path, version: str, tested: frozenset[str]) -> Iterator[Entry]:
    for part, label, method, region in _parts(folder, version):
        for path, files in videos_in(part):
            people = celeb_people(path.stem, swaps=region == "face" and "Reenact" not in str(part))
            place = relative(path, folder)
            yield Entry(
                path=place,
                label=label,
                dataset=version,
                method=method,
                video=path.stem,
                identities=people.identities,
                source=people.source,
                drive=people.drive,
                original=people.original,
                split=Split.TEST if _key(place) in tested else Split.TRAIN,
                files=files,
                region=region,
            )


def _parts(folder: Path, version: str) -> Iterator[tuple[Path, Label, str, str | None]]:
    for name in GENUINE:
        if any(part.name == name for part in folder.iterdir()):
            yield folder / name, Label.GENUINE, name, None
    if version != "celeb-df++":
        yield folder / FORGED, Label.FORGED, FORGED, "face"
        return
    for scenario, region in SCENARIOS.items():
        methods = sorted((folder / FORGED / scenario).glob("*/"))
        for method in methods:
            yield method, Label.FORGED, method.name, region


def _key(path: str) -> str:
    """Return a video's path in one form for lists and for folders with `videos` or `frames` in between."""
    parts = [part for part in Path(path).with_suffix("").parts if part not in ("videos", "frames", "images")]
    return "/".join(parts).lower()


def _fits(folder: Path) -> bool:
    return inside(folder, ("Celeb-real",))


def _named(version: str, title: str) -> Layout:
    def fits(folder: Path) -> bool:
        return _fits(folder) and version_of(folder) == version

    return Layout(version, title, fits, read_celeb_df)


CELEB_DF = (
    _named("celeb-df-v1", "Celeb-DF v1"),
    _named("celeb-df-v2", "Celeb-DF v2"),
    _named("celeb-df++", "Celeb-DF++: 22 methods"),
)
